// How the built-in objects with internal slots are written: dates, buffers, maps …

import * as kinds from "./kinds.js";
import * as tags from "./tags.js";
import { bufferFacts, copyOf, viewFacts } from "./buffers.js";
import { notCloneable } from "./errors.js";
import { entriesOf, flagsOf, sourceOf, timeOf, unboxed, valuesOf } from "./slots.js";
import {
  assignId,
  byte,
  defineWriter,
  encode,
  encodeBigInt,
  encodeDouble,
  encodeRaw,
  encodeReference,
  encodeString,
  varint,
} from "./writer.js";

defineWriter(kinds.DATE, (date) => {
  assignId(date);
  return byte(tags.DATE) + encodeDouble(timeOf(date));
});

defineWriter(kinds.REGEXP, (regexp) => {
  assignId(regexp);
  let bits = 0;
  for (const flag of flagsOf(regexp)) bits |= 1 << tags.REGEXP_FLAGS.indexOf(flag);
  return byte(tags.REGEXP) + encodeString(sourceOf(regexp)) + varint(bits);
});

defineWriter(kinds.BOXED, (wrapper) => {
  const value = unboxed(wrapper);
  assignId(wrapper);
  switch (typeof value) {
    case "boolean":
      return byte(value ? tags.TRUE_OBJECT : tags.FALSE_OBJECT);
    case "number":
      return byte(tags.NUMBER_OBJECT) + encodeDouble(value);
    case "bigint":
      return byte(tags.BIGINT_OBJECT) + encodeBigInt(value);
    default:
      return byte(tags.STRING_OBJECT) + encodeString(value);
  }
});

function encodeCollection(begin, items, end) {
  let text = byte(begin);
  for (let i = 0; i < items.length; i++) text += encode(items[i]);
  return text + byte(end) + varint(items.length);
}

defineWriter(kinds.MAP, (map) => {
  assignId(map);
  return encodeCollection(tags.BEGIN_MAP, entriesOf(map), tags.END_MAP);
});

defineWriter(kinds.SET, (set) => {
  assignId(set);
  return encodeCollection(tags.BEGIN_SET, valuesOf(set), tags.END_SET);
});

function encodeBuffer(buffer) {
  const { byteLength, maxByteLength } = bufferFacts(buffer);
  assignId(buffer);
  const head =
    maxByteLength === undefined
      ? byte(tags.ARRAY_BUFFER) + varint(byteLength)
      : byte(tags.RESIZABLE_BUFFER) + varint(byteLength) + varint(maxByteLength);
  return head + encodeRaw(copyOf(buffer));
}

defineWriter(kinds.BUFFER, encodeBuffer);

defineWriter(kinds.SHARED_BUFFER, (buffer) => {
  throw notCloneable(buffer);
});

// The format has a view's buffer, or a reference to it, right before the view.
defineWriter(kinds.VIEW, (view) => {
  const { name, buffer, byteOffset, byteLength, resizable, tracking } = viewFacts(view);
  const before = encodeReference(buffer) ?? encodeBuffer(buffer);
  assignId(view);
  return (
    before +
    byte(tags.VIEW) +
    varint(tags.VIEW_TAGS[name]) +
    varint(byteOffset) +
    varint(tracking ? 0 : byteLength) +
    varint((tracking ? tags.LENGTH_TRACKING : 0) | (resizable ? tags.BACKED_BY_RESIZABLE : 0))
  );
});
