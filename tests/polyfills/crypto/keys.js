import { equal, ok, rejects, same, throws } from "./assert.js";

const { subtle } = crypto;
const hex = (buffer) => new Uint8Array(buffer).toHex();
const data = Uint8Array.from({ length: 100 }, (_, i) => i);
const RSA = { modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" };

const SIGNING = [
  [{ name: "RSASSA-PKCS1-v1_5", ...RSA }, { name: "RSASSA-PKCS1-v1_5" }],
  [{ name: "RSA-PSS", ...RSA }, { name: "RSA-PSS", saltLength: 16 }],
  [{ name: "ECDSA", namedCurve: "P-256" }, { name: "ECDSA", hash: "SHA-512" }],
  [{ name: "ECDSA", namedCurve: "P-521" }, { name: "ECDSA", hash: "SHA-1" }],
  [{ name: "Ed25519" }, { name: "Ed25519" }],
  [{ name: "Ed448" }, { name: "Ed448" }],
];

/** The pair again, once out and in as bytes and once as JWKs. */
async function copiesOf({ publicKey, privateKey }) {
  const copies = [];
  for (const [ofPublic, ofPrivate] of [["spki", "pkcs8"], ["jwk", "jwk"]]) {
    const copyOf = async (format, key) =>
      subtle.importKey(
        format, await subtle.exportKey(format, key), key.algorithm, true, key.usages,
      );
    copies.push({
      publicKey: await copyOf(ofPublic, publicKey),
      privateKey: await copyOf(ofPrivate, privateKey),
    });
  }
  return copies;
}

export async function pairs_sign_and_verify_however_they_came() {
  for (const [algorithm, use] of SIGNING) {
    const pair = await subtle.generateKey(algorithm, true, ["sign", "verify"]);
    equal([pair.privateKey.usages, pair.publicKey.usages], [["sign"], ["verify"]]);
    const much = new Uint8Array(100_000);
    for (const { privateKey } of await copiesOf(pair)) {
      for (const text of [data, much]) {
        const signature = new Uint8Array(await subtle.sign(use, privateKey, text));
        for (const { publicKey } of await copiesOf(pair)) {
          same(await subtle.verify(use, publicKey, signature, text), true, algorithm.name);
        }
        signature[5] ^= 1;
        same(await subtle.verify(use, pair.publicKey, signature, text), false, algorithm.name);
        same(await subtle.verify(use, pair.publicKey, new Uint8Array(3), text), false);
      }
    }
    await rejects(subtle.sign(use, pair.publicKey, data), "InvalidAccessError");
  }
}

export async function both_sides_of_an_agreement_get_the_same_secret() {
  for (const algorithm of [
    { name: "ECDH", namedCurve: "P-256" }, { name: "ECDH", namedCurve: "P-384" },
    { name: "ECDH", namedCurve: "P-521" }, { name: "X25519" }, { name: "X448" },
  ]) {
    const [a, b] = [
      await subtle.generateKey(algorithm, true, ["deriveBits"]),
      await subtle.generateKey(algorithm, true, ["deriveBits"]),
    ];
    const { name } = algorithm;
    const ours = await subtle.deriveBits({ name, public: b.publicKey }, a.privateKey);
    same(hex(await subtle.deriveBits({ name, public: a.publicKey }, b.privateKey)), hex(ours));
    for (const copy of await copiesOf(a)) {
      const theirs = await subtle.deriveBits({ name, public: b.publicKey }, copy.privateKey, 100);
      same(hex(theirs).slice(0, 25), hex(ours).slice(0, 25));
      same(new Uint8Array(theirs)[12] & 15, 0, "the bits that were not asked for");
    }
    const raw = await subtle.importKey(
      "raw", await subtle.exportKey("raw", b.publicKey), algorithm, true, [],
    );
    same(hex(await subtle.deriveBits({ name, public: raw }, a.privateKey)), hex(ours));
    const tooMany = subtle.deriveBits({ name, public: b.publicKey }, a.privateKey, 8 * 66 + 1);
    await rejects(tooMany, "OperationError");
  }
}

export async function rsa_oaep_opens_what_it_sealed_with_the_same_label() {
  const pair = await subtle.generateKey({ name: "RSA-OAEP", ...RSA }, true, ["encrypt", "decrypt"]);
  const algorithm = { name: "RSA-OAEP", label: data };
  const sealed = await subtle.encrypt(algorithm, pair.publicKey, data.subarray(0, 20));
  const opened = await subtle.decrypt(algorithm, pair.privateKey, sealed);
  equal(new Uint8Array(opened), data.slice(0, 20));
  await rejects(subtle.decrypt("RSA-OAEP", pair.privateKey, sealed), "OperationError");
  await rejects(subtle.encrypt(algorithm, pair.publicKey, data), "OperationError");
  await rejects(subtle.decrypt(algorithm, pair.publicKey, sealed), "InvalidAccessError");
}

export async function rsa_keys_of_strange_numbers_are_refused() {
  const generate = (changes) =>
    subtle.generateKey({ name: "RSA-PSS", ...RSA, ...changes }, true, ["sign"]);
  for (const modulusLength of [0, 255, 1025, 512, 8192, 20_000, 4_294_967_295]) {
    await rejects(generate({ modulusLength }), "OperationError");
  }
  for (const exponent of [[], [0], [2], [1, 0, 0], [1, 0, 1, 0, 1, 0, 1]]) {
    await rejects(generate({ publicExponent: new Uint8Array(exponent) }), "OperationError");
  }
  await rejects(generate({ publicExponent: [3] }), "TypeError");
  const { privateKey } = await generate({ publicExponent: new Uint8Array([0, 0, 3]) });
  const jwk = await subtle.exportKey("jwk", privateKey);
  same(jwk.e, "Aw");
  const importJwk = (changes) =>
    subtle.importKey("jwk", { ...jwk, ...changes }, { name: "RSA-PSS", hash: "SHA-256" }, true, ["sign"]);
  const primes = ["p", "q", "dp", "dq", "qi"];
  const without = Object.fromEntries(primes.map((name) => [name, undefined]));
  same((await importJwk(without)).algorithm.modulusLength, 1024);
  for (const name of ["n", "e", "d", ...primes]) {
    await rejects(importJwk({ [name]: undefined }), name === "d" ? "SyntaxError" : "DataError");
    await rejects(importJwk({ [name]: "AAEC" }), "DataError", name);
    await rejects(importJwk({ [name]: "" }), "DataError", name);
  }
  await rejects(importJwk({ ...without, d: "AAEC" }), "DataError");
  await rejects(importJwk({ oth: [] }), "NotSupportedError");
  await rejects(importJwk({ oth: "none" }), "TypeError");
}

export async function keys_are_cloned_with_what_they_may_do() {
  const { privateKey } = await subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  const { key, same: alike } = structuredClone({ key: privateKey, same: privateKey });
  ok(key instanceof CryptoKey && key !== privateKey && key === alike);
  equal([key.type, key.extractable, key.usages], ["private", false, ["sign"]]);
  equal(key.algorithm, { name: "Ed25519" });
  const signature = await subtle.sign("Ed25519", key, data);
  same(hex(signature), hex(await subtle.sign("Ed25519", privateKey, data)));
  await rejects(subtle.exportKey("pkcs8", key), "InvalidAccessError");
  throws(() => structuredClone(subtle), "DataCloneError");
}

export async function a_key_is_exported_in_the_formats_that_it_has() {
  const { publicKey, privateKey } = await subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-384" }, true, ["sign", "verify"],
  );
  for (const format of ["raw", "spki"]) {
    await rejects(subtle.exportKey(format, privateKey), "InvalidAccessError");
  }
  await rejects(subtle.exportKey("pkcs8", publicKey), "InvalidAccessError");
  await rejects(subtle.exportKey("pem", publicKey), "TypeError");
  const material = await subtle.exportKey("raw", publicKey);
  new Uint8Array(material).fill(0);
  ok(new Uint8Array(await subtle.exportKey("raw", publicKey))[0] === 4, "the key is not changed");
}

export async function a_private_key_belongs_to_its_public_key() {
  for (const algorithm of [{ name: "ECDSA", namedCurve: "P-256" }, { name: "Ed25519" }]) {
    const make = async () =>
      subtle.exportKey(
        "jwk", (await subtle.generateKey(algorithm, true, ["sign", "verify"])).privateKey,
      );
    const [one, other] = [await make(), await make()];
    const mixed = subtle.importKey("jwk", { ...one, d: other.d }, algorithm, true, ["sign"]);
    await rejects(mixed, "DataError");
    const short = { ...one, d: one.d.slice(4) };
    await rejects(subtle.importKey("jwk", short, algorithm, true, ["sign"]), "DataError");
  }
}
