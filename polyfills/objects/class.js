// DurableObjectClass: a class as facets are made of, with their `props`: the script's own, or one of a
// Worker that it has loaded, or that it was given by the Worker that has loaded it.
// https://developers.cloudflare.com/workers/runtime-apis/context/#exports

import { service_own } from "holdfast:ops";
import { Either } from "../kernel/either.js";
import { isObject } from "../kernel/webidl.js";
import { addEntry, BY_TOKEN, defineToken, registerEntry, TAGS, takeEntry } from "../rpc/message.js";
import { dataCloneError } from "../serialize/errors.js";
import { encodeServiceProps, ownRefusal } from "../workers/fetcher.js";
import { decodeProps } from "../workers/props.js";
import { propsAmong } from "../workers/specializing.js";
import { DurableObjectNamespace, namespaceOn } from "./namespace.js";

const FROM_HOST = {};
const FAR_AWAY = "A DurableObjectClass can be sent to objects of its own isolate only.";

let partsOf;

/** A class whose instances are objects; `ctx.facets.get` takes it. */
export class DurableObjectClass extends Either {
  // { className, props }, these as their text (workers/props.js) or undefined; of another isolate's
  // class { far }, how the host knows it, and perhaps `refusal`, why it cannot be sent.
  #parts;

  constructor(key, parts, object) {
    if (key !== FROM_HOST) throw new TypeError("Illegal constructor");
    super(object);
    this.#parts = parts;
  }

  static {
    partsOf = (value) => (isObject(value) && #parts in value ? value.#parts : undefined);
  }

  get [Symbol.toStringTag]() {
    return "DurableObjectClass";
  }
}

/**
 * The export's name and the props of a class, or of a namespace of `ctx.exports`; of another isolate's
 * class, as it is; else undefined.
 */
export function partsOfClass(value) {
  const parts = partsOf(value);
  if (parts === undefined || parts.far !== undefined) return parts;
  const { className, props } = parts;
  return { className, props: props === undefined ? {} : decodeProps(props) };
}

/** A class of another isolate. */
export function classFrom(parts) {
  return new DurableObjectClass(FROM_HOST, parts);
}

/** What `ctx.exports` has for a class without a namespace: also a function, which gives it props. */
class LoopbackDurableObjectClass extends DurableObjectClass {
  get [Symbol.toStringTag]() {
    return "LoopbackDurableObjectClass";
  }
}

/** The same for a class with one: it is a namespace, too. */
class LoopbackDurableObjectNamespace extends DurableObjectNamespace {
  get [Symbol.toStringTag]() {
    return "LoopbackDurableObjectNamespace";
  }
}

/** The loopback of a class of the script that has no namespace. */
export function loopbackClass(className) {
  return specializer(className, LoopbackDurableObjectClass);
}

/** The loopback of a namespace of the script's own, as the host describes it. */
export function loopbackNamespace(binding) {
  return namespaceOn(specializer(binding.className, LoopbackDurableObjectNamespace), binding);
}

function specializer(className, Class) {
  const object = (...args) => {
    const given = propsAmong(args, Class.name);
    const props = given === undefined ? undefined : encodeServiceProps(given);
    return new DurableObjectClass(FROM_HOST, { className, props });
  };
  delete object.name;
  delete object.length;
  Object.setPrototypeOf(object, Class.prototype);
  return new DurableObjectClass(FROM_HOST, { className, props: undefined }, object);
}

// ---- RPC ----------------------------------------------------------------------------------

class ClassEntry {
  constructor(parts) {
    this.parts = parts;
  }

  token() {
    throw dataCloneError(FAR_AWAY);
  }

  keptToken() {
    const { className, props, far, refusal = ownRefusal() } = this.parts;
    if (far?.startsWith("d")) return far;
    if (refusal !== undefined) throw dataCloneError(refusal);
    return `d${service_own(className)}${props === undefined ? "" : `;${props}`}`;
  }

  drop() {}
}

defineToken("d", (text) => new ClassEntry({ far: `d${text}` }));

registerEntry(DurableObjectClass, {
  tag: TAGS.OBJECT_CLASS,
  refusal: "DurableObjectClass cannot be serialized in this context.",
  write: (value, sink) => sink.uint32(addEntry(new ClassEntry(partsOf(value)))),
  read: (source) => new DurableObjectClass(FROM_HOST, takeEntry(source.uint32()).parts),
  isKept: BY_TOKEN,
});
