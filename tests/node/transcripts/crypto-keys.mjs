import crypto from "node:crypto";
import { inspect, promisify } from "node:util";
import { KEYS } from "./shared/keys.mjs";
import { attempt } from "./shared/attempt.mjs";

export default async function run(log) {
  for (const name in KEYS) {
    const key = attemptKey(() => crypto.createPrivateKey({ key: KEYS[name], passphrase: "secret" }));
    const fromPem = attemptKey(() => crypto.createPublicKey({ key: KEYS[name], passphrase: "secret" }));
    for (const one of [key, fromPem, crypto.createPublicKey(key)]) {
      log(name, one.type, one.asymmetricKeyType, inspect(one.asymmetricKeyDetails), one.symmetricKeySize, one.equals(key), Object.prototype.toString.call(one), one instanceof crypto.KeyObject);
      for (const type of ["spki", "pkcs1", "pkcs8", "sec1", undefined]) for (const format of ["pem", "der"]) log(name, type, format, attempt(() => one.export({ type, format })));
      const jwk = attempt(() => JSON.stringify(one.export({ format: "jwk" })));
      log(jwk);
      if (!jwk.startsWith("'{")) continue;
      const again = one.type === "private" ? crypto.createPrivateKey({ key: one.export({ format: "jwk" }), format: "jwk" }) : crypto.createPublicKey({ key: one.export({ format: "jwk" }), format: "jwk" });
      log(again.equals(one), again.type);
    }
    for (const [type, read] of [["pkcs8", crypto.createPrivateKey], ["spki", crypto.createPublicKey]]) {
      const from = type === "spki" ? fromPem : key;
      const der = from.export({ type, format: "der" });
      log(read({ key: der, format: "der", type }).equals(from), attempt(() => crypto.createPublicKey({ key: der, format: "der", type }).equals(fromPem)));
    }
    for (const cipher of name === "pss" ? [] : ["aes-256-cbc", "aes-128-cbc"]) {
      const sealed = key.export({ type: "pkcs8", format: "pem", cipher, passphrase: "pass" });
      log(sealed.split("\n")[0], crypto.createPrivateKey({ key: sealed, passphrase: Buffer.from("pass") }).equals(key), attempt(() => crypto.createPrivateKey(sealed)));
      const der = key.export({ type: "pkcs8", format: "der", cipher, passphrase: "pass" });
      log(crypto.createPrivateKey({ key: der, format: "der", type: "pkcs8", passphrase: "pass" }).equals(key));
    }
  }
  function attemptKey(run) { return run(); }
  const rsa = crypto.createPrivateKey(KEYS.rsa), ec = crypto.createPrivateKey(KEYS.ec), secret = crypto.createSecretKey(Buffer.from("abc"));
  const rsaPublic = crypto.createPublicKey(rsa);
  for (const options of [undefined, {}, { format: "pem" }, { format: "xx", type: "spki" }, { format: "jwk", passphrase: "x" }, { format: "pem", type: "pkcs8", passphrase: "x" }, { format: "pem", type: "pkcs8", cipher: "aes-256-cbc" }, { format: "pem", type: "pkcs8", cipher: "nope", passphrase: "x" }, { format: "der", type: "pkcs1", cipher: "aes-256-cbc", passphrase: "x" }, { format: "pem", type: "pkcs8", cipher: 5, passphrase: "x" }, { format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: 5 }])
    log(inspect(options), attempt(() => rsa.export(options)), attempt(() => ec.export(options)), attempt(() => rsaPublic.export(options)));
  const traditional = rsa.export({ type: "pkcs1", format: "pem", cipher: "aes-256-cbc", passphrase: "x" });
  log(traditional.split("\n")[1], crypto.createPrivateKey({ key: traditional, passphrase: "x" }).equals(rsa), attempt(() => crypto.createPrivateKey(traditional)));
  // Of one in 256 passphrases the padding is right.
  for (const name of ["rsa-p8-enc", "rsa-trad-enc"]) log(attempt(() => crypto.createPrivateKey({ key: KEYS[name], passphrase: "other" })), attempt(() => crypto.createPublicKey({ key: KEYS[name], passphrase: "other" })));
  for (const options of [undefined, { format: "jwk" }, { format: "buffer" }, { format: "pem" }, 5]) log(attempt(() => secret.export(options)));
  for (const given of ["garbage", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", undefined, 5, {}, { key: 5 }, { key: "x", format: "nope" }, { key: Buffer.from("x"), format: "der" }, { key: KEYS.rsa, passphrase: 5 }, { key: KEYS.rsa, passphrase: "needless" }, rsa, { key: rsa }, rsaPublic, secret, { key: "s", format: "jwk" }])
    log(attempt(() => crypto.createPrivateKey(given).type), attempt(() => crypto.createPublicKey(given).type));
  log(attempt(() => crypto.createPrivateKey({ key: Buffer.from("garbage"), format: "der", type: "spki" })), attempt(() => crypto.createPrivateKey(rsaPublic.export({ format: "pem", type: "spki" }))));
  const jwk = ec.export({ format: "jwk" });
  for (const key of [{ kty: "nope" }, { kty: "EC", crv: "P-256" }, { kty: "EC", crv: "P-999", x: "a", y: "b" }, { kty: "RSA" }, { kty: "OKP", crv: "Ed25519", x: "AA" }, { ...jwk, d: undefined }, { ...jwk, x: "AAAA" }, { ...jwk, d: 5 }])
    log(attempt(() => crypto.createPrivateKey({ key, format: "jwk" }).type), attempt(() => crypto.createPublicKey({ key, format: "jwk" }).type));
  log(attempt(() => crypto.createSecretKey(5)), attempt(() => crypto.createSecretKey(Buffer.alloc(0)).symmetricKeySize), attempt(() => crypto.createSecretKey("abcd", "hex").export()), attempt(() => crypto.createSecretKey(new Uint16Array([1, 2]).buffer).export()));
  log(attempt(() => new crypto.KeyObject("secret")), attempt(() => new crypto.KeyObject("x")), attempt(() => crypto.KeyObject.from(5)), attempt(() => secret.equals(5)), secret.equals(crypto.createSecretKey("abc")), secret.equals(rsa), secret.asymmetricKeyType);
  const webKey = await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
  const hmacKey = await crypto.subtle.importKey("raw", Buffer.from("key"), { name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
  log(crypto.KeyObject.from(webKey).equals(ec), crypto.KeyObject.from(hmacKey).export().toString(), attempt(() => crypto.createHmac("sha256", crypto.KeyObject.from(hmacKey)).update("x").digest()), crypto.verify("sha256", Buffer.from("x"), crypto.createPublicKey(ec), crypto.sign("sha256", Buffer.from("x"), crypto.KeyObject.from(webKey))));

  for (const [type, options] of [["rsa", { modulusLength: 1024 }], ["rsa", { modulusLength: 1024, publicExponent: 3 }], ["rsa-pss", { modulusLength: 1024 }], ["ec", { namedCurve: "P-256" }], ["ec", { namedCurve: "secp256k1" }], ["ed25519"], ["ed448", {}], ["x25519"], ["x448"]]) {
    const pair = crypto.generateKeyPairSync(type, options);
    const later = await promisify(crypto.generateKeyPair)(type, { ...options, publicKeyEncoding: { type: "spki", format: "pem" }, privateKeyEncoding: { type: "pkcs8", format: "der" } });
    log(type, pair.publicKey.asymmetricKeyType, inspect(pair.privateKey.asymmetricKeyDetails), crypto.createPublicKey(pair.privateKey).equals(pair.publicKey), later.publicKey.slice(0, 26), Buffer.isBuffer(later.privateKey), crypto.createPublicKey(later.publicKey).asymmetricKeyType);
  }
  const sealed = crypto.generateKeyPairSync("ec", { namedCurve: "P-384", publicKeyEncoding: { format: "jwk" }, privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "p" } });
  log(Object.keys(sealed.publicKey).join(), sealed.privateKey.split("\n")[0]);
  for (const args of [["nope"], [5], ["rsa"], ["rsa", {}], ["rsa", { modulusLength: "x" }], ["ec"], ["ec", {}], ["ec", { namedCurve: "nope" }], ["ec", { namedCurve: 5 }], ["ed25519", 5], ["rsa", { modulusLength: 1024, publicKeyEncoding: { type: "x", format: "pem" } }], ["rsa", { modulusLength: 1024, publicKeyEncoding: 5 }], ["rsa", { modulusLength: 1024, privateKeyEncoding: { type: "spki", format: "pem" } }], ["ec", { namedCurve: "P-256", privateKeyEncoding: { type: "pkcs1", format: "pem" } }]]) log(inspect(args), attempt(() => crypto.generateKeyPairSync(...args)));
  log(attempt(() => crypto.generateKeyPair("ed25519", {})), (await promisify(crypto.generateKey)("aes", { length: 256 })).symmetricKeySize);
  for (const args of [["nope", { length: 8 }], ["hmac"], ["hmac", {}], ["hmac", { length: 7 }], ["hmac", { length: 64 }], ["aes", { length: 100 }], ["aes", { length: 128 }], ["hmac", { length: "x" }], ["hmac", { length: 12 }]]) log(inspect(args), attempt(() => crypto.generateKeySync(...args).symmetricKeySize));
}
