// The shape of the classes: https://streams.spec.whatwg.org/#idl-index

import { equal, ok, rejects, same, throws } from "./assert.js";
import { ReadableStreamBYOBReader } from "holdfast:streams/byob-reader.js";
import { ReadableStreamBYOBRequest } from "holdfast:streams/byob-request.js";
import { ReadableByteStreamController } from "holdfast:streams/byte-controller.js";
import { ReadableStreamDefaultController } from "holdfast:streams/default-controller.js";
import { ReadableStreamDefaultReader } from "holdfast:streams/default-reader.js";
import { ReadableStream } from "holdfast:streams/readable.js";
import { ByteLengthQueuingStrategy, CountQueuingStrategy } from "holdfast:streams/strategies.js";
import { TransformStream, TransformStreamDefaultController } from "holdfast:streams/transform.js";
import { WritableStreamDefaultController } from "holdfast:streams/writable-controller.js";
import { WritableStream } from "holdfast:streams/writable.js";
import { WritableStreamDefaultWriter } from "holdfast:streams/writer.js";

// Class, its length, then its members with the lengths of operations; -1: an attribute.
const INTERFACES = [
  [
    ReadableStream,
    0,
    { locked: -1, cancel: 0, getReader: 0, pipeThrough: 1, pipeTo: 1, tee: 0, values: 0 },
  ],
  [ReadableStreamDefaultReader, 1, { closed: -1, cancel: 0, read: 0, releaseLock: 0 }],
  [ReadableStreamBYOBReader, 1, { closed: -1, cancel: 0, read: 1, readAtLeast: 2, releaseLock: 0 }],
  [ReadableStreamDefaultController, 0, { desiredSize: -1, close: 0, enqueue: 0, error: 0 }],
  [
    ReadableByteStreamController,
    0,
    { byobRequest: -1, desiredSize: -1, close: 0, enqueue: 1, error: 0 },
  ],
  [ReadableStreamBYOBRequest, 0, { view: -1, atLeast: -1, respond: 1, respondWithNewView: 1 }],
  [WritableStream, 0, { locked: -1, abort: 0, close: 0, getWriter: 0 }],
  [
    WritableStreamDefaultWriter,
    1,
    { closed: -1, desiredSize: -1, ready: -1, abort: 0, close: 0, releaseLock: 0, write: 0 },
  ],
  [WritableStreamDefaultController, 0, { signal: -1, error: 0 }],
  [TransformStream, 0, { readable: -1, writable: -1 }],
  [TransformStreamDefaultController, 0, { desiredSize: -1, enqueue: 0, error: 0, terminate: 0 }],
  [ByteLengthQueuingStrategy, 1, { highWaterMark: -1, size: -1 }],
  [CountQueuingStrategy, 1, { highWaterMark: -1, size: -1 }],
];
const PROMISES = new Set(
  ["cancel", "pipeTo", "read", "readAtLeast", "closed", "ready", "abort", "write"],
);
const UNCONSTRUCTIBLE = [
  ReadableStreamDefaultController,
  ReadableByteStreamController,
  ReadableStreamBYOBRequest,
  WritableStreamDefaultController,
  TransformStreamDefaultController,
];

export function each_interface_has_its_members_and_lengths() {
  for (const [Class, length, members] of INTERFACES) {
    same(Class.length, length, Class.name);
    const own = Object.getOwnPropertyNames(Class.prototype).filter((key) => key !== "constructor");
    equal(own.sort(), Object.keys(members).sort(), Class.name);
    for (const key of own) checkMember(Class, key, members[key]);
    same(Class.prototype[Symbol.toStringTag], Class.name);
    throws(() => Class(), TypeError);
  }
}

function checkMember(Class, key, length) {
  const descriptor = Object.getOwnPropertyDescriptor(Class.prototype, key);
  const { get, value } = descriptor;
  ok(descriptor.enumerable && descriptor.configurable, `${Class.name}.${key}`);
  if (length === -1) same(get.name, `get ${key}`);
  else same(value.length, length, `${Class.name}.${key}`);
}

export async function each_member_checks_its_this() {
  for (const [Class, , members] of INTERFACES) {
    for (const key of Object.keys(members)) {
      const { get, value } = Object.getOwnPropertyDescriptor(Class.prototype, key);
      const call = () => Reflect.apply(get ?? value, Object.create(Class.prototype), []);
      const isPromise = PROMISES.has(key) || (key === "close" && Class.name.startsWith("Writable"));
      if (isPromise) await rejects(call, TypeError, `${Class.name}.${key}`);
      else throws(call, TypeError, `${Class.name}.${key}`);
    }
  }
}

export function controllers_and_requests_cannot_be_constructed() {
  for (const Class of UNCONSTRUCTIBLE) {
    same(throws(() => new Class(), TypeError).message, "Illegal constructor");
    throws(() => new Class({}), TypeError);
  }
}

export function a_stream_iterates_by_its_values() {
  same(ReadableStream.prototype[Symbol.asyncIterator], ReadableStream.prototype.values);
  ok(!Object.getOwnPropertyDescriptor(ReadableStream.prototype, Symbol.asyncIterator).enumerable);
  ok(Object.getOwnPropertyDescriptor(ReadableStream, "from").enumerable);
  const prototype = Object.getPrototypeOf(new ReadableStream().values());
  equal(Object.keys(prototype).sort(), ["next", "return"]);
  equal([prototype.next.length, prototype.return.length], [0, 1]);
  same(prototype[Symbol.toStringTag], "ReadableStream AsyncIterator");
}

export function strategies_share_their_size_functions() {
  const a = new CountQueuingStrategy({ highWaterMark: "4" });
  const b = new CountQueuingStrategy({ highWaterMark: 1 });
  same(a.size, b.size);
  same(a.highWaterMark, 4);
  same(a.size(), 1);
  same(new ByteLengthQueuingStrategy({ highWaterMark: NaN }).size({ byteLength: 3 }), 3);
  same(a.size.name, "size");
  throws(() => new CountQueuingStrategy({}), TypeError);
  throws(() => new CountQueuingStrategy(), TypeError);
}

export function subclasses_of_streams_are_streams() {
  class Mine extends ReadableStream {
    own() {
      return this.locked;
    }
  }
  const stream = new Mine();
  same(stream.own(), false);
  stream.getReader();
  same(stream.own(), true);
}

export async function promises_are_rejected_for_whatever_a_method_is_called_on() {
  for (const receiver of [undefined, null, 1, {}]) {
    await rejects(ReadableStreamDefaultReader.prototype.read.call(receiver), TypeError);
    await rejects(ReadableStreamDefaultReader.prototype.cancel.call(receiver), TypeError);
    await rejects(ReadableStreamBYOBReader.prototype.cancel.call(receiver), TypeError);
    await rejects(WritableStreamDefaultWriter.prototype.write.call(receiver), TypeError);
  }
}
