// How a call finds what it is for: the path of names from the object that receives it.
//
// Of an instance of RpcTarget, or of an entrypoint's or object's class, only what its class
// defines can be reached; of a plain object and of a function, only their own properties.
// https://developers.cloudflare.com/workers/runtime-apis/rpc/visibility/

import { isObject } from "../kernel/webidl.js";
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

export const STUB = "stub";
export const PROPERTY = "property of a stub";
export const PROMISE = "promise of a result";
let stubClass = () => undefined;

/** Say which values are stubs and the like: `find(value)` gives one of the above. */
export function defineStubs(find) {
  stubClass = find;
}

/**
 * Whether the object's own properties are what can be reached, and not what its class defines;
 * undefined: nothing can. A property of a stub leads on where the path came by the stub.
 */
function allowsOwnOf(object, cameByStub) {
  if (getPrototypeOf(object) === objectPrototype) return true;
  if (object instanceof RpcTarget) return false;
  const found = stubClass(object);
  if (found === STUB || (found === PROPERTY && cameByStub)) return false;
  return found === undefined && typeof object === "function" ? true : undefined;
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
  let cameByStub = false;
  for (let i = 0; i < last; i++) {
    const next = property(object, path[i], allowsOwn, reserved);
    if (!isObject(next)) throw notImplemented(path[i]);
    allowsOwn = allowsOwnOf(next, cameByStub);
    if (allowsOwn === undefined) throw notImplemented(path[i]);
    cameByStub ||= stubClass(next) === STUB;
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
