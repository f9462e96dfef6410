// SubtleCrypto: https://w3c.github.io/webcrypto/#subtlecrypto-interface
//
// Every method does the same four things: convert its arguments, normalize the algorithm,
// check the key, and call the algorithm's own function. That function gets the normalized
// algorithm's parameters first. It answers with bytes or, where the work is done in a
// thread, with the number of a job, which is run and then taken; what it answers with may
// be a secret, so it is never awaited itself (see key.js). Data are Uint8Arrays, read
// after normalization, which may run code of the script.

import { crypto_equal, crypto_run, crypto_secret_text, crypto_take } from "holdfast:ops";
import {
  bufferOfArray,
  bytesOf,
  copyBytes,
  describeView,
  isArrayBuffer,
  isDetached,
} from "../kernel/buffers.js";
import { requireHandler } from "../kernel/pending.js";
import {
  defineInterface,
  illegalConstructor,
  illegalInvocation,
  isObject,
  requireArguments,
  toEnum,
} from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { normalize } from "./algorithms.js";
import { failure, parseJson, parseJsonObject, Uint8Array } from "./builtins.js";
import { toJsonWebKey } from "./jwk.js";
import {
  DECRYPT,
  DERIVE_BITS,
  DERIVE_KEY,
  ENCRYPT,
  factsOf,
  requireUsage,
  SIGN,
  toKey,
  toUsages,
  UNWRAP_KEY,
  VERIFY,
  WRAP_KEY,
} from "./key.js";
import { encodeUtf8 } from "../encoding/utf8.js";
import "./aes.js";
import "./derivation.js";
import "./digest.js";
import "./ec.js";
import "./edwards.js";
import "./hmac.js";
import "./rsa.js";

const CONSTRUCTING = {};
const FORMATS = ["raw", "spki", "pkcs8", "jwk"];
const NOTHING = new Uint8Array(0);
const { isView } = ArrayBuffer;

let isSubtle;

/** The cryptographic operations; all but `timingSafeEqual` answer with a promise. */
export class SubtleCrypto {
  #brand;

  constructor() {
    if (arguments[0] !== CONSTRUCTING) throw illegalConstructor();
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-encrypt */
  async encrypt(algorithm, key, data) {
    begin(this, "encrypt", arguments.length, 3);
    checkArguments("encrypt", key, data);
    const { record, name, parameters } = normalize(algorithm, "encrypt");
    const bytes = readSource(data);
    requireUsage(key, name, ENCRYPT);
    const answer = record.encrypt(parameters, key, bytes);
    return bufferOfArray(
      typeof answer === "number" ? crypto_take(await crypto_run(answer)) : answer,
    );
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-decrypt */
  async decrypt(algorithm, key, data) {
    begin(this, "decrypt", arguments.length, 3);
    checkArguments("decrypt", key, data);
    const { record, name, parameters } = normalize(algorithm, "decrypt");
    const bytes = readSource(data);
    requireUsage(key, name, DECRYPT);
    const answer = record.decrypt(parameters, key, bytes);
    return bufferOfArray(
      typeof answer === "number" ? crypto_take(await crypto_run(answer)) : answer,
    );
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-sign */
  async sign(algorithm, key, data) {
    begin(this, "sign", arguments.length, 3);
    checkArguments("sign", key, data);
    const { record, name, parameters } = normalize(algorithm, "sign");
    const bytes = readSource(data);
    requireUsage(key, name, SIGN);
    const answer = await record.sign(parameters, key, bytes);
    return bufferOfArray(
      typeof answer === "number" ? crypto_take(await crypto_run(answer)) : answer,
    );
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-verify */
  async verify(algorithm, key, signature, data) {
    begin(this, "verify", arguments.length, 4);
    checkArguments("verify", key, data);
    checkSource(signature, "SubtleCrypto.verify: the signature");
    const { record, name, parameters } = normalize(algorithm, "verify");
    const given = copyBytes(readSource(signature));
    const bytes = readSource(data);
    requireUsage(key, name, VERIFY);
    return record.verify(parameters, key, given, bytes);
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-digest */
  async digest(algorithm, data) {
    begin(this, "digest", arguments.length, 2);
    checkSource(data, "SubtleCrypto.digest: the data");
    const { record } = normalize(algorithm, "digest");
    const answer = record.digest(readSource(data));
    return bufferOfArray(
      typeof answer === "number" ? crypto_take(await crypto_run(answer)) : answer,
    );
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-generateKey */
  async generateKey(algorithm, extractable, keyUsages) {
    begin(this, "generateKey", arguments.length, 3);
    const usages = toUsages(keyUsages, "SubtleCrypto.generateKey: the usages");
    const { record, parameters } = normalize(algorithm, "generateKey");
    requireHandler();
    const made = await record.generateKey(parameters, !!extractable, usages);
    requireSomeUsage(made.privateKey ?? made);
    return made;
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-deriveKey */
  async deriveKey(algorithm, baseKey, derivedKeyType, extractable, keyUsages) {
    begin(this, "deriveKey", arguments.length, 5);
    toKey(baseKey, "SubtleCrypto.deriveKey: the key");
    const usages = toUsages(keyUsages, "SubtleCrypto.deriveKey: the usages");
    const { record, name, parameters } = normalize(algorithm, "deriveBits");
    const derived = normalize(derivedKeyType, "importKey");
    const measured = normalize(derivedKeyType, "getKeyLength");
    requireUsage(baseKey, name, DERIVE_KEY);
    const bits = measured.record.getKeyLength(measured.parameters);
    const answer = record.deriveBits(parameters, baseKey, bits);
    const secret = typeof answer === "number" ? crypto_take(await crypto_run(answer)) : answer;
    return importInto(derived, "raw", secret, !!extractable, usages);
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-deriveBits */
  async deriveBits(algorithm, baseKey, length = null) {
    begin(this, "deriveBits", arguments.length, 2);
    toKey(baseKey, "SubtleCrypto.deriveBits: the key");
    const bits = length === null ? null : +length >>> 0;
    const { record, name, parameters } = normalize(algorithm, "deriveBits");
    requireUsage(baseKey, name, DERIVE_BITS);
    const answer = record.deriveBits(parameters, baseKey, bits);
    return bufferOfArray(
      typeof answer === "number" ? crypto_take(await crypto_run(answer)) : answer,
    );
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-importKey */
  async importKey(format, keyData, algorithm, extractable, keyUsages) {
    begin(this, "importKey", arguments.length, 5);
    const form = toEnum(format, FORMATS, "SubtleCrypto.importKey: the format");
    const usages = toUsages(keyUsages, "SubtleCrypto.importKey: the usages");
    const jwk = toKeyData(form, keyData);
    const normalized = normalize(algorithm, "importKey");
    const material = jwk ?? copyBytes(readSource(keyData));
    return importInto(normalized, form, material, !!extractable, usages);
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-exportKey */
  async exportKey(format, key) {
    begin(this, "exportKey", arguments.length, 2);
    const form = toEnum(format, FORMATS, "SubtleCrypto.exportKey: the format");
    const exported = exportFrom(toKey(key, "SubtleCrypto.exportKey: the key"), form);
    return form === "jwk" ? parseJson(exported) : bufferOfArray(copyBytes(exported));
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-wrapKey */
  async wrapKey(format, key, wrappingKey, wrapAlgorithm) {
    begin(this, "wrapKey", arguments.length, 4);
    const form = toEnum(format, FORMATS, "SubtleCrypto.wrapKey: the format");
    toKey(key, "SubtleCrypto.wrapKey: the key");
    toKey(wrappingKey, "SubtleCrypto.wrapKey: the wrapping key");
    const { record, name, parameters } = normalize(wrapAlgorithm, "wrapKey", "encrypt");
    requireUsage(wrappingKey, name, WRAP_KEY);
    const exported = exportFrom(key, form);
    const bytes = form === "jwk" ? encodeUtf8(exported) : exported;
    const wrap = record.wrapKey ?? record.encrypt;
    const answer = wrap(parameters, wrappingKey, bytes);
    return bufferOfArray(
      typeof answer === "number" ? crypto_take(await crypto_run(answer)) : answer,
    );
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-unwrapKey */
  async unwrapKey(
    format,
    wrappedKey,
    unwrappingKey,
    unwrapAlgorithm,
    unwrappedKeyAlgorithm,
    extractable,
    keyUsages,
  ) {
    begin(this, "unwrapKey", arguments.length, 7);
    const form = toEnum(format, FORMATS, "SubtleCrypto.unwrapKey: the format");
    checkSource(wrappedKey, "SubtleCrypto.unwrapKey: the wrapped key");
    toKey(unwrappingKey, "SubtleCrypto.unwrapKey: the unwrapping key");
    const usages = toUsages(keyUsages, "SubtleCrypto.unwrapKey: the usages");
    const { record, name, parameters } = normalize(unwrapAlgorithm, "unwrapKey", "decrypt");
    const unwrapped = normalize(unwrappedKeyAlgorithm, "importKey");
    const bytes = readSource(wrappedKey);
    requireUsage(unwrappingKey, name, UNWRAP_KEY);
    const unwrap = record.unwrapKey ?? record.decrypt;
    const answer = unwrap(parameters, unwrappingKey, bytes);
    const opened = typeof answer === "number" ? crypto_take(await crypto_run(answer)) : answer;
    const keyData = form === "jwk" ? readJwk(opened) : opened;
    return importInto(unwrapped, form, keyData, !!extractable, usages);
  }

  /**
   * Whether two buffers of one length hold the same bytes, in constant time.
   * https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#timingsafeequal
   */
  timingSafeEqual(a, b) {
    begin(this, "timingSafeEqual", arguments.length, 2);
    const left = bytesOf(a, "SubtleCrypto.timingSafeEqual: parameter 1");
    const right = bytesOf(b, "SubtleCrypto.timingSafeEqual: parameter 2");
    if (left.length !== right.length) {
      throw new TypeError("Input buffers must have the same byte length.");
    }
    return crypto_equal(left, right);
  }

  static {
    isSubtle = (value) => #brand in value;
  }
}

defineInterface(SubtleCrypto);
refuseToClone(SubtleCrypto);

/** The `subtle` of the global object's `crypto`. */
export const subtle = new SubtleCrypto(CONSTRUCTING);

function begin(receiver, method, given, required) {
  if (!isObject(receiver) || !isSubtle(receiver)) throw illegalInvocation();
  if (given < required) requireArguments(given, required, `'${method}' on 'SubtleCrypto'`);
}

function checkArguments(method, key, data) {
  toKey(key, `SubtleCrypto.${method}: the key`);
  checkSource(data, `SubtleCrypto.${method}: the data`);
}

// ---- Keys -------------------------------------------------------------------------------

/** SubtleCrypto's importKey at once, of bytes in a format that is not "jwk". */
export function importKeyNow(format, bytes, algorithm, extractable, keyUsages) {
  const usages = toUsages(keyUsages, "KeyObject.toCryptoKey: the usages");
  return importInto(normalize(algorithm, "importKey"), format, bytes, extractable, usages);
}

/** A key of the algorithm, from bytes or a JsonWebKey's members; sync, for its secrets. */
function importInto({ record, parameters }, format, keyData, extractable, usages) {
  const key = record.importKey(format, keyData, parameters, extractable, usages);
  if (factsOf(key).type !== "public") requireSomeUsage(key);
  return key;
}

function requireSomeUsage(key) {
  if (factsOf(key).usages !== 0) return;
  throw failure("SyntaxError", "Secret/private CryptoKeys must have at least one usage.");
}

/** The bytes of a key, which are its own, or the JSON of it. */
function exportFrom(key, format) {
  const { algorithm, extractable } = factsOf(key);
  const { record } = normalize(algorithm.name, "exportKey");
  if (!extractable) {
    throw failure("InvalidAccessError", `Attempt to export non-extractable ${algorithm.name} key.`);
  }
  return record.exportKey(format, key);
}

/** https://w3c.github.io/webcrypto/#concept-parse-a-jwk */
function readJwk(bytes) {
  let members;
  try {
    members = parseJsonObject(crypto_secret_text(bytes));
  } catch {
    // What is told below: the error of the parser would quote the key.
  }
  if (members?.kty !== undefined) return toJsonWebKey(members);
  throw failure("DataError", 'Missing "kty" field or corrupt JSON unwrapping key?');
}

/** The JWK of `keyData`, or undefined where it is a buffer source. */
function toKeyData(format, keyData) {
  if (format === "jwk") {
    if (isObject(keyData) && !isView(keyData) && !isArrayBuffer(keyData)) {
      return toJsonWebKey(keyData);
    }
    throw new TypeError('Import data provided for "jwk" import format must be a JsonWebKey.');
  }
  if (!isView(keyData) && !isArrayBuffer(keyData)) {
    throw new TypeError(
      'Import data provided for "raw", "pkcs8", or "spki" import formats must be a buffer source.',
    );
  }
  return undefined;
}

// ---- Bytes ------------------------------------------------------------------------------

function checkSource(value, what) {
  if (!isView(value)) bytesOf(value, what);
}

/** The bytes of a buffer source; none if the script has detached it meanwhile. */
function readSource(value) {
  try {
    return bytesOf(value, "The data");
  } catch (error) {
    if (isDetached(describeView(value).buffer)) return NOTHING;
    throw error;
  }
}
