// SubtleCrypto: https://w3c.github.io/webcrypto/#subtlecrypto-interface
//
// Every method does the same four things: convert its arguments, normalize the algorithm,
// check the key, and call the algorithm's own function. That function gets the normalized
// algorithm first and answers with a value or a promise of one. Data are Uint8Arrays, read
// after normalization, which may run code of the script.

import { crypto_equal } from "holdfast:ops";
import { bytesOf, describeView, isDetached } from "../kernel/buffers.js";
import {
  defineInterface,
  illegalConstructor,
  illegalInvocation,
  isObject,
  requireArguments,
  toEnum,
} from "../kernel/webidl.js";
import { normalize } from "./algorithms.js";
import { toJsonWebKey } from "./jwk.js";
import { factsOf, requireUsage, toKey, toUsages } from "./key.js";
import "./digest.js";
import "./hmac.js";

const { ArrayBuffer, DOMException, Uint8Array } = globalThis;

const CONSTRUCTING = {};
const FORMATS = ["raw", "spki", "pkcs8", "jwk"];

let isSubtle;

/** The cryptographic operations; all but `timingSafeEqual` answer with a promise. */
export class SubtleCrypto {
  #brand;

  constructor() {
    if (arguments[0] !== CONSTRUCTING) throw illegalConstructor();
  }

  async encrypt(algorithm, key, data) {
    begin(this, "encrypt", arguments.length, 3);
    return useKey("encrypt", algorithm, key, data);
  }

  async decrypt(algorithm, key, data) {
    begin(this, "decrypt", arguments.length, 3);
    return useKey("decrypt", algorithm, key, data);
  }

  async sign(algorithm, key, data) {
    begin(this, "sign", arguments.length, 3);
    return useKey("sign", algorithm, key, data);
  }

  async verify(algorithm, key, signature, data) {
    begin(this, "verify", arguments.length, 4);
    toKey(key, "SubtleCrypto.verify: the key");
    checkSource(signature, "SubtleCrypto.verify: the signature");
    checkSource(data, "SubtleCrypto.verify: the data");
    const normalized = normalize("verify", algorithm);
    const given = new Uint8Array(readSource(signature));
    const bytes = readSource(data);
    requireUsage(key, normalized, "verify");
    return normalized.record.verify(normalized, key, given, bytes);
  }

  async digest(algorithm, data) {
    begin(this, "digest", arguments.length, 2);
    checkSource(data, "SubtleCrypto.digest: the data");
    const normalized = normalize("digest", algorithm);
    return (await normalized.record.digest(normalized, readSource(data))).buffer;
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-generateKey */
  async generateKey(algorithm, extractable, keyUsages) {
    begin(this, "generateKey", arguments.length, 3);
    const usages = toUsages(keyUsages, "SubtleCrypto.generateKey: the usages");
    const normalized = normalize("generateKey", algorithm);
    const made = await normalized.record.generateKey(normalized, !!extractable, usages);
    requireSomeUsage(made.privateKey ?? made);
    return made;
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-importKey */
  async importKey(format, keyData, algorithm, extractable, keyUsages) {
    begin(this, "importKey", arguments.length, 5);
    const form = toEnum(format, FORMATS, "SubtleCrypto.importKey: the format");
    const usages = toUsages(keyUsages, "SubtleCrypto.importKey: the usages");
    const jwk = toKeyData(form, keyData);
    const normalized = normalize("importKey", algorithm);
    const material = jwk ?? new Uint8Array(readSource(keyData));
    const { record } = normalized;
    const key = await record.importKey(form, material, normalized, !!extractable, usages);
    if (factsOf(key).type !== "public") requireSomeUsage(key);
    return key;
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-exportKey */
  async exportKey(format, key) {
    begin(this, "exportKey", arguments.length, 2);
    const form = toEnum(format, FORMATS, "SubtleCrypto.exportKey: the format");
    const { algorithm, extractable } = factsOf(toKey(key, "SubtleCrypto.exportKey: the key"));
    const { record } = normalize("exportKey", algorithm.name);
    if (!extractable) throw new DOMException("The key is not extractable.", "InvalidAccessError");
    const exported = await record.exportKey(form, key);
    return form === "jwk" ? exported : new Uint8Array(exported).buffer;
  }

  async deriveBits(algorithm, baseKey, length = null) {
    begin(this, "deriveBits", arguments.length, 2);
    toKey(baseKey, "SubtleCrypto.deriveBits: the key");
    const bits = length === null || length === undefined ? null : length >>> 0;
    const normalized = normalize("deriveBits", algorithm);
    requireUsage(baseKey, normalized, "deriveBits");
    return (await normalized.record.deriveBits(normalized, baseKey, bits)).buffer;
  }

  async deriveKey(algorithm, baseKey, derivedKeyType, extractable, keyUsages) {
    begin(this, "deriveKey", arguments.length, 5);
    toKey(baseKey, "SubtleCrypto.deriveKey: the key");
    toUsages(keyUsages, "SubtleCrypto.deriveKey: the usages");
    throw unsupported(normalize("deriveBits", algorithm));
  }

  async wrapKey(format, key, wrappingKey, wrapAlgorithm) {
    begin(this, "wrapKey", arguments.length, 4);
    toEnum(format, FORMATS, "SubtleCrypto.wrapKey: the format");
    toKey(key, "SubtleCrypto.wrapKey: the key");
    toKey(wrappingKey, "SubtleCrypto.wrapKey: the wrapping key");
    throw unsupported(normalize("wrapKey", wrapAlgorithm));
  }

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
    toEnum(format, FORMATS, "SubtleCrypto.unwrapKey: the format");
    checkSource(wrappedKey, "SubtleCrypto.unwrapKey: the wrapped key");
    toKey(unwrappingKey, "SubtleCrypto.unwrapKey: the unwrapping key");
    toUsages(keyUsages, "SubtleCrypto.unwrapKey: the usages");
    throw unsupported(normalize("unwrapKey", unwrapAlgorithm));
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

/** The `subtle` of the global object's `crypto`. */
export const subtle = new SubtleCrypto(CONSTRUCTING);

function begin(receiver, method, given, required) {
  if (!isObject(receiver) || !isSubtle(receiver)) throw illegalInvocation();
  requireArguments(given, required, `'${method}' on 'SubtleCrypto'`);
}

/** encrypt, decrypt and sign: https://w3c.github.io/webcrypto/#SubtleCrypto-method-sign */
async function useKey(operation, algorithm, key, data) {
  toKey(key, `SubtleCrypto.${operation}: the key`);
  checkSource(data, `SubtleCrypto.${operation}: the data`);
  const normalized = normalize(operation, algorithm);
  const bytes = readSource(data);
  requireUsage(key, normalized, operation);
  return (await normalized.record[operation](normalized, key, bytes)).buffer;
}

function checkSource(value, what) {
  if (!ArrayBuffer.isView(value)) bytesOf(value, what);
}

/** The bytes of a buffer source; none if the script has detached it meanwhile. */
function readSource(value) {
  const buffer = ArrayBuffer.isView(value) ? describeView(value).buffer : value;
  return isDetached(buffer) ? new Uint8Array(0) : bytesOf(value, "The data");
}

/** The JWK of `keyData`, or undefined where it is a buffer source. */
function toKeyData(format, keyData) {
  if (format === "jwk") {
    if (isObject(keyData) && !isBufferSource(keyData)) return toJsonWebKey(keyData);
    throw new TypeError("SubtleCrypto.importKey: a JSON Web Key is an object.");
  }
  checkSource(keyData, "SubtleCrypto.importKey: the key data");
  return undefined;
}

function isBufferSource(value) {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
}

function requireSomeUsage(key) {
  if (factsOf(key).usages.length > 0) return;
  throw new DOMException("A secret or private key needs at least one usage.", "SyntaxError");
}

function unsupported({ name }) {
  return new DOMException(`"${name}" cannot be used here.`, "NotSupportedError");
}
