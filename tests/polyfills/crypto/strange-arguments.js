// Calls with arguments put together at random, the same ones each time: whatever comes of
// them is an answer, a TypeError or one of the standard's DOMExceptions.

import { ok } from "./assert.js";

const { subtle } = crypto;
const NAMES = [
  "SyntaxError", "NotSupportedError", "OperationError", "DataError", "InvalidAccessError",
];
const ALGORITHMS = [
  "SHA-1", "SHA-512", "HMAC", "AES-CBC", "AES-CTR", "AES-GCM", "AES-KW", "RSA-OAEP", "RSA-PSS",
  "RSASSA-PKCS1-v1_5", "ECDSA", "ECDH", "Ed25519", "X25519", "Ed448", "X448", "HKDF", "PBKDF2",
  "NODE-ED25519",
];
const USAGES = [
  "encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey",
];

let seed = 20_261;
function below(limit) {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
  return (seed >>> 8) % limit;
}
const pick = (values) => values[below(values.length)];
const bytes = (length) => Uint8Array.from({ length }, () => below(256));

const buffers = [0, 1, 8, 12, 16, 24, 32, 57, 64, 65, 91, 256, 70_000].map(bytes);
const strange = [
  undefined, null, 0, -1, 1, 2 ** 32, NaN, "", "SHA-1", "\ud800", {}, [], Symbol.iterator, 5n,
  new Float64Array(2), new SharedArrayBuffer(8), () => {},
];
const numbers = [0, 1, 8, 96, 127, 128, 192, 256, 521, 65_537, 4_294_967_295, -1, 1.5];

function algorithm(keys) {
  const name = pick(ALGORITHMS);
  if (below(4) === 0) return name;
  const members = {
    name,
    hash: pick(["SHA-1", "SHA-256", { name: "SHA-384" }, "MD5", "HMAC"]),
    length: pick(numbers),
    iv: pick(buffers),
    counter: pick(buffers),
    tagLength: pick([96, 128, 100]),
    additionalData: pick([undefined, ...buffers]),
    label: pick([undefined, ...buffers]),
    salt: pick(buffers),
    info: pick(buffers),
    iterations: pick([0, 1, 3, 200_000]),
    saltLength: pick(numbers),
    namedCurve: pick(["P-256", "P-384", "P-521", "NODE-ED25519", "P-0"]),
    public: pick(keys),
    publicExponent: pick([new Uint8Array([3]), new Uint8Array(9), new Uint8Array(0), "3"]),
    modulusLength: pick([0, 256, 1000, 2 ** 31]),
  };
  if (below(3) === 0) members[pick(Object.keys(members))] = pick(strange);
  return members;
}

const usages = () => (below(9) === 0 ? pick(strange) : USAGES.filter(() => below(3) === 0));
const format = () => pick(["raw", "spki", "pkcs8", "jwk", "raw", "pem"]);
const data = () => (below(12) === 0 ? pick(strange) : pick(buffers));

async function keysToStartWith() {
  const keys = [];
  for (const name of ["AES-CBC", "AES-GCM", "AES-CTR", "AES-KW", "HKDF", "PBKDF2"]) {
    const all = name === "AES-KW" ? USAGES.slice(6) : USAGES.slice(0, 2);
    const some = name.startsWith("AES") ? all : ["deriveBits", "deriveKey"];
    keys.push(await subtle.importKey("raw", bytes(16), name, name.startsWith("AES"), some));
  }
  keys.push(await subtle.generateKey({ name: "HMAC", hash: "SHA-1" }, true, ["sign", "verify"]));
  for (const [generated, some] of [
    [{ name: "ECDSA", namedCurve: "P-256" }, ["sign", "verify"]],
    [{ name: "ECDH", namedCurve: "P-256" }, ["deriveBits", "deriveKey"]],
    ["Ed25519", ["sign", "verify"]], ["X25519", ["deriveBits", "deriveKey"]],
  ]) {
    const { publicKey, privateKey } = await subtle.generateKey(generated, true, some);
    keys.push(publicKey, privateKey);
  }
  return keys;
}

export async function strange_arguments_get_an_answer_or_an_error_of_the_standard() {
  const keys = await keysToStartWith();
  const jwks = [];
  for (const key of keys) {
    await subtle.exportKey("jwk", key).then((jwk) => jwks.push(jwk), () => undefined);
  }
  const key = () => (below(20) === 0 ? pick(strange) : pick(keys));
  const keyData = () => {
    if (below(2) === 0) return data();
    const jwk = { ...pick(jwks) };
    if (below(2) === 0) jwk[pick(Object.keys(jwk))] = pick([...strange, "AAEC", "AA"]);
    return jwk;
  };
  const calls = {
    encrypt: () => [algorithm(keys), key(), data()],
    decrypt: () => [algorithm(keys), key(), data()],
    sign: () => [algorithm(keys), key(), data()],
    verify: () => [algorithm(keys), key(), data(), data()],
    digest: () => [algorithm(keys), data()],
    generateKey: () => [algorithm(keys), below(2), usages()],
    importKey: () => [format(), keyData(), algorithm(keys), below(2), usages()],
    exportKey: () => [format(), key()],
    deriveBits: () => [algorithm(keys), key(), pick([...numbers, null, undefined])],
    deriveKey: () => [algorithm(keys), key(), algorithm(keys), below(2), usages()],
    wrapKey: () => [format(), key(), key(), algorithm(keys)],
    unwrapKey: () => [format(), data(), key(), algorithm(keys), algorithm(keys), below(2), usages()],
  };
  let answered = 0;
  for (let i = 0; i < 600; i++) {
    const method = pick(Object.keys(calls));
    try {
      const given = await subtle[method](...calls[method]());
      if (given instanceof CryptoKey) keys.push(given);
      answered++;
    } catch (error) {
      const known = error instanceof DOMException ? NAMES.includes(error.name) : error.name === "TypeError";
      ok(known, `${method}: ${error}`);
    }
  }
  ok(answered > 20, `${answered} calls were answered`);
}
