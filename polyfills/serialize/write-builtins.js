// How the built-in objects with internal slots are written: dates, buffers, maps …

import * as kinds from "./kinds.js";
import * as tags from "./tags.js";
import { bufferFacts, viewFacts } from "./buffers.js";
import { notCloneable } from "./errors.js";
import {
  assignId,
  defineWriter,
  writeBigInt,
  writeByte,
  writeDouble,
  writeRaw,
  writeReference,
  writeString,
  writeValue,
  writeVarint,
} from "./writer.js";

const uncurry = Function.prototype.call.bind.bind(Function.prototype.call);
const { getOwnPropertyDescriptor } = Object;
const method = (Class, name) => uncurry(Class.prototype[name]);
const getter = (prototype, name) => uncurry(getOwnPropertyDescriptor(prototype, name).get);

const getTime = method(Date, "getTime");
const numberValue = method(Number, "valueOf");
const stringValue = method(String, "valueOf");
const booleanValue = method(Boolean, "valueOf");
const bigIntValue = method(BigInt, "valueOf");
const mapEach = method(Map, "forEach");
const setEach = method(Set, "forEach");
const regExpSource = getter(RegExp.prototype, "source");
const regExpFlags = getter(RegExp.prototype, "flags");

defineWriter(kinds.DATE, (date) => {
  assignId(date);
  writeByte(tags.DATE);
  writeDouble(getTime(date));
});

defineWriter(kinds.REGEXP, (regexp) => {
  assignId(regexp);
  let bits = 0;
  for (const flag of regExpFlags(regexp)) bits |= 1 << tags.REGEXP_FLAGS.indexOf(flag);
  writeByte(tags.REGEXP);
  writeString(regExpSource(regexp));
  writeVarint(bits);
});

/** The primitive in a wrapper object, whatever its prototype. */
export function unboxed(wrapper) {
  for (const valueOf of [numberValue, stringValue, booleanValue, bigIntValue]) {
    try {
      return valueOf(wrapper);
    } catch {
      // It wraps a primitive of another type.
    }
  }
  throw notCloneable(wrapper);
}

defineWriter(kinds.BOXED, (wrapper) => {
  const value = unboxed(wrapper);
  assignId(wrapper);
  if (typeof value === "boolean") {
    writeByte(value ? tags.TRUE_OBJECT : tags.FALSE_OBJECT);
  } else if (typeof value === "number") {
    writeByte(tags.NUMBER_OBJECT);
    writeDouble(value);
  } else if (typeof value === "bigint") {
    writeByte(tags.BIGINT_OBJECT);
    writeBigInt(value);
  } else {
    writeByte(tags.STRING_OBJECT);
    writeString(value);
  }
});

/** Keys and values of a Map, one after the other, as they are now. */
export function entriesOf(map) {
  const entries = [];
  mapEach(map, (value, key) => entries.push(key, value));
  return entries;
}

/** The values of a Set as they are now. */
export function valuesOf(set) {
  const values = [];
  setEach(set, (value) => values.push(value));
  return values;
}

function writeCollection(begin, items, end) {
  writeByte(begin);
  for (let i = 0; i < items.length; i++) writeValue(items[i]);
  writeByte(end);
  writeVarint(items.length);
}

defineWriter(kinds.MAP, (map) => {
  assignId(map);
  writeCollection(tags.BEGIN_MAP, entriesOf(map), tags.END_MAP);
});

defineWriter(kinds.SET, (set) => {
  assignId(set);
  writeCollection(tags.BEGIN_SET, valuesOf(set), tags.END_SET);
});

// ---- Buffers and views --------------------------------------------------------------

function writeBuffer(buffer) {
  const { byteLength, maxByteLength } = bufferFacts(buffer);
  assignId(buffer);
  writeByte(maxByteLength === undefined ? tags.ARRAY_BUFFER : tags.RESIZABLE_BUFFER);
  writeVarint(byteLength);
  if (maxByteLength !== undefined) writeVarint(maxByteLength);
  writeRaw(new Uint8Array(buffer));
}

defineWriter(kinds.BUFFER, writeBuffer);

defineWriter(kinds.SHARED_BUFFER, (buffer) => {
  throw notCloneable(buffer);
});

// The format has a view's buffer, or a reference to it, right before the view.
defineWriter(kinds.VIEW, (view) => {
  const { name, buffer, byteOffset, byteLength, resizable, tracking } = viewFacts(view);
  if (!writeReference(buffer)) writeBuffer(buffer);
  assignId(view);
  writeByte(tags.VIEW);
  writeVarint(tags.VIEW_TAGS[name]);
  writeVarint(byteOffset);
  writeVarint(byteLength);
  writeVarint((tracking ? tags.LENGTH_TRACKING : 0) | (resizable ? tags.BACKED_BY_RESIZABLE : 0));
});
