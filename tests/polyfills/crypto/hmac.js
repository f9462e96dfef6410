import { equal, ok, rejects, same, throws } from "./assert.js";
import { CryptoKey } from "holdfast:crypto/key.js";
import { crypto } from "holdfast:crypto/crypto.js";

const { subtle } = crypto;
const ascii = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));
const hex = (buffer) => new Uint8Array(buffer).toHex();
const HMAC = { name: "HMAC", hash: "SHA-256" };
const imported = (algorithm = HMAC, extractable = true, usages = ["sign", "verify"]) =>
  subtle.importKey("raw", ascii("Jefe"), algorithm, extractable, usages);

// RFC 4231, test case 2
const DATA = ascii("what do ya want for nothing?");
const MACS = {
  "SHA-1": "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
  "SHA-256": "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  "SHA-384":
    "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47" +
    "e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
  "SHA-512":
    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554" +
    "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
};

export async function signatures_are_those_of_the_standard() {
  for (const [hash, expected] of Object.entries(MACS)) {
    const key = await imported({ name: "hmac", hash: { name: hash } });
    const signature = await subtle.sign("HMAC", key, DATA);
    same(hex(signature), expected);
    same(await subtle.verify("HMAC", key, signature, DATA), true);
    new Uint8Array(signature)[0] ^= 1;
    same(await subtle.verify("HMAC", key, signature, DATA), false);
    same(await subtle.verify("HMAC", key, new Uint8Array(3), DATA), false);
  }
}

export async function large_data_are_signed_as_they_were() {
  const key = await imported();
  const data = new Uint8Array(200_000);
  const pending = subtle.sign("HMAC", key, data);
  data.fill(1);
  same(hex(await pending), hex(await subtle.sign("HMAC", key, new Uint8Array(200_000))));
}

export async function a_key_tells_what_it_is_and_stays_so() {
  const key = await imported(HMAC, false, ["verify", "sign", "sign"]);
  ok(key instanceof CryptoKey);
  equal([key.type, key.extractable], ["secret", false]);
  equal(key.algorithm, { name: "HMAC", length: 32, hash: { name: "SHA-256" } });
  equal(key.usages, ["sign", "verify"]);
  same(key.usages, key.usages);
  key.usages.length = 0;
  key.algorithm.hash.name = "SHA-1";
  same(hex(await subtle.sign("HMAC", key, DATA)), MACS["SHA-256"]);
  throws(() => new CryptoKey(), "TypeError");
}

export async function keys_are_generated_with_the_length_of_the_hash() {
  const key = await subtle.generateKey(HMAC, true, ["sign"]);
  same(key.algorithm.length, 512);
  same((await subtle.exportKey("raw", key)).byteLength, 64);
  const wide = await subtle.generateKey({ name: "HMAC", hash: "SHA-512" }, true, ["verify"]);
  same(wide.algorithm.length, 1024);
  const odd = await subtle.generateKey({ ...HMAC, length: 12 }, true, ["sign"]);
  const bytes = new Uint8Array(await subtle.exportKey("raw", odd));
  equal([bytes.length, bytes[1] & 15], [2, 0]);
  await rejects(subtle.generateKey({ ...HMAC, length: 0 }, true, ["sign"]), "OperationError");
  await rejects(subtle.generateKey(HMAC, true, []), "SyntaxError");
  await rejects(subtle.generateKey(HMAC, true, ["encrypt"]), "SyntaxError");
  await rejects(subtle.generateKey(HMAC, true, ["dance"]), "TypeError");
  await rejects(subtle.generateKey({ name: "HMAC" }, true, ["sign"]), "TypeError");
}

export async function json_web_keys_go_out_and_come_in() {
  const key = await imported();
  const jwk = await subtle.exportKey("jwk", key);
  equal(jwk, { kty: "oct", k: "SmVmZQ", alg: "HS256", key_ops: ["sign", "verify"], ext: true });
  const back = await subtle.importKey("jwk", jwk, HMAC, true, ["sign"]);
  same(hex(await subtle.sign("HMAC", back, DATA)), MACS["SHA-256"]);
}

export async function a_broken_json_web_key_is_refused() {
  const good = { kty: "oct", k: "SmVmZQ" };
  const attempt = (jwk, usages = ["sign"]) => subtle.importKey("jwk", jwk, HMAC, true, usages);
  await attempt(good);
  for (const change of [
    { kty: "RSA" }, { k: undefined }, { k: "S mVmZQ" }, { k: "SmVmZQ==" }, { k: "a" }, { k: "" },
    { alg: "HS512" }, { use: "enc" }, { ext: false }, { key_ops: ["verify"] },
    { key_ops: ["sign", "sign"] },
  ]) {
    await rejects(attempt({ ...good, ...change }), "DataError", JSON.stringify(change));
  }
  await rejects(attempt("text"), "TypeError");
  await rejects(attempt(ascii("x")), "TypeError");
}

export async function a_raw_key_must_fit_its_length() {
  const attempt = (bytes, length) =>
    subtle.importKey("raw", bytes, { ...HMAC, length }, true, ["sign"]);
  same((await attempt(ascii("ab"), 12)).algorithm.length, 12);
  await rejects(attempt(ascii("ab"), 8), "DataError");
  await rejects(attempt(ascii("ab"), 17), "DataError");
  await rejects(attempt(ascii("")), "DataError");
  await rejects(subtle.importKey("spki", ascii("ab"), HMAC, true, ["sign"]), "NotSupportedError");
  await rejects(subtle.importKey("raw", ascii("ab"), HMAC, true, []), "SyntaxError");
  await rejects(subtle.importKey("zip", ascii("ab"), HMAC, true, ["sign"]), "TypeError");
}

export async function a_key_does_only_what_it_is_for() {
  const key = await imported(HMAC, false, ["verify"]);
  await rejects(subtle.sign("HMAC", key, DATA), "InvalidAccessError");
  await rejects(subtle.exportKey("raw", key), "InvalidAccessError");
  await rejects(subtle.sign("RSASSA-PKCS1-v1_5", key, DATA), "InvalidAccessError");
  await rejects(subtle.sign("FOO", key, DATA), "NotSupportedError");
  await rejects(subtle.sign("HMAC", {}, DATA), "TypeError");
  await rejects(subtle.encrypt("HMAC", key, DATA), "NotSupportedError");
}
