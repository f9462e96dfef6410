import { equal, ok, same, throws } from "./assert.js";
import { URLSearchParams, isURLSearchParams, serializeParams } from "holdfast:url/search-params.js";
import { parseUrlEncoded, serializeUrlEncoded } from "holdfast:url/urlencoded.js";

const pairs = (init) => [...new URLSearchParams(init)];

export function a_string_is_parsed_with_or_without_its_question_mark() {
  equal(pairs("?a=1&b=2"), [["a", "1"], ["b", "2"]]);
  equal(pairs("a=1&a=2&&=x&y&z=&u=v=w"), [
    ["a", "1"], ["a", "2"], ["", "x"], ["y", ""], ["z", ""], ["u", "v=w"],
  ]);
  equal(pairs("??a=1"), [["?a", "1"]]);
  equal(pairs(""), []);
  equal(pairs(), []);
  equal(pairs(null), [["null", ""]]);
  equal(pairs(12), [["12", ""]]);
}

export function percent_coding_is_undone_as_utf_8_with_replacement() {
  equal(pairs("a+b=%C3%A9%20c"), [["a b", "é c"]]);
  equal(pairs("x=%zz%4"), [["x", "%zz%4"]]);
  equal(pairs("x=%FF%41%C3"), [["x", "\ufffdA\ufffd"]]);
  equal(pairs("x=%E2%82é%AC"), [["x", "\ufffdé\ufffd"]]);
  equal(pairs("x=%EF%BB%BFy"), [["x", "\ufeffy"]]);
  equal(pairs("x=%2B%26%3D"), [["x", "+&="]]);
}

export function serializing_encodes_all_but_a_few_characters() {
  const params = new URLSearchParams([["a b", "!'()~*-._ é\u{1f600}\0&=+"]]);
  same(`${params}`, "a+b=%21%27%28%29%7E*-._+%C3%A9%F0%9F%98%80%00%26%3D%2B");
}

export function sequences_records_and_other_params_are_taken() {
  equal(pairs([["a", 1], new Set(["b", "2"])]), [["a", "1"], ["b", "2"]]);
  equal(pairs({ a: 1, b: "x" }), [["a", "1"], ["b", "x"]]);
  equal(pairs(new URLSearchParams("a=1&a=2")), [["a", "1"], ["a", "2"]]);
  equal(pairs(new Map([["m", "1"]])), [["m", "1"]]);
  equal(pairs({ "\ud800": "1", "\udc00": "2" }), [["\ufffd", "2"]]);
  throws(() => new URLSearchParams([["a"]]), TypeError);
  throws(() => new URLSearchParams([["a", "b", "c"]]), TypeError);
  throws(() => new URLSearchParams([1]), TypeError);
  throws(() => new URLSearchParams({ [Symbol()]: "x", get y() { throw new RangeError("y"); } }), RangeError);
  throws(() => URLSearchParams(), TypeError);
}

export function reading_and_changing() {
  const params = new URLSearchParams("a=1&b=2&a=3");
  same(params.get("a"), "1");
  same(params.get("x"), null);
  equal(params.getAll("a"), ["1", "3"]);
  same(params.has("a", "3"), true);
  same(params.has("a", "2"), false);
  same(params.has("b", undefined), true);
  params.delete("a", "1");
  same(`${params}`, "b=2&a=3");
  params.append("a", null);
  params.set("a", "4");
  same(`${params}`, "b=2&a=4");
  params.set("c", "5");
  params.delete("b");
  same(`${params}`, "a=4&c=5");
  same(params.size, 2);
}

export function sorting_is_stable_and_by_code_units() {
  const params = new URLSearchParams("z=1&ﬃ&🌈&a=2&z=0&a=1");
  params.sort();
  equal([...params.keys()], ["a", "a", "z", "z", "🌈", "ﬃ"]);
  equal(params.getAll("z"), ["1", "0"]);
}

export function iterating_is_live() {
  const params = new URLSearchParams("a=1&b=2&c=3");
  const seen = [];
  for (const [name] of params) {
    seen.push(name);
    if (name === "a") params.delete("b");
    if (name === "c") params.append("d", "4");
  }
  equal(seen, ["a", "c", "d"]);
}

export function iterators_forEach_and_their_arguments() {
  const params = new URLSearchParams("a=1&b=2");
  equal([...params.values()], ["1", "2"]);
  equal([...params.entries()], [["a", "1"], ["b", "2"]]);
  const calls = [];
  const self = {};
  params.forEach(function (value, name, all) {
    calls.push([this === self, value, name, all === params]);
  }, self);
  equal(calls, [[true, "1", "a", true], [true, "2", "b", true]]);
  same(URLSearchParams.prototype[Symbol.iterator], URLSearchParams.prototype.entries);
}

export function missing_arguments_and_strangers_are_refused() {
  const params = new URLSearchParams();
  for (const [method, given] of [["append", ["a"]], ["set", ["a"]], ["get", []], ["getAll", []],
    ["has", []], ["delete", []], ["forEach", []]]) {
    throws(() => params[method](...given), TypeError, method);
  }
  throws(() => URLSearchParams.prototype.get.call({}, "a"), TypeError);
  throws(() => URLSearchParams.prototype.entries.call({}), TypeError);
  throws(() => URLSearchParams.prototype.size, TypeError);
  same(Object.prototype.toString.call(params), "[object URLSearchParams]");
  same(URLSearchParams.length, 0);
}

export function a_pair_given_out_is_a_copy() {
  const params = new URLSearchParams("a=1");
  params.entries().next().value[1] = "2";
  same(params.get("a"), "1");
}

export function bodies_are_parsed_and_serialized_alike() {
  equal(parseUrlEncoded(new Uint8Array([0x61, 0x3d, 0xc3, 0xa9, 0xff])), [["a", "é\ufffd"]]);
  equal(parseUrlEncoded("a=+&b"), [["a", " "], ["b", ""]]);
  same(serializeUrlEncoded([["a", " "], ["b", "é"]]), "a=+&b=%C3%A9");
  same(serializeParams(new URLSearchParams("x=%20")), "x=+");
  ok(isURLSearchParams(new URLSearchParams()));
  same(isURLSearchParams("a=1"), false);
  same(isURLSearchParams({}), false);
}
