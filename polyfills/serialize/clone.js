// Clones a graph object by object, without bytes in between.
// https://html.spec.whatwg.org/multipage/structured-data.html#structuredserializeinternal

import { ownValue } from "../kernel/own-properties.js";
import * as kinds from "./kinds.js";
import { bufferFacts, copyOf, isShared, viewFacts, viewOf } from "./buffers.js";
import { serializableRecord } from "./cloneables.js";
import { notCloneable, proxyNotCloneable } from "./errors.js";
import { errorClass, errorFacts, makeError, setCause, setErrors } from "./native-errors.js";
import { isKnownProxy, proxiesExist } from "./proxies.js";
import { entriesOf, flagsOf, sourceOf, timeOf, unboxed, valuesOf } from "./slots.js";

const { ArrayBuffer, Date, Map, Object, RegExp, Set, Uint8Array } = globalThis;
const { getPrototypeOf, hasOwn, keys } = Object;
const uncurry = Function.prototype.call.bind.bind(Function.prototype.call);
const mapGet = uncurry(Map.prototype.get);
const mapSet = uncurry(Map.prototype.set);
const setAdd = uncurry(Set.prototype.add);
const setBytes = uncurry(Uint8Array.prototype.set);
const objectPrototype = Object.prototype;
const arrayPrototype = Array.prototype;

/** What one cloning knows: the clones of the objects met so far. */
export class Cloning {
  clones = new Map();
  // Views of buffers that are to be transferred: stand-ins, made good by transfer.js.
  pendingViews = [];

  /** The clone of a value; throws a DataCloneError, or what a getter throws. */
  clone(value) {
    const type = typeof value;
    if (type === "object") return value === null ? null : this.#cloneObject(value);
    if (type === "function" || type === "symbol") throw notCloneable(value);
    return value;
  }

  /**
   * An object. The properties of plain objects and arrays are cloned right here: a level
   * of nesting costs one frame of the stack, of which there is room for some hundreds.
   */
  #cloneObject(value) {
    const known = mapGet(this.clones, value);
    if (known !== undefined) return known;
    if (proxiesExist && isKnownProxy(value)) throw proxyNotCloneable();
    let prototype = getPrototypeOf(value);
    const kind = prototype === objectPrototype ? kinds.PLAIN : kinds.kindOf(value, prototype);
    if (kind !== kinds.PLAIN && kind !== kinds.ARRAY) return cloners[kind](value, this);
    const copy = this.remember(value, kind === kinds.ARRAY ? [] : {});
    if (kind === kinds.ARRAY) copy.length = value.length;
    prototype = kind === kinds.ARRAY ? arrayPrototype : objectPrototype;
    const names = keys(value);
    for (let i = 0; i < names.length; i++) {
      const name = names[i];
      if (!hasOwn(value, name)) continue;
      let item = value[name];
      if (typeof item === "object" && item !== null) item = this.#cloneObject(item);
      else if (typeof item === "function" || typeof item === "symbol") throw notCloneable(item);
      // Assigning would run a setter that is inherited, above all that of __proto__.
      if (name in prototype) ownValue(copy, name, item);
      else copy[name] = item;
    }
    return copy;
  }

  /** Remember the clone of an object; returns the clone. */
  remember(value, copy) {
    mapSet(this.clones, value, copy);
    return copy;
  }
}

const cloners = [];

cloners[kinds.REFUSED] = (value) => {
  throw notCloneable(value);
};

cloners[kinds.DATE] = (date, cloning) => cloning.remember(date, new Date(timeOf(date)));

cloners[kinds.BOXED] = (wrapper, cloning) => cloning.remember(wrapper, Object(unboxed(wrapper)));

cloners[kinds.REGEXP] = (regexp, cloning) =>
  cloning.remember(regexp, new RegExp(sourceOf(regexp), flagsOf(regexp)));

cloners[kinds.MAP] = (map, cloning) => {
  const entries = entriesOf(map);
  const copy = cloning.remember(map, new Map());
  for (let i = 0; i < entries.length; i += 2) {
    const key = cloning.clone(entries[i]);
    mapSet(copy, key, cloning.clone(entries[i + 1]));
  }
  return copy;
};

cloners[kinds.SET] = (set, cloning) => {
  const values = valuesOf(set);
  const copy = cloning.remember(set, new Set());
  for (let i = 0; i < values.length; i++) setAdd(copy, cloning.clone(values[i]));
  return copy;
};

cloners[kinds.BUFFER] = (buffer, cloning) => {
  const { byteLength, maxByteLength } = bufferFacts(buffer);
  if (maxByteLength === undefined) return cloning.remember(buffer, copyOf(buffer).buffer);
  const copy = new ArrayBuffer(byteLength, { maxByteLength });
  setBytes(new Uint8Array(copy), new Uint8Array(buffer));
  return cloning.remember(buffer, copy);
};

// Shared memory stays shared, within one isolate.
cloners[kinds.SHARED_BUFFER] = (buffer, cloning) => cloning.remember(buffer, buffer);

cloners[kinds.VIEW] = (view, cloning) => {
  const facts = viewFacts(view);
  const buffer = cloning.clone(facts.buffer);
  if (buffer !== facts.buffer || isShared(buffer)) {
    return cloning.remember(view, viewOf(buffer, facts));
  }
  const standIn = {};
  cloning.pendingViews.push({ standIn, facts });
  return cloning.remember(view, standIn);
};

cloners[kinds.ERROR] = (error, cloning) => {
  const { name, message, stack, hasCause, cause, hasErrors, errors } = errorFacts(error);
  const copy = cloning.remember(error, makeError(errorClass(name), message, stack));
  if (hasCause) setCause(copy, cloning.clone(cause));
  if (hasErrors) setErrors(copy, cloning.clone(errors));
  return copy;
};

// ---- Platform objects -----------------------------------------------------------------

/** What a platform object is made of, as a list: written first, then read. */
class Parts {
  #cloning;
  #items = [];
  #next = 0;

  constructor(cloning) {
    this.#cloning = cloning;
  }

  sink() {
    const add = (item) => void this.#items.push(item);
    return {
      uint32: add,
      bytes: (bytes) => add(bytes.slice()),
      text: (text) => add(text.toWellFormed()),
      value: (value) => add(this.#cloning.clone(value)),
      reference: add, // an object of the platform, as it is
    };
  }

  source() {
    const take = () => this.#items[this.#next++];
    return { uint32: take, bytes: take, text: take, value: take, reference: take };
  }
}

cloners[kinds.PLATFORM] = (object, cloning) => {
  const { tag, write, read } = serializableRecord(object);
  const parts = new Parts(cloning);
  write(object, parts.sink());
  const keepAs = (copy) => cloning.remember(object, copy);
  return keepAs(read(parts.source(), tag, keepAs));
};
