// Types of values, and what an integer of a descriptor may be.
// https://webassembly.github.io/spec/js-api/#enumdef-valuetype

import { isObject } from "../kernel/webidl.js";

const { BigInt, Number, TypeError } = globalThis;
const { trunc } = Math;

const VALUES = ["i32", "i64", "f32", "f64", "v128", "externref", "anyfunc", "funcref"];
const REFERENCES = ["externref", "anyfunc", "funcref"];

/** A ValueType, by one name of several. */
export function toValueType(value, what) {
  const name = `${value}`;
  if (!VALUES.includes(name)) throw new TypeError(`${what}: '${name}' is not a value type`);
  return name === "funcref" ? "anyfunc" : name;
}

/** A TableKind. */
export function toTableKind(value, what) {
  const name = `${value}`;
  if (!REFERENCES.includes(name)) {
    throw new TypeError(`${what}: Descriptor property 'element' must be a WebAssembly reference type`);
  }
  return name === "funcref" ? "anyfunc" : name;
}

/** A whole number from 0 to `highest`; a TypeError for any other. */
export function toIndex(value, what, highest = 4_294_967_295) {
  const number = trunc(Number(value));
  if (number >= 0 && number <= highest) return number + 0;
  throw new TypeError(
    `${what} must be ${number < 0 ? "non-negative" : "convertible to a valid number"}`,
  );
}

/** What a value of this type is where none is given. */
export function defaultOf(type) {
  if (type === "externref") return undefined;
  if (type === "anyfunc") return null;
  return type === "i64" ? BigInt(0) : 0;
}

/** The limits of a memory or a table: what may be asked for at first, and as a maximum. */
export function toLimits(descriptor, what, most, mostAsMaximum) {
  if (!isObject(descriptor)) throw new TypeError(`${what}: Argument 0 must be a descriptor`);
  const initial = limitOf(descriptor, "initial", what, most);
  if (initial === undefined) throw new TypeError(`${what}: Property 'initial' is required`);
  const maximum = limitOf(descriptor, "maximum", what, mostAsMaximum);
  if (maximum !== undefined && maximum < initial) {
    throw new RangeError(
      `${what}: Property 'maximum': value ${maximum} is below the lower bound ${initial}`,
    );
  }
  return { initial, maximum };
}

function limitOf(descriptor, name, what, most) {
  const value = descriptor[name];
  if (value === undefined) return undefined;
  const number = toIndex(value, `${what}: Property '${name}': value ${String(value)}`);
  if (number > most) {
    throw new RangeError(
      `${what}: Property '${name}': value ${number} is above the upper bound ${most}`,
    );
  }
  return number;
}
