// node:util: https://nodejs.org/docs/latest-v20.x/api/util.html

import { TextDecoder } from "../encoding/text-decoder.js";
import { TextEncoder } from "../encoding/text-encoder.js";
import { isDeepEqual } from "./equal.js";
import {
  absentFrom,
  invalidType,
  invalidValue,
  nodeError,
  outOfRange,
  requireFunction,
  requireString,
} from "./errors.js";
import { diff } from "./diff.js";
import { format, formatWithOptions } from "./format.js";
import { getCallSites } from "./call-sites.js";
import { inspect } from "./inspect.js";
import { constants as osConstants } from "./os.js";
import { MIMEParams, MIMEType } from "./mime-type.js";
import { parseArgs } from "./parse-args.js";
import { promisify } from "./promisify.js";
import { systemErrors } from "./system-errors.js";
import types from "./util-types.js";

export {
  format,
  formatWithOptions,
  inspect,
  MIMEParams,
  MIMEType,
  parseArgs,
  promisify,
  TextDecoder,
  TextEncoder,
  types,
};

/** A function that takes a callback in place of returning a promise. */
export function callbackify(original) {
  requireFunction(original, "original");
  function callbackified(...args) {
    const callback = args.pop();
    requireFunction(callback, "last argument");
    Reflect.apply(original, this, args).then(
      (value) => queueMicrotask(() => callback.call(this, null, value)),
      (reason) =>
        queueMicrotask(() => {
          const error =
            reason ||
            nodeError(Error, "ERR_FALSY_VALUE_REJECTION", "Promise was rejected with falsy value", {
              reason,
            });
          callback.call(this, error);
        }),
    );
  }
  const descriptors = Object.getOwnPropertyDescriptors(original);
  if (typeof descriptors.length?.value === "number") descriptors.length.value++;
  if (typeof descriptors.name?.value === "string") descriptors.name.value += "Callbackified";
  return Object.defineProperties(callbackified, descriptors);
}

const warned = new Set();

/** The function, which warns once when it is called first. */
export function deprecate(fn, message, code = undefined) {
  if (code !== undefined) requireString(code, "code");
  let told = false;
  function deprecated(...args) {
    if (!told) {
      told = true;
      if (code === undefined || !warned.has(code)) {
        if (code !== undefined) warned.add(code);
        console.warn(`${code === undefined ? "" : `[${code}] `}DeprecationWarning: ${message}`);
      }
    }
    return new.target ? Reflect.construct(fn, args, new.target) : Reflect.apply(fn, this, args);
  }
  Object.setPrototypeOf(deprecated, fn);
  if (fn.prototype) deprecated.prototype = fn.prototype;
  return deprecated;
}

/** Writes to the console where the environment's NODE_DEBUG names the section; there is none. */
export function debuglog(_section, callback = undefined) {
  const log = () => {};
  Object.defineProperty(log, "enabled", { get: () => false, configurable: true, enumerable: true });
  callback?.(log);
  return log;
}
export const debug = debuglog;

/** The inheritance of old: `constructor.super_` is its parent. */
export function inherits(constructor, superConstructor) {
  if (constructor === undefined || constructor === null)
    throw invalidType("ctor", "Function", constructor);
  if (superConstructor === undefined || superConstructor === null)
    throw invalidType("superCtor", "Function", superConstructor);
  if (superConstructor.prototype === undefined)
    throw invalidType("superCtor.prototype", "Object", superConstructor.prototype);
  Object.defineProperty(constructor, "super_", {
    value: superConstructor,
    writable: true,
    configurable: true,
  });
  Object.setPrototypeOf(constructor.prototype, superConstructor.prototype);
}

export function isDeepStrictEqual(left, right) {
  return isDeepEqual(left, right, { strict: true });
}

const CONTROL_STRING = /[\u001b\u009b]\][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)/g;
const CONTROL = /[\u001b\u009b][[()#;?]*(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PR-TZcf-nq-uy=><~]/g;

export function stripVTControlCharacters(text) {
  requireString(text, "str");
  return text.replace(CONTROL_STRING, "").replace(CONTROL, "");
}

/** With codes where that is asked for in spite of the output's being no terminal. */
export function styleText(style, text, options = undefined) {
  requireString(text, "text");
  const { stream, validateStream = true } = options ?? {};
  if (stream !== undefined && validateStream && typeof (stream?.on ?? stream?.getWriter) !== "function")
    throw invalidType("stream", ["ReadableStream", "WritableStream", "Stream"], stream);
  let [before, after] = ["", ""];
  for (const name of Array.isArray(style) ? style : [style]) {
    if (name === "none") continue;
    const codes = inspect.colors[name];
    if (codes === undefined) {
      const names = Object.keys(inspect.colors)
        .map((item) => `'${item}'`)
        .join(", ");
      throw invalidValue("format", name, `must be one of: ${names}`);
    }
    before += `\u001b[${codes[0]}m`;
    after = `\u001b[${codes[1]}m${after}`;
  }
  return validateStream === false ? before + text + after : text;
}

export function toUSVString(text) {
  return `${text}`.toWellFormed();
}

/** A promise that is fulfilled when the signal aborts. */
export async function aborted(signal, resource) {
  if (!(signal instanceof AbortSignal)) throw invalidType("signal", "AbortSignal", signal);
  if (resource === null || typeof resource !== "object")
    throw invalidType("resource", "object", resource);
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

function systemError(number) {
  if (typeof number !== "number") throw invalidType("err", "number", number);
  if (!Number.isSafeInteger(number) || number >= 0)
    throw outOfRange("err", "a negative integer", number);
  return systemErrors().get(number) ?? [`Unknown system error ${number}`];
}

/** The name of the error of an operating system's that has this negative number. */
export const getSystemErrorName = (number) => systemError(number)[0];
export const getSystemErrorMessage = (number) => systemError(number).at(-1);
export { systemErrors as getSystemErrorMap };

// ---- Old checks ---------------------------------------------------------------------------

export const isArray = Array.isArray;
export const isBoolean = (value) => typeof value === "boolean";
export const isBuffer = (value) => globalThis.Buffer?.isBuffer(value) === true;
export const isDate = types.isDate;
export const isError = (value) => types.isNativeError(value) || value instanceof Error;
export const isFunction = (value) => typeof value === "function";
export const isNull = (value) => value === null;
export const isNullOrUndefined = (value) => value === null || value === undefined;
export const isNumber = (value) => typeof value === "number";
export const isObject = (value) => value !== null && typeof value === "object";
export const isPrimitive = (value) =>
  value === null || (typeof value !== "object" && typeof value !== "function");
export const isRegExp = types.isRegExp;
export const isString = (value) => typeof value === "string";
export const isSymbol = (value) => typeof value === "symbol";
export const isUndefined = (value) => value === undefined;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** Logs with the time in front. */
export function log(...args) {
  const now = new Date();
  const two = (count) => `${count}`.padStart(2, "0");
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(":");
  console.log("%s - %s", `${now.getDate()} ${MONTHS[now.getMonth()]} ${time}`, format(...args));
}
export function _extend(target, source) {
  return source === null || typeof source !== "object" ? target : Object.assign(target, source);
}

/** The variables in the text of an .env file. */
export function parseEnv(content) {
  requireString(content, "content");
  const variables = {};
  const line = /^\s*(?:export\s+)?([\w.-]+)\s*=[ \t]*("[^"]*"|'[^']*'|`[^`]*`|[^\n#]*)?/gm;
  for (const [, name, value = ""] of content.matchAll(line)) {
    const quoted = /^(["'`])([^]*)\1$/.exec(value.trim());
    const text = quoted === null ? value.trim() : quoted[2];
    variables[name] = quoted?.[1] === '"' ? text.replaceAll("\\n", "\n") : text;
  }
  return variables;
}

/** What a shell tells of a process that a signal has ended. */
export function convertProcessSignalToExitCode(signal) {
  if (!Object.hasOwn(osConstants.signals, signal)) {
    const names = Object.keys(osConstants.signals).map((name) => `'${name}'`);
    throw invalidValue("signalCode", signal, `must be one of: ${names.join(", ")}`);
  }
  return 128 + osConstants.signals[signal];
}

// Nothing here can be sent to another thread, so they are as good as any.
export const transferableAbortController = () => new AbortController();
export function transferableAbortSignal(signal) {
  if (!(signal instanceof AbortSignal)) throw invalidType("signal", "AbortSignal", signal);
  return signal;
}

export const setTraceSigInt = () => {};
export const _errnoException = (number, syscall, original = undefined) =>
  systemCallError(number, syscall, original === undefined ? "" : ` ${original}`);
export function _exceptionWithHostPort(number, syscall, address, port, additional = undefined) {
  const place = address && port > 0 ? ` ${address}:${port}` : address ? ` ${address}` : "";
  const details = additional ? ` - Local (${additional})` : "";
  const error = systemCallError(number, syscall, place + details);
  error.address = address;
  if (port) error.port = port;
  return error;
}

function systemCallError(number, syscall, rest) {
  const code = getSystemErrorName(number);
  return nodeError(Error, code, `${syscall} ${code}${rest}`, { errno: number, syscall });
}

const missing = absentFrom("util");
export const { getCallSite } = missing;
export { diff, getCallSites };

export default {
  ...missing,
  convertProcessSignalToExitCode,
  diff,
  _errnoException,
  _exceptionWithHostPort,
  getCallSites,
  getSystemErrorMessage,
  setTraceSigInt,
  transferableAbortController,
  transferableAbortSignal,
  MIMEParams,
  parseEnv,
  _extend,
  aborted,
  callbackify,
  debug,
  debuglog,
  deprecate,
  format,
  formatWithOptions,
  getSystemErrorMap: systemErrors,
  getSystemErrorName,
  inherits,
  inspect,
  isArray,
  isBoolean,
  isBuffer,
  isDate,
  isDeepStrictEqual,
  isError,
  isFunction,
  isNull,
  isNullOrUndefined,
  isNumber,
  isObject,
  isPrimitive,
  isRegExp,
  isString,
  isSymbol,
  isUndefined,
  log,
  MIMEType,
  parseArgs,
  promisify,
  stripVTControlCharacters,
  styleText,
  TextDecoder,
  TextEncoder,
  toUSVString,
  types,
};
