// ExecutionContext: https://developers.cloudflare.com/workers/runtime-apis/context/

import { turn_stop } from "holdfast:ops";
import { ownLazily, ownValue } from "../kernel/own-properties.js";
import { keepShapes } from "../kernel/shapes.js";
import { defineInterface, illegalInvocation } from "../kernel/webidl.js";
import { deserialize } from "../serialize/index.js";
import { lazily } from "../kernel/lazy.js";
import { ownExports } from "./exports.js";

const loadTracing = lazily("workers/tracing.js");

const NOT_A_PROMISE =
  "Failed to execute 'waitUntil' on 'ExecutionContext': parameter 1 is not of type 'Promise'.";

const ABORTED = "Worker execution was aborted due to call to ctx.abort().";

const tracing = () => loadTracing().tracing;

/**
 * The third argument of a module worker's handlers. It has itself
 *
 * - `tracing`: spans of the script's own; see tracing.js;
 * - `access` and `cache`, which are none: nobody has been asked who he is, and no cache stands in
 *   front of a Worker here;
 * - `props`: configuration of the binding that the event came by;
 * - `exports`: the script's own entrypoints and Durable Object namespaces.
 */
export class ExecutionContext {
  #event;

  /** `event.props` is what the caller's binding says, serialized, in base64; or undefined. */
  constructor(event) {
    this.#event = event;
    ownLazily(this, "tracing", tracing);
    ownValue(this, "access", undefined);
    ownValue(this, "cache", undefined);
    ownLazily(this, "props", () => (event.propsValue ??= propsOf(event.props)));
    ownLazily(this, "exports", ownExports);
  }

  /** Keep the event alive after its response until the promise settles. */
  waitUntil(promise) {
    if (!(#event in Object(this))) throw illegalInvocation();
    if (arguments.length === 0) throw new TypeError(NOT_A_PROMISE);
    this.#event.waitUntil(promise);
  }

  /** End the event now: it fails with `reason`, and what runs ends here. */
  abort(reason) {
    this.#event.abort(reason ?? new Error(ABORTED));
    turn_stop();
  }

  /**
   * Accepted for compatibility: on Cloudflare a request falls through to the origin
   * when the handler throws; here no origin lies behind a Worker.
   */
  passThroughOnException() {}

  static {
    defineInterface(this);
  }
}

keepShapes(new ExecutionContext(undefined));

function propsOf(encoded) {
  return encoded === undefined ? {} : deserialize(Uint8Array.fromBase64(encoded));
}
