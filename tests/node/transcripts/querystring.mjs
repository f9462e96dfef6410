import qs from "node:querystring";
import { inspect } from "node:util";

export default function run(log) {
  const texts = ["", "a=1", "a=1&b=2", "a=1&a=2&a=3", "a", "a&b", "=", "=v", "a=", "&&a=1&&", "a=b=c", "a=%20b+c", "%E9=x", "a=%zz", "a=%E0%A4%A", "__proto__=1", "hasOwnProperty=1", "a[]=1&a[]=2", "a=%26&b=%3D", "foo%3D=bar", "a=1;b=2", "x=%u2603", "%", "a=%", "%2", "a=+", "+a+=b", "日=本", "a=%00"];
  for (const text of texts) log(JSON.stringify(text), inspect(qs.parse(text)));
  log(inspect(qs.parse("a:1;b:2;c", ";", ":")), inspect(qs.parse("a==1&&b==2", "&&", "==")), inspect(qs.parse("a=1&b=2&c=3", null, null, { maxKeys: 2 })), inspect(qs.parse("a=1&b=2", "&", "=", { maxKeys: 0 })));
  log(inspect(qs.parse("a=%41&b=x%", "&", "=", { decodeURIComponent: (s) => `<${s}>` })), inspect(qs.parse(null)), inspect(qs.parse(5)));
  for (const object of [{ a: 1 }, { a: "x y", b: "&=" }, { a: [1, 2, "3"] }, { a: [] }, { a: null, b: undefined, c: true, d: NaN, e: Infinity, f: 10n, g: {} }, { "ключ": "значение" }, { a: "~!*()'._-" }, {}, "str", null, 5, [1, 2], { a: "😀" }, { "a b": "c+d" }, { a: "" }, { a: ["", null] }]) log(inspect(object), qs.stringify(object), qs.stringify(object, ";", ":"));
  log(qs.stringify({ a: "x y" }, "&", "=", { encodeURIComponent: (s) => `<${s}>` }));
  for (const text of ["a b", "é", "a/b?c#d", "%", "\x00\x7f", "!'()*~"]) log(JSON.stringify(text), qs.escape(text), JSON.stringify(qs.unescape(qs.escape(text))));
  for (const text of ["%61%62", "%zz", "%E9", "a%", "%2"]) log(JSON.stringify(qs.unescape(text)), qs.unescapeBuffer(text).toString("hex"));
  try {
    qs.escape("\ud800");
  } catch (error) {
    log(error.name, error.code, error.message);
  }
  for (const text of ["\ud801test", "a\udc00\ud800", "\ud83d\ude00\ud800x"]) log(qs.escape(text));
  for (const text of ["&a", "&&a=1", "a=1&&b=2", "%\u0100", "a=%\u0100%41"]) log(JSON.stringify(qs.parse(text, null, null, { maxKeys: 2 })), JSON.stringify(qs.parse(text, null, null, { maxKeys: 1 })));
  log(qs.escape(5), qs.escape({}), qs.encode === qs.stringify, qs.decode === qs.parse);
}
