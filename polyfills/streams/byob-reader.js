// https://streams.spec.whatwg.org/#byob-reader-class

import {
  bufferByteLength,
  describeView,
  isArrayBuffer,
  isDetached,
  viewKind,
} from "../kernel/buffers.js";
import {
  defineInterface,
  enforceUnsignedLongLong,
  illegalInvocation,
  isObject,
  requireArguments,
  toDictionary,
} from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { readableArgument } from "./brand.js";
import { rejectedWith } from "./promises.js";
import { elementSizeOf } from "./pull-into.js";
import { ByobReaderState, releasedError, ReadOfRest, ReadPromise } from "./reader-state.js";

/** Reads a byte stream into buffers that its user brings. */
export class ReadableStreamBYOBReader {
  #state;

  constructor(stream) {
    requireArguments(arguments.length, 1, "'constructor' on 'ReadableStreamBYOBReader'");
    this.#state = new ByobReaderState(readableArgument(stream));
  }

  get closed() {
    if (!isObject(this) || !(#state in this)) return rejectedWith(illegalInvocation());
    return this.#state.closed.promise;
  }

  cancel(reason = undefined) {
    if (!isObject(this) || !(#state in this)) return rejectedWith(illegalInvocation());
    return this.#state.cancel(reason);
  }

  /** Read into `view`; `options.min` is the least number of elements to wait for. */
  read(view, options = undefined) {
    try {
      requireArguments(arguments.length, 1, "'read' on 'ReadableStreamBYOBReader'");
      return this.#read(view, minimumOf(view, options));
    } catch (error) {
      return rejectedWith(error);
    }
  }

  /**
   * Cloudflare's forerunner of `read(view, { min })`: at least so many elements, or what is left
   * where the stream ends before.
   * https://developers.cloudflare.com/workers/runtime-apis/streams/readablestreambyobreader/
   */
  readAtLeast(minElements, view) {
    try {
      requireArguments(arguments.length, 2, "'readAtLeast' on 'ReadableStreamBYOBReader'");
      const least = enforceUnsignedLongLong(minElements, "The minimum number of elements");
      checkIsView(view);
      checkMinimum(least * elementSizeOf(view), describeView(view).byteLength);
      return this.#read(view, least, new ReadOfRest());
    } catch (error) {
      return rejectedWith(error);
    }
  }

  releaseLock() {
    if (!(#state in this)) throw illegalInvocation();
    if (this.#state.stream !== undefined) this.#state.release();
  }

  /** https://streams.spec.whatwg.org/#byob-reader-read */
  #read(view, min, request = new ReadPromise()) {
    if (!(#state in this)) throw illegalInvocation();
    checkReadable(view);
    if (min === 0) throw new TypeError("The minimum of a BYOB read must not be 0.");
    if (min > describeView(view).byteLength / elementSizeOf(view)) {
      throw new RangeError("The minimum of a BYOB read exceeds the size of its view.");
    }
    const state = this.#state;
    if (state.stream === undefined) throw releasedError();
    state.read(view, min, request);
    return request.promise;
  }

  static {
    defineInterface(this);
    refuseToClone(this);
  }
}

function minimumOf(view, options) {
  checkIsView(view);
  const { min } = toDictionary(options, "The options of a BYOB read");
  return min === undefined ? 1 : enforceUnsignedLongLong(min, "The minimum of a BYOB read");
}

function checkMinimum(bytes, capacity) {
  if (bytes === 0) throw new TypeError("Requested invalid minimum number of bytes to read (0).");
  if (bytes <= capacity) return;
  throw new TypeError(`Minimum bytes to read (${bytes}) exceeds size of buffer (${capacity}).`);
}

function checkIsView(view) {
  if (viewKind(view) === undefined || !isArrayBuffer(describeView(view).buffer)) {
    throw new TypeError("A BYOB read needs a view of an ArrayBuffer.");
  }
}

function checkReadable(view) {
  const { buffer, byteLength } = describeView(view);
  if (isDetached(buffer)) throw new TypeError("The view's buffer has been detached.");
  if (byteLength === 0 || bufferByteLength(buffer) === 0) {
    throw new TypeError("A BYOB read needs a view of at least one byte.");
  }
}
