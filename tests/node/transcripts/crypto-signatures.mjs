import crypto from "node:crypto";
import { inspect, promisify } from "node:util";
import { KEYS } from "./shared/keys.mjs";
import { attempt } from "./shared/attempt.mjs";

export default async function run(log) {
  const data = Buffer.from("data to be signed");
  const { subtle } = crypto.webcrypto;
  const key = (name) => crypto.createPrivateKey({ key: KEYS[name], passphrase: "secret" });
  for (const hash of ["md5", "sha1", "sha224", "sha256", "RSA-SHA384", "sha512", "sha512-256", "sha3-256"]) {
    const signature = crypto.sign(hash, data, KEYS.rsa);
    log(hash, signature.toString("hex"), crypto.createSign(hash).update("data to ").update(Buffer.from("be signed")).sign(KEYS.rsa, "base64"), crypto.verify(hash, data, KEYS.rsa, signature), crypto.verify(hash, Buffer.from("other"), KEYS.rsa, signature));
  }
  log(crypto.sign(null, data, key("rsa")).toString("base64"), crypto.sign(undefined, data, key("ed25519")).toString("hex"), crypto.sign(null, data, key("ed448")).toString("hex"));
  for (const name of ["ec", "k1", "p521", "dsa"]) for (const dsaEncoding of [undefined, "der", "ieee-p1363"]) {
    const signature = crypto.sign("sha256", data, { key: key(name), dsaEncoding });
    const other = dsaEncoding === "ieee-p1363" ? "der" : "ieee-p1363";
    log(name, dsaEncoding, dsaEncoding === "ieee-p1363" ? signature.length : signature[0], crypto.verify("sha256", data, { key: key(name), dsaEncoding }, signature), crypto.verify("sha256", data, { key: key(name), dsaEncoding: other }, signature), crypto.verify("sha1", data, { key: key(name), dsaEncoding }, signature), crypto.createVerify("sha256").update(data).verify({ key: crypto.createPublicKey(key(name)), dsaEncoding }, signature));
  }
  for (const name of ["rsa", "pss"]) for (const saltLength of [undefined, 0, 20, -1, -2, 1000, -5]) for (const padding of [6]) {
    const signed = attempt(() => { const s = crypto.sign("sha256", data, { key: key(name), padding, saltLength }); return [s.length, [undefined, -1, 20, 0].map((length) => crypto.verify("sha256", data, { key: key(name), padding, saltLength: length }, s))]; });
    log(name, saltLength, signed);
  }
  log(attempt(() => crypto.verify("sha256", data, key("pss"), crypto.sign("sha256", data, key("pss")))), attempt(() => crypto.sign("sha256", data, { key: key("pss"), padding: 1 })), attempt(() => crypto.publicEncrypt(KEYS.pss, data)));
  for (const name of ["ed25519", "ed448"]) {
    const signature = crypto.sign(null, data, key(name));
    log(crypto.verify(null, data, key(name), signature), crypto.verify(null, Buffer.from("x"), key(name), signature), crypto.verify(null, data, crypto.createPublicKey(key(name)), Buffer.alloc(5)), attempt(() => crypto.sign("sha256", data, key(name))), attempt(() => crypto.createSign("sha256").update(data).sign(key(name))));
  }
  const callback = await promisify(crypto.sign)("sha256", data, KEYS.rsa);
  log(callback.toString("hex"), await promisify(crypto.verify)("sha256", data, KEYS.rsa, callback));
  const signature = crypto.sign("sha256", data, KEYS.rsa);
  const webKey = await subtle.importKey("spki", crypto.createPublicKey(KEYS.rsa).export({ type: "spki", format: "der" }), { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, true, ["verify"]);
  log(await subtle.verify("RSASSA-PKCS1-v1_5", webKey, signature, data), crypto.verify("sha256", data, crypto.KeyObject.from(webKey), signature));
  for (const args of [["nope", data, KEYS.rsa], [5, data, KEYS.rsa], ["sha256", 5, KEYS.rsa], ["sha256", data], ["sha256", data, null], ["sha256", data, 5], ["sha256", data, {}], ["sha256", data, "garbage"], ["sha256", data, crypto.createPublicKey(KEYS.rsa)], ["sha256", data, crypto.createSecretKey("x")], ["sha256", data, key("x25519")], ["sha256", data, { key: KEYS.ec, dsaEncoding: "x" }], ["sha256", data, { key: KEYS.rsa, padding: "x" }], ["sha256", data, { key: KEYS.rsa, padding: 99 }], ["sha256", data, { key: KEYS.rsa, padding: 3 }], ["sha256", data, { key: KEYS.rsa, padding: 6, saltLength: "x" }]]) log(attempt(() => crypto.sign(...args)), attempt(() => crypto.createSign(args[0]).update(args[1]).sign(args[2])));
  for (const args of [["nope", data, KEYS.rsa, signature], ["sha256", data, KEYS.rsa, "text"], ["sha256", data, KEYS.rsa], ["sha256", data, KEYS.rsa, Buffer.alloc(5)], ["sha256", data, KEYS.ec, Buffer.alloc(5)], ["sha256", data, key("x25519"), signature]]) log(attempt(() => crypto.verify(...args)), attempt(() => crypto.createVerify(args[0]).update(args[1]).verify(args[2], args[3])));
  const sign = crypto.createSign("sha256").update("a");
  sign.sign(KEYS.rsa);
  log(attempt(() => sign.sign(KEYS.rsa)), attempt(() => sign.update("a")), attempt(() => crypto.createVerify("sha256").update("data to be signed").verify(KEYS.rsa, signature.toString("hex"), "hex")), attempt(() => crypto.createSign("sha256").update("6162", "hex").sign(KEYS.rsa, "hex")));
  const streamed = crypto.createSign("sha256");
  streamed.write("data to be ");
  streamed.end("signed");
  log(streamed.sign(KEYS.rsa, "hex"));

  const sealed = "3e4c1c3e7ad4b8f9";
  for (const options of [{}, { oaepHash: "sha256" }, { oaepHash: "sha512" }, { oaepLabel: Buffer.from("label") }, { padding: 4 }]) {
    const secret = attempt(() => { const c = crypto.publicEncrypt({ key: KEYS.rsa, ...options }, Buffer.from("hi")); return [c.length, crypto.privateDecrypt({ key: KEYS.rsa, ...options }, c).toString()]; });
    log(inspect(options), secret);
  }
  log(crypto.privateEncrypt(KEYS.rsa, Buffer.from(sealed, "hex")).toString("hex"), crypto.publicDecrypt(KEYS.rsa, crypto.privateEncrypt(KEYS.rsa, Buffer.from("hi"))).toString(), crypto.publicDecrypt(KEYS.rsa, signature).toString("hex"));
  const whole = Buffer.alloc(128, 1);
  log(crypto.publicEncrypt({ key: KEYS.rsa, padding: 3 }, whole).toString("hex"), crypto.privateDecrypt({ key: KEYS.rsa, padding: 3 }, whole).toString("hex"), crypto.privateEncrypt({ key: KEYS.rsa, padding: 3 }, whole).toString("hex"), crypto.publicDecrypt({ key: KEYS.rsa, padding: 3 }, whole).toString("hex"));
  log(crypto.publicEncrypt({ key: KEYS.rsa, padding: 1 }, Buffer.from("hi")).length, attempt(() => crypto.privateDecrypt({ key: KEYS.rsa, padding: 1 }, whole)));
  for (const [options, given] of [[{ key: KEYS.rsa }, whole], [{ key: KEYS.rsa }, Buffer.alloc(5)], [{ key: KEYS.rsa, oaepHash: "nope" }, whole], [{ key: KEYS.rsa, oaepHash: 5 }, whole], [{ key: KEYS.rsa, oaepLabel: 5 }, whole], [{ key: KEYS.rsa, padding: 3 }, Buffer.alloc(30)], [{ key: KEYS.rsa, padding: 3 }, Buffer.alloc(128, 255)], [{ key: KEYS.rsa, padding: 99 }, whole], [{ key: KEYS.rsa, padding: "x" }, whole], [KEYS.ec, whole], [KEYS.rsa, 5], [crypto.createPublicKey(KEYS.rsa), whole], [KEYS.k1, whole]]) log(attempt(() => crypto.privateDecrypt(options, given)), attempt(() => crypto.publicEncrypt(options, Buffer.isBuffer(given) && options?.padding !== 3 ? Buffer.alloc(300) : given)), attempt(() => crypto.publicDecrypt(options, given)).replace("BLOCK_TYPE_IS_NOT_01", "INVALID_PADDING").replace("0200006A", "0200008A").replaceAll("block type is not 01", "invalid padding"));
  log(attempt(() => crypto.privateEncrypt(KEYS.rsa, Buffer.alloc(125))), attempt(() => crypto.privateEncrypt({ key: KEYS.rsa, padding: 4 }, Buffer.alloc(25))));
}
