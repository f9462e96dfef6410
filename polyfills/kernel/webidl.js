// Web IDL's conversions and the shape of its interfaces, for classes written by hand.
//
// A conversion takes a JavaScript value and returns the value of the IDL type, or
// throws the TypeError that Web IDL asks for. `what` names the value in the message:
// "Failed to execute 'append' on 'Headers': parameter 2".

const { apply, ownKeys, getOwnPropertyDescriptor, defineProperty } = Reflect;
const { trunc, floor, min, max } = Math;

/** Whether the value is an object in Web IDL's sense; functions are. */
export function isObject(value) {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

// ---- Interfaces -----------------------------------------------------------------

const FIXED = { writable: false, enumerable: true, configurable: false };

/**
 * Give a class the property attributes of an IDL interface: operations and
 * attributes enumerable, static ones too, and `Symbol.toStringTag`.
 * https://webidl.spec.whatwg.org/#interface-prototype-object
 */
export function defineInterface(Class, name = Class.name) {
  enumerate(Class.prototype, ["constructor"]);
  enumerate(Class, ["length", "name", "prototype"]);
  defineProperty(Class.prototype, Symbol.toStringTag, { value: name, configurable: true });
}

function enumerate(object, except) {
  for (const key of ownKeys(object)) {
    if (typeof key === "string" && !except.includes(key)) {
      defineProperty(object, key, { enumerable: true });
    }
  }
}

/** Put constants on an interface and on its prototype. `{ CONNECTING: 0, … }` */
export function defineConstants(Class, constants) {
  for (const name of ownKeys(constants)) {
    const descriptor = { ...FIXED, value: constants[name] };
    defineProperty(Class, name, descriptor);
    defineProperty(Class.prototype, name, descriptor);
  }
}

const ILLEGAL_INVOCATION =
  "Illegal invocation: function called with incorrect `this` reference. See " +
  "https://developers.cloudflare.com/workers/observability/errors/#illegal-invocation-errors for details.";

/** The error of a method called on what is not an instance of its class. */
export function illegalInvocation() {
  return new TypeError(ILLEGAL_INVOCATION);
}

/** The error of a constructor that scripts may not call. */
export function illegalConstructor() {
  return new TypeError("Illegal constructor");
}

/** Throws unless at least `required` arguments were given. `what`: "'get' on 'Headers'" */
export function requireArguments(given, required, what) {
  if (given >= required) return;
  const count = required === 1 ? "1 argument" : `${required} arguments`;
  throw new TypeError(`Failed to execute ${what}: ${count} required, but only ${given} present.`);
}

const IteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));

/**
 * Give a class `entries`, `keys`, `values`, `forEach` and `Symbol.iterator`.
 * `pairAt(object, index)` returns the pair at this index, `undefined` past the end,
 * and throws for what is no instance; so pairs added while iterating are seen.
 * https://webidl.spec.whatwg.org/#idl-iterable
 */
export function defineIterable(Class, pairAt, name = Class.name) {
  const iterators = pairIteratorClass(pairAt, name);
  const methods = {
    entries() {
      pairAt(this, 0);
      return iterators(this, (pair) => [pair[0], pair[1]]);
    },
    forEach(callback, thisArgument = undefined) {
      pairAt(this, 0);
      requireArguments(arguments.length, 1, `'forEach' on '${name}'`);
      toFunction(callback, `Failed to execute 'forEach' on '${name}': parameter 1`);
      for (let index = 0, pair; (pair = pairAt(this, index)) !== undefined; index++) {
        callback.call(thisArgument, pair[1], pair[0], this);
      }
    },
    keys() {
      pairAt(this, 0);
      return iterators(this, (pair) => pair[0]);
    },
    values() {
      pairAt(this, 0);
      return iterators(this, (pair) => pair[1]);
    },
  };
  for (const key of ownKeys(methods)) {
    defineProperty(Class.prototype, key, getOwnPropertyDescriptor(methods, key));
  }
  const iterator = { value: methods.entries, writable: true, configurable: true };
  defineProperty(Class.prototype, Symbol.iterator, iterator);
}

/** A function that makes iterators of one interface, all with one prototype. */
function pairIteratorClass(pairAt, name) {
  class PairIterator {
    #target;
    #select;
    #index = 0;

    constructor(target, select) {
      this.#target = target;
      this.#select = select;
    }

    next() {
      if (!(#index in this)) throw illegalInvocation();
      const pair = pairAt(this.#target, this.#index);
      if (pair === undefined) return { value: undefined, done: true };
      this.#index++;
      return { value: this.#select(pair), done: false };
    }
  }
  const { prototype } = PairIterator;
  delete prototype.constructor;
  Object.setPrototypeOf(prototype, IteratorPrototype);
  defineInterface(PairIterator, `${name} Iterator`);
  return (target, select) => new PairIterator(target, select);
}

// ---- Strings --------------------------------------------------------------------

/** DOMString. https://webidl.spec.whatwg.org/#es-DOMString */
export function toDOMString(value) {
  return typeof value === "string" ? value : `${value}`;
}

/** USVString: lone surrogates become U+FFFD. */
export function toUSVString(value) {
  return (typeof value === "string" ? value : `${value}`).toWellFormed();
}

/** An enumeration's value. `allowed` is an array or a Set of strings. */
export function toEnum(value, allowed, what) {
  const string = toDOMString(value);
  if (Array.isArray(allowed) ? allowed.includes(string) : allowed.has(string)) return string;
  throw new TypeError(`${what}: "${string}" is not one of ${[...allowed].join(", ")}.`);
}

// ---- Numbers --------------------------------------------------------------------

const MAX_SAFE = Number.MAX_SAFE_INTEGER;

/**
 * An integer type without extended attributes: wraps around modulo 2 ** bits.
 * https://webidl.spec.whatwg.org/#abstract-opdef-converttoint
 */
function wrap(value, bits) {
  const number = trunc(+value);
  if (!Number.isFinite(number)) return 0;
  const modulus = 2 ** bits;
  const rest = number % modulus;
  return rest < 0 ? rest + modulus : rest + 0;
}

function wrapSigned(value, bits) {
  const number = wrap(value, bits);
  return number >= 2 ** (bits - 1) ? number - 2 ** bits : number;
}

/** unsigned short */
export const toUnsignedShort = (value) => +value & 65535;
/** long */
export const toLong = (value) => +value | 0;
/** unsigned long */
export const toUnsignedLong = (value) => +value >>> 0;
/** long long; exact up to 2 ** 53 */
export const toLongLong = (value) => wrapSigned(value, 64);
/** unsigned long long; exact up to 2 ** 53 */
export const toUnsignedLongLong = (value) => wrap(value, 64);

/** An integer type with [EnforceRange]: throws outside [lowest, highest]. */
export function enforceRange(value, lowest, highest, what = "The value") {
  const number = trunc(+value);
  if (!(number >= lowest && number <= highest)) {
    throw new TypeError(`${what} is outside the range from ${lowest} to ${highest}.`);
  }
  return number + 0;
}

/** [EnforceRange] unsigned long */
export const enforceUnsignedLong = (value, what) => enforceRange(value, 0, 4294967295, what);
/** [EnforceRange] unsigned long long */
export const enforceUnsignedLongLong = (value, what) => enforceRange(value, 0, MAX_SAFE, what);

/** An integer type with [Clamp]: to [lowest, highest], then to the nearest even integer. */
export function clamp(value, lowest, highest) {
  const number = +value;
  if (number !== number) return 0;
  const bounded = min(max(number, lowest), highest);
  const below = floor(bounded);
  const distance = bounded - below;
  if (distance === 0.5) return (below % 2 === 0 ? below : below + 1) + 0;
  return (distance < 0.5 ? below : below + 1) + 0;
}

/** double: throws for NaN and the infinities. */
export function toDouble(value, what = "The value") {
  const number = +value;
  if (Number.isFinite(number)) return number;
  throw new TypeError(`${what} is not a finite number.`);
}

// ---- Objects --------------------------------------------------------------------

const EMPTY = Object.freeze({ __proto__: null });

/**
 * The object whose members a dictionary is read from; undefined and null are an
 * empty one. Read the members in lexicographical order, each once.
 */
export function toDictionary(value, what = "The value") {
  if (value === undefined || value === null) return EMPTY;
  if (isObject(value)) return value;
  throw new TypeError(`${what} is not an object.`);
}

/** A callback function. */
export function toFunction(value, what = "The value") {
  if (typeof value === "function") return value;
  throw new TypeError(`${what} is not a function.`);
}

/** A callback function that a dictionary may lack. */
export function toOptionalFunction(value, what) {
  return value === undefined ? undefined : toFunction(value, what);
}

/**
 * A sequence, as an array of converted elements.
 * https://webidl.spec.whatwg.org/#create-sequence-from-iterable
 */
export function toSequence(value, convert, what = "The value") {
  if (!isObject(value)) throw new TypeError(`${what} is not an object.`);
  const method = value[Symbol.iterator];
  if (method === undefined || method === null) throw new TypeError(`${what} is not iterable.`);
  return sequenceFrom(value, method, convert, what);
}

/** A sequence from an object whose `Symbol.iterator` was already read (for unions). */
export function sequenceFrom(value, method, convert, what = "The value") {
  if (typeof method !== "function") throw new TypeError(`${what} is not iterable.`);
  const iterator = apply(method, value, []);
  if (!isObject(iterator)) throw new TypeError(`${what} has no iterator.`);
  const next = iterator.next;
  const elements = [];
  for (;;) {
    const result = apply(next, iterator, []);
    if (!isObject(result)) throw new TypeError(`${what} has a broken iterator.`);
    if (result.done) return elements;
    elements.push(convert(result.value, what));
  }
}

/**
 * A record, as a Map from converted keys to converted values.
 * https://webidl.spec.whatwg.org/#es-record
 */
export function toRecord(value, convertKey, convertValue, what = "The value") {
  if (!isObject(value)) throw new TypeError(`${what} is not an object.`);
  const record = new Map();
  for (const key of ownKeys(value)) {
    if (!getOwnPropertyDescriptor(value, key)?.enumerable) continue;
    const converted = convertKey(key, what);
    record.set(converted, convertValue(value[key], what));
  }
  return record;
}
