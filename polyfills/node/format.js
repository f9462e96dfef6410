// util.format: https://nodejs.org/docs/latest-v20.x/api/util.html#utilformatformat-args

import { invalidType } from "./errors.js";
import { inspect } from "./inspect.js";
import { showBigInt, showNumber } from "./inspect-primitives.js";
import { isProxy, isTypedArray } from "./types.js";

/** The arguments as one text, those that the first one's specifiers ask for in their places. */
export function format(...args) {
  return formatWithOptions({}, ...args);
}

/** The same with options for what is inspected. */
export function formatWithOptions(options, ...args) {
  if (options === null || typeof options !== "object")
    throw invalidType("inspectOptions", "object", options);
  const [first] = args;
  if (args.length === 1) return typeof first === "string" ? first : inspect(first, options);
  let text = "";
  let used = 0;
  if (typeof first === "string") {
    used = 1;
    text = first.replace(/%[sdifjOoc%]/g, (specifier) => {
      if (specifier === "%%") return "%";
      return used < args.length ? specifiers[specifier[1]](args[used++], options) : specifier;
    });
  }
  const rest = args
    .slice(used)
    .map((value) =>
      typeof value === "string"
        ? value
        : inspect(value, { compact: 3, colors: false, depth: 2, ...options }),
    );
  return typeof first === "string" ? [text, ...rest].join(" ") : rest.join(" ");
}

const specifiers = {
  __proto__: null,
  s: toText,
  d: (value, options) => showCount(value, Number, options),
  i: (value, options) => showCount(value, parseInt, options),
  f: (value, options) =>
    typeof value === "symbol" ? "NaN" : showNumber(parseFloat(value), separates(options)),
  j: toJson,
  O: (value, options) => inspect(value, options),
  o: (value, options) =>
    inspect(value, { ...options, showHidden: true, showProxy: true, depth: 4 }),
  c: () => "",
};

const separates = ({ numericSeparator }) =>
  numericSeparator ?? inspect.defaultOptions.numericSeparator;

/** A number as `toNumber` finds it in a value; a BigInt as it is. */
function showCount(value, toNumber, options) {
  const numericSeparator = separates(options);
  if (typeof value === "bigint") return showBigInt(value, numericSeparator);
  return typeof value === "symbol" ? "NaN" : showNumber(toNumber(value), numericSeparator);
}

function toText(value, options) {
  if (typeof value === "number") return showNumber(value, separates(options));
  if (typeof value === "bigint") return showBigInt(value, separates(options));
  if (typeof value !== "object" || value === null) return String(value);
  if (!isProxy(value) && hasWordsOfItsOwn(value)) return String(value);
  return inspect(value, { ...options, depth: 0, colors: false, compact: 3 });
}

/** Whether a script's class, not a built-in one, says how the object reads as a string. */
function hasWordsOfItsOwn(value) {
  if (typeof value[Symbol.toPrimitive] === "function" && !(value instanceof Date)) return true;
  if (typeof value.toString !== "function") return false;
  if (Object.hasOwn(value, "toString")) return true;
  if (isTypedArray(value) && value.toString === Array.prototype.toString) return true;
  let pointer = value;
  do pointer = Object.getPrototypeOf(pointer);
  while (pointer !== null && !Object.hasOwn(pointer, "toString"));
  const { constructor } = pointer ?? {};
  if (typeof constructor !== "function") return false;
  return !(
    constructor === globalThis[constructor.name] ||
    /\[native code\]/.test(Function.prototype.toString.call(constructor))
  );
}

function toJson(value) {
  try {
    return JSON.stringify(value) ?? "undefined";
  } catch (error) {
    if (error instanceof TypeError && /circular/i.test(error.message)) return "[Circular]";
    throw error;
  }
}
