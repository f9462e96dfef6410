import { equal, rejects, same } from "./assert.js";

const { subtle } = crypto;
const hex = (buffer) => new Uint8Array(buffer).toHex();
const encoded = (text) => new TextEncoder().encode(text);
const GCM = { name: "AES-GCM", iv: new Uint8Array(12) };
const wrappingKey = (usages = ["encrypt", "wrapKey", "unwrapKey"]) =>
  subtle.importKey("raw", new Uint8Array(32), "AES-GCM", false, usages);

export async function a_key_is_wrapped_and_unwrapped_in_every_format() {
  const wrapping = await wrappingKey();
  const ec = { name: "ECDSA", namedCurve: "P-256" };
  const { privateKey, publicKey } = await subtle.generateKey(ec, true, ["sign", "verify"]);
  for (const [format, key] of [
    ["raw", publicKey], ["spki", publicKey], ["jwk", publicKey], ["pkcs8", privateKey],
    ["jwk", privateKey],
  ]) {
    const wrapped = await subtle.wrapKey(format, key, wrapping, GCM);
    const back = await subtle.unwrapKey(format, wrapped, wrapping, GCM, ec, true, key.usages);
    equal(await subtle.exportKey("jwk", back), await subtle.exportKey("jwk", key), format);
  }
  const hidden = await subtle.unwrapKey(
    "pkcs8", await subtle.wrapKey("pkcs8", privateKey, wrapping, GCM), wrapping, GCM, ec, false, ["sign"],
  );
  await rejects(subtle.exportKey("pkcs8", hidden), "InvalidAccessError");
  await rejects(subtle.wrapKey("pkcs8", hidden, wrapping, GCM), "InvalidAccessError");
}

export async function rsa_wraps_a_key_for_whoever_has_the_other_half() {
  const rsa = {
    name: "RSA-OAEP", modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256",
  };
  const pair = await subtle.generateKey(rsa, false, ["wrapKey", "unwrapKey"]);
  const key = await subtle.generateKey({ name: "AES-CBC", length: 128 }, true, ["encrypt"]);
  const wrapped = await subtle.wrapKey("raw", key, pair.publicKey, "RSA-OAEP");
  const back = await subtle.unwrapKey(
    "raw", wrapped, pair.privateKey, "RSA-OAEP", "AES-CBC", true, ["encrypt"],
  );
  same(hex(await subtle.exportKey("raw", back)), hex(await subtle.exportKey("raw", key)));
  await rejects(
    subtle.unwrapKey("raw", wrapped, pair.publicKey, "RSA-OAEP", "AES-CBC", true, ["encrypt"]),
    "InvalidAccessError",
  );
}

export async function what_is_unwrapped_has_to_be_a_key() {
  const wrapping = await wrappingKey();
  const unwrap = async (text, usages = ["sign"]) =>
    subtle.unwrapKey(
      "jwk", await subtle.encrypt(GCM, wrapping, encoded(text)), wrapping, GCM,
      { name: "HMAC", hash: "SHA-256" }, true, usages,
    );
  await unwrap('\ufeff{"kty":"oct","k":"AAEC"}');
  for (const text of [
    "", "{", "null", "1", "[]", "{}", '{"kty":"oct"}', '{"kty":"oct","k":"*"}', '{"kty":"oct","k":{}}',
    '{"kty":"RSA","k":"AAEC"}', '{"__proto__":{"kty":"oct","k":"AAEC"}}', "\xff\xfe",
  ]) {
    await rejects(unwrap(text), "DataError", text);
  }
  await rejects(unwrap('{"kty":"oct","k":"AAEC"}', []), "SyntaxError");
  const forOthers = await wrappingKey(["encrypt"]);
  await rejects(
    subtle.unwrapKey("raw", new Uint8Array(16), forOthers, GCM, "AES-CBC", true, ["encrypt"]),
    "InvalidAccessError",
  );
}
