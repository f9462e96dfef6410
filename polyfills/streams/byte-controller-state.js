// The controller of a byte stream: https://streams.spec.whatwg.org/#rbs-controller-class
//
// Bytes take one of two ways. Reads without a buffer of their own get the segments of
// the queue as they are. Reads that bring a buffer wait as descriptors in `pending`
// and are filled from the queue, or by the source itself through the BYOB request,
// which always shows the oldest descriptor. The oldest one may outlive its reader:
// the source may be writing to it; what it writes then goes to the queue.

import {
  bufferByteLength,
  copyBuffer,
  describeView,
  isDetached,
  transferBuffer,
} from "../kernel/buffers.js";
import { ByobRequestState, ReadableStreamBYOBRequest } from "./byob-request.js";
import { ControllerState } from "./controller-state.js";
import { later } from "./promises.js";
import {
  ByteQueue,
  FOR_NO_READER,
  PullInto,
} from "./pull-into.js";
import { CLOSED, READABLE } from "./readable-state.js";

/**
 * The state of a byte controller: see ControllerState. The runtime's own reads offer buffers of
 * `hostChunkSize` where the source did not say `chunkSize`.
 */
export class ByteControllerState extends ControllerState {
  isByte = true;
  chunkSize;
  hostChunkSize;
  pending = [];
  #request = null;
  #requestState = undefined;

  constructor(stream, { pull, cancel, highWaterMark = 0, chunkSize, hostChunkSize, source }) {
    super(stream, new ByteQueue(), { pull, cancel, highWaterMark, source });
    this.chunkSize = chunkSize;
    this.hostChunkSize = hostChunkSize;
  }

  /** The BYOB request as scripts see it, or null. */
  get byobRequest() {
    if (this.#request === null && this.pending.length > 0) {
      this.#requestState = new ByobRequestState(this, this.pending[0]);
      this.#request = new ReadableStreamBYOBRequest(this.#requestState);
    }
    return this.#request;
  }

  #invalidateRequest() {
    if (this.#request === null) return;
    this.#requestState.invalidate();
    this.#request = null;
    this.#requestState = undefined;
  }

  // ---- What readers call ----------------------------------------------------------

  /** https://streams.spec.whatwg.org/#rbs-controller-private-pull */
  pullSteps(request) {
    if (this.queue.total > 0) {
      this.#fillRequest(request);
      return;
    }
    if (this.chunkSize !== undefined) {
      try {
        this.pending.push(PullInto.allocate(this.chunkSize));
      } catch (error) {
        request.error(error);
        return;
      }
    }
    this.stream.reader.requests.push(request);
    this.pullIfNeeded();
  }

  /** https://streams.spec.whatwg.org/#readable-byte-stream-controller-pull-into */
  pullInto(view, min, request) {
    let descriptor;
    try {
      descriptor = PullInto.forView(view, min);
    } catch (error) {
      request.error(error);
      return;
    }
    if (this.pending.length > 0) {
      this.#await(descriptor, request);
    } else if (this.stream.status === CLOSED) {
      request.close(descriptor.toView());
    } else if (this.queue.total > 0 && descriptor.fillFrom(this.queue)) {
      const filled = descriptor.toView();
      this.#handleDrain();
      request.chunk(filled);
    } else if (this.closeRequested && request.takesRest && !descriptor.hasPartialElement) {
      this.#handleDrain();
      request.chunk(descriptor.toView());
    } else if (this.closeRequested) {
      const error = incompleteElementError();
      this.error(error);
      request.error(error);
    } else {
      this.#await(descriptor, request);
      this.pullIfNeeded();
    }
  }

  #await(descriptor, request) {
    this.pending.push(descriptor);
    this.stream.reader.requests.push(request);
  }

  /** https://streams.spec.whatwg.org/#rbs-controller-private-cancel */
  cancelSteps(reason) {
    this.#clearPending();
    this.queue.reset();
    const { cancel } = this;
    this.clearAlgorithms();
    return cancel(reason);
  }

  /** https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamcontroller-releasesteps */
  releaseSteps() {
    if (this.pending.length === 0) return;
    this.pending.length = 1;
    this.pending[0].readerKind = FOR_NO_READER;
  }

  // ---- What sources call ----------------------------------------------------------

  /** https://streams.spec.whatwg.org/#readable-byte-stream-controller-enqueue */
  enqueue(view) {
    if (!this.canCloseOrEnqueue) return;
    const { buffer, byteOffset, byteLength } = describeView(view);
    if (isDetached(buffer)) throw new TypeError("The chunk's buffer has been detached.");
    const own = transferBuffer(buffer);
    if (this.pending.length > 0) this.#detachOldest();
    const { stream } = this;
    const { reader } = stream;
    if (reader === undefined) {
      this.queue.push(own, byteOffset, byteLength);
    } else if (reader.isByob) {
      this.queue.push(own, byteOffset, byteLength);
      for (const descriptor of this.#fillPending()) this.#commit(descriptor);
    } else {
      this.#fillWaitingReads(reader);
      if (reader.requests.length === 0) {
        this.queue.push(own, byteOffset, byteLength);
      } else {
        if (this.pending.length > 0) this.pending.shift();
        stream.fulfillRead(new Uint8Array(own, byteOffset, byteLength), false);
      }
    }
    this.pullIfNeeded();
  }

  #detachOldest() {
    const oldest = this.pending[0];
    if (isDetached(oldest.buffer)) {
      throw new TypeError("The BYOB request's buffer has been detached.");
    }
    this.#invalidateRequest();
    oldest.transfer();
    if (oldest.readerKind === FOR_NO_READER) this.#queueAbandoned(oldest);
  }

  /**
   * Hand a chunk over that nobody else holds, such as one the host has just made:
   * `enqueue` without the checks and the transfer of the buffer.
   */
  enqueueOwn(bytes) {
    const { stream } = this;
    const { reader } = stream;
    const isEmpty = this.pending.length === 0 && this.queue.total === 0;
    const isAwaited = reader !== undefined && reader.requests.length > 0;
    if (isEmpty && isAwaited && this.canCloseOrEnqueue) {
      reader.requests.shift().chunk(bytes);
      this.pullIfNeeded();
    } else {
      this.enqueue(bytes);
    }
  }

  /** https://streams.spec.whatwg.org/#readable-byte-stream-controller-close */
  close() {
    if (!this.canCloseOrEnqueue) return;
    if (this.queue.total > 0) {
      this.closeRequested = true;
      return;
    }
    if (this.pending.length > 0 && this.pending[0].hasPartialElement) {
      const error = incompleteElementError();
      this.error(error);
      throw error;
    }
    this.clearAlgorithms();
    const { reader } = this.stream;
    this.stream.close();
    // A source that knows of the BYOB request answers that itself, if it likes.
    if (reader?.requests.peek()?.takesRest) later(() => this.#answerWaiting());
  }

  #answerWaiting() {
    if (this.stream.status === CLOSED && this.pending.length > 0) this.respond(0);
  }

  /** Close, and answer the BYOB reads that wait, as a source of scripts would itself. */
  end() {
    try {
      this.close();
    } catch {
      return; // the stream ended within an element, which errored it
    }
    this.#answerWaiting();
  }

  /** https://streams.spec.whatwg.org/#readable-byte-stream-controller-error */
  error(reason) {
    if (this.stream.status !== READABLE) return;
    this.#clearPending();
    this.queue.reset();
    this.clearAlgorithms();
    this.stream.error(reason);
  }

  /** https://streams.spec.whatwg.org/#readable-byte-stream-controller-respond */
  respond(bytesWritten) {
    const oldest = this.pending[0];
    if (this.stream.status === CLOSED) {
      if (bytesWritten !== 0) throw closedResponseError();
    } else {
      if (bytesWritten === 0) throw emptyResponseError();
      if (bytesWritten > oldest.remaining) {
        throw new RangeError("The response is larger than the BYOB request's view.");
      }
    }
    oldest.transfer();
    this.#respond(oldest, bytesWritten);
  }

  /** https://streams.spec.whatwg.org/#readable-byte-stream-controller-respond-with-new-view */
  respondWithNewView(view) {
    const oldest = this.pending[0];
    const { buffer, byteOffset, byteLength } = describeView(view);
    if (this.stream.status === CLOSED) {
      if (byteLength !== 0) throw closedResponseError();
    } else if (byteLength === 0) {
      throw emptyResponseError();
    }
    if (oldest.byteOffset + oldest.bytesFilled !== byteOffset) {
      throw new RangeError("The new view does not start where the BYOB request's view starts.");
    }
    if (oldest.bufferByteLength !== bufferByteLength(buffer)) {
      throw new RangeError("The new view's buffer has not the length of the BYOB request's.");
    }
    if (byteLength > oldest.remaining) {
      throw new RangeError("The new view is larger than the BYOB request's view.");
    }
    oldest.buffer = transferBuffer(buffer);
    this.#respond(oldest, byteLength);
  }

  /** https://streams.spec.whatwg.org/#readable-byte-stream-controller-respond-internal */
  #respond(oldest, bytesWritten) {
    this.#invalidateRequest();
    if (this.stream.status === CLOSED) this.#respondClosed(oldest);
    else this.#respondReadable(oldest, bytesWritten);
    this.pullIfNeeded();
  }

  /** https://streams.spec.whatwg.org/#readable-byte-stream-controller-respond-in-closed-state */
  #respondClosed(oldest) {
    if (oldest.readerKind === FOR_NO_READER) this.pending.shift();
    const filled = this.pending.splice(0, this.stream.waitingByobReads);
    for (const descriptor of filled) this.#commit(descriptor);
  }

  /** https://streams.spec.whatwg.org/#readable-byte-stream-controller-respond-in-readable-state */
  #respondReadable(oldest, bytesWritten) {
    oldest.bytesFilled += bytesWritten;
    if (oldest.readerKind === FOR_NO_READER) {
      this.#queueAbandoned(oldest);
      for (const descriptor of this.#fillPending()) this.#commit(descriptor);
      return;
    }
    if (oldest.bytesFilled < oldest.minimumFill) return;
    this.pending.shift();
    const rest = oldest.bytesFilled % oldest.elementSize;
    if (rest > 0) {
      const end = oldest.byteOffset + oldest.bytesFilled;
      this.#queueCopy(oldest.buffer, end - rest, rest);
    }
    oldest.bytesFilled -= rest;
    const filled = this.#fillPending();
    this.#commit(oldest);
    for (const descriptor of filled) this.#commit(descriptor);
  }

  // ---- Moving bytes ------------------------------------------------------------------

  /** https://streams.spec.whatwg.org/#readable-byte-stream-controller-commit-pull-into-descriptor */
  #commit(descriptor) {
    this.stream.fulfillRead(descriptor.toView(), this.stream.status === CLOSED);
  }

  /** Take the descriptors that the queue fills, oldest first. */
  #fillPending() {
    const filled = [];
    while (this.pending.length > 0 && this.queue.total > 0) {
      if (!this.pending[0].fillFrom(this.queue)) break;
      filled.push(this.pending.shift());
    }
    return filled;
  }

  #fillWaitingReads({ requests }) {
    while (requests.length > 0 && this.queue.total > 0) this.#fillRequest(requests.shift());
  }

  #fillRequest(request) {
    const segment = this.queue.shift();
    this.#handleDrain();
    request.chunk(segment);
  }

  /** https://streams.spec.whatwg.org/#readable-byte-stream-controller-handle-queue-drain */
  #handleDrain() {
    if (this.queue.total === 0 && this.closeRequested) {
      this.clearAlgorithms();
      this.stream.close();
    } else {
      this.pullIfNeeded();
    }
  }

  /** What the source wrote for a reader that is gone goes to the queue. */
  #queueAbandoned(descriptor) {
    const { buffer, byteOffset, bytesFilled } = descriptor;
    if (bytesFilled > 0) this.#queueCopy(buffer, byteOffset, bytesFilled);
    this.pending.shift();
  }

  #queueCopy(buffer, byteOffset, byteLength) {
    let copy;
    try {
      copy = copyBuffer(buffer, byteOffset, byteLength);
    } catch (error) {
      this.error(error);
      throw error;
    }
    this.queue.push(copy, 0, byteLength);
  }

  #clearPending() {
    this.#invalidateRequest();
    this.pending = [];
  }
}

function incompleteElementError() {
  return new TypeError("The stream ended within an element of the reader's view.");
}

function closedResponseError() {
  return new TypeError("A BYOB request of a closed stream takes a response of 0 bytes only.");
}

function emptyResponseError() {
  return new TypeError("A BYOB request takes an empty response only once the stream is closed.");
}
