// KV namespaces: https://developers.cloudflare.com/kv/api/

import { kv_delete, kv_get, kv_get_many, kv_list, kv_put } from "holdfast:ops";
import { decodeUtf8, encodeUtf8 } from "../encoding/utf8.js";
import { Response } from "../fetch/response.js";
import { copyBytes, isArrayBuffer } from "../kernel/buffers.js";
import { passOutputGate } from "../kernel/pending.js";
import { isObject, toUSVString } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { isReadableStream } from "../streams/brand.js";

const MAX_KEY_BYTES = 512;
const UNKNOWN_TYPE =
  'Unknown response type. Possible types are "text", "arrayBuffer", "json", and "stream".';
const WRONG_VALUE =
  "KV put() accepts only strings, ArrayBuffers, ArrayBufferViews, and ReadableStreams as values.";
const MAX_DELETED_KEYS = 100;
const TOO_MANY_DELETED = `KV DELETE failed: 400 You can delete maximum of ${MAX_DELETED_KEYS} keys per request`;
const NOT_JSON = "KV GET_BULK failed: 400 At least one of the requested keys corresponds to a non-json value";

let make;

/** A KV namespace; what a binding puts into `env`. */
class KvNamespace {
  #number;
  static #allowed = false;

  constructor() {
    if (!KvNamespace.#allowed) throw new TypeError("Illegal constructor");
    KvNamespace.#allowed = false;
  }

  static {
    make = (number) => {
      KvNamespace.#allowed = true;
      const namespace = new KvNamespace();
      namespace.#number = number;
      return namespace;
    };
  }

  /** The value of a key, or null; of an array of keys, a Map. `options`: a type, or an object. */
  async get(key, options) {
    if (Array.isArray(key)) return getMany(this.#number, key, options, false);
    return (await getOne(this.#number, key, options)).value;
  }

  /** The same with what was stored beside: `{ value, metadata, cacheStatus }`. */
  async getWithMetadata(key, options) {
    if (Array.isArray(key)) return getMany(this.#number, key, options, true);
    return getOne(this.#number, key, options);
  }

  /** Keep a value, durably. `options`: `expiration`, `expirationTtl`, `metadata`. */
  async put(key, value, options = {}) {
    const number = this.#number;
    key = checkedKey("PUT", key);
    const { expiration, expirationTtl, metadata } = options ?? {};
    const json = metadata === undefined || metadata === null ? undefined : JSON.stringify(metadata);
    const bytes = await valueBytes(value);
    await passOutputGate();
    await kv_put(number, key, bytes, json, integer(expiration), integer(expirationTtl));
  }

  /** Remove a key. */
  async delete(key) {
    const number = this.#number;
    key = checkedKey("DELETE", key);
    await passOutputGate();
    await kv_delete(number, key);
  }

  /** Remove a key, or several. */
  async deleteBulk(keys) {
    const number = this.#number;
    const all = (Array.isArray(keys) ? keys : [keys]).map((key) => checkedKey("DELETE", key));
    if (all.length > MAX_DELETED_KEYS) throw new Error(TOO_MANY_DELETED);
    await passOutputGate();
    for (const key of all) await kv_delete(number, key);
  }

  /** Up to 1,000 keys in their order. `options`: `prefix`, `limit`, `cursor`. */
  async list(options = {}) {
    const { prefix, limit, cursor } = options ?? {};
    const count = integer(limit);
    const found = JSON.parse(
      await kv_list(
        this.#number,
        prefix === undefined || prefix === null ? "" : toUSVString(prefix),
        count > 0 ? count : undefined, // as in workerd, anything else asks for the default
        cursor === undefined || cursor === null ? "" : `${cursor}`,
      ),
    );
    for (const entry of found.keys) {
      if (entry.metadata !== undefined) entry.metadata = JSON.parse(entry.metadata);
    }
    if (found.cursor === undefined) {
      return { keys: found.keys, list_complete: true, cacheStatus: null };
    }
    return { keys: found.keys, list_complete: false, cursor: found.cursor, cacheStatus: null };
  }

  get [Symbol.toStringTag]() {
    return "KvNamespace";
  }
}

refuseToClone(KvNamespace);

async function getOne(number, key, options) {
  key = checkedKey("GET", key);
  const { type, cacheTtl } = typeAndTtl(options);
  await passOutputGate();
  const found = await kv_get(number, key, cacheTtl);
  if (found === undefined) return { value: null, metadata: null, cacheStatus: null };
  if (!converters.has(type)) throw new TypeError(UNKNOWN_TYPE);
  const [bytes, metadata] = found;
  return {
    value: converters.get(type)(bytes),
    metadata: metadata === undefined ? null : JSON.parse(metadata),
    cacheStatus: null,
  };
}

const converters = new Map([
  ["text", decodeUtf8],
  ["json", (bytes) => JSON.parse(decodeUtf8(bytes))],
  ["arrayBuffer", (bytes) => bytes.buffer],
  ["stream", (bytes) => new Response(bytes).body],
]);

async function getMany(number, keys, options, withMetadata) {
  const { type, cacheTtl } = typeAndTtl(options);
  if (type !== "text" && type !== "json") {
    throw new Error(`KV GET_BULK failed: 400 "${type}" is not a valid type. Use "json" or "text"`);
  }
  const names = [...new Set(keys.map((key) => toUSVString(key)))];
  await passOutputGate();
  const found = JSON.parse(await kv_get_many(number, JSON.stringify(names), cacheTtl));
  return new Map(
    names.map((name, i) => {
      if (found[i] === null) return [name, null];
      const [text, metadata] = found[i];
      const value = type === "json" ? jsonOf(text) : text;
      if (!withMetadata) return [name, value];
      return [name, { value, metadata: metadata === null ? null : JSON.parse(metadata) }];
    }),
  );
}

function jsonOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(NOT_JSON);
  }
}

function typeAndTtl(options) {
  if (options === undefined || options === null) return { type: "text" };
  if (!isObject(options)) return { type: `${options}` };
  const { type, cacheTtl } = options;
  return {
    type: type === undefined || type === null ? "text" : `${type}`,
    cacheTtl: integer(cacheTtl),
  };
}

function integer(value) {
  return value === undefined || value === null ? undefined : Math.trunc(Number(value)) || 0;
}

function checkedKey(method, key) {
  key = toUSVString(key);
  if (key === "") throw new TypeError("Key name cannot be empty.");
  if (key === "." || key === "..") throw new TypeError(`"${key}" is not allowed as a key name.`);
  const length = encodeUtf8(key).length;
  if (length > MAX_KEY_BYTES) {
    throw new Error(
      `KV ${method} failed: 414 UTF-8 encoded length of ${length} exceeds key length limit of ${MAX_KEY_BYTES}.`,
    );
  }
  return key;
}

async function valueBytes(value) {
  if (isReadableStream(value)) return new Response(value).bytes();
  if (ArrayBuffer.isView(value) || isArrayBuffer(value)) return copyBytes(value);
  if (isObject(value)) throw new TypeError(WRONG_VALUE);
  return encodeUtf8(toUSVString(value));
}

/** The namespace behind a binding. */
export function kvFromHost(binding) {
  return make(binding.number);
}
