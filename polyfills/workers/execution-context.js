// ExecutionContext: https://developers.cloudflare.com/workers/runtime-apis/context/

import { turn_stop } from "holdfast:ops";
import { wrongArgument } from "../kernel/arguments.js";
import { makeReplaceable } from "../kernel/own-properties.js";
import { requireContext } from "../kernel/pending.js";
import { keepShapes } from "../kernel/shapes.js";
import { defineInterface, illegalInvocation } from "../kernel/webidl.js";
import { decodeProps } from "./props.js";
import { lazily } from "../kernel/lazy.js";
import { ownExports } from "./exports.js";

const loadTracing = lazily("workers/tracing.js");

const ABORTED = "Worker execution was aborted due to call to ctx.abort().";

/**
 * The third argument of a module worker's handlers. One is made for each event, so its properties
 * stand on the prototype; what inherits from it, or is a Proxy of it, has them as well.
 */
export class ExecutionContext {
  #event;

  /** `event.props` is what the caller's binding says, serialized, in base64; or undefined. */
  constructor(event) {
    this.#event = event;
  }

  /** Keep the event alive after its response until the promise settles. */
  waitUntil(promise) {
    if (!(#event in Object(this))) throw illegalInvocation();
    if (arguments.length === 0) throw wrongArgument("waitUntil", "ExecutionContext", 1, "Promise");
    this.#event.waitUntil(promise);
  }

  /** Configuration of the binding that the event came by. */
  get props() {
    const event = #event in this ? this.#event : requireContext();
    return (event.propsValue ??= propsOf(event.props));
  }

  /** The script's own entrypoints and Durable Object namespaces. */
  get exports() {
    return ownExports();
  }

  /** Spans of the script's own; see tracing.js. */
  get tracing() {
    return loadTracing().tracing;
  }

  /** None: no cache stands in front of a Worker here. */
  get cache() {
    return undefined;
  }

  /** None: nobody has been asked who he is. */
  get access() {
    return undefined;
  }

  /** End the event now: it fails with `reason`, and what runs ends here. */
  abort(reason) {
    this.#event.abort(reason ?? new Error(ABORTED));
    turn_stop();
  }

  /** Have the origin answer where the handler throws, if one lies behind the Worker. */
  passThroughOnException() {
    this.#event.passesThrough = true;
  }

  static {
    defineInterface(this);
    makeReplaceable(this.prototype, ["tracing", "access", "cache", "props", "exports"]);
  }
}

keepShapes(new ExecutionContext(undefined));

function propsOf(encoded) {
  return encoded === undefined ? {} : decodeProps(encoded);
}
