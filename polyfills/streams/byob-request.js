// https://streams.spec.whatwg.org/#rs-byob-request-class

import { describeView, isArrayBuffer, isDetached, viewKind } from "../kernel/buffers.js";
import {
  defineInterface,
  enforceUnsignedLongLong,
  illegalConstructor,
  illegalInvocation,
  requireArguments,
} from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";

/** The link between a BYOB request and its controller, which cuts it. */
export class ByobRequestState {
  controller;
  view;
  atLeast; // bytes, until the read that waits has its minimum

  constructor(controller, pullInto) {
    this.controller = controller;
    this.view = pullInto.rest;
    this.atLeast = pullInto.minimumFill - pullInto.bytesFilled;
  }

  invalidate() {
    this.controller = undefined;
    this.view = null;
    this.atLeast = null;
  }

  /** Throws a TypeError if the request was answered already. */
  require() {
    if (this.controller === undefined) {
      throw new TypeError("This ReadableStreamBYOBRequest has been invalidated.");
    }
    return this.controller;
  }
}

/** The buffer that a pending read wants to have filled. */
export class ReadableStreamBYOBRequest {
  #state;

  constructor(state = undefined) {
    if (!(state instanceof ByobRequestState)) throw illegalConstructor();
    this.#state = state;
  }

  get view() {
    if (!(#state in this)) throw illegalInvocation();
    return this.#state.view;
  }

  /** Cloudflare's own: how many bytes the reader waits for, at least; null once it was answered. */
  get atLeast() {
    if (!(#state in this)) throw illegalInvocation();
    return this.#state.atLeast;
  }

  respond(bytesWritten) {
    if (!(#state in this)) throw illegalInvocation();
    requireArguments(arguments.length, 1, "'respond' on 'ReadableStreamBYOBRequest'");
    const count = enforceUnsignedLongLong(bytesWritten, "The number of bytes written");
    const controller = this.#state.require();
    checkAttached(describeView(this.#state.view).buffer);
    controller.respond(count);
  }

  respondWithNewView(view) {
    if (!(#state in this)) throw illegalInvocation();
    requireArguments(arguments.length, 1, "'respondWithNewView' on 'ReadableStreamBYOBRequest'");
    const { buffer } = viewArgument(view);
    const controller = this.#state.require();
    checkAttached(buffer);
    controller.respondWithNewView(view);
  }

  static {
    defineInterface(this);
    refuseToClone(this);
  }
}

function checkAttached(buffer) {
  if (!isDetached(buffer)) return;
  throw new TypeError("The view's buffer has been detached, so it cannot be a response.");
}

/** { buffer, byteOffset, byteLength } of an ArrayBufferView; throws for anything else. */
export function viewArgument(view) {
  if (viewKind(view) !== undefined) {
    const described = describeView(view);
    if (isArrayBuffer(described.buffer)) return described;
  }
  throw new TypeError("The argument is not a view of an ArrayBuffer.");
}
