import crypto from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { buffer } from "node:stream/consumers";
import { inspect } from "node:util";
import { attempt } from "./shared/attempt.mjs";

const bytes = (size, first = 1) => Buffer.from(Array.from({ length: size }, (_, i) => (first + 7 * i + 3 * (i >> 4)) & 255));
const CIPHERS = [
  ...[16, 24, 32].flatMap((size) => [["cbc", 16], ["ctr", 16], ["ecb", 0], ["gcm", 12], ["ofb", 16], ["cfb", 16], ["cfb8", 16]].map(([mode, iv]) => [`aes-${size * 8}-${mode}`, size, iv])),
  ["chacha20-poly1305", 32, 12], ["chacha20", 32, 16], ["des-ede3-cbc", 24, 8], ["des-ede3", 24, 0], ["des-ede3-ecb", 24, 0], ["AES128", 16, 16], ["id-aes256-GCM", 32, 16], ["aes-128-gcm", 16, 40],
];

export default async function run(log) {
  for (const [name, keySize, ivSize] of CIPHERS) {
    const key = bytes(keySize);
    const iv = bytes(ivSize, 9);
    const isAuthenticated = /gcm|poly/i.test(name);
    const options = isAuthenticated ? { authTagLength: 16 } : undefined;
    for (const cuts of [[0], [5], [16], [3, 13, 16, 1], [40, 1, 31, 7]]) {
      const cipher = crypto.createCipheriv(name, key, iv, options);
      if (isAuthenticated) cipher.setAAD(bytes(20, 3));
      const parts = cuts.map((size) => cipher.update(bytes(size, 5)));
      parts.push(cipher.final());
      const tag = isAuthenticated ? cipher.getAuthTag() : undefined;
      log(name, parts.map((part) => part.toString("hex")).join(" "), tag?.toString("hex"));
      const decipher = crypto.createDecipheriv(name, key, iv, options);
      if (isAuthenticated) decipher.setAAD(bytes(20, 3)).setAuthTag(tag);
      const whole = Buffer.concat(parts);
      const out = [];
      for (let at = 0; at < whole.length; at += 15) out.push(decipher.update(whole.subarray(at, at + 15)));
      out.push(decipher.final());
      log(out.map((part) => part.toString("hex")).join(" "));
    }
  }
  const key = bytes(16), iv = bytes(16, 2);
  const cipher = (name = "aes-128-cbc", options = undefined) => crypto.createCipheriv(name, key, iv, options);
  const decipher = (name = "aes-128-cbc", options = undefined) => crypto.createDecipheriv(name, key, iv, options);
  for (const args of [["nope", key, iv], ["aes-256-cbc", key, iv], ["aes-128-cbc", key, bytes(5)], ["aes-128-cbc", key, null], ["aes-128-ecb", key, iv], ["aes-128-cbc", key], ["aes-128-cbc", 5, iv], [5, key, iv], ["aes-128-cbc", key, {}], ["aes-128-gcm", key, ""], ["aes-128-gcm", key, iv, { authTagLength: 3 }], ["aes-128-gcm", key, iv, { authTagLength: "x" }], ["chacha20-poly1305", bytes(32), bytes(13)], ["chacha20-poly1305", bytes(32), bytes(12), { authTagLength: 17 }]])
    for (const make of [crypto.createCipheriv, crypto.createDecipheriv]) log(attempt(() => make(...args).final("hex")));
  log(attempt(() => crypto.createCipheriv("aes-128-ecb", key, null).final()), attempt(() => crypto.createCipheriv("aes-128-ecb", "0123456789abcdef", "").final("base64")));
  log(attempt(() => crypto.createCipheriv("aes-128-cbc", crypto.createSecretKey(key), iv).final()), attempt(() => crypto.createCipheriv("aes-128-cbc", key.buffer.slice(key.byteOffset, key.byteOffset + 16), new DataView(iv.buffer, iv.byteOffset, 16)).final()));
  log(attempt(() => cipher("aes-128-gcm").getAuthTag()), attempt(() => cipher("aes-128-gcm").setAAD("text").update("x", "utf8", "hex")));
  for (const authTagLength of [4, 8, 12, 13, 16]) log(attempt(() => { const c = cipher("aes-128-gcm", { authTagLength }); c.final(); return c.getAuthTag(); }), attempt(() => { const c = decipher("aes-128-gcm"); c.setAuthTag(cipherTag().subarray(0, authTagLength)); return c.final("hex"); }));
  function cipherTag() { const c = cipher("aes-128-gcm"); c.final(); return c.getAuthTag(); }
  log(attempt(() => { const c = decipher("aes-128-gcm"); c.update("aa", "hex"); return c.final(); }), attempt(() => { const c = decipher("aes-128-gcm"); c.setAuthTag(Buffer.alloc(16)); c.update("aa", "hex"); return c.final(); }));
  log(attempt(() => decipher("aes-128-gcm").setAuthTag(Buffer.alloc(3))), attempt(() => decipher("aes-128-gcm").setAuthTag(Buffer.alloc(16)).setAuthTag(Buffer.alloc(16))), attempt(() => decipher("aes-128-gcm", { authTagLength: 12 }).setAuthTag(Buffer.alloc(16))), attempt(() => decipher("aes-128-gcm").setAuthTag(5)));
  log(attempt(() => cipher().setAAD(key)), attempt(() => { const c = cipher(); c.final(); return c.getAuthTag(); }), attempt(() => { const c = cipher("aes-128-gcm"); c.update("x"); c.setAAD(key); }), attempt(() => { const c = cipher("aes-128-gcm"); c.final(); c.setAAD(key); }));
  log(attempt(() => { const c = cipher(); c.final(); c.final(); }), attempt(() => { const c = cipher(); c.final(); c.update("x"); }), attempt(() => { const c = cipher(); c.final(); c.setAutoPadding(false); }));
  log(attempt(() => { const c = cipher().setAutoPadding(false); c.update("x"); return c.final(); }), attempt(() => { const c = cipher().setAutoPadding(false); return c.update(bytes(32), undefined, "hex") + c.final("hex"); }));
  log(attempt(() => { const c = decipher(); c.update(Buffer.alloc(32)); return c.final(); }), attempt(() => { const c = decipher(); c.update(Buffer.alloc(30)); return c.final(); }), attempt(() => decipher().final()), attempt(() => { const c = decipher().setAutoPadding(false); c.update(Buffer.alloc(30)); return c.final(); }), attempt(() => { const c = decipher().setAutoPadding(false); return c.update(Buffer.alloc(32), undefined, "hex") + c.final("hex"); }));
  log(attempt(() => cipher().update(5)), attempt(() => { const c = cipher(); c.update("a".repeat(16), "utf8", "hex"); return c.final("base64"); }), attempt(() => cipher().update("a".repeat(16), "utf8", "nope")), attempt(() => cipher().update("zz", "hex", "hex")));
  const base64 = cipher();
  log(base64.update("a".repeat(17), "utf8", "base64"), base64.update("b".repeat(17), "utf8", "base64"), base64.final("base64"));
  const sealed = await buffer(Readable.from([Buffer.from("one "), Buffer.from("two "), Buffer.from("three and more of it")]).pipe(cipher()));
  const opened = [];
  await pipeline(Readable.from([sealed.subarray(0, 10), sealed.subarray(10)]), decipher(), async (source) => { for await (const chunk of source) opened.push(chunk); });
  log(sealed.toString("hex"), Buffer.concat(opened).toString());
  await pipeline(Readable.from([Buffer.alloc(16)]), decipher(), async (source) => { for await (const _ of source); }).catch((error) => log(error.code, error.message));
  for (const name of ["aes-128-gcm", "AES-256-CBC", "aes-128-ecb", "aes-192-ctr", "chacha20-poly1305", "chacha20", "aes128", "id-aes128-GCM", "des-ede3-cbc", "des3", "des-ede3", "aes-256-cfb8", "nope", 895, 427, 7777]) log(name, inspect(crypto.getCipherInfo(name)));
  for (const options of [{ ivLength: 20 }, { ivLength: 12, keyLength: 16 }, { keyLength: 15 }, {}, { ivLength: 0 }]) log(inspect(options), inspect(crypto.getCipherInfo("aes-128-gcm", options)), inspect(crypto.getCipherInfo("aes-128-cbc", options)));
  log(attempt(() => crypto.getCipherInfo(null)), attempt(() => crypto.getCipherInfo("aes128", 5)), attempt(() => crypto.getCipherInfo("aes128", { ivLength: "x" })));
  log(crypto.getCiphers().includes("aes-256-gcm"), crypto.getHashes().includes("RSA-SHA256"), crypto.getCurves().includes("secp256k1"));
  for (const options of [{ outputLength: 40 }, { outputLength: 0 }, {}]) for (const name of ["shake128", "shake256"]) log(attempt(() => crypto.createHash(name, options).update("a").digest("hex")), attempt(() => crypto.createHash(name, options).copy().digest("hex")), attempt(() => crypto.createHash(name, options).copy({ outputLength: 3 }).digest("hex")));
  for (const outputLength of [32, -1, "a", 1.5]) log(attempt(() => crypto.createHash("sha256", { outputLength }).update("a").digest("hex")));
  for (const size of [65_535, 65_536, 65_537, 200_000]) for (const name of ["sha256", "md5", "shake256"]) {
    const hash = crypto.createHash(name);
    for (let at = 0; at < size; at += 10_000) hash.update(bytes(Math.min(10_000, size - at), at));
    const copy = hash.copy();
    log(copy.update("more").digest("hex"), hash.digest("hex"), attempt(() => hash.update("x")));
    if (name !== "shake256") log(crypto.createHmac(name, "key").update(bytes(size)).update("more").digest("base64"));
  }
  for (const streamed of [crypto.createHash("sha1"), crypto.createHmac("sha1", "k"), crypto.Hash("md5"), crypto.Hmac("md5", "k")]) {
    streamed.end("text");
    log((await buffer(streamed)).toString("hex"), attempt(() => streamed.digest("hex")), attempt(() => streamed.digest("hex")), attempt(() => streamed.update("x")), streamed.constructor.name, Object.prototype.toString.call(streamed));
  }
  class Longer extends crypto.Hash {
    digest() { return `${super.digest("hex")} and more`; }
  }
  log(new Longer("md5").update("x").digest(), new Longer("md5") instanceof crypto.Hash, crypto.createHash("md5") instanceof crypto.Hash, crypto.Sign("sha1") instanceof crypto.Sign, crypto.Cipheriv("aes-128-ecb", key, null).constructor === crypto.Cipheriv);
  for (const options of [{ ivLength: -1 }, { keyLength: -1 }]) log(attempt(() => crypto.getCipherInfo("aes-128-cbc", options)));
  log((await buffer(Readable.from([bytes(100_000), bytes(3)]).pipe(crypto.createHash("sha1")))).toString("hex"), crypto.createHmac("sha256", "6b6579", { encoding: "hex" }).update("x").digest("hex"));
}
