// Ciphers: https://nodejs.org/docs/latest-v20.x/api/crypto.html#class-cipher
//
// The host has the cipher under way; here is what Node.js says of names, lengths and order.

import { callable } from "./callable.js";
import {
  node_cipher_add,
  node_cipher_begin,
  node_cipher_end,
  node_cipher_know,
  node_cipher_pad,
  node_cipher_tag,
} from "holdfast:ops";
import { byteLengthOfArray } from "../kernel/buffers.js";
import { Buffer } from "./buffer.js";
import { dataOf, secretOf, toBuffer } from "./bytes.js";
import { cipherNamed, takesIv } from "./crypto-cipher-names.js";
import { attempt } from "./crypto-errors.js";
import { secretKeyOf } from "./crypto-keys.js";
import { dropState, newState } from "./crypto-states.js";
import { invalidType, invalidValue, nodeError, requireString } from "./errors.js";
import { Transform } from "./stream-duplex.js";
import { StringDecoder } from "./string-decoder.js";

const TAG_BYTES = 16;
const isTagLength = (size) => size === 4 || size === 8 || (size >= 12 && size <= TAG_BYTES);

function stateError(operation = undefined) {
  const where = operation === undefined ? "" : ` for operation ${operation}`;
  return nodeError(Error, "ERR_CRYPTO_INVALID_STATE", `Invalid state${where}`);
}

function tagError(size) {
  const message = `Invalid authentication tag length: ${size}`;
  return nodeError(TypeError, "ERR_CRYPTO_INVALID_AUTH_TAG", message);
}

const BASES = ["string", "ArrayBuffer", "Buffer", "TypedArray", "DataView"];

function ivOf(iv) {
  if (iv === null) return new Uint8Array(0);
  if (typeof iv === "string" || iv instanceof ArrayBuffer || ArrayBuffer.isView(iv))
    return secretOf(iv, "iv");
  throw invalidType("iv", BASES, iv);
}

function tagLengthOf(options) {
  const size = options?.authTagLength;
  if (size === undefined || size === null) return undefined;
  if (typeof size !== "number" || size >>> 0 !== size)
    throw invalidValue("options.authTagLength", size);
  return size;
}

/** The tag of what was encrypted. */
let tagOf;
/** Say which tag must come out. */
let expectTag;

class CipherBase extends Transform {
  #number;
  #cipher;
  #tagLength;
  #tag = null;
  #decoder = null;
  #begun = false;
  #ended = false;

  constructor(name, key, iv, options, encrypts) {
    requireString(name, "cipher");
    const secret = secretKeyOf(key, "key");
    const vector = ivOf(iv);
    const tagLength = tagLengthOf(options);
    super(options);
    const cipher = cipherNamed(name);
    if (cipher === undefined) throw nodeError(Error, "ERR_CRYPTO_UNKNOWN_CIPHER", "Unknown cipher");
    if (byteLengthOfArray(secret) !== cipher.keyLength)
      throw nodeError(RangeError, "ERR_CRYPTO_INVALID_KEYLEN", "Invalid key length");
    if (!takesIv(cipher, vector.length))
      throw nodeError(TypeError, "ERR_CRYPTO_INVALID_IV", "Invalid initialization vector");
    this.#cipher = cipher;
    if (tagLength !== undefined && this.#isAuthenticated && !this.#allows(tagLength))
      throw tagError(tagLength);
    this.#tagLength = tagLength;
    this.#number = newState(this);
    const { family, shape = cipher.mode } = cipher;
    node_cipher_begin(this.#number, family, shape, encrypts, secret, vector);
  }

  get #isAuthenticated() {
    return this.#cipher.mode === "gcm" || this.#cipher.family === "chacha20-poly1305";
  }

  #allows(size) {
    return this.#cipher.mode === "gcm" ? isTagLength(size) : size >= 1 && size <= TAG_BYTES;
  }

  #decoded(bytes, encoding, isLast) {
    if (!encoding || encoding === "buffer") return toBuffer(bytes);
    this.#decoder ??= new StringDecoder(encoding);
    if (this.#decoder.encoding !== new StringDecoder(encoding).encoding)
      throw nodeError(Error, "ERR_INTERNAL_ASSERTION", "Cannot change encoding");
    const text = this.#decoder.write(toBuffer(bytes));
    return isLast ? text + this.#decoder.end() : text;
  }

  update(data, inputEncoding = undefined, outputEncoding = undefined) {
    const bytes = dataOf(data, "data", inputEncoding);
    if (this.#ended) throw new Error("Trying to add data in unsupported state");
    this.#begun = true;
    return this.#decoded(node_cipher_add(this.#number, bytes), outputEncoding, false);
  }

  final(outputEncoding = undefined) {
    if (this.#ended) throw stateError();
    this.#ended = true;
    let rest;
    try {
      // Without a tag there is none that could be right.
      const tag = this.#tag ?? new Uint8Array(0);
      rest = attempt(() => node_cipher_end(this.#number, tag));
      if (this.#isAuthenticated) {
        const size = this.#tagLength ?? TAG_BYTES;
        this.#tag = toBuffer(node_cipher_tag(this.#number)).subarray(0, size);
      }
    } finally {
      dropState(this.#number);
    }
    return this.#decoded(rest, outputEncoding, true);
  }

  setAutoPadding(autoPadding = true) {
    if (this.#ended) throw stateError("setAutoPadding");
    node_cipher_pad(this.#number, Boolean(autoPadding));
    return this;
  }

  setAAD(buffer, options = undefined) {
    const data = secretOf(buffer, "aadbuf", options?.encoding);
    if (this.#ended || this.#begun || !this.#isAuthenticated) throw stateError("setAAD");
    node_cipher_know(this.#number, data);
    return this;
  }

  static {
    tagOf = (cipher) => {
      if (!cipher.#ended || !cipher.#isAuthenticated || cipher.#tag === null)
        throw stateError("getAuthTag");
      return Buffer.from(cipher.#tag);
    };
    expectTag = (cipher, tag) => {
      if (!cipher.#isAuthenticated || cipher.#ended || cipher.#tag !== null)
        throw stateError("setAuthTag");
      const isGcm = cipher.#cipher.mode === "gcm";
      const size = cipher.#tagLength ?? (isGcm ? tag.length : TAG_BYTES);
      if (!cipher.#allows(tag.length) || size !== tag.length) throw tagError(tag.length);
      cipher.#tag = Buffer.from(tag);
    };
  }

  _transform(chunk, encoding, callback) {
    try {
      this.push(this.update(chunk, encoding));
      callback();
    } catch (error) {
      callback(error);
    }
  }

  _flush(callback) {
    try {
      this.push(this.final());
      callback();
    } catch (error) {
      callback(error);
    }
  }
}

class CipherivClass extends CipherBase {
  constructor(cipher, key, iv, options = undefined) {
    super(cipher, key, iv, options, true);
  }

  getAuthTag() {
    return tagOf(this);
  }
}

class DecipherivClass extends CipherBase {
  constructor(cipher, key, iv, options = undefined) {
    super(cipher, key, iv, options, false);
  }

  setAuthTag(buffer, encoding = undefined) {
    expectTag(this, secretOf(buffer, "buffer", encoding));
    return this;
  }
}

export const Cipheriv = callable(CipherivClass, "Cipheriv");
export const Decipheriv = callable(DecipherivClass, "Decipheriv");
export const createCipheriv = (cipher, key, iv, options = undefined) =>
  new Cipheriv(cipher, key, iv, options);
export const createDecipheriv = (cipher, key, iv, options = undefined) =>
  new Decipheriv(cipher, key, iv, options);
