import url from "node:url";
import { inspect } from "node:util";
import { attempt } from "./shared/attempt.mjs";

export default function run(log) {
  const texts = ["http://user:pass@sub.example.com:8080/p/a/t/h?query=string#hash", "https://example.com", "HTTP://EXAMPLE.com/Path", "//host/path", "/a/b?c#d", "a/b", "", "mailto:a@b.c", "javascript:alert('x')", "http://a.com/b c", "http://a.com:80", "http://a.com?x", "http://a.com#x", "file:///etc/passwd", "http://[::1]:80/x", "http://a.com/\\b", "x:y", "coap://u:p@h:1/p?q", "?a=b", "#h", "http://user@h", "http://a.com/{}|`", "http://-a.com", "http://a.com:abc/x", "git+ssh://g@h:a/b.git", "http://ex%61mple.com/x", "  http://a.com  ", "http://a.com/x;p=1", "HtTp://x.y.com+a/b/c", "http://a.b/\tbc\ndr\ref g\"hq'j<kl>"];
  for (const text of texts) {
    for (const args of [[], [true], [false, true]]) {
      const parsed = attempt(() => ({ ...url.parse(text, ...args) }));
      log(JSON.stringify(text), inspect(args), parsed);
    }
    log(attempt(() => url.format(url.parse(text))), attempt(() => url.format(text)));
  }
  for (const [from, to] of [["/one/two/three", "four"], ["http://example.com/", "/one"], ["http://example.com/one", "/two"], ["http://a/b/c/d;p?q", "g"], ["http://a/b/c/d;p?q", "./g"], ["http://a/b/c/d;p?q", "g/"], ["http://a/b/c/d;p?q", "/g"], ["http://a/b/c/d;p?q", "//g"], ["http://a/b/c/d;p?q", "?y"], ["http://a/b/c/d;p?q", "g?y"], ["http://a/b/c/d;p?q", "#s"], ["http://a/b/c/d;p?q", ""], ["http://a/b/c/d;p?q", "."], ["http://a/b/c/d;p?q", ".."], ["http://a/b/c/d;p?q", "../.."], ["http://a/b/c/d;p?q", "../../../g"], ["http://a/b/c/d;p?q", "g:h"], ["http://a/b/c/d;p?q", "http://x/y"], [".", "#hash"], ["/a/b", "../c"], ["a/b", "../../c"], ["http://a.com/b", "https://c.com/d"], ["", "x"], ["/", "./"], ["http://a/b/c/", "../d/./e"], ["http://u:p@a/b", "c"]]) log(from, to, attempt(() => url.resolve(from, to)));
  for (const object of [{ protocol: "http", host: "a.com", pathname: "b" }, { protocol: "https:", hostname: "a", port: 8, pathname: "/x", query: { a: 1, b: [2, 3] } }, { pathname: "/a?b#c" }, { host: "h", search: "q=1" }, { hostname: "::1", protocol: "http" }, { protocol: "mailto", pathname: "a@b" }, { protocol: "file", pathname: "/x" }, { auth: "u:p", host: "h", slashes: true }, { hash: "h" }, {}, { protocol: "x", slashes: true, host: "y" }]) log(inspect(object), attempt(() => url.format(object)));
  for (const [from, to] of [["http://a/b/c", "https:x/y/z"], ["http://a/b/c", "https:x"], ["http://a/b/c", "https:/x/y//z/"], ["http://a/b/c", "https:"], ["http://a/b/c", "https:?q#h"], ["http://a/b", "ftp:x//y"], ["http://a/b", "file:x/y"], ["http://a/b", "foo:x/y"], ["x:y", "http:a/b"]]) log(from, to, attempt(() => url.resolve(from, to)));
  for (const [from, to] of [["foo:a/b", "../c"], ["foo:a/b", "c"], ["foo:a", "foo:b/c"], ["foo:/a/b", "c"], ["zz:abc", "foo/../bar"], ["mailto:a@b.c", "d@e"], ["foo:a?b", "?c"], ["http:a", "http:b"]]) log(from, to, attempt(() => url.resolve(from, to)));
  for (const text of ["http://a\r\" \t\n<'b:b@c\r\nd/e?f", "http://fail\u2047fail.com/", "http://fail\u2100fail.com/", "http://fail\uff20fail.com/", "http://\u00ad/bad.com/", "http://ex\uff0eample.com", "http://m\u00fcn\u00adchen.de/x", "http://B\u00dcCHER.de", "http://\u65e5\u672c\u3002jp/"]) log(JSON.stringify(text), attempt(() => ({ ...url.parse(text) })));
  for (const text of ["coap://[::1]", "coap://[FE80::1]:5?q", "http://[127.0.0.1\0c]:80/", "http://[a b]/"]) log(JSON.stringify(text), attempt(() => ({ ...url.parse(text) })));
  for (const text of ["file:///C:/a%20b/c", "file:///c:", "file://host/share/x", "file:///a/b", "file:///C:/a%5Cb", "file:///C:/a%2fb"]) log(text, attempt(() => url.fileURLToPath(text, { windows: true })));
  for (const path of ["C:\\a b\\c", "C:\\a\\", "\\\\host\\share\\x", "\\\\?\\UNC\\host\\share\\x", "\\\\host", "\\\\\\x"]) log(JSON.stringify(path), attempt(() => url.pathToFileURL(path, { windows: true }).href));
  log(url.pathToFileURL("/a[b]|c~d^e`f{g}\"<>").href);
  for (const bad of [true, 1, "test", Infinity]) log(attempt(() => url.format(new URL("http://a/"), bad)));
  for (const ask of [url.domainToASCII, url.domainToUnicode]) log(attempt(() => ask()), attempt(() => ask(undefined)), attempt(() => ask({ toString() { throw new RangeError("no"); } })));
  log(inspect({ ...url.urlToHttpOptions({ hash: "#h", search: "?s" }) }));
  for (const bad of [undefined, null, 5, {}]) log(attempt(() => url.parse(bad)), attempt(() => url.fileURLToPath(bad)), attempt(() => url.format(bad)));
  for (const text of ["file:///a/b", "file:///a%20b", "file:///%E4%BD%A0", "http://a/b", "file://host/a", "file:///a%2fb"]) log(text, attempt(() => url.fileURLToPath(text)), attempt(() => url.fileURLToPath(new URL(text))));
  for (const path of ["/a/b", "/a b", "/a%b", "/a#b?c", "/日本", "/a\\b", "/x\n"]) log(JSON.stringify(path), attempt(() => url.pathToFileURL(path).href));
  for (const domain of ["español.com", "中文.com", "xn--fiq228c.com", "example.com", "xn--iñvalid.com", "straße.de"]) log(domain, url.domainToASCII(domain), url.domainToUnicode(url.domainToASCII(domain)));
  const u = new URL("http://u:p@測試.com:81/p?q=1#h");
  for (const options of [{}, { fragment: false }, { unicode: true }, { search: false }, { auth: false }]) log(inspect(options), url.format(u, options));
  log(inspect(url.urlToHttpOptions(new URL("http://u:p%20@[::1]:81/p?q#h"))).replace(/\[Symbol[^\n]*\n/g, "\n"), url.URL === URL, url.URLSearchParams === URLSearchParams);
  const bases = ["http://a.com/b/c/d;p?q", "http://user:pw@a.com:80/x/", "zz:abc/def?q#h", "foo/bar", "", "mailto:a@b.c", "file:///C:/x/y", "javascript:alert(1)", "http:", "//host/p", "fred:///s//a/b/c", "/users/../../..", "a:b@c/d"];
  const rest = ["", ".", "../../../g", "?y#s", "//g", "/../g", "..g", "g/./h", "http:g", "http:?x", "zz:abc", "zz://h/p", "mailto:foo@bar", "https:#x", "file:/d", "//u:p@h:8/p", "foo/../../../bar", "///x", "mailto:local2@domain2/..", "https:a/b/../c", "fred:..", "xmpp:x@y/.."];
  for (const base of bases) log(base, ...rest.map((relative) => attempt(() => [url.resolve(base, relative), Object.values(url.resolveObject(base, relative)).join()])));
  for (const odd of ["https://*", "http://a*b:8/x", "http://x:y:z/", "http://a!b$c&d(e)/", "http://fail\ufe6afail.com/", "http://a<b/"]) log(odd, attempt(() => ({ ...url.parse(odd) })));
  for (const odd of ["\bhttp://example.com/\b", "\u2028http://x/\u2028", "\ufeff\xa0http://x/ "]) log(JSON.stringify(url.parse(odd).href));
  for (const odd of ["/a'b<?c d", "/a'b<?c", "//`", "80x:y", "..http:{<", "x:xn--`", "http://xn--%/"]) log(odd, attempt(() => ({ ...url.parse(odd, true) })));
  log(url.format({ auth: "a:b:c", host: "h" }));
}
