// Messages: what crosses in a call, its arguments or its result, always as a list.
//
// A message is { plain, data, entries }. A list of plain data is a copy (`plain`). Any other
// is bytes in V8's wire format (`data`), as between isolates, and beside them a table of what
// has no bytes: in the place of a stub or a stream, the bytes have its index in the table.
//
// An entry of the table has `token()`, which gives it to the host as a short text, and
// `drop()`, for a message that nobody receives. Whoever unpacks a message takes its entries
// over. The classes that make entries say how, in their own files: `registerEntry`.

import { lazily } from "../kernel/lazy.js";
import { copyOfPlain } from "./plain.js";
import { deserialize, registerCloneable, serialize } from "../serialize/index.js";
import { defineHostObjectsLater, encodeHostObject } from "../serialize/cloneables.js";
import { dataCloneError, notCloneable, notSerializable } from "../serialize/errors.js";

const MAX_MESSAGE_BYTES = 33_554_432;
const SURELY_SHORT = 4_096;

// Numbers of host objects in messages, apart from those in workerd's stored values.
export const TAGS = {
  REFERENCE: 256,
  SERVICE: 257,
  OBJECT: 258,
  READABLE: 259,
  WRITABLE: 260,
  HEADERS: 261,
  REQUEST: 262,
  RESPONSE: 263,
  ABORT_SIGNAL: 264,
  OBJECT_CLASS: 265,
  R2_BUCKET: 266,
  R2_HEAD: 267,
  R2_GET: 268,
  R2_CHECKSUMS: 269,
};

/** Stubs in arguments stay their owner's, and the receiver gets its own. */
export const DUPLICATE = "duplicate";
/** Stubs in a result are given away. */
export const TRANSFER = "transfer";

let packing = null; // { context, ownership, entries, given } of the message that is being made
let reading = null; // { context, entries, group } of the one that is being read
const makers = [];
// Registers the classes that are in few messages.
const loadHttp = lazily("rpc/http.js");
const loadClasses = lazily("objects/class.js");
const { READABLE, WRITABLE, HEADERS, REQUEST, RESPONSE, ABORT_SIGNAL } = TAGS;
defineHostObjectsLater([READABLE, WRITABLE, HEADERS, REQUEST, RESPONSE, ABORT_SIGNAL], loadHttp);
defineHostObjectsLater([TAGS.R2_HEAD, TAGS.R2_GET, TAGS.R2_CHECKSUMS], lazily("r2/object.js"));

const SETTINGS = { writeReference };

/**
 * Say how functions of a kind, or proxies, become entries: `make(value, packing)` returns
 * { tag, entry }, or undefined for others. Who comes last is asked first.
 */
export function defineReferences(make) {
  makers.unshift(make);
}

function writeReference(value) {
  for (const make of packing.makers) {
    const made = make(value, packing);
    if (made !== undefined) return encodeHostObject(value, made.tag, addEntry(made.entry));
  }
  throw notCloneable(value);
}

/** What may be kept where tokens are kept with it, and not by what it is called everywhere. */
export const BY_TOKEN = "by token";

/**
 * Let messages carry instances of a class. `write(object, sink, packing)` and
 * `read(source, reading)` are as for `registerCloneable`. Outside of messages the class
 * cannot be cloned, which `refusal` says, or `refusal(object)`. `isKept`: it may be in what is
 * kept, too, always or BY_TOKEN; see packKept.
 */
export function registerEntry(Class, { tag, write, read, refusal, isKept = false }) {
  registerCloneable(Class, {
    tag,
    write(object, sink) {
      if (packing === null || !mayBeIn(packing, isKept)) {
        throw refused(Class, typeof refusal === "function" ? refusal(object) : refusal);
      }
      write(object, sink, packing);
    },
    read: (source) => read(source, reading),
  });
}

function mayBeIn({ isKept, byToken }, isKeptEver) {
  return !isKept || (isKeptEver === BY_TOKEN ? byToken : isKeptEver);
}

function refused(Class, why) {
  return why === undefined ? notSerializable(Class.name) : dataCloneError(why);
}

/** Put an entry into the table of the message that is being made; its index. */
export function addEntry(entry) {
  return packing.entries.push(entry) - 1;
}

/** Take the entry with this index out of the message that is being read. */
export function takeEntry(index) {
  const entry = reading.entries[index];
  reading.entries[index] = null;
  return entry;
}

/**
 * The message of a list of values. Stubs that are transferred go to `given`, to be disposed
 * of when the message has gone. Throws a DataCloneError for what cannot be cloned.
 */
export function pack(values, context, ownership) {
  const plain = isPlain(values) ? values : copyOfPlain(values);
  if (plain !== undefined) return { plain, data: null, entries: null };
  loadHttp();
  const outer = packing;
  const entries = [];
  packing = { context, ownership, entries, given: [], makers, isKept: false };
  try {
    const data = serialize(values, SETTINGS);
    if (data.length > MAX_MESSAGE_BYTES) throw tooLarge(data.length);
    for (const stub of packing.given) stub.release();
    return { plain: null, data, entries: entries.length === 0 ? null : entries };
  } catch (error) {
    dropEntries(entries);
    throw error;
  } finally {
    packing = outer;
  }
}

/**
 * The bytes of a value that is no message, and the entries that it has of what `make` knows, and of
 * what is kept; also BY_TOKEN, where it is kept so.
 */
export function packKept(value, make, byToken = false) {
  if (byToken) loadHttp(); // which has words of its own for what it refuses
  const outer = packing;
  const entries = [];
  packing = { entries, makers: [make], isKept: true, byToken };
  try {
    return { data: serialize(value, SETTINGS), entries };
  } finally {
    packing = outer;
  }
}

/** The value of such bytes and entries. */
export function unpackKept(data, entries) {
  const outer = reading;
  reading = { entries };
  try {
    return deserialize(data);
  } finally {
    reading = outer;
  }
}

function tooLarge(size) {
  return new Error(
    "Serialized RPC arguments or return values are limited to 32MiB, but the size of this value " +
      `was: ${size} bytes.`,
  );
}

function isPlain(values) {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    const type = typeof value;
    if (type === "object" ? value !== null : type === "function" || type === "symbol") return false;
    if (type === "string" && value.length > SURELY_SHORT) return false;
  }
  return true;
}

/**
 * The list in a message, for `context`; what it holds of others goes into `group`, a list
 * of things with `release()`.
 */
export function unpack(message, context, group) {
  if (message.data === null) return message.plain;
  reading = { context, entries: message.entries, group };
  try {
    return deserialize(message.data);
  } finally {
    reading = null;
    dropMessage(message);
  }
}

/** Let go of a message that nobody will receive. */
export function dropMessage(message) {
  if (message.entries !== null) dropEntries(message.entries);
}

function dropEntries(entries) {
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i];
    entries[i] = null;
    entry?.drop();
  }
}

// ---- The host's side ------------------------------------------------------------------

const parsers = { __proto__: null };

/** Say how tokens that begin with this letter are read: `parse(text)` gives the entry. */
export function defineToken(letter, parse) {
  parsers[letter] = parse;
}

/** The message's bytes; with `tokensOf`, what an op takes of it. */
export function bytesOfMessage(message) {
  return message.data ?? serialize(message.plain);
}

/** The tokens of a message's entries, which the op takes over. Throws where one cannot leave here. */
export function tokensOf(message) {
  if (message.entries === null) return "";
  try {
    return message.entries.map((entry) => entry.token()).join(",");
  } catch (error) {
    dropMessage(message);
    throw error;
  }
}

/** The host has taken the message over; what it holds for itself is let go of here. */
export function messageWasSent(message) {
  message.entries?.forEach((entry) => entry.wasSent?.());
}

/** The path of a call as it crosses, with the depth of what is called (kernel/depth.js). */
export function routeOf(path, depth) {
  return JSON.stringify([depth, ...path]);
}

/** [depth, path] of a route. */
export function readRoute(route) {
  const [depth, ...path] = JSON.parse(route);
  return [depth, path];
}

/** The message that the host delivers. */
export function messageFromHost(data, tokens) {
  if (tokens !== "") loadHttp();
  const entries = tokens === "" ? null : tokens.split(",").map((token) => entryOfToken(token));
  return { plain: null, data, entries };
}

/** The token of an entry that is kept: some have none in a message. */
export function keptToken(entry) {
  return entry.keptToken === undefined ? entry.token() : entry.keptToken();
}

/** The entry behind a token. */
export function entryOfToken(token) {
  if (token[0] === "d") loadClasses(); // which few ever see
  return parsers[token[0]](token.slice(1));
}
