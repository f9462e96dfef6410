// R2 buckets: https://developers.cloudflare.com/r2/api/workers/workers-api-reference/

import { r2_create_upload, r2_delete, r2_get, r2_head, r2_list, r2_put } from "holdfast:ops";
import { toInt32, wrongArgument } from "../kernel/arguments.js";
import { passOutputGate } from "../kernel/pending.js";
import { defineInterface, illegalConstructor, toUSVString } from "../kernel/webidl.js";
import { registerEntry, TAGS } from "../rpc/message.js";
import { dataCloneError } from "../serialize/errors.js";
import { toOptions, toStringMember, toStringsMember } from "./conversions.js";
import { multipartUpload } from "./multipart.js";
import { getResult, headResult, struct } from "./object.js";
import { refuseEncryption, toChecksums, toCondition, toMetadata, toRange } from "./options.js";
import { checkValue, valueForHost } from "./values.js";

const CONSTRUCTING = {};
const NAME = "R2Bucket";
const NOT_SERIALIZABLE = "An R2 bucket binding cannot be serialized.";
const NO_LIMIT = -1; // as in workerd
const INCLUDED = ["httpMetadata", "customMetadata"];

/** A bucket; what a binding puts into `env`. */
class R2Bucket {
  #number;

  constructor(constructing, number) {
    if (constructing !== CONSTRUCTING) throw illegalConstructor();
    this.#number = number;
  }

  /** What is told of an object, or null. */
  async head(key) {
    const bucket = this.#number;
    key = toKey(key, arguments, "head");
    await passOutputGate();
    const told = await r2_head(bucket, key);
    return told === undefined ? null : headOf(JSON.parse(told));
  }

  /** An object with its body, or null; without one where `onlyIf` does not hold. */
  async get(key, options = undefined) {
    const bucket = this.#number;
    key = toKey(key, arguments, "get");
    const given = toOptions(options, () => wrongArgument("get", NAME, 2, "GetOptions")) ?? {};
    const onlyIf = toCondition(given.onlyIf, "GetOptions");
    const range = toRange(given.range);
    refuseEncryption(given, "get");
    await passOutputGate();
    const found = await r2_get(bucket, key, JSON.stringify({ onlyIf, range }));
    if (found === undefined) return null;
    const [json, body] = found;
    const told = JSON.parse(json);
    return body === undefined ? headOf(told) : getResult(told, told.range, body);
  }

  /** Store an object; null where `onlyIf` does not hold. */
  async put(key, value, options = undefined) {
    const bucket = this.#number;
    key = toKey(key, arguments, "put");
    if (value === undefined || value === null) value = "";
    checkValue(value, "put", NAME);
    const given = toOptions(options, () => wrongArgument("put", NAME, 3, "PutOptions")) ?? {};
    const told = {
      ...toMetadata(given, "PutOptions"),
      onlyIf: toCondition(given.onlyIf, "PutOptions"),
      checksums: toChecksums(given),
    };
    refuseEncryption(given, "put");
    const body = await valueForHost(value);
    const stored = await r2_put(bucket, key, JSON.stringify(told), body);
    return stored === undefined ? null : headResult(JSON.parse(stored));
  }

  /** Remove an object, or up to 1,000. */
  async delete(keys) {
    const bucket = this.#number;
    if (arguments.length === 0) throw wrongArgument("delete", NAME, 1, "string or Array");
    const all = (Array.isArray(keys) ? keys : [keys]).map(toUSVString);
    await passOutputGate();
    await r2_delete(bucket, JSON.stringify(all));
  }

  /** Objects in the order of their keys, up to 1,000. */
  async list(options = undefined) {
    const bucket = this.#number;
    const given = toOptions(options, () => wrongArgument("list", NAME, 1, "ListOptions")) ?? {};
    const text = (field) => toStringMember(given[field], field, "ListOptions");
    const included = toStringsMember(given.include, "include", "ListOptions") ?? [];
    for (const name of included) {
      if (!INCLUDED.includes(name)) throw new RangeError(`Unsupported include value ${name}`);
    }
    const limit = given.limit === undefined ? NO_LIMIT : toInt32(given.limit);
    const asked = {
      limit: limit === NO_LIMIT ? undefined : limit,
      prefix: text("prefix"),
      cursor: text("cursor"),
      delimiter: text("delimiter"),
      start_after: text("startAfter"),
      with_http: included.includes("httpMetadata"),
      with_custom: included.includes("customMetadata"),
    };
    await passOutputGate();
    const { objects, prefixes, cursor } = JSON.parse(await r2_list(bucket, JSON.stringify(asked)));
    return struct({
      objects: objects.map((told) => headResult(told)),
      truncated: cursor !== "",
      cursor: cursor === "" ? undefined : cursor,
      delimitedPrefixes: prefixes,
    });
  }

  /** Begin an object that comes in parts. */
  async createMultipartUpload(key, options = undefined) {
    const bucket = this.#number;
    key = toKey(key, arguments, "createMultipartUpload");
    const wrong = () => wrongArgument("createMultipartUpload", NAME, 2, "MultipartOptions");
    const given = toOptions(options, wrong) ?? {};
    const metadata = toMetadata(given, "MultipartOptions");
    refuseEncryption(given, "createMultipartUpload");
    await passOutputGate();
    return multipartUpload(bucket, key, await r2_create_upload(bucket, key, JSON.stringify(metadata)));
  }

  /** An upload that was begun before. */
  resumeMultipartUpload(key, uploadId) {
    const bucket = this.#number;
    key = toKey(key, arguments, "resumeMultipartUpload");
    if (arguments.length < 2) throw wrongArgument("resumeMultipartUpload", NAME, 2, "string");
    return multipartUpload(bucket, key, toUSVString(uploadId));
  }

  static {
    defineInterface(this);
  }
}

registerEntry(R2Bucket, {
  tag: TAGS.R2_BUCKET,
  write() {
    throw dataCloneError(NOT_SERIALIZABLE);
  },
  refusal: NOT_SERIALIZABLE,
});

function toKey(key, given, method) {
  if (given.length === 0) throw wrongArgument(method, NAME, 1, "string");
  return toUSVString(key);
}

function headOf(told) {
  return headResult(told, { offset: 0, length: told.size });
}

/** The bucket behind a binding. */
export function bucketFromHost(binding) {
  return new R2Bucket(CONSTRUCTING, binding.number);
}
