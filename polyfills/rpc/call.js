// One call by RPC, as its receiver sees it, and where its answer goes.

import { CONNECT } from "holdfast:constants";
import { setOnError } from "../kernel/errors.js";
import { lazily } from "../kernel/lazy.js";
import { keepShapes } from "../kernel/shapes.js";
import { dropMessage, pack, TRANSFER, unpack } from "./message.js";
import { lookUp, notCallable, RESERVED_BY_ENTRYPOINTS } from "./receive.js";

const connections = lazily("sockets/worker-connection.js");

const { apply } = Reflect;
const { getPrototypeOf } = Object;
const objectPrototype = Object.prototype;

/** The rules for entrypoints and Durable Objects that are classes. */
export const OF_CLASSES = { allowsOwn: false, reserved: RESERVED_BY_ENTRYPOINTS };

/** … and for objects whose class says nothing of RPC: it was written before there was any. */
export const OF_BARE_CLASSES = {
  ...OF_CLASSES,
  refusal:
    "The receiving Durable Object does not support RPC, because its class was not declared with " +
    "`extends DurableObject`. In order to enable RPC, make sure your class extends the special " +
    'class `DurableObject`, which can be imported from the module "cloudflare:workers".',
};

/** A call (kernel/calls.js) of a method, or a look at a property where `message` is null. */
export class RpcCall {
  /**
   * `context` is the receiver's. `rules` has `allowsOwn` and `reserved`, for `lookUp`, and may
   * have `argumentsFor(method, name, args)`, the arguments that the method gets, and `refusal`,
   * why nothing can be called.
   */
  constructor(context, path, message, reply, rules) {
    this.context = context;
    this.path = path;
    this.message = message;
    this.reply = reply;
    this.rules = rules;
    this.group = [];
  }

  /** The caller's context, where it is in this isolate. */
  get caller() {
    return this.reply.caller;
  }

  /** What is called, for those who are told of it. */
  get method() {
    return this.path[0] === CONNECT ? "connect" : this.path.join(".");
  }

  /** The host's number of the call, where it came from there. */
  get hostNumber() {
    return this.reply.hostNumber;
  }

  invoke(object) {
    const path = this.path;
    const { allowsOwn, reserved, argumentsFor, refusal } = this.rules;
    if (path[0] === CONNECT && reserved === RESERVED_BY_ENTRYPOINTS) {
      return connections().acceptConnection(object, this.take(), argumentsFor);
    }
    if (refusal !== undefined) throw new TypeError(refusal);
    const { value, holder } = lookUp(object, path, allowsOwn, reserved);
    const message = this.message;
    if (message === null) return value;
    if (typeof value !== "function") throw notCallable(path);
    const given = this.take();
    return apply(value, holder, argumentsFor === undefined ? given : argumentsFor(value, path, given));
  }

  /** The arguments that it came with, once. */
  take() {
    const message = this.message;
    this.message = null;
    return unpack(message, this.context, this.group);
  }

  succeed(value) {
    const message = packResult(value, this.context);
    letGo(this);
    this.reply.succeed(message);
  }

  fail(error) {
    letGo(this);
    nameObject(error, this.context.life);
    this.reply.fail(error);
  }
}

keepShapes(new RpcCall(), ["life"]);

// Stubs in the arguments are the call's; who wants to keep one duplicates it.
function letGo({ message, group }) {
  if (message !== null) dropMessage(message);
  for (let i = 0; i < group.length; i++) group[i].release();
}

// Callers are told which object failed, unless it was the end of it.
function nameObject(error, life) {
  if (typeof life.id !== "object" || error === life.error) return;
  setOnError(error, "durableObjectId", life.id.toString());
}

/**
 * The message of a result: the value and, where it is a plain object with a disposer, a
 * reference that disposes of it.
 */
export function packResult(value, context) {
  if (typeof value !== "object" || value === null || getPrototypeOf(value) !== objectPrototype) {
    return pack([value], context, TRANSFER);
  }
  const dispose = value[Symbol.dispose];
  delete value[Symbol.dispose];
  if (typeof dispose !== "function") return pack([value], context, TRANSFER);
  const disposer = () => {};
  disposer[Symbol.dispose] = () => apply(dispose, value, []);
  return pack([value, disposer], context, TRANSFER);
}
