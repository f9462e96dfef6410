// Diffie-Hellman with numbers: https://nodejs.org/docs/latest-v20.x/api/crypto.html#class-diffiehellman

import { randomBytes } from "../crypto/random.js";
import { callable } from "./callable.js";
import { node_agree, node_dh_group, node_dh_power } from "holdfast:ops";
import { Buffer } from "./buffer.js";
import { encoded, isText, secretOf, toBuffer } from "./bytes.js";
import { attempt } from "./crypto-errors.js";
import {
  isCryptoKey,
  isKeyObject,
  materialOfKey,
  publicOf,
  requireKeyType,
} from "./crypto-keys.js";
import { checkPrimeSync, generatePrimeSync } from "./crypto-primes.js";
import { invalidType, invalidValue, nodeError, requireInteger, requireObject } from "./errors.js";

const MAX_INT32 = 2 ** 31 - 1;
const NOT_SUITABLE_GENERATOR = 8;
const NOT_SAFE_PRIME = 2;
const NOT_PRIME = 1;
const TOO_SMALL = 128; // a prime of less than 512 bits
const GROUPS = {
  768: "modp1",
  1024: "modp2",
  1536: "modp5",
  2048: "modp14",
  3072: "modp15",
  4096: "modp16",
  6144: "modp17",
  8192: "modp18",
};
const MAX_BYTES = 1_250; // OpenSSL's limit of 10,000 bits
const PRIVATE_BYTES = 64; // enough for groups whose primes are known to be safe

const withoutZeros = (bytes) => {
  const start = bytes.findIndex((byte) => byte !== 0);
  return start < 0 ? Buffer.alloc(1) : toBuffer(bytes.subarray(start));
};
const numberOf = (bytes) => BigInt(`0x${toBuffer(bytes).toString("hex") || "0"}`);

function bytesOfNumber(number) {
  const hex = number.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
}

function noKey(which) {
  const message = `No ${which} key - did you forget to generate one?`;
  return nodeError(Error, "ERR_CRYPTO_INVALID_STATE", message);
}

let setKey;

/** Whether it is the prime of a group of its size, which need not be tested. */
function isGroupPrime(prime) {
  const name = GROUPS[8 * prime.length];
  return name !== undefined && prime.equals(toBuffer(node_dh_group(name)));
}

/** A random number from 2 to the prime less 2; so many bits more make all equally likely. */
function privateBelow(prime) {
  const p = numberOf(prime);
  const span = p > 4n ? p - 3n : 1n;
  return bytesOfNumber((numberOf(randomBytes(prime.length + 8)) % span) + 2n);
}

/** What both classes do with their prime and generator. */
class Exchange {
  #prime;
  #generator;
  #isKnown;
  #private = null;
  #public = null;

  constructor(prime, generator, isKnown) {
    this.#prime = prime;
    this.#generator = generator;
    this.#isKnown = isKnown;
  }

  generateKeys(encoding = undefined) {
    this.#private ??= this.#isKnown
      ? Buffer.from(randomBytes(Math.min(PRIVATE_BYTES, this.#prime.length - 1)))
      : privateBelow(this.#prime);
    this.#public = withoutZeros(this.#power(this.#generator, this.#private));
    return encoded(Buffer.from(this.#public), encoding);
  }

  #power(base, exponent) {
    return attempt(() => node_dh_power(base, exponent, this.#prime));
  }

  computeSecret(otherPublicKey, inputEncoding = undefined, outputEncoding = undefined) {
    const other = secretOf(otherPublicKey, "key", inputEncoding);
    const number = numberOf(other);
    if (number <= 1n)
      throw nodeError(RangeError, "ERR_CRYPTO_INVALID_KEYLEN", "Supplied key is too small");
    if (number >= numberOf(this.#prime) - 1n)
      throw nodeError(RangeError, "ERR_CRYPTO_INVALID_KEYLEN", "Supplied key is too large");
    if (this.#private === null) throw noKey("private");
    return encoded(this.#power(other, this.#private), outputEncoding);
  }

  getPrime(encoding = undefined) {
    return encoded(Buffer.from(this.#prime), encoding);
  }

  getGenerator(encoding = undefined) {
    return encoded(Buffer.from(this.#generator), encoding);
  }

  getPublicKey(encoding = undefined) {
    if (this.#public === null) throw noKey("public");
    return encoded(Buffer.from(this.#public), encoding);
  }

  getPrivateKey(encoding = undefined) {
    if (this.#private === null) throw noKey("private");
    return encoded(Buffer.from(this.#private), encoding);
  }

  /** What is wrong with the parameters, as bits of OpenSSL's. */
  get verifyError() {
    if (this.#isKnown || isGroupPrime(this.#prime)) return 0;
    const p = numberOf(this.#prime);
    let error = p < 1n << 511n ? TOO_SMALL : 0;
    if (numberOf(this.#generator) <= 1n || numberOf(this.#generator) >= p - 1n)
      error |= NOT_SUITABLE_GENERATOR;
    if (!checkPrimeSync(p)) error |= NOT_PRIME;
    else if (!checkPrimeSync((p - 1n) / 2n)) error |= NOT_SAFE_PRIME;
    return error;
  }

  static {
    setKey = (exchange, which, key) => {
      if (which === "private") exchange.#private = withoutZeros(key);
      else exchange.#public = withoutZeros(key);
    };
  }
}

function generatorOf(generator, encoding) {
  if (generator === undefined) return Buffer.from([2]);
  if (typeof generator === "number") {
    requireInteger(generator, "generator", -MAX_INT32 - 1, MAX_INT32);
    if (generator < 2) throw badGenerator();
    return bytesOfNumber(BigInt(generator));
  }
  if (!isText(generator))
    throw invalidType(
      "generator",
      ["number", "string", "ArrayBuffer", "Buffer", "TypedArray", "DataView"],
      generator,
    );
  const given = secretOf(generator, "generator", encoding);
  if (given.length > MAX_BYTES)
    throw new RangeError("DiffieHellman init failed: generator is too large");
  const bytes = withoutZeros(given);
  if (numberOf(bytes) < 2n) throw badGenerator();
  return Buffer.from(bytes);
}

function badGenerator() {
  const error = new Error("error:02800065:Diffie-Hellman routines::bad generator");
  return Object.assign(error, {
    library: "Diffie-Hellman routines",
    reason: "bad generator",
    code: "ERR_OSSL_DH_BAD_GENERATOR",
  });
}

/** Parameters of one's own: a prime, or the bits of a new one, and a generator. */
class DiffieHellmanClass extends Exchange {
  constructor(sizeOrKey, keyEncoding, generator, genEncoding) {
    if (typeof sizeOrKey !== "number" && !isText(sizeOrKey))
      throw invalidType(
        "sizeOrKey",
        ["number", "string", "ArrayBuffer", "Buffer", "TypedArray", "DataView"],
        sizeOrKey,
      );
    if (typeof sizeOrKey === "number") requireInteger(sizeOrKey, "sizeOrKey", 0, MAX_INT32);
    if (keyEncoding && !Buffer.isEncoding(keyEncoding) && keyEncoding !== "buffer") {
      [genEncoding, generator] = [generator, keyEncoding];
      keyEncoding = undefined;
    }
    const made = generatorOf(generator, genEncoding);
    const prime =
      typeof sizeOrKey === "number"
        ? Buffer.from(generatePrimeSync(sizeOrKey, { safe: true }))
        : Buffer.from(secretOf(sizeOrKey, "sizeOrKey", keyEncoding));
    if (prime.length > MAX_BYTES)
      throw new RangeError("DiffieHellman init failed: prime is too large");
    super(prime, made, false);
  }

  setPublicKey(key, encoding = undefined) {
    setKey(this, "public", Buffer.from(secretOf(key, "key", encoding)));
    return this;
  }

  setPrivateKey(key, encoding = undefined) {
    setKey(this, "private", Buffer.from(secretOf(key, "key", encoding)));
    return this;
  }
}

/** One of the groups of RFC 2409 and RFC 3526 ("modp14"). */
class DiffieHellmanGroupClass extends Exchange {
  constructor(name) {
    if (typeof name !== "string")
      throw nodeError(TypeError, "ERR_INVALID_ARG_TYPE", "Group name must be a string");
    const prime = attempt(() => node_dh_group(name));
    super(toBuffer(prime), Buffer.from([2]), true);
  }
}

export const DiffieHellman = callable(DiffieHellmanClass, "DiffieHellman");
export const DiffieHellmanGroup = callable(DiffieHellmanGroupClass, "DiffieHellmanGroup");
export const createDiffieHellman = (sizeOrKey, keyEncoding, generator, genEncoding) =>
  new DiffieHellman(sizeOrKey, keyEncoding, generator, genEncoding);
export const createDiffieHellmanGroup = (name) => new DiffieHellmanGroup(name);
export const getDiffieHellman = createDiffieHellmanGroup;

/** The secret of two KeyObjects: https://nodejs.org/docs/latest-v20.x/api/crypto.html#cryptodiffiehellmanoptions */
export function diffieHellman(options) {
  requireObject(options, "options");
  const { privateKey, publicKey } = options;
  const isKey = (key) => isKeyObject(key) || isCryptoKey(key);
  if (!isKey(privateKey)) throw invalidValue("options.privateKey", privateKey);
  if (!isKey(publicKey)) throw invalidValue("options.publicKey", publicKey);
  const own = materialOfKey(requireKeyType(privateKey, "private"));
  const other = requireKeyType(publicKey, "public", "private");
  const peer = materialOfKey(other.type === "private" ? publicOf(other) : other);
  return toBuffer(attempt(() => node_agree(own, peer)));
}
