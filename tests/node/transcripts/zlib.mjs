import zlib from "node:zlib";
import { Readable, Writable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { buffer } from "node:stream/consumers";
import { inspect, promisify } from "node:util";
import { attempt, told } from "./shared/attempt.mjs";

const outcome = (promise) => promise.then((value) => value.toString(), told);
const PAIRS = [["gzip", "gunzip"], ["deflate", "inflate"], ["deflateRaw", "inflateRaw"], ["gzip", "unzip"], ["deflate", "unzip"], ["brotliCompress", "brotliDecompress"]];
const creates = (name, options) => zlib[`create${name[0].toUpperCase()}${name.slice(1)}`](options);
// Does not compress to nothing, and is the same everywhere.
const noise = (size) => {
  const data = Buffer.alloc(size);
  for (let i = 0, x = 1; i < size; i++) data[i] = (x = (x * 16807) % 2147483647) >> 8;
  return data;
};

export default async function run(log) {
  let packer = null;
  const data = Buffer.concat([noise(1000), Buffer.alloc(200_000, "ab"), noise(70_000)]);
  for (const [pack, unpack] of PAIRS) {
    for (const chunks of [[], [data], [data.subarray(0, 1), data.subarray(1, 5000), data.subarray(5000)], ["text", "é"]]) {
      const options = pack === "brotliCompress" ? { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } } : undefined;
      const whole = Buffer.concat(chunks.map((chunk) => Buffer.from(chunk)));
      const packed = await buffer(Readable.from(chunks).pipe(creates(pack, options)));
      log(pack, unpack, zlib[`${unpack}Sync`](packed).equals(whole), (await promisify(zlib[unpack])(packed)).equals(whole));
      const cuts = [];
      for (let at = 0; at < packed.length; at += 777) cuts.push(packed.subarray(at, at + 777));
      const stream = creates(unpack);
      log((await buffer(Readable.from(cuts).pipe(stream))).equals(whole), stream.bytesWritten === packed.length, stream.destroyed);
      log((await buffer(Readable.from([zlib[`${pack}Sync`](whole, options)]).pipe(creates(unpack)))).equals(whole));
    }
    const packed = zlib[`${pack}Sync`]("some text");
    for (const [what, bytes] of [["cut", packed.subarray(0, packed.length - 3)], ["empty", ""], ["garbage", "garbage, and more of it"], ["more behind", Buffer.concat([packed, Buffer.from("xx")])], ["zeros behind", Buffer.concat([packed, Buffer.alloc(9)])], ["and another", Buffer.concat([packed, packed])]]) {
      if (pack === "brotliCompress" && what.length > 8) continue;
      const streamed = creates(unpack);
      const collected = outcome(buffer(streamed));
      streamed.end(bytes);
      log(unpack, what, attempt(() => zlib[`${unpack}Sync`](bytes)), await outcome(promisify(zlib[unpack])(bytes)), await collected, streamed.destroyed);
    }
  }
  for (const [pack, unpack] of [["deflate", "inflate"], ["deflateRaw", "inflateRaw"]]) {
    const packed = zlib[`${pack}Sync`]("0123456789");
    for (const play of [(stream) => { stream.write(packed); stream.write("behind"); }, (stream) => { stream.write(packed); stream.end("behind"); }, (stream) => stream.write(Buffer.concat([packed, Buffer.from("behind")])), (stream) => stream.end(packed)]) {
      const stream = creates(unpack);
      play(stream);
      const text = await buffer(stream);
      log(unpack, text.toString(), stream.bytesWritten - packed.length);
    }
  }
  const damaged = (pack, at) => { const bytes = zlib[pack]("hello hello hello"); bytes[bytes.length + at] ^= 1; return bytes; };
  log(attempt(() => zlib.gunzipSync(damaged("gzipSync", -8))), attempt(() => zlib.gunzipSync(damaged("gzipSync", -1))), attempt(() => zlib.inflateSync(damaged("deflateSync", -1))), attempt(() => zlib.unzipSync(Buffer.from([0x1f]))));

  for (const create of ["gzip", "deflate", "deflateRaw", "brotliCompress"]) {
    const unpack = PAIRS.find(([pack]) => pack === create)[1];
    const stream = creates(create);
    const reader = creates(unpack);
    const events = [];
    let seen = "";
    stream.on("data", (chunk) => reader.write(chunk));
    reader.on("data", (chunk) => (seen += chunk));
    stream.on("end", () => events.push("end")).on("finish", () => events.push("finish")).on("close", () => events.push("close"));
    const until = async (done) => {
      for (let i = 0; i < 5_000 && !done(); i++) await new Promise((resolve) => setTimeout(resolve, 1));
    };
    await new Promise((resolve) => stream.write("one ", () => resolve(events.push("written"))));
    await new Promise((resolve) => stream.flush(() => resolve(events.push("flushed"))));
    await until(() => seen.endsWith("one "));
    log(create, seen);
    stream.write("two ");
    await new Promise((resolve) => stream.flush(create === "brotliCompress" ? zlib.constants.BROTLI_OPERATION_FLUSH : zlib.constants.Z_SYNC_FLUSH, resolve));
    await until(() => seen.endsWith("two "));
    log(seen, stream.bytesWritten);
    stream.end("three", () => events.push("ended"));
    await until(() => seen.endsWith("three") && events.includes("close"));
    log(seen, events.join(), await new Promise((resolve) => stream.flush(() => resolve("flushed after the end"))));
  }
  const eager = zlib.createGzip({ flush: zlib.constants.Z_SYNC_FLUSH });
  await new Promise((resolve) => eager.write("at once", resolve));
  log(zlib.gunzipSync(eager.read(), { finishFlush: zlib.constants.Z_SYNC_FLUSH }).toString());

  for (const create of ["gzip", "deflate", "deflateRaw"]) {
    const stream = creates(create, { level: 9 });
    const whole = buffer(stream);
    stream.write("a".repeat(1000));
    await new Promise((resolve) => stream.params(0, 0, resolve));
    stream.write("a".repeat(1000));
    await new Promise((resolve) => stream.params(0, 0, resolve));
    await new Promise((resolve) => stream.params(9, zlib.constants.Z_FILTERED, resolve));
    stream.end(data);
    const packed = await whole;
    const unpacked = zlib[`${PAIRS.find(([pack]) => pack === create)[1]}Sync`](packed);
    log(create, packed.length > 1000, unpacked.length, unpacked.subarray(2000).equals(data));
  }
  log(attempt(() => zlib.createDeflate().params(10, 0)), attempt(() => zlib.createDeflate().params(1, 9)), attempt(() => zlib.createInflate().params(1, 0)));

  const dictionary = Buffer.from("hello, a text that is known");
  for (const [pack, unpack] of [["deflate", "inflate"], ["deflateRaw", "inflateRaw"]]) {
    const packed = zlib[`${pack}Sync`]("a text that is known", { dictionary });
    log(packed.length < 20, attempt(() => zlib[`${unpack}Sync`](packed, { dictionary })), attempt(() => zlib[`${unpack}Sync`](packed)).slice(0, 40), pack === "deflate" ? attempt(() => zlib.inflateSync(packed, { dictionary: Buffer.from("other") })) : "", (await buffer(Readable.from([packed]).pipe(creates(unpack, { dictionary })))).toString());
  }
  for (const options of [{ chunkSize: 1 }, { chunkSize: "x" }, { windowBits: 7 }, { windowBits: 8 }, { windowBits: 16 }, { level: 10 }, { level: "x" }, { level: NaN }, { level: Infinity }, { memLevel: 0 }, { memLevel: 9 }, { strategy: 5 }, { strategy: 3 }, { dictionary: "x" }, { flush: 99 }, { finishFlush: -1 }, { maxOutputLength: 0 }, { maxOutputLength: "x" }, { windowBits: 0 }])
    log(inspect(options), attempt(() => zlib.gunzipSync(zlib.gzipSync("a", options))), attempt(() => zlib.inflateSync(zlib.deflateSync("a", options))), attempt(() => zlib.inflateRawSync(zlib.deflateRawSync("a", options))), attempt(() => zlib.inflateSync(zlib.deflateSync("a"), options)), attempt(() => zlib.createGunzip(options) instanceof zlib.Gunzip));
  for (const options of [{ params: { 99: 1 } }, { params: { 1: "x" } }, { params: { 1: 12 } }, { params: 5 }, { chunkSize: 1 }, { params: { x: 1 } }, { params: { 1: 3, 2: 16, 0: 1 } }, { finishFlush: 4 }]) log(inspect(options), attempt(() => zlib.brotliDecompressSync(zlib.brotliCompressSync("a", options))), attempt(() => typeof zlib.createBrotliCompress(options)));
  log(attempt(() => Object.keys(zlib.gzipSync("a", { info: true }))), attempt(() => zlib.inflateSync(zlib.deflateSync("a"), { info: true }).buffer), attempt(() => zlib.gzip("a")), attempt(() => zlib.crc32("hello")), attempt(() => zlib.crc32("hello", 5)), inspect(zlib.codes), zlib.Z_SYNC_FLUSH, zlib.Z_BEST_COMPRESSION, zlib.BROTLI_PARAM_QUALITY, Object.keys(zlib).includes("Z_BEST_SPEED"));
  log(attempt(() => zlib.gunzipSync(zlib.gzipSync("x".repeat(1000)), { maxOutputLength: 999 })), zlib.gunzipSync(zlib.gzipSync("hello").subarray(0, 15), { finishFlush: zlib.constants.Z_SYNC_FLUSH }).toString());

  const slow = [];
  await pipeline(Readable.from([zlib.gzipSync(Buffer.alloc(1_000_000, "x"))]), zlib.createGunzip(), new Writable({ highWaterMark: 1000, write(chunk, _encoding, done) { slow.push(chunk.length); setTimeout(done, 0); } }));
  log(slow.reduce((a, b) => a + b), Math.max(...slow));
  log(await pipeline(Readable.from(["no gzip"]), zlib.createGunzip(), async (source) => buffer(source)).catch((error) => error.code));
  const closed = zlib.createGzip();
  await new Promise((resolve) => closed.close(resolve));
  log(closed.destroyed, await new Promise((resolve) => { closed.on("error", resolve); closed.write("x", resolve); }).then((error) => error?.code));
  const anew = zlib.createDeflate();
  await new Promise((resolve) => anew.write("forgotten", resolve));
  anew.reset();
  anew.read();
  anew.end("kept");
  log(zlib.inflateSync(await buffer(anew)).toString(), zlib.Gzip.name, zlib.createGzip() instanceof zlib.Gzip);

  // What minizlib, on which tar stands, does with a stream's handle.
  for (const [pack, unpack] of PAIRS) {
    const whole = Buffer.concat(["one piece, ", "another one"].map((piece, at) => {
      const stream = packer ??= creates(pack), handle = stream._handle, close = handle.close;
      handle.close = () => {};
      const packed = Buffer.from(stream._processChunk(Buffer.from(piece), at === 0 ? 0 : pack === "brotliCompress" ? 2 : 4)); // Node.js uses its buffer again
      const lost = stream._handle;
      [stream._handle, handle.close] = [handle, close];
      log(pack, lost, stream.bytesWritten);
      return packed;
    }));
    packer.close();
    await new Promise((resolve) => setTimeout(resolve, 0));
    log(packer._handle, zlib[`${unpack}Sync`](whole).toString());
    packer = null;
    const called = creates(unpack);
    await new Promise((resolve) => called._processChunk(whole, 0, resolve));
    log(String(called.read()), called._handle === null, called.bytesWritten === whole.length);
    if (pack !== "brotliCompress") log(attempt(() => creates(unpack)._processChunk(Buffer.from("nonsense"), 0)));
  }
  log(attempt(() => zlib.createDeflate({ maxOutputLength: 3 })._processChunk(Buffer.from("much"), 4)), typeof zlib.createInflate()._handle.constructor);
  log(attempt(() => zlib.crc32(5)), attempt(() => zlib.crc32("x", -1)));
  const gunzip = zlib.createGunzip();
  log(gunzip._closed, zlib.createGzip({ level: NaN })._level, zlib.createGzip({ strategy: 2 })._strategy);
  gunzip.on("error", () => log("closed", gunzip._closed)).write("no gzip");
  await finished(gunzip).catch(() => {});
  log(attempt(() => zlib.createBrotliCompress({ params: { 0: 0, "00": 0 } })));
  for (const params of [{ 4: 42 }, { 4: 1 }, { 5: 42 }]) log(attempt(() => typeof zlib.createBrotliCompress({ params })));
}
