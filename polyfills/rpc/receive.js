// How a call finds what it is for: the path of names from the object that receives it.
//
// Of an instance of RpcTarget, or of an entrypoint's or object's class, only what its class
// defines can be reached; of a plain object and of a function, only their own properties.
// https://developers.cloudflare.com/workers/runtime-apis/rpc/visibility/

import { RpcTarget } from "./target.js";

const { getPrototypeOf, hasOwn } = Object;
const objectPrototype = Object.prototype;
const IS_RESERVED = "is a reserved method and cannot be called over RPC.";

/** Names that mean something else on every stub. */
export const RESERVED = new Set(["dup", "constructor"]);
/** … and on Workers and Durable Objects. */
export const RESERVED_BY_ENTRYPOINTS = new Set([
  ...RESERVED,
  "fetch",
  "connect",
  "alarm",
  "webSocketMessage",
  "webSocketClose",
  "webSocketError",
]);

let isStub = () => false;

/** Say what a path may go through besides: stubs. */
export function defineStubs(check) {
  isStub = check;
}

/** Whether only what the class of `object` defines can be reached; undefined: nothing can. */
function allowsOwnOf(object) {
  if (getPrototypeOf(object) === objectPrototype) return true;
  if (object instanceof RpcTarget) return false;
  if (isStub(object)) return false;
  return typeof object === "function" ? true : undefined;
}

/** How an object may be called; undefined where stubs cannot stand for it. */
export function stubKind(object) {
  if (getPrototypeOf(object) === objectPrototype) return true;
  if (object instanceof RpcTarget) return false;
  return typeof object === "function" ? true : undefined;
}

/** The TypeError for a name that leads nowhere. */
export function notImplemented(name) {
  return new TypeError(`The RPC receiver does not implement the method "${name}".`);
}

/** The TypeError for calling what is no function. */
export function notCallable(path) {
  return new TypeError(`"${path.length === 0 ? "(this)" : path.join(".")}" is not a function.`);
}

/**
 * { value, holder } at the end of `path`. `allowsOwn` says which of the object's properties
 * count, `reserved` which names do not. Throws TypeError where there is none.
 */
export function lookUp(object, path, allowsOwn, reserved) {
  const last = path.length - 1;
  if (last < 0) return { value: object, holder: undefined };
  for (let i = 0; i < last; i++) {
    const next = property(object, path[i], allowsOwn, reserved);
    if (!isObject(next)) throw notImplemented(path[i]);
    allowsOwn = allowsOwnOf(next);
    if (allowsOwn === undefined) throw notImplemented(path[i]);
    object = next;
  }
  return { value: property(object, path[last], allowsOwn, reserved), holder: object };
}

function property(object, name, allowsOwn, reserved) {
  if (reserved.has(name)) throw new TypeError(`'${name}' ${IS_RESERVED}`);
  if (hasOwn(object, name) !== allowsOwn) throw notImplemented(name);
  const value = object[name];
  if (!allowsOwn && value === objectPrototype[name]) throw notImplemented(name);
  return value;
}

function isObject(value) {
  return typeof value === "function" || (typeof value === "object" && value !== null);
}
