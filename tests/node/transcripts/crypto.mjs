import crypto, { createHash, createHmac, pbkdf2Sync, randomBytes, scryptSync, timingSafeEqual } from "node:crypto";
import zlib from "node:zlib";
import timers from "node:timers/promises";
import { promisify, inspect } from "node:util";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { text } from "node:stream/consumers";
import { attempt, told } from "./shared/attempt.mjs";

export default async function run(log) {
  const ofOpenSsl = new Set(["OPENSSL_VERSION_NUMBER", "defaultCipherList", "defaultCoreCipherList"]);
  for (const [name, value] of Object.entries(crypto.constants)) if (!ofOpenSsl.has(name)) log(name, value);
  for (const name of ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "SHA256", "RSA-SHA256", "sha512-256", "sha3-256", "blake2b512"]) {
    log(name, attempt(() => createHash(name).update("a").update(Buffer.from("bc")).update(new Uint16Array([1, 2])).digest("hex")));
    log(name, attempt(() => createHmac(name, "key").update("data").digest("base64url")));
  }
  for (const data of ["", "é", "x".repeat(1000)]) for (const encoding of ["hex", "base64", "base64url", "latin1", undefined]) log(attempt(() => createHash("sha256").update(data, "utf8").digest(encoding)));
  log(attempt(() => createHash("sha1").update("6162", "hex").digest("hex")), attempt(() => createHash("nope")), attempt(() => createHmac("nope", "k")), attempt(() => createHash(5)), attempt(() => createHash("md5").update(5)), attempt(() => createHash("md5").update()), attempt(() => createHmac("md5", null)));
  const hash = createHash("sha256").update("one");
  const copy = hash.copy();
  log(hash.update("two").digest("hex"), copy.digest("hex"), attempt(() => hash.digest()), attempt(() => hash.update("x")), attempt(() => hash.copy()));
  const hmac = createHmac("sha256", "k").update("x");
  log(hmac.digest("hex"), attempt(() => hmac.digest("hex")), attempt(() => hmac.update("y")));
  const streamed = createHash("sha256");
  await pipeline(Readable.from(["a", "bc"]), streamed);
  const throwing = { toString() { throw new RangeError("boom"); } };
  for (const make of [() => createHash("sha256"), () => createHmac("sha256", "k")]) {
    log(attempt(() => make().digest({ toString: () => "hex" })), attempt(() => make().digest(throwing)), attempt(() => make().digest(null).length), attempt(() => make().digest("").length));
  }
  log(streamed.read().toString("hex"), attempt(() => createHmac("sha256", crypto.createSecretKey(Buffer.from("k"))).update("x").digest("hex")));
  for (const args of [["password", "salt", 1, 20, "sha1"], ["password", "salt", 1000, 64, "sha512"], [Buffer.from("p"), new Uint8Array([1]), 5, 0, "md5"], ["p", "s", 0, 5, "sha1"], ["p", "s", 1, -1, "sha1"], ["p", "s", 1, 5, "nope"], ["p", "s", 1, 5], [5, "s", 1, 5, "sha1"], ["p", "s", "1", 5, "sha1"]]) log(inspect(args), attempt(() => pbkdf2Sync(...args)));
  log((await promisify(crypto.pbkdf2)("p", "s", 10, 8, "sha256")).toString("hex"), (await promisify(crypto.scrypt)("p", "s", 8)).toString("hex"));
  for (const options of [{ N: 2, cost: 2 }, { p: 1, parallelization: 1 }, { r: 8, blockSize: undefined }]) log(attempt(() => scryptSync("p", "s", 1, options)));
  for (const args of [["sha1", "test"], ["sha1", "test", 123], ["sha1", "test", "nope"], ["sha1", 12], [1], ["sha1", Buffer.from("x"), "buffer"]]) log(attempt(() => crypto.hash(...args)));
  for (const args of [["password", "salt", 32], ["p", "s", 16, { N: 1024, r: 4, p: 2 }], ["p", "s", 8, { cost: 2, blockSize: 1, parallelization: 1 }], ["p", "s", 0], ["p", "s", -1]]) log(inspect(args), attempt(() => scryptSync(...args)));
  log(Buffer.from(crypto.hkdfSync("sha256", "key", "salt", "info", 40)).toString("hex"), Buffer.from(await promisify(crypto.hkdf)("sha512", "key", "", "", 10)).toString("hex"), attempt(() => crypto.hkdfSync("sha1", "k", "s", "i", 20 * 255 + 1)));
  log(timingSafeEqual(Buffer.from("a"), Buffer.from("a")), timingSafeEqual(Buffer.from("a"), new Uint8Array([98])), attempt(() => timingSafeEqual(Buffer.from("a"), Buffer.from("ab"))), attempt(() => timingSafeEqual("a", "a")));
  log(randomBytes(5).length, randomBytes(0).length, attempt(() => randomBytes(-1)), attempt(() => randomBytes("5")), (await promisify(randomBytes)(3)).length, Buffer.isBuffer(randomBytes(1)));
  const filled = crypto.randomFillSync(new Uint8Array(8), 2, 3);
  log(filled.length, filled[0], filled[7], attempt(() => crypto.randomFillSync(new Uint8Array(2), 5)), attempt(() => crypto.randomFillSync("x")));
  const ints = Array.from({ length: 200 }, () => crypto.randomInt(3, 6));
  log(Math.min(...ints), Math.max(...ints), crypto.randomInt(1), attempt(() => crypto.randomInt(5, 5)), attempt(() => crypto.randomInt("x")), attempt(() => crypto.randomInt(0, 2 ** 50)));
  log(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()), crypto.getHashes().includes("sha256"), typeof crypto.webcrypto.subtle.digest, crypto.webcrypto === globalThis.crypto);
  const key = crypto.createSecretKey("6b6579", "hex");
  log(key.type, key.symmetricKeySize, key.export().toString(), inspect(key.export({ format: "jwk" })), key.equals(crypto.createSecretKey(Buffer.from("key"))));

  const data = Buffer.from("compress me ".repeat(50));
  for (const [pack, unpack] of [["gzip", "gunzip"], ["deflate", "inflate"], ["deflateRaw", "inflateRaw"], ["brotliCompress", "brotliDecompress"], ["gzip", "unzip"], ["deflate", "unzip"]]) {
    const packed = zlib[`${pack}Sync`](data);
    log(pack, packed.length < data.length, zlib[`${unpack}Sync`](packed).equals(data), (await promisify(zlib[unpack])(await promisify(zlib[pack])("text"))).toString(), zlib[`${unpack}Sync`](zlib[`${pack}Sync`]("")).length);
    const create = (name) => zlib[`create${name[0].toUpperCase()}${name.slice(1)}`]();
    log(await text(Readable.from([data]).pipe(create(pack)).pipe(create(unpack))) === data.toString());
  }
  log(attempt(() => zlib.gunzipSync("not gzip")), attempt(() => zlib.gunzipSync(zlib.gzipSync(data).subarray(0, 20))), attempt(() => zlib.inflateSync(Buffer.from("xx"))), attempt(() => zlib.gzipSync(5)), attempt(() => zlib.gunzipSync(zlib.gzipSync(data), { maxOutputLength: 10 })), attempt(() => zlib.gzipSync("x", { level: 99 })));
  log(await promisify(zlib.gunzip)("bad").catch(told), zlib.deflateSync("abc", { level: 0 }).toString("hex"), zlib.constants.Z_BEST_COMPRESSION, zlib.crc32?.("hello"));
  log(zlib.gunzipSync(Buffer.concat([zlib.gzipSync("a"), zlib.gzipSync("b")])).toString());

  log(await timers.setTimeout(1, "value"), await timers.setImmediate("now"), await timers.setTimeout(1000, null, { signal: AbortSignal.abort() }).catch(told), await timers.scheduler.wait(1));
  let count = 0;
  for await (const value of timers.setInterval(1, "tick")) {
    log(value);
    if (++count === 2) break;
  }
}
