// Pull-into descriptors: the buffers of BYOB reads that wait to be filled.
// https://streams.spec.whatwg.org/#pull-into-descriptor

import { bufferByteLength, describeView, transferBuffer, viewKind } from "../kernel/buffers.js";
import { Queue } from "./queue.js";

const FOR_DEFAULT_READER = 0;
const FOR_BYOB_READER = 1;
export const FOR_NO_READER = 2;

const classes = new Map(
  [
    DataView,
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    globalThis.Float16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ]
    .filter((Class) => Class !== undefined)
    .map((Class) => [Class.name, Class]),
);

/** The bytes per element of a view; 1 for a DataView. */
export function elementSizeOf(view) {
  return classes.get(viewKind(view)).BYTES_PER_ELEMENT ?? 1;
}

const { min } = Math;
const setBytes = Function.prototype.call.bind(Uint8Array.prototype.set);

/** One buffer to fill. */
export class PullInto {
  buffer;
  bufferByteLength;
  byteOffset;
  byteLength;
  bytesFilled = 0;
  minimumFill;
  View;
  elementSize;
  readerKind;

  constructor(buffer, { byteOffset, byteLength, minimumFill, View, readerKind }) {
    this.buffer = buffer;
    this.bufferByteLength = bufferByteLength(buffer);
    this.byteOffset = byteOffset;
    this.byteLength = byteLength;
    this.minimumFill = minimumFill;
    this.View = View;
    this.elementSize = View.BYTES_PER_ELEMENT ?? 1;
    this.readerKind = readerKind;
  }

  /** For a read into `view`; detaches its buffer, throws a TypeError where it cannot. */
  static forView(view, minimumElements) {
    const View = classes.get(viewKind(view));
    const { buffer, byteOffset, byteLength } = describeView(view);
    const minimumFill = minimumElements * (View.BYTES_PER_ELEMENT ?? 1);
    const readerKind = FOR_BYOB_READER;
    const shape = { byteOffset, byteLength, minimumFill, View, readerKind };
    return new PullInto(transferBuffer(buffer), shape);
  }

  /** For a read of a default reader from a source that wants a buffer to fill. */
  static allocate(byteLength) {
    const readerKind = FOR_DEFAULT_READER;
    const shape = { byteOffset: 0, byteLength, minimumFill: 1, View: Uint8Array, readerKind };
    return new PullInto(new ArrayBuffer(byteLength), shape);
  }

  get remaining() {
    return this.byteLength - this.bytesFilled;
  }

  /** Whether it holds a part of an element. */
  get hasPartialElement() {
    return this.bytesFilled % this.elementSize !== 0;
  }

  /** The part still to be filled. */
  get rest() {
    return new Uint8Array(this.buffer, this.byteOffset + this.bytesFilled, this.remaining);
  }

  /** Detach the buffer from whoever held it. */
  transfer() {
    this.buffer = transferBuffer(this.buffer);
  }

  /**
   * Copy from the queue as much as fits; whether there is now enough for a reader.
   * https://streams.spec.whatwg.org/#readable-byte-stream-controller-fill-pull-into-descriptor-from-queue
   */
  fillFrom(queue) {
    let toCopy = min(queue.total, this.remaining);
    const mostFilled = this.bytesFilled + toCopy;
    const aligned = mostFilled - (mostFilled % this.elementSize);
    const enough = aligned >= this.minimumFill;
    if (enough) toCopy = aligned - this.bytesFilled;
    while (toCopy > 0) {
      const source = queue.takeUpTo(toCopy);
      setBytes(new Uint8Array(this.buffer), source, this.byteOffset + this.bytesFilled);
      this.bytesFilled += source.byteLength;
      toCopy -= source.byteLength;
    }
    return enough;
  }

  /**
   * The filled part in the reader's class of view, on a buffer of its own.
   * https://streams.spec.whatwg.org/#readable-byte-stream-controller-convert-pull-into-descriptor
   */
  toView() {
    const { View, byteOffset, bytesFilled, elementSize } = this;
    return new View(transferBuffer(this.buffer), byteOffset, bytesFilled / elementSize);
  }
}

/** The bytes that a byte stream holds: segments of buffers, and the sum of their lengths. */
export class ByteQueue {
  #segments = new Queue();
  total = 0;

  /** Append a segment of a buffer that nobody else holds. */
  push(buffer, byteOffset, byteLength) {
    this.#segments.push({ buffer, byteOffset, byteLength });
    this.total += byteLength;
  }

  /** Take the oldest segment whole, as a Uint8Array. */
  shift() {
    const { buffer, byteOffset, byteLength } = this.#segments.shift();
    this.total -= byteLength;
    return new Uint8Array(buffer, byteOffset, byteLength);
  }

  /** Take the oldest segment or the first `limit` bytes of it. */
  takeUpTo(limit) {
    const segment = this.#segments.peek();
    if (segment.byteLength <= limit) return this.shift();
    const taken = new Uint8Array(segment.buffer, segment.byteOffset, limit);
    segment.byteOffset += limit;
    segment.byteLength -= limit;
    this.total -= limit;
    return taken;
  }

  reset() {
    if (this.total > 0) this.#segments.clear();
    this.total = 0;
  }
}
