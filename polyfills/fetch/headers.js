// Headers: https://fetch.spec.whatwg.org/#headers-class
//
// Headers that come from the host, or are made with a body's content type, start as
// one raw string ("name\nvalue\nname\nvalue\n") and are parsed when first touched.
// Values of one name are kept combined, except those of Set-Cookie.
//
// As in workerd, no header is forbidden: a guard is either "immutable" or it is not.

import { defineInterface, defineIterable, isObject, requireArguments, toFunction } from "../kernel/webidl.js";
import { normalizeName, normalizeValue, toByteName, toByteValue } from "./header-values.js";

const SET_COOKIE = "set-cookie";
const isEnumerable = Function.prototype.call.bind(Object.prototype.propertyIsEnumerable);
const { ownKeys } = Reflect;

let make;
let rawOf;
let mapOf;
let appendTo;
let hasName;
let pairAt;
let isInstance;

/** A list of headers, as of a request or a response. */
export class Headers {
  #raw = ""; // the raw string, or null when the map has changed since
  #map = null; // lower-case name → combined value; of Set-Cookie an array
  #pairs = null; // sorted, for iteration
  #immutable = false;

  constructor(init = undefined) {
    if (init !== undefined) fill(this, init);
  }

  static {
    make = (raw, guard) => {
      const headers = new Headers();
      headers.#raw = raw;
      headers.#immutable = guard === "immutable";
      return headers;
    };
    rawOf = (headers) => (headers.#raw ??= serialize(headers.#map));
    mapOf = (headers) => headers.#read();
    appendTo = (headers, name, value) => appendValue(headers.#change(), name, value);
    hasName = (headers, name) => headers.#read().has(name);
    isInstance = (value) => isObject(value) && #raw in value;
    pairAt = (headers, index) => (headers.#pairs ??= sortedPairs(headers.#read()))[index];
  }

  append(name, value) {
    requireArguments(arguments.length, 2, "'append' on 'Headers'");
    name = toByteName(name);
    value = normalizeValue(value);
    this.#checkGuard();
    appendValue(this.#change(), normalizeName(name), value);
  }

  delete(name) {
    requireArguments(arguments.length, 1, "'delete' on 'Headers'");
    name = normalizeName(name);
    this.#checkGuard();
    if (this.#read().has(name)) this.#change().delete(name);
  }

  get(name) {
    requireArguments(arguments.length, 1, "'get' on 'Headers'");
    const value = (this.#map ?? this.#read()).get(normalizeName(name));
    if (value === undefined) return null;
    return typeof value === "string" ? value : value.join(", ");
  }

  /** Workers' older form of getSetCookie. */
  getAll(name) {
    requireArguments(arguments.length, 1, "'getAll' on 'Headers'");
    if (normalizeName(name) !== SET_COOKIE) {
      throw new TypeError('getAll() can only be used with the header name "Set-Cookie".');
    }
    return this.getSetCookie();
  }

  getSetCookie() {
    return [...(this.#read().get(SET_COOKIE) ?? [])];
  }

  has(name) {
    requireArguments(arguments.length, 1, "'has' on 'Headers'");
    return (this.#map ?? this.#read()).has(normalizeName(name));
  }

  set(name, value) {
    requireArguments(arguments.length, 2, "'set' on 'Headers'");
    name = toByteName(name);
    value = normalizeValue(value);
    name = normalizeName(name);
    this.#checkGuard();
    this.#change().set(name, name === SET_COOKIE ? [value] : value);
  }

  #checkGuard() {
    if (this.#immutable) throw new TypeError("Can't modify immutable headers.");
  }

  #read() {
    return (this.#map ??= parse(this.#raw));
  }

  #change() {
    const map = this.#read();
    this.#raw = null;
    this.#pairs = null;
    return map;
  }
}

defineIterable(Headers, (headers, index) => pairAt(headers, index));
defineInterface(Headers);

function appendValue(map, name, value) {
  const present = map.get(name);
  if (name === SET_COOKIE) {
    if (present === undefined) map.set(name, [value]);
    else present.push(value);
  } else {
    map.set(name, present === undefined ? value : `${present}, ${value}`);
  }
}

function parse(raw) {
  const map = new Map();
  if (raw === "") return map;
  const lines = raw.split("\n");
  for (let i = 0; i + 1 < lines.length; i += 2) {
    appendValue(map, lines[i].toLowerCase(), lines[i + 1]);
  }
  return map;
}

function serialize(map) {
  let raw = "";
  for (const [name, value] of map) {
    if (typeof value === "string") raw += `${name}\n${value}\n`;
    else for (const cookie of value) raw += `${name}\n${cookie}\n`;
  }
  return raw;
}

/** https://fetch.spec.whatwg.org/#concept-header-list-sort-and-combine */
function sortedPairs(map) {
  const pairs = [];
  for (const name of [...map.keys()].sort()) {
    const value = map.get(name);
    if (typeof value === "string") pairs.push([name, value]);
    else for (const cookie of value) pairs.push([name, cookie]);
  }
  return pairs;
}

// ---- Filling --------------------------------------------------------------------

const builtinIterator = Headers.prototype[Symbol.iterator];
const NOT_HEADERS =
  "Failed to construct 'Headers': constructor parameter 1 is not of type 'Headers or Sequence or object'.";
const NOT_A_PAIR =
  "To initialize a Headers object from a sequence, each inner sequence must have exactly two elements.";

/**
 * Append what a script gave as headers: Headers, pairs, or a record.
 * https://fetch.spec.whatwg.org/#concept-headers-fill
 */
function fill(headers, init) {
  if (!isObject(init)) throw new TypeError(NOT_HEADERS);
  const method = init[Symbol.iterator];
  if (method === builtinIterator && isHeaders(init)) return fillFromHeaders(headers, init);
  const entries = method === undefined || method === null ? recordEntries(init) : pairEntries(init, method);
  for (let i = 0; i < entries.length; i += 2) {
    appendTo(headers, normalizeName(entries[i]), normalizeValue(entries[i + 1]));
  }
  return undefined;
}

function fillFromHeaders(headers, source) {
  for (const [name, value] of mapOf(source)) {
    if (typeof value === "string") appendTo(headers, name, value);
    else for (const cookie of value) appendTo(headers, name, cookie);
  }
}

// record<ByteString, ByteString>, as [name, value, name, value, …]. Each property is
// looked up and read before the next: https://webidl.spec.whatwg.org/#es-record
function recordEntries(record) {
  const entries = [];
  for (const key of ownKeys(record)) {
    if (isEnumerable(record, key)) entries.push(toByteName(key), toByteValue(record[key]));
  }
  return entries;
}

// sequence<sequence<ByteString>>, as [name, value, name, value, …].
function pairEntries(pairs, method) {
  const entries = [];
  for (const pair of iterate(pairs, method)) {
    const parts = isObject(pair) ? [...iterate(pair, pair[Symbol.iterator])] : [];
    if (parts.length !== 2) throw new TypeError(NOT_A_PAIR);
    entries.push(toByteName(parts[0]), toByteValue(parts[1]));
  }
  return entries;
}

function iterate(iterable, method) {
  toFunction(method, "Failed to construct 'Headers': the iterator");
  return { [Symbol.iterator]: () => Reflect.apply(method, iterable, []) };
}

// ---- For other polyfills --------------------------------------------------------

/** Whether the value is a Headers object. */
export function isHeaders(value) {
  return isInstance(value);
}

/**
 * Headers of the raw string `name\nvalue\nname\nvalue\n`, whose names may be in any
 * case and whose values are valid. `guard`: "none", "request", "response" or "immutable".
 */
export function headersFromRaw(raw, guard) {
  return make(raw, guard);
}

/** The raw string of headers; as it came when nothing was changed since. */
export function rawOfHeaders(headers) {
  return rawOf(headers);
}

/** Headers filled from what a script gave; `init` must not be undefined. */
export function headersFromInit(init, guard) {
  if (isHeaders(init) && init[Symbol.iterator] === builtinIterator) return make(rawOf(init), guard);
  const headers = make("", guard);
  fill(headers, init);
  return headers;
}

/** Append a header that is not there yet; for what the runtime itself adds. */
export function addHeaderIfAbsent(headers, name, value) {
  if (!hasName(headers, name)) appendTo(headers, name, value);
}

/** The combined value of a header by its lower-case name, or null. */
export function headerValue(headers, name) {
  const value = mapOf(headers).get(name);
  if (value === undefined) return null;
  return typeof value === "string" ? value : value.join(", ");
}
