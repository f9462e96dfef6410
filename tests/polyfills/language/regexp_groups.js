import { makeRegExp } from "holdfast:language/regexp-sets.js";
import { equal, same } from "./assert.js";

const RegExp = makeRegExp();
const many = (count, group = (i) => `(${String.fromCharCode(97 + (i % 26))})?`) => Array.from({ length: count }, (_, i) => group(i)).join("");

export function a_pattern_of_hundreds_of_groups_tells_them_all() {
  const found = new RegExp(`${many(700)}(!)`, "v").exec("--abc!");
  equal([found.length, found.index, found.input, found[0]], [702, 2, "--abc!", "abc!"]);
  equal([found[1], found[2], found[3], found[4], found[300], found[701]], ["a", "b", "c", undefined, undefined, "!"]);
  equal(Object.keys(found).slice(-4), ["701", "index", "input", "groups"]);
  same(new RegExp(`${many(700)}!`, "v").exec("?"), null);
}

export function names_references_and_indices_are_of_the_whole_pattern() {
  const pattern = `(?<first>x)[\\(\\]\\[[\\(]]${many(400)}(?<last>y)\\1\\402\\k<last>\\(`;
  const { groups, indices } = new RegExp(pattern, "dv").exec("x(abyxyy(");
  equal([groups.first, groups.last, indices[0], indices[402], indices.groups.last], ["x", "y", [0, 9], [4, 5], [4, 5]]);
}

export function such_a_pattern_is_found_again_replaced_and_split_by() {
  const pattern = new RegExp(`${many(300)}(,)`, "gv");
  equal("a,b,".match(pattern), ["a,", "b,"]);
  equal([..."a,b,".matchAll(pattern)].map((found) => [found[1], found[2], found[301]]), [["a", undefined, ","], [undefined, "b", ","]]);
  same("a,b,".replace(pattern, "$2;"), ";b;");
  same("xa,y".split(new RegExp(`${many(300, () => "(?:a)(b)?")}|,`, "v")).length, 302);
  class Own extends RegExp { exec(string) { return super.exec(string)?.slice(-1); } }
  equal(new Own(pattern, "v").exec("c,"), [","]);
}

export function other_patterns_and_errors_stay_as_they_were() {
  new RegExp(many(300), "v");
  equal(new RegExp("(a)(b)?").exec("a").slice(), ["a", "a", undefined]);
  try {
    new RegExp(`${many(300)}(`, "v");
  } catch (error) {
    same(error.name, "SyntaxError");
  }
  same(RegExp.prototype.exec.name, "exec");
}
