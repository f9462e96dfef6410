// What scripts call: stubs, their properties, and the promises of results.
// https://developers.cloudflare.com/workers/runtime-apis/rpc/
//
// All of them are functions with any property one asks for. The names that are not there
// end up at a proxy at the far end of the chain of prototypes, so that those that are cost
// nothing. A source of calls (a stub, or a promise of a result) is asked by `open()` for what is
// called: it has `send(caller, path, message)`, as references have, and may have `release()`.

import { wrongConstructorArgument } from "../kernel/arguments.js";
import { DOMException } from "../language/dom-exception.js";
import { requireContext } from "../kernel/pending.js";
import { ownValue } from "../kernel/own-properties.js";
import { isKnownProxy } from "../serialize/proxies.js";
import { notSerializable } from "../serialize/errors.js";
import {
  addEntry,
  defineReferences,
  dropMessage,
  DUPLICATE,
  pack,
  registerEntry,
  TAGS,
  takeEntry,
  TRANSFER,
  unpack,
} from "./message.js";
import {
  defineStubs,
  lookUp,
  notCallable,
  notImplemented,
  PROMISE,
  PROPERTY,
  RESERVED,
  STUB,
  stubKind,
} from "./receive.js";
import { Export, Hold, releaseWithout } from "./references.js";
import { RpcTarget } from "./target.js";

const { defineProperty, getPrototypeOf, setPrototypeOf } = Object;
const { apply, get: getOf } = Reflect;
const objectPrototype = Object.prototype;
const MAX_PROPERTY_DEPTH = 64;
const TOO_DEEP = `RPC pipelined property path is too deep (max ${MAX_PROPERTY_DEPTH}).`;
const NOTHING_TO_WRAP = "RpcStubs can only wrap plain objects, functions, and RpcTarget derivatives.";
const ONLY_FOR_RPC = "Remote RPC references can only be serialized for RPC.";
const PROMISE_DISPOSED = "RPC promise used after being disposed.";
const NO_TARGET_DUP =
  "Couldn't create a stub for the RcpTarget because it has a dup() method which did not return " +
  "another RpcTarget. Either remove the dup() method or make sure it returns an RpcTarget.";
const NO_FUNCTION_DUP =
  "Couldn't create a stub for the function because it has a dup() method which did not return " +
  "another function. Either remove the dup() method or make sure it returns a function.";
const NO_PROXY =
  "Proxy could not be serialized because it is not a valid RPC receiver type. The Proxy must " +
  "emulate either a plain object or an RpcTarget, as indicated by the Proxy's prototype chain.";

// ---- Any property ---------------------------------------------------------------------

/**
 * The end of a chain of prototypes at which every name is found: `get(object, name)` makes its
 * value. What has no such name, such as a symbol, is looked for in `base`.
 */
export function wildcard(get, base = objectPrototype) {
  return new Proxy(Object.create(base), {
    get: (target, name, object) => (isAny(name) ? get(object, name) : getOf(target, name, object)),
    has: (target, name) => isAny(name) || name in target,
    set(target, name, value, object) {
      ownValue(object, name, value);
      return true;
    },
  });
}

// `then` is none, lest stubs be taken for promises; numbers are none in workerd either.
function isAny(name) {
  if (typeof name === "symbol" || name === "then" || name in objectPrototype) return false;
  return !/^(?:0|[1-9]\d*)$/.test(name);
}

/**
 * Makes its subclasses' instances functions: a call is `run(state, args)`. A function that
 * knew itself would be left to the garbage collector, and with it what it holds of others.
 */
function Callable(run, state) {
  const object = (...args) => run(state, args);
  delete object.name;
  delete object.length;
  return setPrototypeOf(object, new.target.prototype);
}

// ---- Calls --------------------------------------------------------------------------------

/**
 * Call the method at `path`, or look at the property where `args` is undefined; an RpcPromise.
 * Nothing is thrown: what goes wrong, rejects.
 */
export function callRemote(source, path, args) {
  return new RpcPromise(startCall(source, path, args));
}

function startCall(source, path, args) {
  try {
    const caller = requireContext();
    const message = args === undefined ? null : pack(args, caller, DUPLICATE);
    const target = opened(source, message);
    const gate = caller.outputGate?.wait();
    const send = () => sendTo(target, caller, path, message);
    const answer = gate === undefined ? send() : gate.then(send);
    return answer.then((result) => unpackResult(result, caller));
  } catch (error) {
    return Promise.reject(error);
  }
}

function opened(source, message) {
  try {
    return source.open();
  } catch (error) {
    if (message !== null) dropMessage(message);
    throw error;
  }
}

/** Send a call to what a source has opened, which is not needed for longer. */
function sendTo(target, caller, path, message) {
  try {
    return target.send(caller, path, message);
  } finally {
    target.release?.();
  }
}

/** The value of a result. An object gets a disposer of all the stubs that it came with. */
function unpackResult(message, context) {
  const group = [];
  const [value, disposer] = unpack(message, context, group);
  const isObject = typeof value === "object" && value !== null;
  if (isObject) {
    const dispose = () => {
      disposer?.[Symbol.dispose](); // and it is there for as long as its object
      for (const hold of group) hold.release();
    };
    defineProperty(value, Symbol.dispose, { value: dispose, writable: true, configurable: true });
  }
  return value;
}

// ---- RpcStub --------------------------------------------------------------------------------

const FROM_REFERENCE = {};
let holdOf;

/** A stub of what is elsewhere, or of an object that is given. */
export class RpcStub extends Callable {
  #hold;

  constructor() {
    const [target, reference, life] = arguments;
    const hold =
      target === FROM_REFERENCE
        ? new Hold(reference, life)
        : new Hold(exportOf(requireContext(), target), requireContext().life);
    super(callHold, hold);
    this.#hold = hold;
    releaseWithout(this, hold);
  }

  static {
    holdOf = (value) => (typeof value === "function" && #hold in value ? value.#hold : undefined);
  }

  /** One more stub of the same, to be disposed of by itself. */
  dup() {
    return stubOf(this.#hold.reference.acquire(), requireContext().life);
  }

  [Symbol.dispose]() {
    this.#hold.release();
  }

  get [Symbol.toStringTag]() {
    return "JsRpcStub";
  }
}

setPrototypeOf(
  RpcStub.prototype,
  wildcard((stub, name) => propertyOf(sourceOf(stub, holdOf(stub)), name)),
);

function callHold(hold, args) {
  return callRemote(sourceOf(null, hold), [], args);
}

/** Where the calls of a stub go. The stub, where there is one, stays as long as its source. */
function sourceOf(stub, hold) {
  return { stub, open: () => hold.reference.acquire() };
}

function exportOf(context, target) {
  const isObject = (typeof target === "object" && target !== null) || typeof target === "function";
  if (!isObject) throw wrongConstructorArgument("JsRpcStub", 1, "Object");
  const kind = stubKind(target);
  if (kind === undefined) throw new TypeError(NOTHING_TO_WRAP);
  return new Export(context, target, kind);
}

/** The stub of a reference, one holder of which it takes over, for as long as `life` lasts. */
function stubOf(reference, life) {
  return new RpcStub(FROM_REFERENCE, reference, life);
}

// ---- RpcProperty ----------------------------------------------------------------------------

let propertyParts;

/** A property of what a stub stands for: a method to call, or a value to wait for. */
export class RpcProperty extends Callable {
  #parts; // { source, path, depth }

  constructor() {
    const [parts] = arguments;
    if (parts?.source === undefined) throw new TypeError("Illegal constructor");
    super(callProperty, parts);
    this.#parts = parts;
  }

  static {
    propertyParts = (value) =>
      typeof value === "function" && #parts in value ? value.#parts : undefined;
  }

  get #value() {
    return startCall(this.#parts.source, this.#parts.path);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it stands for a promise
  then(...handlers) {
    return this.#value.then(...handlers);
  }

  catch(handler) {
    return this.#value.catch(handler);
  }

  finally(handler) {
    return this.#value.finally(handler);
  }

  get [Symbol.toStringTag]() {
    return "JsRpcProperty";
  }
}

setPrototypeOf(
  RpcProperty.prototype,
  wildcard((property, name) => {
    const { source, path, depth } = propertyParts(property);
    if (depth >= MAX_PROPERTY_DEPTH) throw new TypeError(TOO_DEEP);
    return new RpcProperty({ source, path: [...path, name], depth: depth + 1 });
  }),
);

function callProperty({ source, path }, args) {
  return callRemote(source, path, args);
}

/** The property of `source` with this name. */
export function propertyOf(source, name) {
  return new RpcProperty({ source, path: [name], depth: 0 });
}

// ---- RpcPromise -----------------------------------------------------------------------------

let stateOf;

/** The promise of a result. It can be called, and has properties, before it settles. */
export class RpcPromise extends Callable {
  #state; // { inner, isDisposed }

  constructor(inner) {
    if (!(inner instanceof Promise)) throw new TypeError("Illegal constructor");
    const state = { inner, isDisposed: false };
    super(callPromise, state);
    this.#state = state;
  }

  static {
    stateOf = (value) => (typeof value === "function" && #state in value ? value.#state : undefined);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it stands for a promise
  then(...handlers) {
    return this.#state.inner.then(...handlers);
  }

  catch(handler) {
    return this.#state.inner.catch(handler);
  }

  finally(handler) {
    return this.#state.inner.finally(handler);
  }

  /** Dispose of the result, as soon as it is there. */
  [Symbol.dispose]() {
    const state = this.#state;
    if (state.isDisposed) return;
    state.isDisposed = true;
    state.inner.then(
      (value) => value?.[Symbol.dispose]?.(),
      () => {},
    );
  }

  get [Symbol.toStringTag]() {
    return "JsRpcPromise";
  }
}

setPrototypeOf(
  RpcPromise.prototype,
  wildcard((promise, name) => propertyOf(pipelineOf(stateOf(promise)), name)),
);

function callPromise(state, args) {
  return callRemote(pipelineOf(state), [], args);
}

function pipelineOf(state) {
  state.inner.catch(() => {}); // the calls that follow will tell
  return {
    open() {
      if (state.isDisposed) throw new Error(PROMISE_DISPOSED);
      const { inner } = state;
      return { send: (caller, path, message) => sendToResult(inner, caller, path, message) };
    },
  };
}

// ---- Pipelining -----------------------------------------------------------------------------

/**
 * Call what is at `path` of a result that is yet to come. The first stub on the way gets the
 * rest of the path. That nothing is there counts as said by the other side, whose result it is.
 */
async function sendToResult(result, caller, path, message) {
  const value = await result;
  let found;
  try {
    found = follow(value, path, message !== null);
  } catch (error) {
    if (message !== null) dropMessage(message);
    error.remote = true;
    throw error;
  }
  const { source, rest, object } = found;
  if (source === undefined) return pack([object], caller, DUPLICATE);
  return sendTo(source.open(), caller, rest, message);
}

/** The `source` that the path comes by, and the `rest` of the path; or the `object` at its end. */
function follow(value, path, isCall) {
  const isObject = typeof value === "object" && value !== null;
  if (!isObject && typeof value !== "function") {
    throw path.length === 0 ? notCallable(path) : notImplemented(path[0]);
  }
  let object = value;
  for (let i = 0; i <= path.length; i++) {
    const source = sourceIn(object);
    if (source !== undefined) return { source, rest: path.slice(i) };
    if (i === path.length) break;
    if (getPrototypeOf(object) !== objectPrototype) throw notImplemented(path[Math.max(i - 1, 0)]);
    object = lookUp(object, [path[i]], true, RESERVED).value;
    if (i + 1 < path.length && (typeof object !== "object" || object === null) && typeof object !== "function") {
      throw notImplemented(path[i]);
    }
  }
  if (isCall) throw notCallable(path);
  return { object };
}

const sources = [
  (value) => {
    const hold = holdOf(value);
    return hold && sourceOf(value, hold);
  },
];

/** Say how another class's instances are called: `find(value)`, a source or undefined. */
export function defineSource(find) {
  sources.push(find);
}

function sourceIn(value) {
  for (const find of sources) {
    const source = find(value);
    if (source !== undefined) return source;
  }
  return undefined;
}

defineStubs((value) => {
  if (sourceIn(value) !== undefined) return STUB;
  if (propertyParts(value) !== undefined) return PROPERTY;
  return stateOf(value) === undefined ? undefined : PROMISE;
});

// ---- In messages ------------------------------------------------------------------------------

defineReferences((value, packing) => ({
  tag: TAGS.REFERENCE,
  entry: referenceTo(value, packing),
}));

function referenceTo(value, packing) {
  const hold = holdOf(value);
  if (hold !== undefined) {
    const reference = hold.reference.acquire();
    if (packing.ownership === TRANSFER) packing.given.push(hold);
    return reference;
  }
  if (stateOf(value) !== undefined) throw notSerializable("RpcPromise");
  if (propertyParts(value) !== undefined) throw notSerializable("RpcProperty");
  return exportInMessage(value, packing);
}

function exportInMessage(value, { context, ownership }) {
  let kind = stubKind(value);
  if (kind === undefined) throw new DOMException(NO_PROXY, "DataCloneError");
  if (ownership === DUPLICATE && typeof value.dup === "function") {
    const message = kind === false || isKnownProxy(value) ? NO_TARGET_DUP : NO_FUNCTION_DUP;
    value = apply(value.dup, value, []);
    const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
    if (!isObject || stubKind(value) !== kind) throw new DOMException(message, "DataCloneError");
    kind = stubKind(value);
  }
  return new Export(context, value, kind);
}

registerEntry(RpcTarget, {
  tag: TAGS.REFERENCE,
  refusal: ONLY_FOR_RPC,
  write(target, sink, packing) {
    sink.uint32(addEntry(exportInMessage(target, packing)));
  },
  read(source, { context, group }) {
    const stub = stubOf(takeEntry(source.uint32()), context.life);
    group.push(holdOf(stub));
    return stub;
  },
});
