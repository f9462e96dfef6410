// The console namespace: https://console.spec.whatwg.org/
//
// Each call is one line of text (or several in one) that goes to the host with its
// level. No method throws, whatever it is given, but for a label that throws when it is made
// a string.

import { WORD_TRACED } from "holdfast:constants";
import { console_write, shared } from "holdfast:ops";
import { currentContext } from "../kernel/current.js";
import { lazily } from "../kernel/lazy.js";
import { toDOMString } from "../kernel/webidl.js";
import { now } from "../performance/clock.js";
import { cut, MAX_TEXT_CHARS } from "./primitives.js";

const formatting = lazily("console/format.js");
const inspection = lazily("console/inspect.js");
const tables = lazily("console/table.js");
const tracing = lazily("console/tracing.js");

const MAX_LABELS = 10_000; // counters and timers that a script forgets
const MAX_INDENT_CHARS = 60;

let indent = "";
const counts = new Map();
const timers = new Map();

/** Write the arguments at a level, indented by the open groups. */
function write(level, args) {
  if (shared[WORD_TRACED] !== 0) tracing().traceLog(level, args);
  // The most common call by far: one string, no groups.
  if (args.length === 1 && typeof args[0] === "string") show(level, args[0]);
  else if (args.length > 0) show(level, formatSafely(args));
}

/** The same for what has no arguments, but is a text. */
function writeText(level, text) {
  if (shared[WORD_TRACED] !== 0) tracing().traceLog(level, [text]);
  show(level, text);
}

function show(level, text) {
  const indented = indent === "" ? text : indent + text.replaceAll("\n", `\n${indent}`);
  const shown = indented.length > MAX_TEXT_CHARS ? cut(indented, MAX_TEXT_CHARS) : indented;
  console_write(level, shown, currentContext()?.number ?? 0);
}

function formatSafely(args) {
  try {
    return formatting().formatArguments(args);
  } catch {
    return "[arguments that cannot be shown]";
  }
}

function keep(map, label, value) {
  if (map.size < MAX_LABELS || map.has(label)) map.set(label, value);
}

/** Milliseconds as a person reads them. */
function duration(ms) {
  if (ms < 1000) return `${Number(ms.toFixed(3))}ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(3)}s`;
  const rest = seconds % 60;
  return `${(seconds - rest) / 60}m ${rest.toFixed(3)}s`;
}

function elapsed(label) {
  const start = timers.get(label);
  if (start !== undefined) return `${label}: ${duration(now() - start)}`;
  writeText("warn", `Timer '${label}' does not exist`);
  return undefined;
}

function framesOfScript() {
  const frames = new Error("trace").stack.split("\n");
  return frames.filter((line) => line.startsWith("    at ")).join("\n");
}

const methods = {
  log(...data) {
    write("log", data);
  },

  info(...data) {
    write("info", data);
  },

  warn(...data) {
    write("warn", data);
  },

  error(...data) {
    write("error", data);
  },

  debug(...data) {
    write("debug", data);
  },

  trace(...data) {
    const head = data.length > 0 ? `Trace: ${formatSafely(data)}` : "Trace";
    const frames = framesOfScript();
    writeText("log", frames === "" ? head : `${head}\n${frames}`);
  },

  /** https://console.spec.whatwg.org/#assert */
  assert(condition = false, ...data) {
    if (condition) return;
    const [first, ...rest] = data;
    if (data.length === 0) writeText("error", "Assertion failed");
    else if (typeof first === "string") write("error", [`Assertion failed: ${first}`, ...rest]);
    else write("error", ["Assertion failed:", ...data]);
  },

  clear() {
    indent = "";
  },

  count(label = "default") {
    const name = toDOMString(label);
    const count = (counts.get(name) ?? 0) + 1;
    keep(counts, name, count);
    writeText("info", `${name}: ${count}`);
  },

  countReset(label = "default") {
    const name = toDOMString(label);
    if (!counts.delete(name)) writeText("warn", `Count for '${name}' does not exist`);
  },

  group(...data) {
    write("log", data);
    if (indent.length < MAX_INDENT_CHARS) indent += "  ";
  },

  groupCollapsed(...data) {
    methods.group(...data);
  },

  groupEnd() {
    indent = indent.slice(2);
  },

  table(tabularData = undefined, properties = undefined) {
    let text;
    try {
      const only = properties === undefined ? undefined : Array.from(properties, (name) => toDOMString(name));
      text = tables().formatTable(tabularData, only);
    } catch {
      // What cannot be drawn is logged like anything else.
    }
    if (text === undefined) write("log", [tabularData]);
    else writeText("log", text);
  },

  dir(item = undefined, options = undefined) {
    writeText("log", inspection().inspect(item, options));
  },

  dirxml(...data) {
    write("log", data);
  },

  time(label = "default") {
    const name = toDOMString(label);
    if (timers.has(name)) writeText("warn", `Timer '${name}' already exists`);
    else keep(timers, name, now());
  },

  timeLog(label = "default", ...data) {
    const text = elapsed(toDOMString(label));
    if (text === undefined) return;
    writeText("log", data.length > 0 ? `${text} ${formatSafely(data)}` : text);
  },

  timeEnd(label = "default") {
    const name = toDOMString(label);
    const text = elapsed(name);
    if (text === undefined) return;
    timers.delete(name);
    writeText("info", text);
  },

  // For V8's inspector, which is not here; libraries call them all the same.
  profile() {},

  profileEnd() {},

  timeStamp() {},
};

/**
 * The global object's `console`. A namespace object whose prototype is an empty object,
 * as the standard keeps it: https://console.spec.whatwg.org/#console-namespace
 */
export const console = Object.assign(Object.create({}), methods);
Object.defineProperty(console, Symbol.toStringTag, { value: "console", configurable: true });
