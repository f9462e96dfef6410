import buffer, { Buffer } from "node:buffer";
import { inspect } from "node:util";
import { attempt } from "./shared/attempt.mjs";

export default function run(log) {
  const texts = ["", "a", "héllo", "日本語", "\ud800", "a\0b", "YWJj", "YW Jj\n", "YWJjZA==", "-_8", "zz6162", "616", "\xff\xfe"];
  const encodings = ["utf8", "utf-8", "UTF8", "ucs2", "utf16le", "latin1", "binary", "ascii", "hex", "base64", "base64url"];
  for (const text of texts) {
    for (const encoding of encodings) {
      const bytes = Buffer.from(text, encoding);
      log(JSON.stringify(text), encoding, bytes.toString("hex"), Buffer.byteLength(text, encoding), JSON.stringify(bytes.toString(encoding)));
    }
  }
  const raw = Buffer.from([0, 1, 0x7f, 0x80, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0xff, 0xc3]);
  for (const encoding of encodings) log(encoding, JSON.stringify(raw.toString(encoding)), JSON.stringify(raw.toString(encoding, 3, 8)));

  for (const make of [
    () => Buffer.from("x", "nope"), () => Buffer.from(5), () => Buffer.from(null), () => Buffer.from({}), () => Buffer.from(undefined),
    () => Buffer.from([1, 2, 300, -1, "7", 1.9]), () => Buffer.from(new Uint16Array([1, 256, 65535])), () => Buffer.from({ length: 2, 0: 5, 1: 6 }),
    () => Buffer.from({ type: "Buffer", data: [1, 2] }), () => Buffer.from(new String("boxed")), () => Buffer.from(new ArrayBuffer(4), 1, 2),
    () => Buffer.from(new ArrayBuffer(4), 5), () => Buffer.from(new ArrayBuffer(4), 1, 9), () => Buffer.alloc(3, "ab"), () => Buffer.alloc(5, "YWI=", "base64"),
    () => Buffer.alloc(-1), () => Buffer.alloc("5"), () => Buffer.alloc(3, 257), () => Buffer.allocUnsafe(NaN), () => Buffer(2), () => new Buffer("q"),
    () => Buffer.concat([Buffer.from("ab"), Buffer.from("cd")]), () => Buffer.concat([Buffer.from("ab")], 1), () => Buffer.concat([Buffer.from("ab")], 4),
    () => Buffer.concat("x"), () => Buffer.concat([1]), () => Buffer.compare(Buffer.from("a"), Buffer.from("b")), () => Buffer.compare("a", Buffer.from("b")),
    () => Buffer.byteLength(5), () => Buffer.byteLength(new ArrayBuffer(3)), () => Buffer.isEncoding("UTF-8"), () => Buffer.isEncoding("nope"), () => Buffer.isEncoding(""),
    () => Buffer.isBuffer(new Uint8Array(1)), () => Buffer.copyBytesFrom(new Uint16Array([1, 2, 3]), 1, 1), () => buffer.transcode(Buffer.from("é€"), "utf8", "latin1"),
    () => buffer.isAscii(Buffer.from("a")), () => buffer.isUtf8(Buffer.from([0xff])), () => Buffer.poolSize, () => Buffer.from("test").toJSON(),
  ]) log(make.toString().slice(6), attempt(make));

  const b = Buffer.from("this is a test of a buffer, this is");
  for (const args of [["is"], ["is", 3], ["is", -5], ["this", 1], ["", 3], ["", 99], ["q"], [0x74], [0x74, 5], [355.9], [Buffer.from("test")], [new Uint8Array([97])], ["is", NaN], ["is", undefined], ["is", {}], ["is", -99], ["aXM=", "base64"], ["aXM=", 4, "base64"], [{}], [null]]) {
    for (const method of ["indexOf", "lastIndexOf", "includes"]) log(method, inspect(args), attempt(() => b[method](...args)));
  }
  const wide = Buffer.from("σσσ ab σ", "ucs2");
  for (const args of [["σ", 0, "ucs2"], ["σ", 3, "ucs2"], ["b", -4, "ucs2"], ["σ", "ucs2"]]) log("ucs2", inspect(args), wide.indexOf(...args), wide.lastIndexOf(...args));

  for (const [from, to] of [[undefined, undefined], [2], [-3], [2, -2], [5, 2], [99], ["1", "3"], [1.7, 3.2], [NaN]]) log("slice", from, to, b.slice(from, to).toString(), b.subarray(from, to).length);
  const parent = Buffer.from("abcdef");
  const part = parent.slice(1, 3);
  part[0] = 88;
  log("shared", parent.toString(), part.parent === parent.buffer, part.buffer === parent.buffer, part instanceof Uint8Array, part.constructor === Buffer);
  log("species", parent.map((x) => x).constructor.name, parent.filter((x) => x > 99).toString());

  for (const make of [
    () => Buffer.alloc(8).fill("abc"), () => Buffer.alloc(4).fill("é"), () => Buffer.alloc(4).fill(300), () => Buffer.alloc(4).fill("", 1), () => Buffer.alloc(4).fill("6162", "hex"),
    () => Buffer.alloc(4).fill("zz", "hex"), () => Buffer.alloc(4).fill("a", 1, 3), () => Buffer.alloc(4).fill("a", 5), () => Buffer.alloc(4).fill("a", 0, 9), () => Buffer.alloc(4).fill(Buffer.from([1, 2, 3])),
    () => Buffer.alloc(4).fill("a", "nope"), () => Buffer.alloc(4).fill("a", 0, 4, 5), () => Buffer.alloc(4).fill(true),
  ]) log("fill", make.toString().slice(6), attempt(make));
  const w = Buffer.alloc(8);
  for (const args of [["abc"], ["é€", 6], ["abc", 7], ["abc", 1, 2], ["zz", 0, "hex"], ["6162", 2, "hex"], ["abc", "latin1"], ["abc", 9], ["abc", -1], [5], ["€", 6, 2], ["ab", 5, 3, "ucs2"], ["x", 0, 1, "nope"]]) log("write", inspect(args), attempt(() => w.write(...args)), w.toString("hex"));
  const target = Buffer.alloc(5);
  for (const args of [[target], [target, 2], [target, 2, 1], [target, 0, 1, 3], [target, -1], [target, 9], [target, 0, 99], [target, 0, 2, 1], ["x"], [target, NaN, "1"]]) log("copy", attempt(() => Buffer.from("qrstu").copy(...args)), target.toString("hex"));
  for (const [l, r] of [["a", "a"], ["a", "ab"], ["b", "a"]]) log("compare", Buffer.from(l).compare(Buffer.from(r)), Buffer.from(l).equals(Buffer.from(r)));
  const long = Buffer.alloc(10_000, "abcde\x80");
  for (const at of [0, 1022, 1023, 1024, 5000, 9998]) {
    const found = Buffer.from(long);
    found.write("XY", at);
    log("search long", at, found.indexOf("XY"), found.lastIndexOf("XY"), found.indexOf("XY", at + 1), found.lastIndexOf("XY", at - 1), found.indexOf("X", at), found.includes(Buffer.from("YX")));
  }
  log("long", long.toString("ascii").slice(-9), long.fill("xyz", 3, 1000).toString("latin1", 0, 9), long.toString("latin1", 996, 1003), Buffer.alloc(7, "abc"), Buffer.alloc(2, "abc"), Buffer.from("ab\xff", "ucs2"), Buffer.from("a\u20ac", "ucs2"));
  log("swap", Buffer.from("abcdefgh").swap16().toString(), Buffer.from("abcdefgh").swap32().toString(), Buffer.from("abcdefgh").swap64().toString());
  for (const at of [0, 1023, 1024, 3000, 4095]) {
    const [l, r] = [Buffer.alloc(4096, 0x7f), Buffer.alloc(4096, 0x7f)];
    r[at] = 0x80;
    log("compare long", at, l.compare(r), r.compare(l), l.equals(r), Buffer.compare(l, r.subarray(0, at)));
  }
  for (const args of [[0, 3, 1], [1, 2, 0, 2], [0, 9], [-1], [0, 1, 9], ["x"]]) log("compare", inspect(args), attempt(() => Buffer.from("abc").compare(Buffer.from("bcd"), ...args)));
  log(attempt(() => Buffer.from("a").equals("a")), attempt(() => Buffer.from("abc").swap16()), attempt(() => Buffer.from("abcd").swap16()), attempt(() => Buffer.from("abcdefgh").swap64()), attempt(() => Buffer.from("abcdefgh").swap32()));

  const n = Buffer.from([0x01, 0x82, 0xf3, 0x44, 0x55, 0xe6, 0x77, 0x88, 0x99]);
  for (const name of Object.keys(Buffer.prototype).filter((key) => /^read/.test(key)).sort()) {
    for (const args of /Int[LB]E$/.test(name) || /^readU?[iI]nt[LB]E$/.test(name) ? [[0, 1], [1, 3], [0, 6], [2, 5], [0, 7], [0, 0], [4, 6], [0], []] : [[], [1], [2], [9], [-1], [1.5], ["1"], [null]]) {
      log(name, inspect(args), attempt(() => n[name](...args)));
    }
  }
  for (const name of Object.keys(Buffer.prototype).filter((key) => /^write[A-Z]/.test(key)).sort()) {
    const big = name.includes("Big");
    const values = big ? [0n, 1n, -1n, 2n ** 63n, 2n ** 64n - 1n, -(2n ** 63n), 2n ** 64n] : [0, 1, -1, 127, 128, 255, 256, -129, 65535, 65536, 2 ** 31, 2 ** 32, 1.5, NaN, "7", 1e40, -(2 ** 31) - 1];
    for (const value of values) {
      const out = Buffer.alloc(9);
      const args = /^writeU?[iI]nt[LB]E$/.test(name) ? [value, 1, 3] : [value, 1];
      log(name, inspect(value), attempt(() => out[name](...args)), out.toString("hex"));
    }
    log(name, attempt(() => Buffer.alloc(1)[name](big ? 0n : 0, 5, 6)), attempt(() => Buffer.alloc(9)[name](big ? 0n : 0, "0", 6)));
  }
  for (const size of [1, 2, 4, 5, 6]) log("sized", attempt(() => Buffer.alloc(8).writeIntLE(-(2 ** 47), 0, size)), attempt(() => Buffer.alloc(8).writeUIntBE(2 ** 48 - 1, 0, size)));

  log(inspect(Buffer.from("abc")), inspect(Buffer.alloc(60)), inspect(Buffer.alloc(0)), inspect(Object.assign(Buffer.from("a"), { extra: 1 })), inspect({ b: Buffer.from("x") }));
  log(JSON.stringify({ b: Buffer.from("hi") }), `${Buffer.from("text")}`, Buffer.from("abc") + "d", [...Buffer.from("ab").entries()].join(";"));
  log(buffer.kMaxLength > 1e9, buffer.INSPECT_MAX_BYTES, typeof buffer.Blob, typeof buffer.atob, Object.keys(buffer.constants).join());
  log(Buffer.from("abc").latin1Slice(1), Buffer.from("abc").hexSlice(0, 2), Buffer.from("abc").utf8Slice(1, 2), Buffer.alloc(3).utf8Write("xyz", 1), Buffer.name, Buffer.length > 0, Buffer.from("abc").at(-1));
  for (const encoding of [null, "", "x", undefined, "HEX"]) log(attempt(() => Buffer.from("a").toString(encoding)));
  for (const given of [["x", "utf8", 0], ["x", "1", "ascii"], ["x", undefined, "ascii"], ["x", "ascii"], ["61", 1, undefined, "hex"], ["6162", 0, "hex"]]) log(attempt(() => Buffer.from("abc").write(...given)));
  for (const input of [null, "s", 5, {}, new ArrayBuffer(1), new Uint16Array(1), new DataView(new ArrayBuffer(1))]) log(attempt(() => buffer.isUtf8(input)), attempt(() => buffer.isAscii(input)));
  log(Buffer.concat([], 100).length, Buffer.concat([Buffer.from("a")], 3).toString("hex"), attempt(() => Buffer.concat([], -1)), attempt(() => Buffer.concat([Buffer.from("a")], -1)));
  log(Buffer.prototype.toLocaleString === Buffer.prototype.toString);
  for (const fill of [["c", "hex"], ["x", 20], ["", "hex"], [Buffer.alloc(0)], ["é", "latin1"], ["ab"], [1, "hex"], ["a", null], [true], [300], [{}]]) log(attempt(() => Buffer.alloc(4, ...fill).toString("hex")));
  for (const args of [[300, 2 ** 53, "latin1", 0], [undefined, "utf16le"], ["", Infinity, Infinity], ["é", "latin1"], ["ab", 1, 3], ["61", 1, "hex"], [5, -1], ["a", 0, 9], ["a", 0, 4, {}], [[1, 2]], ["b", 1.5]]) log(inspect(args), attempt(() => Buffer.from("01234").fill(...args).toString("latin1")));
  log(attempt(() => Buffer.alloc(1.5, "é").length), attempt(() => Buffer.alloc(5, [1, 2], -129).toString("hex")));
}
