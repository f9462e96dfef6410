// How the built-in objects with internal slots are read: dates, buffers, maps …

import * as tags from "./tags.js";
import { elementBytes, viewOf } from "./buffers.js";
import {
  defineAfterReference,
  defineReader,
  fill,
  keep,
  peekTag,
  readBigInt,
  readByte,
  readDouble,
  readRaw,
  readString,
  readValue,
  readVarint,
  reserve,
  unreadable,
  wireVersion,
} from "./reader.js";

const uncurry = Function.prototype.call.bind.bind(Function.prototype.call);
const { ArrayBuffer, Date, Map, Object, RegExp, Set, Uint8Array } = globalThis;
const mapSet = uncurry(Map.prototype.set);
const setAdd = uncurry(Set.prototype.add);
const setBytes = uncurry(Uint8Array.prototype.set);
const { getOwnPropertyDescriptor } = Object;
const isResizable = uncurry(getOwnPropertyDescriptor(ArrayBuffer.prototype, "resizable").get);
const bufferLength = uncurry(getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength").get);

const viewNames = new Map();
for (const name of Object.keys(tags.VIEW_TAGS)) viewNames.set(tags.VIEW_TAGS[name], name);

defineReader(tags.DATE, () => keep(new Date(readDouble())));
defineReader(tags.TRUE_OBJECT, () => keep(Object(true)));
defineReader(tags.FALSE_OBJECT, () => keep(Object(false)));
defineReader(tags.NUMBER_OBJECT, () => keep(Object(readDouble())));
defineReader(tags.BIGINT_OBJECT, () => keep(Object(readBigInt())));
defineReader(tags.STRING_OBJECT, () => keep(Object(readString())));

defineReader(tags.REGEXP, () => {
  const id = reserve();
  const source = readString();
  const bits = readVarint();
  let flags = "";
  for (let i = 0; i < tags.REGEXP_FLAGS.length; i++) {
    if (bits & (1 << i)) flags += tags.REGEXP_FLAGS[i];
  }
  if (bits >>> tags.REGEXP_FLAGS.length) throw unreadable();
  return fill(id, new RegExp(source, flags));
});

defineReader(tags.BEGIN_MAP, () => {
  const map = keep(new Map());
  let count = 0;
  for (; peekTag() !== tags.END_MAP; count += 2) {
    const key = readValue();
    mapSet(map, key, readValue());
  }
  return endCollection(map, count);
});

defineReader(tags.BEGIN_SET, () => {
  const set = keep(new Set());
  let count = 0;
  for (; peekTag() !== tags.END_SET; count++) setAdd(set, readValue());
  return endCollection(set, count);
});

function endCollection(collection, count) {
  readByte();
  if (readVarint() !== count) throw unreadable();
  return collection;
}

// ---- Buffers and views -----------------------------------------------------------------

defineReader(tags.ARRAY_BUFFER, () => {
  const bytes = readRaw(readVarint());
  const buffer = new ArrayBuffer(bytes.length);
  setBytes(new Uint8Array(buffer), bytes);
  return withView(keep(buffer));
});

defineReader(tags.RESIZABLE_BUFFER, () => {
  const byteLength = readVarint();
  const maxByteLength = readVarint();
  const bytes = readRaw(byteLength);
  const buffer = new ArrayBuffer(byteLength, { maxByteLength });
  setBytes(new Uint8Array(buffer), bytes);
  return withView(keep(buffer));
});

/** A buffer that was just read, or the view of it that follows. */
function withView(buffer) {
  if (peekTag() !== tags.VIEW) return buffer;
  readByte();
  return keep(readView(buffer));
}

defineAfterReference((object) => (object instanceof ArrayBuffer ? withView(object) : object));

function readView(buffer) {
  const name = viewNames.get(readVarint());
  const byteOffset = readVarint();
  const byteLength = readVarint();
  const flags = wireVersion() > 13 ? readVarint() : 0;
  const tracking = (flags & tags.LENGTH_TRACKING) !== 0;
  const resizable = (flags & tags.BACKED_BY_RESIZABLE) !== 0;
  if (
    name === undefined ||
    byteOffset + byteLength > bufferLength(buffer) ||
    byteLength % elementBytes(name) !== 0 ||
    isResizable(buffer) !== resizable ||
    (tracking && !resizable)
  ) {
    throw unreadable();
  }
  return viewOf(buffer, { name, byteOffset, byteLength, tracking });
}
