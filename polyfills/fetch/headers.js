// Headers: https://fetch.spec.whatwg.org/#headers-class
//
// Headers that come from the host, or are made with a body's content type, start as
// one raw string ("name\nvalue\nname\nvalue\n") and are parsed when first touched.
// Values of one name are kept combined, except those of Set-Cookie.
//
// As in workerd, no header is forbidden: a guard is either "immutable" or it is not.

import { defineListView } from "../console/views.js";
import { wrongConstructorArgument } from "../kernel/arguments.js";
import {
  defineInterface,
  defineIterable,
  isObject,
  requireArguments,
  toFunction,
} from "../kernel/webidl.js";
import { lowerCase, normalizeName, normalizeValue } from "./header-values.js";

const SET_COOKIE = "set-cookie";
const isEnumerable = Function.prototype.call.bind(Object.prototype.propertyIsEnumerable);
const { apply, ownKeys } = Reflect;

// In place of a map: nothing was looked up yet, or one header was. Most requests are
// asked for one header or none, which takes no parsing.
const NEVER_ASKED = null;
const ASKED_ONCE = undefined;

let make;
let rawOf;
let lookUp;
let pairAt;
let isInstance;
let guardIsImmutable;

/** A list of headers, as of a request or a response. */
export class Headers {
  #raw = ""; // the raw string, or null when the map has changed since
  #map = NEVER_ASKED; // lower-case name → combined value; of Set-Cookie an array
  #pairs = null; // sorted, for iteration
  #immutable = false;

  constructor(init = undefined) {
    if (init !== undefined) this.#raw = rawFromInit(init);
  }

  static {
    make = (raw, guard) => {
      const headers = new Headers();
      headers.#raw = raw;
      headers.#immutable = guard === "immutable";
      return headers;
    };
    rawOf = (headers) => (headers.#raw ??= serialize(headers.#map));
    lookUp = (headers, name) => headers.#lookUp(name);
    guardIsImmutable = (headers) => headers.#immutable;
    isInstance = (value) => typeof value === "object" && value !== null && #raw in value;
    pairAt = (headers, index) => (headers.#pairs ??= sortedPairs(headers.#read()))[index];
  }

  append(name, value) {
    requireArguments(arguments.length, 2, "'append' on 'Headers'");
    name = normalizeName(name);
    value = normalizeValue(value);
    this.#checkGuard();
    appendValue(this.#change(), name, value);
  }

  delete(name) {
    requireArguments(arguments.length, 1, "'delete' on 'Headers'");
    name = normalizeName(name);
    this.#checkGuard();
    if (this.#read().has(name)) this.#change().delete(name);
  }

  get(name) {
    requireArguments(arguments.length, 1, "'get' on 'Headers'");
    const value = this.#lookUp(normalizeName(name));
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
    return this.#lookUp(normalizeName(name)) !== undefined;
  }

  set(name, value) {
    requireArguments(arguments.length, 2, "'set' on 'Headers'");
    name = normalizeName(name);
    value = normalizeValue(value);
    this.#checkGuard();
    this.#change().set(name, name === SET_COOKIE ? [value] : value);
  }

  #checkGuard() {
    if (this.#immutable) throw new TypeError("Can't modify immutable headers.");
  }

  #lookUp(name) {
    if (this.#map === NEVER_ASKED) {
      this.#map = ASKED_ONCE;
      const value = findInRaw(this.#raw, name);
      if (value !== MANY) return value;
    }
    return this.#read().get(name);
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
defineListView(Headers, (headers, index) => pairAt(headers, index));
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
    const name = lowerCase(lines[i]);
    if (name === SET_COOKIE || map.has(name)) appendValue(map, name, lines[i + 1]);
    else map.set(name, lines[i + 1]);
  }
  return map;
}

const MANY = Symbol("many");

/** The value of a header in a raw string, undefined, or MANY: it has to be parsed. */
function findInRaw(raw, name) {
  if (raw === "") return undefined;
  // A string of bytes keeps its length in lower case.
  const lower = `\n${raw.toLowerCase()}`;
  const line = `\n${name}\n`;
  const start = lower.indexOf(line);
  if (start === -1) return undefined;
  if (lower.indexOf(line, start + 1) !== -1) return MANY;
  const isName = start === 0 || lower.slice(1, start).split("\n").length % 2 === 0;
  const value = start + line.length - 1;
  return isName ? raw.slice(value, raw.indexOf("\n", value)) : undefined;
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
const NOT_A_PAIR =
  "To initialize a Headers object from a sequence, each inner sequence must have exactly two elements.";

/**
 * What a script gave as headers (Headers, a sequence of pairs, a record) as a raw
 * string. https://fetch.spec.whatwg.org/#concept-headers-fill
 */
export function rawFromInit(init) {
  if (!isObject(init)) throw wrongConstructorArgument("Headers", 1, "Headers or Sequence or object");
  const method = init[Symbol.iterator];
  if (method === undefined || method === null) return rawFromRecord(init);
  if (method === builtinIterator && isInstance(init)) return rawOf(init);
  return rawFromPairs(init, method);
}

// record<ByteString, USVString>: each property is looked up and read before the next.
// https://webidl.spec.whatwg.org/#es-record
function rawFromRecord(record) {
  let raw = "";
  for (const key of ownKeys(record)) {
    if (isEnumerable(record, key)) raw += `${normalizeName(key)}\n${normalizeValue(record[key])}\n`;
  }
  return raw;
}

// sequence of pairs of the same
function rawFromPairs(pairs, method) {
  let raw = "";
  for (const pair of iterate(pairs, method)) {
    const parts = isObject(pair) ? [...iterate(pair, pair[Symbol.iterator])] : [];
    if (parts.length !== 2) throw new TypeError(NOT_A_PAIR);
    raw += `${normalizeName(parts[0])}\n${normalizeValue(parts[1])}\n`;
  }
  return raw;
}

function iterate(iterable, method) {
  toFunction(method, "Failed to construct 'Headers': the iterator");
  return { [Symbol.iterator]: () => apply(method, iterable, []) };
}

// ---- For other polyfills --------------------------------------------------------

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

/** Whether a raw string has the header of this lower-case name. */
export function rawHasHeader(raw, name) {
  return raw !== "" && (raw.startsWith(`${name}\n`) || findInRaw(raw, name) !== undefined);
}

/** The combined value of a header by its lower-case name, or null. */
export function headerValue(headers, name) {
  const value = lookUp(headers, name);
  if (value === undefined) return null;
  return typeof value === "string" ? value : value.join(", ");
}

/** Whether the value is a Headers object. */
export function isHeaders(value) {
  return isInstance(value);
}

/** Whether nobody may change these headers. */
export function isImmutable(headers) {
  return guardIsImmutable(headers);
}
