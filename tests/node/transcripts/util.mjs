import util from "node:util";
import os from "node:os";
import { attempt } from "./shared/attempt.mjs";

export default function run(log) {
  for (const n of [-2, -1, -12345, 0, 5, "x", undefined, -1.5, -4095, -3008, -11]) log(String(n), attempt(() => util.getSystemErrorName(n)));
  log(attempt(() => [...util.getSystemErrorMap()].sort()));
  log(JSON.stringify(os.constants));
  log(Object.keys(os.constants), os.EOL, os.devNull, os.platform(), os.endianness(), os.type(), attempt(() => os.tmpdir()));
  for (const t of ["A=1\nB='x y'\n#c\nC=\"a\\nb\" # d\nexport D=5\nE = f # g\nF=`h\"'`\nG=\nH", "A=b=c\nX=\"unclosed\nY=2", " A = ' x ' \n", "A:1", "A=1\r\nB=2\r\n", "a.b-c=1", "A=\"multi\nline\"\nB='m\nl'", "A=a\\nb", "A='#x' #y", "A=\"x\\\"y\"","A=x'y'","A= \nB=1"]) log(JSON.stringify(t), attempt(() => ({ ...util.parseEnv(t) })));
  for (const t of ["text/html; charset=utf-8", "TEXT/Plain;a=\"b c\";A=d;x", "text/html;charset=\"a\\\"b\"", "bad", "a/", "/b", "a/b;", "a/b;c", "a/b;c=", "a/b; c=d ;e=f", "a b/c", "a/b c", " a/b ", "a/b;=x", "a/b;c=\"unclosed", "a/b;é=x"]) log(t, attempt(() => { const m = new util.MIMEType(t); return [m.type, m.subtype, m.essence, `${m}`, JSON.stringify(m), [...m.params], m.params instanceof util.MIMEParams]; }));
  log(attempt(() => { const m = new util.MIMEType("a/b"); m.type = "c"; m.subtype = "D"; m.params.set("X", "y z"); m.params.set("q", "1"); m.params.delete("none"); return [`${m}`, m.params.get("x"), m.params.has("x"), [...m.params.keys()], [...m.params.values()], [...m.params.entries()], `${m.params}`]; }));
  log(attempt(() => { const m = new util.MIMEType("a/b"); m.type = ""; }), attempt(() => { const m = new util.MIMEType("a/b"); m.subtype = "é"; }), attempt(() => { new util.MIMEParams().set("a b", 1); }), attempt(() => { new util.MIMEParams().set("a", "é\n"); }), attempt(() => { new util.MIMEParams().set("", ""); }));
  log(attempt(() => util.inspect(new util.MIMEType("a/b;c=d"))), attempt(() => new util.MIMEParams()));
  log(attempt(() => util.styleText("bold", "x")), attempt(() => util.styleText(["red", "underline"], "x", { validateStream: false })), attempt(() => util.styleText("nope", "x")), attempt(() => util.styleText("red", 5)));
  log(attempt(() => util.stripVTControlCharacters("\u001B[4mvalue\u001B[0m \u001b]8;;http://x\u0007link\u001b]8;;\u0007")), attempt(() => util.toUSVString("a\ud800")), attempt(() => util.deprecate(() => {}, "x", 5)));
  const booleanish = Object.setPrototypeOf(new Boolean(true), String.prototype);
  log(attempt(() => util.isDeepStrictEqual(booleanish, new String("true"))), attempt(() => util.isDeepStrictEqual(booleanish, booleanish)));
  log(attempt(() => util.types.isKeyObject({})), attempt(() => util.isDeepStrictEqual([1, , 2], [1, undefined, 2])), attempt(() => util.inherits(class {}, null)));
  for (const options of [{ stream: {} }, { stream: 5 }, { stream: {}, validateStream: false }, { stream: null }, { stream: new WritableStream() }]) log(attempt(() => JSON.stringify(util.styleText("red", "x", options))));
}
