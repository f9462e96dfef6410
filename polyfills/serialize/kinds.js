// Which of structured clone's cases an object is.
//
// Prototypes point to the case, a brand check confirms it: an object of another case
// may inherit from Map.prototype, but only a Map has a Map's internal slots. An object
// whose chain points nowhere is looked at closely only when it has no properties of
// its own; plain data, the common case, pays one or two map lookups.
//
// https://html.spec.whatwg.org/multipage/structured-data.html#structuredserializeinternal

export const PLAIN = 0;
export const ARRAY = 1;
export const BOXED = 2;
export const DATE = 3;
export const REGEXP = 4;
export const MAP = 5;
export const SET = 6;
export const BUFFER = 7;
export const SHARED_BUFFER = 8;
export const VIEW = 9;
export const ERROR = 10;
export const PLATFORM = 11;
export const REFUSED = 12;

const { getPrototypeOf, getOwnPropertyDescriptor, isExtensible, keys } = Object;
const { apply } = Reflect;
const { isArray } = Array;
const { isView } = ArrayBuffer;
const uncurry = Function.prototype.call.bind.bind(Function.prototype.call);
const mapGet = uncurry(Map.prototype.get);
const mapSet = uncurry(Map.prototype.set);
const objectPrototype = Object.prototype;
const objectToString = Object.prototype.toString;

// prototype → { kind, has(value), record }
const byPrototype = new Map();
const slotted = [];

const getter = (prototype, name) => getOwnPropertyDescriptor(prototype, name).get;

/** A check that tells whether `method` accepts the value as its `this`. */
function accepts(method, ...args) {
  return (value) => {
    try {
      apply(method, value, args);
      return true;
    } catch {
      return false;
    }
  };
}

function define(kind, prototype, has, record = null) {
  const entry = { kind, has, record };
  mapSet(byPrototype, prototype, entry);
  return entry;
}

const hasSource = accepts(getter(RegExp.prototype, "source"));

function isRegExp(value) {
  return hasSource(value) && value !== RegExp.prototype;
}

const builtins = [
  [ARRAY, Array.prototype, isArray],
  [ERROR, Error.prototype, Error.isError],
  [VIEW, getPrototypeOf(Uint8Array.prototype), isView],
  [VIEW, DataView.prototype, isView],
  [DATE, Date.prototype, accepts(Date.prototype.getTime)],
  [MAP, Map.prototype, accepts(getter(Map.prototype, "size"))],
  [SET, Set.prototype, accepts(getter(Set.prototype, "size"))],
  [BUFFER, ArrayBuffer.prototype, accepts(getter(ArrayBuffer.prototype, "byteLength"))],
  [
    SHARED_BUFFER,
    SharedArrayBuffer.prototype,
    accepts(getter(SharedArrayBuffer.prototype, "byteLength")),
  ],
  [BOXED, Number.prototype, accepts(Number.prototype.valueOf)],
  [BOXED, String.prototype, accepts(String.prototype.valueOf)],
  [BOXED, Boolean.prototype, accepts(Boolean.prototype.valueOf)],
  [BOXED, BigInt.prototype, accepts(BigInt.prototype.valueOf)],
  [REFUSED, Symbol.prototype, accepts(Symbol.prototype.valueOf)],
  [REGEXP, RegExp.prototype, isRegExp],
  [REFUSED, WeakMap.prototype, accepts(WeakMap.prototype.has, {})],
  [REFUSED, WeakSet.prototype, accepts(WeakSet.prototype.has, {})],
  [REFUSED, WeakRef.prototype, accepts(WeakRef.prototype.deref)],
];
for (const [kind, prototype, has] of builtins) slotted.push(define(kind, prototype, has));

// Built-in objects with slots that are never cloned, told by their chain alone.
const generator = (function* () {})();
const asyncGenerator = (async function* () {})();
const unclonable = [
  Promise.prototype,
  FinalizationRegistry.prototype,
  getPrototypeOf([].values()),
  getPrototypeOf(new Map().entries()),
  getPrototypeOf(new Set().values()),
  getPrototypeOf(""[Symbol.iterator]()),
  getPrototypeOf("".matchAll(/a/g)),
  getPrototypeOf(getPrototypeOf(getPrototypeOf(generator))),
  getPrototypeOf(getPrototypeOf(getPrototypeOf(asyncGenerator))),
];
for (const prototype of unclonable) refuseInstances({ prototype });

/** Make instances of a class of the language known as objects that cannot be cloned. */
export function refuseInstances({ prototype }) {
  define(REFUSED, prototype, (value) => value !== prototype);
}

/** Make instances of a platform class (and its subclasses) known; `record` is the caller's. */
export function definePlatformClass(Class, record) {
  const { prototype } = Class;
  define(PLATFORM, prototype, record.isInstance ?? ((value) => value !== prototype), record);
}

/** The record given for the platform class that the object is an instance of. */
export function platformRecord(value) {
  return find(getPrototypeOf(value), value).record;
}

/** The case of an object that is no function and no proxy; `prototype` is its prototype. */
export function kindOf(value, prototype) {
  if (prototype === objectPrototype) return PLAIN;
  const entry = find(prototype, value);
  if (entry !== null) return entry.kind;
  if (isArray(value)) return ARRAY;
  if (prototype === null && isNamespace(value)) return REFUSED;
  return keys(value).length === 0 ? kindOfEmpty(value) : PLAIN;
}

function find(prototype, value) {
  for (let p = prototype; p !== null && p !== objectPrototype; p = getPrototypeOf(p)) {
    const entry = mapGet(byPrototype, p);
    if (entry !== undefined && entry.has(value)) return entry;
  }
  return null;
}

function kindOfEmpty(value) {
  for (const entry of slotted) if (entry.has(value)) return entry.kind;
  return PLAIN;
}

function isNamespace(value) {
  return !isExtensible(value) && apply(objectToString, value, []) === "[object Module]";
}
