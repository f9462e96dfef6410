// The global object's `crypto`: https://w3c.github.io/webcrypto/#Crypto-interface

import { DOMException } from "../language/dom-exception.js";
import { describeView, isArrayBuffer, viewKind } from "../kernel/buffers.js";
import { lazily } from "../kernel/lazy.js";
import {
  defineInterface,
  illegalConstructor,
  illegalInvocation,
  isObject,
  requireArguments,
} from "../kernel/webidl.js";
import "./builtins.js";
import { randomBytes, randomUUID } from "./random.js";

const { Uint8Array } = globalThis;
const setBytes = Function.prototype.call.bind(Uint8Array.prototype.set);

const subtleModule = lazily("crypto/subtle.js");
const streamModule = lazily("crypto/digest-stream.js");
const CONSTRUCTING = {};
const MAX_RANDOM_BYTES = 65_536;
const INTEGER_ARRAYS = new Set([
  "Int8Array",
  "Int16Array",
  "Int32Array",
  "BigInt64Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Uint16Array",
  "Uint32Array",
  "BigUint64Array",
]);

/** Random values and the way to `subtle`. */
export class Crypto {
  #brand;

  constructor() {
    if (arguments[0] !== CONSTRUCTING) throw illegalConstructor();
  }

  get subtle() {
    if (!isObject(this) || !(#brand in this)) throw illegalInvocation();
    return subtleModule().subtle;
  }

  get DigestStream() {
    return streamModule().DigestStream;
  }

  /** https://w3c.github.io/webcrypto/#Crypto-method-getRandomValues */
  getRandomValues(array) {
    if (!isObject(this) || !(#brand in this)) throw illegalInvocation();
    requireArguments(arguments.length, 1, "'getRandomValues' on 'Crypto'");
    const kind = viewKind(array);
    if (kind === undefined) throw new TypeError("Crypto.getRandomValues: the array is no view.");
    if (!INTEGER_ARRAYS.has(kind)) {
      throw new DOMException(`A ${kind} is not an array of integers.`, "TypeMismatchError");
    }
    const { buffer, byteOffset, byteLength } = describeView(array);
    if (!isArrayBuffer(buffer)) throw new TypeError("Crypto.getRandomValues: the array is shared.");
    if (byteLength > MAX_RANDOM_BYTES) {
      throw new DOMException(
        `${byteLength} bytes are more than the ${MAX_RANDOM_BYTES} that one call gives.`,
        "QuotaExceededError",
      );
    }
    if (byteLength > 0) {
      setBytes(new Uint8Array(buffer, byteOffset, byteLength), randomBytes(byteLength));
    }
    return array;
  }

  /** https://w3c.github.io/webcrypto/#Crypto-method-randomUUID */
  randomUUID() {
    if (!isObject(this) || !(#brand in this)) throw illegalInvocation();
    return randomUUID();
  }
}

defineInterface(Crypto);

/** The one of this isolate. */
export const crypto = new Crypto(CONSTRUCTING);
