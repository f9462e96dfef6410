// What scripts may give to R2's methods, as workerd converts it.

import { isHeaders } from "../fetch/headers.js";
import { wrongField } from "../kernel/arguments.js";
import { isArrayBuffer, bytesOf } from "../kernel/buffers.js";
import { isObject, toUSVString } from "../kernel/webidl.js";

const getTime = Date.prototype.getTime;
const NO_DATE = "The value cannot be converted because it is not a valid Date.";

/** An object whose members are read; undefined where there is none. `wrong` makes the error. */
export function toOptions(value, wrong) {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw wrong();
  return value;
}

/** A member that is an object or Headers; undefined where there is none. */
export function toObjectOrHeaders(value, field, dictionary, type) {
  return toOptions(value, () => wrongField(field, dictionary, `${type} or Headers`));
}

/** A member that is a string and nothing else; undefined where there is none. */
export function toStringMember(value, field, dictionary) {
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw wrongField(field, dictionary, "string");
  return toUSVString(value);
}

/** A member of strings and nothing else; undefined where there is none. */
export function toStringsMember(value, field, dictionary) {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw wrongField(field, dictionary, "Array");
  return value.map((one) => toStringMember(one, field, dictionary));
}

/** A member that is a Date, or a number of milliseconds; undefined where there is none. */
export function toDateMember(value, field, dictionary) {
  if (value === undefined) return undefined;
  let time = value;
  if (typeof value !== "number") {
    try {
      time = Reflect.apply(getTime, value, []);
    } catch {
      throw wrongField(field, dictionary, "date");
    }
  }
  if (!Number.isFinite(time)) throw new TypeError(NO_DATE);
  return Math.trunc(time);
}

/** The time that a header tells; one that is none counts as the beginning of time. */
export function timeOfHeader(text) {
  const time = Date.parse(text);
  return Number.isNaN(time) ? 0 : time;
}

/** A record of strings. */
export function toRecord(value, field, dictionary) {
  if (!isObject(value) || Array.isArray(value)) throw wrongField(field, dictionary, "object");
  const record = { __proto__: null };
  for (const key of Object.keys(value)) record[toUSVString(key)] = toUSVString(value[key]);
  return record;
}

/** The bytes of a member that has some, or its text. */
export function bytesOrString(value, field, dictionary) {
  if (typeof value === "string") return value;
  if (ArrayBuffer.isView(value) || isArrayBuffer(value)) return bytesOf(value);
  throw wrongField(field, dictionary, "BufferSource or string");
}

export { isHeaders };
