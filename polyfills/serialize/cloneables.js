// Platform objects that structured cloning knows, registered by their own folders.
//
// A serializable class gives `write(object, sink)` and `read(source, tag)`. Both work on
// a sequence of uint32, bytes, text and values, which is bytes in V8's wire format or a
// plain list when an object is cloned in place; so each class says once what it is made
// of. https://html.spec.whatwg.org/multipage/structured-data.html#serializable-objects

import { definePlatformClass, platformRecord, PLATFORM } from "./kinds.js";
import { notSerializable } from "./errors.js";
import { assignId, byte, defineWriter, encode, encodeRaw, varint } from "./writer.js";
import { fill, readRaw, readText, readValue, readVarint } from "./reader.js";
import { defineReader, reserve, unreadable } from "./reader.js";
import { HOST_OBJECT } from "./tags.js";

const { Map, Uint8Array } = globalThis;
const { fromBase64 } = Uint8Array;
const { btoa, encodeURIComponent, unescape } = globalThis;
const readers = new Map();
const records = new Map();

/**
 * Make a class serializable. `tag` is workerd's number for it (its SerializationTag), or
 * undefined where it can be cloned but not stored; `olderTags` are read as well. `write`
 * gets a sink with the methods uint32, bytes, text and value; `read` gets a source with
 * the same methods, and the tag. `isInstance` tells instances from what only inherits.
 */
export function registerCloneable(Class, { tag, olderTags = [], write, read, isInstance }) {
  define(Class, { tag, write, read }, isInstance);
  if (tag !== undefined) for (const number of [tag, ...olderTags]) defineHostObject(number, read);
}

/** Say how host objects with this number are read. */
export function defineHostObject(number, read) {
  readers.set(number, read);
}

/** Have these numbers' readers defined by `load()`, when one of them is first read. */
export function defineHostObjectsLater(numbers, load) {
  const later = (values, number, ...more) => {
    load();
    return readers.get(number)(values, number, ...more);
  };
  for (const number of numbers) defineHostObject(number, later);
}

/**
 * Make a class transferable. `transfer(object)` detaches it and returns what it held,
 * `receive(held)` makes the new object of that; `transfer` throws a DataCloneError for
 * an object that is detached already.
 * https://html.spec.whatwg.org/multipage/structured-data.html#transferable-objects
 */
export function registerTransferable(Class, { transfer, receive, isInstance }) {
  define(Class, { transfer, receive }, isInstance);
}

/** Make instances of these classes known as platform objects that cannot be cloned. */
export function refuseToClone(...classes) {
  for (const Class of classes) define(Class, {});
}

// A class may be serializable and transferable: what is said last adds to what was said.
function define(Class, facts, isInstance) {
  const record = records.get(Class) ?? { name: Class.name };
  records.set(Class, Object.assign(record, facts, isInstance && { isInstance }));
  definePlatformClass(Class, record);
}

/** How the platform object is cloned; throws a DataCloneError where it is not. */
export function serializableRecord(object) {
  const record = platformRecord(object);
  if (record.write === undefined) throw notSerializable(record.name);
  return record;
}

/** How the platform object is transferred; null where it is not. */
export function transferableRecord(object) {
  const record = platformRecord(object);
  return record.transfer === undefined ? null : record;
}

/** Takes what an object is made of, as bytes. */
class ByteSink {
  #text = "";

  uint32(value) {
    this.#text += varint(value);
  }

  bytes(bytes) {
    this.#text += varint(bytes.length) + encodeRaw(bytes);
  }

  text(text) {
    this.bytes(fromBase64(btoa(unescape(encodeURIComponent(text.toWellFormed())))));
  }

  value(value) {
    this.#text += encode(value);
  }

  take() {
    return this.#text;
  }
}

const source = {
  uint32: readVarint,
  bytes: () => readRaw(readVarint()).slice(),
  text: readText,
  value: readValue,
};

/** A host object that is nothing but a number. */
export function encodeHostObject(object, tag, number) {
  assignId(object);
  return byte(HOST_OBJECT) + varint(tag) + varint(number);
}

defineWriter(PLATFORM, (object) => {
  const { tag, name, write } = serializableRecord(object);
  if (tag === undefined) throw notSerializable(name);
  assignId(object);
  const sink = new ByteSink();
  write(object, sink);
  return byte(HOST_OBJECT) + varint(tag) + sink.take();
});

defineReader(HOST_OBJECT, () => {
  const number = readVarint();
  const read = readers.get(number);
  if (read === undefined) throw unreadable();
  const id = reserve();
  return fill(id, read(source, number, (object) => fill(id, object)));
});
