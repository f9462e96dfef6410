// Objects of R2 as scripts see them: HeadResult, what is told of one, and GetResult, with its body.
//
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#r2object-definition

import { responseFromHost } from "../fetch/response.js";
import { streamForHost } from "../fetch/transfer.js";
import { blobFromBytes } from "../files/blob.js";
import { wrongArgument } from "../kernel/arguments.js";
import { defineInterface, illegalConstructor } from "../kernel/webidl.js";
import { registerEntry, TAGS } from "../rpc/message.js";
import { readBody, writeBody } from "../rpc/streams.js";
import { Cloudflare } from "../workers/cloudflare.js";
import { isHeaders } from "./conversions.js";
import { headersOfMetadata } from "./options.js";

const CONSTRUCTING = {};
const FOR_RPC = "R2 resources can only be serialized for RPC.";
const { defineProperty, keys } = Object;
const { fromHex } = Uint8Array;

/** Members of a result; those that are undefined are there from a compatibility date of 2025-12-03 on. */
export function struct(members) {
  if (Cloudflare.compatibilityFlags.enable_fast_jsg_struct) return members;
  for (const name of keys(members)) if (members[name] === undefined) delete members[name];
  return members;
}

/** Give an object properties that cannot be set, in this order. */
export function reveal(object, properties) {
  for (const [name, value] of Object.entries(properties)) {
    defineProperty(object, name, { value, enumerable: true, configurable: true });
  }
}

/** The checksums of an object's content, as ArrayBuffers. */
class Checksums {
  #hex;

  constructor(constructing, hex) {
    if (constructing !== CONSTRUCTING) throw illegalConstructor();
    this.#hex = hex;
    const bufferOf = (name) => (hex[name] === undefined ? undefined : fromHex(hex[name]).buffer);
    reveal(this, {
      sha512: bufferOf("sha512"),
      sha384: bufferOf("sha384"),
      sha256: bufferOf("sha256"),
      sha1: bufferOf("sha1"),
      md5: bufferOf("md5"),
    });
  }

  /** The same in hexadecimal. */
  toJSON() {
    const { md5, sha1, sha256, sha384, sha512 } = this.#hex;
    return { md5, sha1, sha256, sha384, sha512 };
  }

  static {
    defineInterface(this);
    registerEntry(this, {
      tag: TAGS.R2_CHECKSUMS,
      write: (checksums, sink) => sink.text(JSON.stringify(checksums.#hex)),
      read: (source) => new Checksums(CONSTRUCTING, JSON.parse(source.text())),
      refusal: FOR_RPC,
    });
  }
}

let textOf;

/** What is told of an object. */
class HeadResult {
  #told;
  #range;

  constructor(constructing, told, range) {
    if (constructing !== CONSTRUCTING) throw illegalConstructor();
    this.#told = told;
    this.#range = range;
    reveal(this, {
      ssecKeyMd5: undefined,
      storageClass: told.storageClass,
      range: range && struct({ ...range, suffix: undefined }),
      customMetadata: { ...told.custom },
      httpMetadata: metadataOf(told.http),
      uploaded: new Date(told.uploaded),
      checksums: new Checksums(CONSTRUCTING, told.checksums),
      httpEtag: `"${told.etag}"`,
      etag: told.etag,
      size: told.size,
      version: told.version,
      key: told.key,
    });
  }

  /** Set the headers that the object was uploaded with. */
  writeHttpMetadata(headers) {
    const metadata = metadataOf(this.#told.http);
    if (!isHeaders(headers)) throw wrongArgument("writeHttpMetadata", "HeadResult", 1, "Headers");
    for (const [name, value] of headersOfMetadata(metadata)) headers.set(name, value);
  }

  static {
    defineInterface(this);
    textOf = (object) => JSON.stringify([object.#told, object.#range]);
    registerEntry(this, {
      tag: TAGS.R2_HEAD,
      write: (object, sink) => sink.text(textOf(object)),
      read: (source) => headResult(...JSON.parse(source.text())),
      refusal: FOR_RPC,
    });
  }
}

function metadataOf(told) {
  const { contentType, contentLanguage, contentDisposition, contentEncoding, cacheControl } = told;
  const cacheExpiry = told.cacheExpiry === undefined ? undefined : new Date(told.cacheExpiry);
  return struct({
    ...{ contentType, contentLanguage, contentDisposition, contentEncoding, cacheControl },
    cacheExpiry,
  });
}

/** An object with its body, which is a Response's and behaves as one. */
class GetResult extends HeadResult {
  #response;
  #type;

  constructor(constructing, told, range, body) {
    super(constructing, told, range);
    this.#response = responseFromHost(200, "", "", body, "");
    this.#type = told.http.contentType;
  }

  get body() {
    return this.#response.body;
  }

  get bodyUsed() {
    return this.#response.bodyUsed;
  }

  async arrayBuffer() {
    return this.#response.arrayBuffer();
  }

  async bytes() {
    return this.#response.bytes();
  }

  async text() {
    return this.#response.text();
  }

  async json() {
    return this.#response.json();
  }

  async blob() {
    return blobFromBytes(await this.#response.bytes(), this.#type ?? "");
  }

  static {
    defineInterface(this);
    registerEntry(this, {
      tag: TAGS.R2_GET,
      write(object, sink) {
        sink.text(textOf(object));
        writeBody(streamForHost(object.body), sink);
      },
      read(source) {
        const [told, range] = JSON.parse(source.text());
        return getResult(told, range, readBody(source));
      },
      refusal: FOR_RPC,
    });
  }
}

/** An object as the host tells of it; `range` is undefined, or null, where it was not asked for. */
export function headResult(told, range) {
  return new HeadResult(CONSTRUCTING, told, range ?? undefined);
}

/** An object with its body: bytes, or the handle of a body on the host. */
export function getResult(told, range, body) {
  return new GetResult(CONSTRUCTING, told, range, body);
}
