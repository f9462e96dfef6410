// Primes: https://nodejs.org/docs/latest-v20.x/api/crypto.html#cryptogenerateprimesize-options-callback

import {
  node_prime_check,
  node_prime_check_later,
  node_prime_generate,
  node_prime_generate_later,
} from "holdfast:ops";
import { Buffer } from "./buffer.js";
import { bytesOf, isBytes } from "./bytes.js";
import { answer, attempt } from "./crypto-errors.js";
import {
  invalidType,
  outOfRange,
  requireFunction,
  requireInteger,
  requireObject,
} from "./errors.js";

const MAX_INT32 = 2 ** 31 - 1;
const BYTES = ["ArrayBuffer", "TypedArray", "Buffer", "DataView", "bigint"];

function bytesOfNumber(value, name) {
  if (typeof value === "bigint") {
    if (value < 0n) throw outOfRange(name, ">= 0", value);
    const hex = value.toString(16);
    return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  }
  if (isBytes(value)) return bytesOf(value);
  throw invalidType(name, BYTES, value);
}

function generateArguments(size, options) {
  requireInteger(size, "size", 1, MAX_INT32);
  requireObject(options, "options");
  const { safe = false, bigint = false, add, rem } = options;
  if (typeof safe !== "boolean") throw invalidType("options.safe", "boolean", safe);
  if (typeof bigint !== "boolean") throw invalidType("options.bigint", "boolean", bigint);
  const numbers = [
    ["options.add", add],
    ["options.rem", rem],
  ].map(([name, value]) => (value === undefined ? undefined : bytesOfNumber(value, name)));
  const give = bigint
    ? (bytes) => BigInt(`0x${Buffer.from(bytes).toString("hex")}`)
    : (bytes) => bytes.buffer;
  return [[size, safe, ...numbers], give];
}

export function generatePrimeSync(size, options = {}) {
  const [args, give] = generateArguments(size, options);
  return give(attempt(() => node_prime_generate(...args)));
}

export function generatePrime(size, options, callback) {
  requireInteger(size, "size", 1, MAX_INT32);
  if (typeof options === "function") [callback, options] = [options, {}];
  requireFunction(callback, "callback");
  const [args, give] = generateArguments(size, options);
  answer(node_prime_generate_later(...args), callback, give);
}

function checkArguments(candidate, options) {
  const bytes = bytesOfNumber(candidate, "candidate");
  requireObject(options, "options");
  const { checks = 0 } = options;
  requireInteger(checks, "options.checks", 0, 2 ** 31 - 1);
  return [bytes, checks];
}

export function checkPrimeSync(candidate, options = {}) {
  return attempt(() => node_prime_check(...checkArguments(candidate, options)));
}

export function checkPrime(candidate, options, callback) {
  bytesOfNumber(candidate, "candidate");
  if (typeof options === "function") [callback, options] = [options, {}];
  requireFunction(callback, "callback");
  answer(node_prime_check_later(...checkArguments(candidate, options)), callback, (value) => value);
}
