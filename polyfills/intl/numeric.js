// Numbers as they cross to ICU: doubles as they are, all others as decimal digits.
// https://tc39.es/ecma402/#sec-tointlmathematicalvalue

import { isObject } from "../kernel/webidl.js";

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** A double that ICU can be given, or digits. */
export function numeric(value) {
  if (typeof value === "number") return value === 0 && 1 / value < 0 ? "-0" : value;
  const primitive = primitiveOf(value);
  if (typeof primitive === "bigint") return `${primitive}`;
  if (typeof primitive === "string") return parsed(primitive.trim());
  return numeric(Number(primitive));
}

/** Digits in any case. */
export function digitsOf(value) {
  return `${numeric(value)}`;
}

function primitiveOf(value) {
  if (!isObject(value)) return value;
  const exotic = value[Symbol.toPrimitive];
  if (exotic !== undefined && exotic !== null) {
    const primitive = exotic.call(value, "number");
    if (!isObject(primitive)) return primitive;
  } else {
    for (const name of ["valueOf", "toString"]) {
      const method = value[name];
      const primitive = typeof method === "function" ? method.call(value) : value;
      if (!isObject(primitive)) return primitive;
    }
  }
  throw new TypeError("Cannot convert object to primitive value");
}

/** What is too large for a double is infinity, and what is too small nothing, as in V8. */
function parsed(text) {
  const number = Number(text);
  return DECIMAL.test(text) && Number.isFinite(number) && number !== 0 ? text : numeric(number);
}
