// https://streams.spec.whatwg.org/#rbs-controller-class

import { bufferByteLength } from "../kernel/buffers.js";
import {
  defineInterface,
  illegalConstructor,
  illegalInvocation,
  requireArguments,
} from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { viewArgument } from "./byob-request.js";
import { ByteControllerState } from "./byte-controller-state.js";
import { closedError } from "./default-controller.js";

/** What an underlying byte source fills its stream with. */
export class ReadableByteStreamController {
  #state;

  constructor(state = undefined) {
    if (!(state instanceof ByteControllerState)) throw illegalConstructor();
    this.#state = state;
  }

  get byobRequest() {
    if (!(#state in this)) throw illegalInvocation();
    return this.#state.byobRequest;
  }

  get desiredSize() {
    if (!(#state in this)) throw illegalInvocation();
    return this.#state.desiredSize;
  }

  close() {
    if (!(#state in this)) throw illegalInvocation();
    if (!this.#state.canCloseOrEnqueue) throw closedError(this.#state, "close");
    this.#state.close();
  }

  enqueue(chunk) {
    if (!(#state in this)) throw illegalInvocation();
    requireArguments(arguments.length, 1, "'enqueue' on 'ReadableByteStreamController'");
    const { buffer, byteLength } = viewArgument(chunk);
    if (byteLength === 0 || bufferByteLength(buffer) === 0) {
      throw new TypeError("A chunk of a byte stream must not be empty.");
    }
    if (!this.#state.canCloseOrEnqueue) throw closedError(this.#state, "enqueue into");
    this.#state.enqueue(chunk);
  }

  error(reason = undefined) {
    if (!(#state in this)) throw illegalInvocation();
    this.#state.error(reason);
  }

  static {
    defineInterface(this);
    refuseToClone(this);
  }
}
