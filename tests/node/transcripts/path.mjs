import path, { posix } from "node:path";
import { inspect } from "node:util";
import { attempt } from "./shared/attempt.mjs";

export default function run(log) {
  const paths = ["", ".", "..", "/", "//", "///", "/a", "/a/", "a/b", "a/b/", "a//b", "/a/../b", "../a", "../../a/..", "a/./b", "./a", "/../a", "a/..", "a/../..", ".a", ".a.b", "a.", "a.b.c", "/a.b/c", "..a", "...", "a..", "a/.b", "/a/b.tar.gz", " ", "a b/c", "C:\\x\\y", "//a", "//a/b", "/a//", "./", "../", "a/b/../../../c"];
  for (const p of paths) log(JSON.stringify(p), path.normalize(p), path.dirname(p), path.basename(p), path.extname(p), path.isAbsolute(p), inspect(path.parse(p)), path.format(path.parse(p)), path.toNamespacedPath(p));
  for (const [base, suffix] of [["a.js", ".js"], ["a.js", "js"], [".js", ".js"], ["/b/a.js/", ".js"], ["a", "a"], ["aa", "a"], ["a.js", ""], ["a/b.js", "b.js"], ["x", "yyy"]]) log("basename", base, suffix, path.basename(base, suffix));
  for (const parts of [[], [""], ["a", "b"], ["a", "..", "b"], ["/a", "/b"], ["a/", "/b"], ["", "a"], ["a", "", "b"], ["..", "..", "a"], [".", "./x"], ["/", ".."], ["x/..", "y"]]) log("join", inspect(parts), path.join(...parts), path.resolve("/w", ...parts), path.resolve("/", ...parts));
  for (const [from, to] of [["/a/b/c", "/a/d"], ["/a", "/a"], ["/", "/a"], ["/a", "/"], ["/a/b", "/a/b/c"], ["/a/bc", "/a/b"], ["/foo/bar/baz-quux", "/foo/bar/baz"], ["/x/../a", "/a/b/"], ["/a/b/", "/a/b"]]) log("relative", from, to, JSON.stringify(path.relative(from, to)));
  for (const object of [{ dir: "/a", base: "b" }, { root: "/", base: "b" }, { root: "/", dir: "/", base: "b" }, { name: "n", ext: ".e" }, { name: "n", ext: "e" }, { dir: "d", name: "n" }, { base: "b", name: "n" }, {}]) log("format", inspect(object), path.format(object));
  for (const make of [() => path.join(1), () => path.resolve("a", {}), () => path.basename(null), () => path.basename("a", 5), () => path.format("x"), () => path.format(null), () => path.relative("a"), () => path.parse(), () => path.extname([])]) log(attempt(make));
  log(path.sep, path.delimiter, posix === path, path.posix === path);
  const candidates = ["a", ".a", "a/b", "a/.b", "a/b/c", "/a", "/a/b", "a.js", "b.ts", "a[b]", "a]", "a{b", "a,b", "ab", "abc", "", "a/", "A", "a-b", "!a", "#a", "a\\b", "é", "a+b", "foo.test.js", "x/foo.test.js", "1", "12", "...", "a/b/", "b", "./a", "a//b"];
  const globs = ["*", "**", "a", "a/*", "a/**", "**/b", "**/*", "*.js", "*.{js,ts}", "[ab]", "[!a]", "[^a]", "[a-c]*", "a[[]b]", "a\\[b\\]", "a{b", "{a,b}", "{a,b/c}", "a?", "??", "?", "!a", "#a", "{1..3}", "{01..12}", "+(a|b)", "@(a|b)", "!(a)", "*(a)", "?(a)b", "a]", "[", "[]", "a[", "", "/", "/a", "/*", "/**", "**/", "a/**/c", "**/*.test.js", "{a,{b,c}}", "a,b", "[[:alpha:]]", "[[:digit:]]*", ".*", "**/.*", "a*b", "*b*", "{a}", "{,a}", "a{,/b}", "a/../a", "./a", "a\\*", "{a..c}", "***", "a**", "**a"];
  for (const g of globs) log(g, attempt(() => candidates.filter((p) => path.matchesGlob(p, g)).join(" ~ ")));
  for (const [p, g] of [["a", "a/**/b"], ["a/b","a/**/b"],["a","**/a/**"],["a/b","**/a/**"],["x/y/a","**/a"], ["/x", "/**/x"], ["a/b/c","a/**/**/c"], ["a/.x/c","a/**/c"], ["a/.x/c","a/**/.x/c"],["a/c","a/**/./c"], ["src/x.js","{src,lib}/**/*.{js,ts}"], ["src/a/b/x.ts","{src,lib}/**/*.{js,ts}"]]) log(p, g, path.matchesGlob(p, g));
}
