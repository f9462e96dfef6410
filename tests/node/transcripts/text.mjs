import { StringDecoder } from "node:string_decoder";
import util from "node:util";
import punycode from "punycode";
import { inspect, parseArgs, promisify, callbackify, deprecate, inherits } from "node:util";
import { attempt } from "./shared/attempt.mjs";

export default async function run(log) {
  const samples = ["héllo wörld", "日本語テキスト", "😀😃", "plain", "\ufeffmark"];
  for (const encoding of ["utf8", "utf16le", "latin1", "base64", "base64url", "hex", "ascii"]) {
    for (const sample of samples) {
      const bytes = Buffer.from(sample, encoding === "utf16le" ? "utf16le" : "utf8");
      for (const size of encoding === "utf16le" ? [2, 4] : [1, 2, 3, 5]) {
        const decoder = new StringDecoder(encoding);
        const parts = [];
        for (let i = 0; i < bytes.length; i += size) parts.push(decoder.write(bytes.subarray(i, i + size)));
        log(encoding, size, JSON.stringify(parts), JSON.stringify(decoder.end()));
      }
    }
  }
  for (const bytes of [[0xff], [0xe2, 0x82], [0xc3], [0xf0, 0x9f], [0xe2, 0x28, 0xa1], [0xed, 0xa0, 0x80], [0xf5, 0x80], [0xc0, 0x80], [0xe2, 0x82, 0xff]]) {
    const decoder = new StringDecoder("utf8");
    log(inspect(bytes), JSON.stringify(bytes.map((byte) => decoder.write(Buffer.from([byte])))), JSON.stringify(decoder.end()), JSON.stringify(new StringDecoder().end(Buffer.from(bytes))));
  }
  log(attempt(() => new StringDecoder("nope")), attempt(() => new StringDecoder().write(5)), new StringDecoder("UTF-8").encoding, new StringDecoder().write("text"));
  for (const text of ["mañana", "bücher", "☃-⌘", "日本語", "abc", "-", "他们为什么不说中文"]) log(text, punycode.encode(text), punycode.decode(punycode.encode(text)), punycode.toASCII(`${text}.com`), punycode.toUnicode(punycode.toASCII(`${text}.com`)));
  log(inspect(punycode.ucs2.decode("a😀")), punycode.ucs2.encode([97, 128512]), attempt(() => punycode.decode("ü")), attempt(() => punycode.decode("99999999")));

  const options = { foo: { type: "boolean", short: "f" }, bar: { type: "string", short: "b" }, list: { type: "string", multiple: true }, def: { type: "string", default: "d" } };
  for (const args of [[], ["-f", "--bar", "b"], ["--bar=x", "-f"], ["-fb", "v"], ["-bv"], ["--list", "1", "--list=2"], ["pos"], ["--nope"], ["--bar"], ["--foo=1"], ["--", "a"], ["-x"], ["--bar", "-f"]]) {
    log(inspect(args), attempt(() => parseArgs({ args, options })), attempt(() => parseArgs({ args, options, strict: false })), attempt(() => parseArgs({ args, options, allowPositionals: true, tokens: true })));
  }
  const read = (value, callback) => (value ? callback(null, value) : callback(new Error("no value")));
  log(await promisify(read)(5), await promisify(read)(0).catch((error) => error.message), attempt(() => promisify(5)), promisify(read).name, promisify(read).length);
  const custom = Object.assign(() => {}, { [promisify.custom]: () => "custom" });
  log(promisify(custom)(), promisify(promisify(read)) === promisify(read), promisify.custom.toString());
  await new Promise((resolve) => callbackify(async (x) => x * 2)(21, (error, value) => resolve(log(error, value))));
  await new Promise((resolve) => callbackify(async () => Promise.reject(null))((error) => resolve(log(error.code, error.message, error.reason))));
  await new Promise((resolve) => callbackify(async () => Promise.reject(new Error("e")))((error) => resolve(log(error.message))));
  log(attempt(() => callbackify(5)), attempt(() => callbackify(async () => {})(5)), attempt(() => inherits(5, 6)), attempt(() => inherits(function A() {}, {})));
  log(typeof deprecate(() => 5, "old"), util.debuglog("x").enabled, util.isDeepStrictEqual([1], [1]), util.types.isDate(new Date()), new util.TextEncoder().encode("é").length, new util.TextDecoder().decode(new Uint8Array([104, 105])));
  log(new util.MIMEType("text/Plain; charset=UTF-8").toString(), new util.MIMEType("a/b").essence, attempt(() => new util.MIMEType("bad")), util.getSystemErrorName(-2));
  const cut = new StringDecoder();
  for (const byte of [0xe2, 0x82, 0xac]) {
    cut.write(Buffer.from([byte]));
    log(cut.lastNeed && cut.lastChar.toString("hex"), cut.lastNeed, cut.lastNeed && cut.lastTotal);
  }
  for (const pieces of [["3dd8"], ["3dd8", "4d"], ["3dd84d"], ["61003d", "d84d", "dc"], ["3dd84d", "dc6100"]]) {
    const decoder = new StringDecoder("utf16le");
    log(pieces.join(), JSON.stringify(pieces.map((piece) => decoder.write(Buffer.from(piece, "hex")))), JSON.stringify(decoder.end()));
  }
}
