// A console that writes into streams: https://nodejs.org/docs/latest-v20.x/api/console.html#class-console

import { formatTable } from "../console/table.js";
import { invalidType, nodeError, requireInteger } from "./errors.js";
import { formatWithOptions } from "./format.js";
import { inspect } from "./inspect.js";

const INDENT_COLUMNS = 2;
const MAX_INDENT_COLUMNS = 1000;

function requireStream(stream, name) {
  if (typeof stream?.write === "function") return;
  const message = `Console expects a writable stream instance for ${name}`;
  throw nodeError(TypeError, "ERR_CONSOLE_WRITABLE_STREAM", message);
}

class StreamConsole {
  #stdout;
  #stderr;
  #ignoresErrors;
  #options;
  #columns;
  #indent = "";
  #counts = new Map();
  #timers = new Map();

  constructor(stdout, stderr = undefined, ignoreErrors = true) {
    const isOptions = stdout !== null && typeof stdout === "object" && typeof stdout.write !== "function";
    const given = isOptions ? stdout : { stdout, stderr, ignoreErrors };
    requireStream(given.stdout, "stdout");
    requireStream(given.stderr ?? given.stdout, "stderr");
    const { colorMode = "auto", groupIndentation = INDENT_COLUMNS, inspectOptions = {} } = given;
    requireInteger(groupIndentation, "groupIndentation", 0, MAX_INDENT_COLUMNS);
    if (inspectOptions === null || typeof inspectOptions !== "object")
      throw invalidType("options.inspectOptions", "object", inspectOptions);
    this.#stdout = given.stdout;
    this.#stderr = given.stderr ?? given.stdout;
    this.#ignoresErrors = given.ignoreErrors ?? true;
    this.#options = { colors: colorMode === true, ...inspectOptions };
    this.#columns = groupIndentation;
    // They are called without their console, too: `const { log } = new Console(…)`.
    for (const name of METHODS) {
      const value = this[name].bind(this);
      Object.defineProperty(value, "name", { value: name });
      Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
    }
  }

  #write(stream, text) {
    const lines = this.#indent === "" ? text : this.#indent + text.replaceAll("\n", `\n${this.#indent}`);
    try {
      // An error of the stream's that nobody listens to would be thrown at the script.
      const ignore = () => {};
      const heard = this.#ignoresErrors && typeof stream.once === "function";
      if (heard) stream.once("error", ignore);
      stream.write(`${lines}\n`, this.#ignoresErrors ? ignore : undefined);
      if (heard) stream.removeListener("error", ignore);
    } catch (error) {
      if (!this.#ignoresErrors) throw error;
    }
  }

  #format(args) {
    return formatWithOptions(this.#options, ...args);
  }

  log(...args) {
    this.#write(this.#stdout, this.#format(args));
  }

  warn(...args) {
    this.#write(this.#stderr, this.#format(args));
  }

  dir(item, options = undefined) {
    this.#write(this.#stdout, inspect(item, { customInspect: false, ...this.#options, ...options }));
  }

  trace(...args) {
    const message = this.#format(args);
    const error = { name: "Trace", message };
    Error.captureStackTrace(error, this.trace);
    this.warn(`Trace${message === "" ? "" : `: ${message}`}\n${error.stack.split("\n").slice(1).join("\n")}`);
  }

  assert(condition, ...args) {
    if (condition) return;
    if (typeof args[0] === "string") args[0] = `Assertion failed: ${args[0]}`;
    else args.unshift(args.length === 0 ? "Assertion failed" : "Assertion failed:");
    this.warn(...args);
  }

  clear() {}

  count(label = "default") {
    const count = (this.#counts.get(`${label}`) ?? 0) + 1;
    this.#counts.set(`${label}`, count);
    this.log(`${label}: ${count}`);
  }

  countReset(label = "default") {
    if (!this.#counts.delete(`${label}`)) this.warn(`Warning: Count for '${label}' does not exist`);
  }

  group(...args) {
    if (args.length > 0) this.log(...args);
    this.#indent += " ".repeat(this.#columns);
  }

  groupEnd() {
    this.#indent = this.#indent.slice(0, this.#indent.length - this.#columns);
  }

  table(data, properties = undefined) {
    if (properties !== undefined && !Array.isArray(properties))
      throw invalidType("properties", "Array", properties);
    this.log(formatTable(data, properties) ?? data);
  }

  time(label = "default") {
    if (this.#timers.has(`${label}`)) this.warn(`Warning: Label '${label}' already exists for console.time()`);
    else this.#timers.set(`${label}`, performance.now());
  }

  timeLog(label = "default", ...args) {
    const start = this.#timers.get(`${label}`);
    if (start === undefined) this.warn(`Warning: No such label '${label}' for console.timeLog()`);
    else this.log(`${label}: ${Number((performance.now() - start).toFixed(3))}ms`, ...args);
  }

  timeEnd(label = "default") {
    if (this.#timers.has(`${label}`)) this.timeLog(label);
    else this.warn(`Warning: No such label '${label}' for console.timeEnd()`);
    this.#timers.delete(`${label}`);
  }
}

const { prototype } = StreamConsole;
prototype.debug = prototype.info = prototype.dirxml = prototype.log;
prototype.error = prototype.warn;
prototype.groupCollapsed = prototype.group;
const METHODS = Object.getOwnPropertyNames(prototype).filter((name) => name !== "constructor");

/** Called with and without `new`. The global console counts as one of its instances. */
export function Console(stdout, stderr = undefined, ignoreErrors = undefined) {
  return Reflect.construct(StreamConsole, [stdout, stderr, ignoreErrors], new.target ?? Console);
}
Console.prototype = prototype;
Object.defineProperty(prototype, "constructor", { value: Console, writable: true, configurable: true });
Object.defineProperty(Console, Symbol.hasInstance, {
  value: (instance) => instance === globalThis.console || prototype.isPrototypeOf(instance),
});
