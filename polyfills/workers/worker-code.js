// The code of a Worker that is loaded at runtime, as scripts write it: read, checked and told to the
// host. https://developers.cloudflare.com/dynamic-workers/api-reference/#workercode

import { compatibility_has, loader_module } from "holdfast:ops";
import { encodeUtf8 } from "../encoding/utf8.js";
import { wrongArgument, wrongField } from "../kernel/arguments.js";
import { copyBytes, isArrayBuffer } from "../kernel/buffers.js";
import { lazily } from "../kernel/lazy.js";
import { isObject } from "../kernel/webidl.js";
import { keptToken, packKept } from "../rpc/message.js";
import { refuseLoopbacks, tokenOf } from "./fetcher.js";

const MAX_CODE_BYTES = 64 << 20; // as in workerd
const MAX_ENV_BYTES = 1 << 20;
const NOTHING =
  "Cannot initialize N7workerd3api12WorkerLoader10WorkerCodeE with required members from an " +
  "undefined or null value.";
const NO_MODULES = "Dynamic Worker code must contain at least one module.";
const NO_EXPERIMENTS =
  "'allowExperimental' is only allowed when the calling worker has the 'experimental' compat flag set.";
const NO_STREAMING_TAILS =
  "Streaming tail workers are experimental. You must pass the option 'allowExperimental: true' to the " +
  "worker loader to use them";
const NO_PYTHON = "Holdfast has no Python Workers: a Dynamic Worker's modules are JavaScript.";
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const KINDS = { js: "esm", cjs: "commonjs", text: "text", data: "data", json: "json", wasm: "wasm" };
const PYTHON = "py";
const TYPES = [...Object.keys(KINDS).slice(0, -1), PYTHON, "wasm"];

const wasm = lazily("wasm/module.js");

/**
 * What a WorkerCode says: `modules`, for giveModules(), and what is `told` to the host by
 * loader_start(). Throws what workerd throws.
 */
export function readCode(code) {
  if (code === undefined || code === null) throw new TypeError(NOTHING);
  const date = `${code.compatibilityDate}`;
  const flags = listOf(code, "compatibilityFlags").map((flag) => `${flag}`);
  const experiments = Boolean(code.allowExperimental);
  const limits = readLimits(code.limits, "WorkerCode");
  const main = `${code.mainModule}`;
  const given = code.modules;
  if (!isObject(given)) throw wrongField("modules", "WorkerCode", "object");
  const { env, globalOutbound } = code;
  if (env !== undefined && !isObject(env)) throw wrongField("env", "WorkerCode", "Object");
  if (globalOutbound !== undefined && globalOutbound !== null) tokenOf(globalOutbound, "globalOutbound");
  const tails = listOf(code, "tails");
  if (listOf(code, "streamingTails").length > 0 && !experiments) throw new Error(NO_STREAMING_TAILS);
  const modules = readModules(given, main);
  if (experiments && !compatibility_has("experimental")) throw new Error(NO_EXPERIMENTS);
  if (!isDate(date)) throw new Error(`Invalid compatibility date: ${date}`);
  const { data, tokens } = packEnv(env);
  const told = { main, date, flags, ...limits, envTokens: tokens.length };
  const index = (fetcher, field) => tokens.push(tokenOf(fetcher, field)) - 1;
  if (globalOutbound === undefined) told.outbound = "inherited";
  else told.outbound = globalOutbound === null ? "none" : index(globalOutbound, "globalOutbound");
  told.tails = tails.map((tail) => index(tail, "tails"));
  return { modules, told: { ...told, env: data, tokens: tokens.join(",") } };
}

function listOf(code, field) {
  const list = code[field];
  if (list === undefined) return [];
  if (!Array.isArray(list)) throw wrongField(field, "WorkerCode", "Array");
  return list;
}

function isDate(text) {
  return DATE.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text);
}

function readLimits(limits, dictionary) {
  if (limits === undefined) return { cpuMs: null, subRequests: null };
  if (!isObject(limits)) throw wrongField("limits", dictionary, "ResourceLimits");
  const cpuMs = Number(limits.cpuMs);
  const subRequests = Number(limits.subRequests);
  return {
    cpuMs: cpuMs > 0 && cpuMs < 2 ** 31 ? Math.ceil(cpuMs) : null,
    subRequests: subRequests >= 0 && subRequests < 2 ** 31 ? Math.floor(subRequests) : null,
  };
}

/** The bytes of an `env`, and the tokens of what has none. Throws where it cannot be sent. */
function packEnv(env) {
  if (env === undefined) return { data: undefined, tokens: [] };
  const { data, entries } = packKept(env, refuseLoopbacks, true);
  if (data.length > MAX_ENV_BYTES) throw tooLarge("env", data.length, MAX_ENV_BYTES);
  return { data, tokens: entries.map(keptToken) };
}

// ---- Modules ------------------------------------------------------------------------------

function readModules(given, main) {
  const modules = Object.keys(given).map((name) => readModule(name, given[name]));
  if (modules.length === 0) throw new TypeError(NO_MODULES);
  const python = modules.find(({ kind }) => kind === PYTHON);
  if (python !== undefined || main.endsWith(".py")) {
    if (main.endsWith(".py")) throw new TypeError(NO_PYTHON);
    throw new TypeError(`Module "${python.name}" is a Python module, but the main module isn't a Python module.`);
  }
  // What is too large by its characters alone is not encoded.
  for (const measure of [({ content }) => content.length, ({ content }) => sizeOf(content)]) {
    const size = modules.reduce((sum, module) => sum + measure(module), 0);
    if (size > MAX_CODE_BYTES) throw tooLarge("code", size, MAX_CODE_BYTES);
  }
  return modules;
}

function sizeOf(content) {
  return typeof content === "string" ? encodeUtf8(content).length : content.length;
}

function tooLarge(what, size, limit) {
  return new Error(
    `Dynamic Worker ${what} size (${size} bytes) exceeds the maximum allowed size of ${limit} bytes.`,
  );
}

function readModule(name, value) {
  if (isModule(value)) return { name, kind: "wasm", content: wasm().bytesOfModule(value) };
  if (isObject(value) || value === null) return readTyped(name, value ?? {});
  if (name.endsWith(".js")) return { name, kind: "esm", content: textOf(value) };
  if (name.endsWith(".py")) return { name, kind: PYTHON, content: textOf(value) };
  const advice = /\.(?:tsx?|jsx)$/.test(name)
    ? ". If you're trying to load TypeScript, bundle it first with '@cloudflare/worker-bundler' and " +
      "pass the generated JavaScript modules."
    : "";
  throw new TypeError(
    "Module name must end with '.js' or '.py' (or the content must be an object indicating the type " +
      `explicitly). Got: ${name}${advice}`,
  );
}

function readTyped(name, module) {
  const types = TYPES.filter((type) => module[type] !== undefined);
  if (types.length !== 1) {
    throw new TypeError(
      "Each module must contain exactly one of 'js', 'cjs', 'text', 'data', 'json', 'py', or 'wasm'. " +
        `Module '${name}' contained ${types.length} properties.`,
    );
  }
  const [type] = types;
  const value = module[type];
  if (type === PYTHON) return { name, kind: PYTHON, content: textOf(value) };
  return { name, kind: KINDS[type], content: contentOf(type, value) };
}

function contentOf(type, value) {
  if (type === "json") return JSON.stringify(value);
  if (type === "wasm" && isModule(value)) return wasm().bytesOfModule(value);
  if (type !== "data" && type !== "wasm") return textOf(value);
  if (!ArrayBuffer.isView(value) && !isArrayBuffer(value)) throw wrongField(type, "Module", "Array");
  return copyBytes(value, "The module");
}

// A template would copy a text.
function textOf(value) {
  return typeof value === "string" ? value : `${value}`;
}

// A script that has none has not loaded WebAssembly's classes either.
function isModule(value) {
  return isObject(value) && Object.prototype.toString.call(value) === "[object WebAssembly.Module]" && wasm().isModule(value);
}

/** Tell the host the modules of a Worker's code. */
export function giveModules(number, modules) {
  for (const { name, kind, content } of modules) loader_module(number, name, kind, content);
}

// ---- Entrypoints ----------------------------------------------------------------------------

/** What a method that gives an entrypoint, or a class, is told: its `name`, "" for the default, and `props`. */
export function readEntrypoint(method, name, options) {
  const text = name === undefined || name === null ? "" : `${name}`.toWellFormed();
  if (options !== undefined && options !== null && !isObject(options)) {
    throw wrongArgument(method, "WorkerStub", 2, "EntrypointOptions");
  }
  const props = options?.props;
  if (props !== undefined && !isObject(props)) throw wrongField("props", "EntrypointOptions", "Object");
  readLimits(options?.limits, "EntrypointOptions");
  return { name: text === "default" ? "" : text, props };
}
