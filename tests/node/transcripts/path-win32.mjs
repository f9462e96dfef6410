import { win32 } from "node:path";
import same, { basename } from "node:path/win32";
import { inspect } from "node:util";
import { attempt } from "./shared/attempt.mjs";

export default function run(log) {
  const paths = ["", ".", "..", "\\", "/", "\\\\", "//", "a", "a\\", "a/b", "a\\b.c", "C:", "c:.", "C:\\", "C:/a", "C:a", "c:..\\a", "C:\\a\\..\\..\\b", "\\a", "/a/..", "\\\\server", "\\\\server\\share", "\\\\server\\share\\", "//server//share//a", "\\\\server\\share\\..\\a", "\\\\.\\C:\\a", "\\\\?\\C:\\x\\..", "\\\\.\\", "./C:/x", "a/../C:/x", "a//b", "..\\..\\a", ".e", "a.", "a.b.c", "C:\\a.js\\", "x:\\y/z\\\\"];
  for (const p of paths) log(JSON.stringify(p), win32.normalize(p), win32.dirname(p), win32.basename(p), win32.extname(p), win32.isAbsolute(p), inspect(win32.parse(p)), win32.format(win32.parse(p)));
  for (const parts of [[], [""], ["a", "..", "b"], ["C:\\", "a"], ["C:", "a"], ["\\\\a", "b"], ["//a", "b"], ["//", "a", "b"], ["\\", "\\a"], ["a", "C:\\b"], ["..", "a"]]) log(inspect(parts), win32.join(...parts));
  for (const parts of [["C:\\a", "b"], ["C:\\a", "\\b"], ["C:\\a", "..\\..\\b"], ["C:\\a", "D:\\b", "C:c"], ["\\\\s\\h", "a"], ["C:/a/", "\\\\s\\h\\x"], ["c:\\ignore", "C:\\some\\file"]]) log(inspect(parts), win32.resolve(...parts), win32.toNamespacedPath(win32.resolve(...parts)));
  for (const [from, to] of [["C:\\a\\b", "C:\\a\\c"], ["c:\\a", "C:\\A"], ["C:\\", "D:\\"], ["C:\\a\\b", "C:\\a\\b\\c"], ["C:\\a\\b\\c", "C:\\a"], ["C:\\foo\\bar", "C:\\foo\\barbaz"], ["\\\\s\\h\\a", "\\\\s\\h\\b"], ["\\\\s\\h", "c:\\x"], ["C:\\", "C:\\a"]]) log(from, to, win32.relative(from, to));
  for (const call of [() => win32.basename("C:\\a.js", ".js"), () => win32.basename("C:a"), () => win32.basename(5), () => win32.join(5), () => win32.resolve({}), () => win32.format(5), () => win32.format({ dir: "C:\\d", name: "n", ext: "e" }), () => win32.toNamespacedPath(5), () => win32.matchesGlob("a\\b.js", "a/*.js"), () => [win32.sep, win32.delimiter, win32.win32 === win32, win32.posix.sep, same === win32, basename === win32.basename]]) log(attempt(call));
}
