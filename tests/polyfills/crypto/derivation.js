import { equal, rejects, same } from "./assert.js";

const { subtle } = crypto;
const hex = (buffer) => new Uint8Array(buffer).toHex();
const bytes = (text) => Uint8Array.fromHex(text);
const ascii = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));
const BOTH = ["deriveBits", "deriveKey"];
const keyOf = (name, material, usages = BOTH) =>
  subtle.importKey("raw", material, name, false, usages);

// RFC 5869, appendices A.1 and A.3
export async function hkdf_is_that_of_the_rfc() {
  const key = await keyOf("HKDF", new Uint8Array(22).fill(11));
  const hkdf = {
    name: "HKDF",
    hash: "SHA-256",
    salt: bytes("000102030405060708090a0b0c"),
    info: bytes("f0f1f2f3f4f5f6f7f8f9"),
  };
  same(
    hex(await subtle.deriveBits(hkdf, key, 8 * 42)),
    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
  );
  const bare = { ...hkdf, salt: new Uint8Array(0), info: new Uint8Array(0) };
  same(
    hex(await subtle.deriveBits(bare, key, 8 * 42)),
    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
  );
  same((await subtle.deriveBits(hkdf, key, 8 * 255 * 32)).byteLength, 255 * 32);
  same((await subtle.deriveBits(hkdf, key, 0)).byteLength, 0);
  for (const length of [null, 12, 8 * 255 * 32 + 8]) {
    await rejects(subtle.deriveBits(hkdf, key, length), "OperationError");
  }
  await rejects(subtle.deriveBits(hkdf, key), "OperationError");
}

// RFC 6070
export async function pbkdf2_is_that_of_the_rfc() {
  const key = await keyOf("PBKDF2", ascii("password"));
  const pbkdf2 = { name: "PBKDF2", hash: "SHA-1", salt: ascii("salt"), iterations: 2 };
  const derive = (changes, length = 160) => subtle.deriveBits({ ...pbkdf2, ...changes }, key, length);
  same(hex(await derive({})), "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");
  same(hex(await derive({ iterations: 1 })), "0c60c80f961f0e71f3a9b524af6012062fe037a6");
  same(hex(await derive({ iterations: 4096 })), "4b007901b765489abead49d926f721d065a429c1");
  same((await derive({}, 0)).byteLength, 0);
  await rejects(derive({ iterations: 0 }), "OperationError");
  same((await derive({ iterations: 100_001 })).byteLength, 20, "as OWASP wants it for passwords, and more");
  await rejects(derive({ iterations: 1_000_001 }), "NotSupportedError");
  await rejects(derive({ iterations: 100_001 }, 8 * 20 * 10), "NotSupportedError");
  await rejects(derive({ iterations: 2 ** 32 }), "TypeError");
  for (const length of [null, 9, 4_294_967_288]) {
    await rejects(derive({}, length), "OperationError");
  }
}

export async function keys_are_derived_for_their_algorithm() {
  const base = await keyOf("HKDF", ascii("secret"));
  const none = new Uint8Array(0);
  const hkdf = { name: "HKDF", hash: "SHA-512", salt: none, info: none };
  const derive = (type, usages, key = base) => subtle.deriveKey(hkdf, key, type, true, usages);
  const exported = async (key) => hex(await subtle.exportKey("raw", key));
  const bits = hex(await subtle.deriveBits(hkdf, base, 1024));
  const aes = await derive({ name: "AES-CTR", length: 192 }, ["encrypt"]);
  equal([aes.algorithm, await exported(aes)], [{ name: "AES-CTR", length: 192 }, bits.slice(0, 48)]);
  const hmac = await derive({ name: "HMAC", hash: "SHA-384" }, ["sign"]);
  equal([hmac.algorithm.length, await exported(hmac)], [1024, bits]);
  await rejects(derive({ name: "AES-CTR", length: 100 }, ["encrypt"]), "OperationError");
  await rejects(derive({ name: "HMAC", hash: "SHA-1", length: 0 }, ["sign"]), "TypeError");
  await rejects(derive({ name: "AES-CTR", length: 128 }, []), "SyntaxError");
  await rejects(derive({ name: "AES-CTR", length: 128 }, ["sign"]), "SyntaxError");
  await rejects(derive("Ed25519", ["sign"]), "NotSupportedError");
  await rejects(derive({ name: "PBKDF2" }, BOTH), "OperationError");
  const forBits = await keyOf("HKDF", ascii("secret"), ["deriveBits"]);
  await rejects(derive({ name: "AES-CTR", length: 128 }, ["encrypt"], forBits), "InvalidAccessError");
}

export async function a_password_never_comes_back() {
  for (const name of ["HKDF", "PBKDF2"]) {
    const material = ascii("secret");
    await rejects(subtle.importKey("raw", material, name, true, BOTH), "SyntaxError");
    await rejects(subtle.importKey("raw", material, name, false, ["sign"]), "SyntaxError");
    await rejects(subtle.importKey("raw", material, name, false, []), "SyntaxError");
    await rejects(subtle.importKey("spki", material, name, false, BOTH), "NotSupportedError");
    await rejects(subtle.exportKey("raw", await keyOf(name, material)), "NotSupportedError");
  }
}
