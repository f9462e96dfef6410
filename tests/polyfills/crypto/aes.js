import { equal, rejects, same } from "./assert.js";

const { subtle } = crypto;
const bytes = (hex) => Uint8Array.fromHex(hex);
const hex = (buffer) => new Uint8Array(buffer).toHex();
const counting = (length) => Uint8Array.from({ length }, (_, i) => i);
const ascii = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));
const keyOf = (name, material) =>
  subtle.importKey("raw", material, name, true, ["encrypt", "decrypt"]);

// NIST SP 800-38A, appendix F
const KEY = bytes("2b7e151628aed2a6abf7158809cf4f3c");
const PLAIN = bytes("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");

export async function cbc_is_that_of_the_standard_and_padded() {
  const key = await keyOf("AES-CBC", KEY);
  const algorithm = { name: "aes-cbc", iv: counting(16) };
  const sealed = await subtle.encrypt(algorithm, key, PLAIN);
  same(
    hex(sealed).slice(0, 64),
    "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2",
  );
  same(sealed.byteLength, 48);
  same(hex(await subtle.decrypt(algorithm, key, sealed)), hex(PLAIN));
  for (const cut of [0, 1, 16, 47]) {
    await rejects(subtle.decrypt(algorithm, key, sealed.slice(0, cut)), "OperationError");
  }
  await rejects(subtle.encrypt({ name: "AES-CBC", iv: KEY.slice(1) }, key, KEY), "OperationError");
  await rejects(subtle.encrypt("AES-CBC", key, KEY), "TypeError");
}

export async function ctr_counts_in_as_many_bits_as_it_is_told() {
  const key = await keyOf("AES-CTR", KEY);
  const counter = bytes("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
  same(
    hex(await subtle.encrypt({ name: "AES-CTR", counter, length: 64 }, key, PLAIN)),
    "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff",
  );
  // The second block is that of the counter that has begun anew, not of the next in 128 bits.
  const wrapped = bytes("f0f1f2f3f4f5f6f7f8f9fafbfcfdfef0");
  const both = await subtle.encrypt({ name: "AES-CTR", counter, length: 4 }, key, PLAIN);
  const second = await subtle.encrypt({ name: "AES-CTR", counter: wrapped, length: 4 }, key, PLAIN.slice(16));
  same(hex(both).slice(32), hex(second));
  await rejects(
    subtle.encrypt({ name: "AES-CTR", counter, length: 1 }, key, new Uint8Array(33)),
    "OperationError",
  );
  for (const length of [0, 129]) {
    await rejects(subtle.encrypt({ name: "AES-CTR", counter, length }, key, PLAIN), "OperationError");
  }
  await rejects(subtle.encrypt({ name: "AES-CTR", counter, length: 256 }, key, PLAIN), "TypeError");
}

// What BoringSSL makes of the key, a text and these nonces, with bytes 0 to 4 as additional data.
const BY_NONCE = {
  1: "5b428adbf8952cc51a0f3567ea182ad92f6a5b6a62fcbba46b53a8236cfb91db8512601a5231953e9d2dfd051c",
  7: "8bc2cc6a40afec94704d5fa519ba086b7ed1db304baa9baa1e20943e01169d4cc0d97f8458180a694d82ac5d07",
  12: "f24cd3ab1e6fd73b2df20ce544c6507cdb4774c63c8398d6844d9e4e7f46013e05b1a2536f943e38c68741cdd9",
  129: "64b47e483ff9f6d811655deac58033b17bb14b5186295dbef7a8e12790f9296f7b424dbd09079d682415c2db0a",
};

export async function gcm_takes_nonces_of_every_length() {
  const key = await keyOf("AES-GCM", counting(16));
  const text = ascii("a text of more than one block");
  for (const [length, expected] of Object.entries(BY_NONCE)) {
    const algorithm = { name: "AES-GCM", iv: counting(+length), additionalData: counting(5) };
    const sealed = await subtle.encrypt(algorithm, key, text);
    same(hex(sealed), expected, `${length} bytes`);
    same(hex(await subtle.decrypt(algorithm, key, sealed)), hex(text));
    const { additionalData: _, ...without } = algorithm;
    await rejects(subtle.decrypt(without, key, sealed), "OperationError");
    new Uint8Array(sealed)[3] ^= 1;
    await rejects(subtle.decrypt(algorithm, key, sealed), "OperationError");
  }
  await rejects(subtle.encrypt({ name: "AES-GCM", iv: counting(0) }, key, text), "OperationError");
}

export async function gcm_cuts_its_tag_to_the_lengths_that_are_allowed() {
  const key = await keyOf("AES-GCM", KEY);
  const algorithm = { name: "AES-GCM", iv: counting(12) };
  const whole = hex(await subtle.encrypt(algorithm, key, PLAIN));
  for (const tagLength of [32, 64, 96, 104, 112, 120, 128]) {
    const sealed = await subtle.encrypt({ ...algorithm, tagLength }, key, PLAIN);
    same(hex(sealed), whole.slice(0, 64 + tagLength / 4));
    same(hex(await subtle.decrypt({ ...algorithm, tagLength }, key, sealed)), hex(PLAIN));
  }
  for (const tagLength of [0, 16, 100]) {
    await rejects(subtle.encrypt({ ...algorithm, tagLength }, key, PLAIN), "OperationError");
  }
  await rejects(subtle.decrypt(algorithm, key, new Uint8Array(15)), "OperationError");
}

export async function much_is_encrypted_as_it_was_when_asked_for() {
  const data = counting(200_000);
  for (const algorithm of [
    { name: "AES-CBC", iv: counting(16) },
    { name: "AES-CTR", counter: counting(16), length: 64 },
    { name: "AES-GCM", iv: counting(12) },
  ]) {
    const key = await keyOf(algorithm.name, KEY);
    const changing = data.slice();
    const pending = subtle.encrypt(algorithm, key, changing);
    changing.fill(0);
    equal(new Uint8Array(await subtle.decrypt(algorithm, key, await pending)), data);
  }
}

// RFC 3394, section 4.1
export async function key_wrap_is_that_of_the_rfc() {
  const wrapping = await subtle.importKey("raw", counting(16), "AES-KW", false, [
    "wrapKey", "unwrapKey",
  ]);
  const material = bytes("00112233445566778899aabbccddeeff");
  const wrapped = await subtle.wrapKey("raw", await keyOf("AES-CBC", material), wrapping, "AES-KW");
  same(hex(wrapped), "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5");
  const unwrap = (data) =>
    subtle.unwrapKey("raw", data, wrapping, "AES-KW", "AES-CBC", true, ["encrypt"]);
  same(hex(await subtle.exportKey("raw", await unwrap(wrapped))), hex(material));
  new Uint8Array(wrapped)[0] ^= 1;
  for (const data of [wrapped, wrapped.slice(1), new Uint8Array(16), new Uint8Array(0)]) {
    await rejects(unwrap(data), "OperationError");
  }
  await rejects(subtle.encrypt("AES-KW", wrapping, material), "NotSupportedError");
}

export async function keys_have_three_lengths() {
  for (const length of [128, 192, 256]) {
    const key = await subtle.generateKey({ name: "AES-GCM", length }, true, ["decrypt"]);
    equal(key.algorithm, { name: "AES-GCM", length });
    const jwk = await subtle.exportKey("jwk", key);
    same(jwk.alg, `A${length}GCM`);
    await subtle.importKey("jwk", jwk, "AES-GCM", true, ["decrypt"]);
    await rejects(subtle.importKey("jwk", jwk, "AES-CBC", true, ["decrypt"]), "DataError");
  }
  await rejects(
    subtle.generateKey({ name: "AES-GCM", length: 100 }, true, ["encrypt"]),
    "OperationError",
  );
  for (const length of [0, 15, 33]) {
    await rejects(keyOf("AES-GCM", counting(length)), "DataError");
  }
}
