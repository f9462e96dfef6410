// Digests and HMACs, also as streams.
// https://nodejs.org/docs/latest-v20.x/api/crypto.html#class-hash

import { callable } from "./callable.js";
import {
  node_digest,
  node_digest_add,
  node_digest_begin,
  node_digest_copy,
  node_digest_end,
  node_hmac,
  node_hmac_begin,
} from "holdfast:ops";
import { Buffer } from "./buffer.js";
import { dataOf, encoded, isBytes } from "./bytes.js";
import { attempt } from "./crypto-errors.js";
import { secretKeyOf } from "./crypto-keys.js";
import { dropState, newState } from "./crypto-states.js";
import { invalidValue, nodeError, requireInteger, requireString } from "./errors.js";
import { Transform } from "./stream-duplex.js";

const EMPTY = new Uint8Array(0);
const MAX_GATHERED_BYTES = 65_536;
const MAX_UINT32 = 2 ** 32 - 1;

const finalized = () => nodeError(Error, "ERR_CRYPTO_HASH_FINALIZED", "Digest already called");

/** An encoding that there is; of others the text is UTF-8, as in Node.js. */
function knownEncoding(data, encoding) {
  if (!Buffer.isEncoding(encoding)) return undefined;
  const isHalf = typeof data === "string" && data.length % 2 !== 0;
  if (isHalf && encoding.toLowerCase() === "hex")
    throw invalidValue("encoding", encoding, `is invalid for data of length ${data.length}`);
  return encoding;
}

/** Let a new digest go on from where another one is. */
let copyInto;
/** The digest, which is computed once; no more data is taken. */
let finish;
/** Whether the digest was asked for, and that it was. A stream's end does not ask. */
let isFinalized;
let setFinalized;

/**
 * Gathers little data until its digest is asked for, by `whole`; of more the host keeps a digest,
 * which `begin` begins.
 */
class Digest extends Transform {
  #work;
  #parts = [];
  #size = 0;
  #state = undefined;
  #result = null;
  #finalized = false;

  constructor(options, work) {
    super(options);
    this.#work = work;
  }

  update(data, inputEncoding = undefined) {
    if (this.#finalized || this.#result !== null) throw finalized();
    const bytes = dataOf(data, "data", knownEncoding(data, inputEncoding));
    // A copy, since the data may change before the digest is asked for.
    this.#parts.push(typeof data === "string" ? bytes : Buffer.from(bytes));
    this.#size += bytes.length;
    if (this.#size > MAX_GATHERED_BYTES) this.#pass();
    return this;
  }

  #pass() {
    if (this.#state === undefined) {
      this.#state = newState(this);
      this.#work.begin(this.#state);
    }
    node_digest_add(this.#state, this.#gathered());
  }

  #gathered() {
    const data = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#size = 0;
    return data;
  }

  #compute() {
    if (this.#state === undefined) return this.#work.whole(this.#gathered());
    this.#pass();
    const result = node_digest_end(this.#state, this.#work.length);
    dropState(this.#state);
    return result;
  }

  static {
    isFinalized = (digest) => digest.#finalized;
    setFinalized = (digest) => (digest.#finalized = true);
    copyInto = (from, to) => {
      if (from.#state !== undefined) {
        to.#state = newState(to);
        node_digest_copy(from.#state, to.#state);
      }
      to.#parts = [...from.#parts];
      to.#size = from.#size;
    };
    finish = (digest, encoding) => {
      digest.#result ??= digest.#compute();
      const name = encoding && `${encoding}`;
      const known = Buffer.isEncoding(name) ? name : undefined;
      return encoded(Buffer.from(digest.#result), known);
    };
  }

  _transform(chunk, encoding, callback) {
    this.update(chunk, encoding);
    callback();
  }

  _flush(callback) {
    this.push(finish(this));
    callback();
  }
}

class HashClass extends Digest {
  #algorithm;
  #options;

  constructor(algorithm, options = undefined) {
    requireString(algorithm, "algorithm");
    const length = typeof options === "object" ? options?.outputLength : undefined;
    if (length !== undefined) requireInteger(length, "options.outputLength", 0, MAX_UINT32);
    attempt(() => node_digest(algorithm, length, EMPTY)); // an unknown one is refused at once
    super(options, {
      begin: (state) => node_digest_begin(state, algorithm),
      whole: (data) => node_digest(algorithm, length, data),
      length,
    });
    this.#algorithm = algorithm;
    this.#options = options;
  }

  /** A digest of the same data so far. Of XOFs, its length is not the copied one's. */
  copy(options = undefined) {
    if (isFinalized(this)) throw finalized();
    const others = options ?? { ...this.#options, outputLength: undefined };
    const copy = new Hash(this.#algorithm, others);
    copyInto(this, copy);
    return copy;
  }

  digest(outputEncoding = undefined) {
    if (isFinalized(this)) throw finalized();
    setFinalized(this);
    return finish(this, outputEncoding);
  }
}

class HmacClass extends Digest {
  constructor(hmac, key, options = undefined) {
    requireString(hmac, "hmac");
    const given = secretKeyOf(key, "key", options?.encoding);
    // A copy, since bytes may change before the digest is asked for. A key's do not.
    const secret = isBytes(key) ? Buffer.from(given) : given;
    try {
      node_hmac(hmac, secret, EMPTY);
    } catch {
      throw nodeError(TypeError, "ERR_CRYPTO_INVALID_DIGEST", `Invalid digest: ${hmac}`);
    }
    super(options, {
      begin: (state) => node_hmac_begin(state, hmac, secret),
      whole: (data) => node_hmac(hmac, secret, data),
    });
  }

  /** Empty once it was asked for, as in Node.js. */
  digest(outputEncoding = undefined) {
    if (isFinalized(this))
      return outputEncoding && outputEncoding !== "buffer" ? "" : Buffer.alloc(0);
    setFinalized(this);
    return finish(this, outputEncoding);
  }

  _flush(callback) {
    setFinalized(this);
    super._flush(callback);
  }
}

export const Hash = callable(HashClass, "Hash");
export const Hmac = callable(HmacClass, "Hmac");
export const createHash = (algorithm, options = undefined) => new Hash(algorithm, options);
export const createHmac = (hmac, key, options = undefined) => new Hmac(hmac, key, options);

/** The digest of data in one go; in hexadecimal unless told otherwise. */
export function hash(algorithm, input, outputEncoding = "hex") {
  requireString(algorithm, "algorithm");
  const data = dataOf(input, "input");
  requireString(outputEncoding, "outputEncoding");
  if (outputEncoding !== "buffer" && !Buffer.isEncoding(outputEncoding))
    throw invalidValue("outputEncoding", outputEncoding);
  return encoded(
    attempt(() => node_digest(algorithm, undefined, data)),
    outputEncoding,
  );
}
