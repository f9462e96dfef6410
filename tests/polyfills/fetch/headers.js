import { ok, same, equal, throws } from "./assert.js";
import { Headers, headersFromRaw, rawOfHeaders } from "holdfast:fetch/headers.js";

export function values_of_one_name_are_combined_in_order() {
  const headers = new Headers([["b", "1"], ["A", "2"], ["B", "3"]]);
  equal([...headers], [["a", "2"], ["b", "1, 3"]]);
  same(headers.get("B"), "1, 3");
  same(headers.get("c"), null);
}

export function an_empty_first_value_is_kept() {
  const headers = new Headers({ a: "" });
  headers.append("a", "x");
  same(headers.get("a"), ", x");
}

export function cookies_are_kept_apart() {
  const headers = new Headers();
  headers.append("Set-Cookie", "a=1");
  headers.append("set-cookie", "b=2");
  same(headers.get("set-cookie"), "a=1, b=2");
  equal(headers.getSetCookie(), ["a=1", "b=2"]);
  equal(headers.getAll("Set-Cookie"), ["a=1", "b=2"]);
  equal([...headers], [["set-cookie", "a=1"], ["set-cookie", "b=2"]]);
  equal([...new Headers(headers)], [["set-cookie", "a=1"], ["set-cookie", "b=2"]]);
  headers.set("set-cookie", "c=3");
  equal(headers.getSetCookie(), ["c=3"]);
  throws(() => headers.getAll("a"), TypeError);
}

export function iteration_sees_what_changes_meanwhile() {
  const headers = new Headers({ a: "1", c: "2" });
  const seen = [];
  for (const [name] of headers) {
    seen.push(name);
    if (name === "a") headers.set("b", "9");
  }
  equal(seen, ["a", "b", "c"]);
}

export function values_lose_the_white_space_around_them() {
  same(new Headers({ a: " \t\r\n x y \r\n" }).get("a"), "x y");
  const headers = new Headers();
  headers.append("b", "\n z ");
  same(headers.get("b"), "z");
}

export function invalid_names_and_values_are_refused() {
  for (const name of ["", "a b", "é", "☃", "a:", "a\0", "(", "a\nb"]) {
    throws(() => new Headers({ [name]: "x" }), TypeError, name);
    throws(() => new Headers().append(name, "x"), TypeError, name);
    throws(() => new Headers().set(name, "x"), TypeError, name);
    throws(() => new Headers().get(name), TypeError, name);
    throws(() => new Headers().has(name), TypeError, name);
    throws(() => new Headers().delete(name), TypeError, name);
  }
  for (const value of ["a\0b", "a\rb", "a\nb"]) {
    throws(() => new Headers({ a: value }), TypeError, value);
    throws(() => new Headers().set("a", value), TypeError, value);
  }
}

export function values_are_any_text_as_on_cloudflare() {
  for (const value of ["é\x7f", "☃", "\u0100", "日本.txt", "😀"]) {
    same(new Headers({ a: ` ${value}\n` }).get("a"), value);
    same(new Response("", { headers: [["a", value]] }).headers.get("a"), value);
  }
  same(new Headers({ a: "x\ud800y" }).get("a"), "x\ufffdy");
  same(new Response("", { statusText: "日" }).statusText, "日");
}

export function only_objects_initialise_headers() {
  for (const init of [null, 1, "ab", true, Symbol("s")]) throws(() => new Headers(init), TypeError);
  throws(() => new Headers([["a"]]), TypeError);
  throws(() => new Headers([["a", "b", "c"]]), TypeError);
  throws(() => new Headers(["ab"]), TypeError);
  throws(() => new Headers({ [Symbol("s")]: "x" }), TypeError);
  equal([...new Headers(undefined)], []);
  equal([...new Headers(new Map([["b", "1"]]))], [["b", "1"]]);
  equal([...new Headers({ a: undefined })], [["a", "undefined"]]);
  equal([...new Headers((function* () { yield new Set(["k", "v"]); })())], [["k", "v"]]);
}

export function records_are_read_property_by_property() {
  const log = [];
  const handler = {
    ownKeys: (target) => (log.push("keys"), Reflect.ownKeys(target)),
    getOwnPropertyDescriptor: (target, key) => (log.push(`own ${key}`), Reflect.getOwnPropertyDescriptor(target, key)),
    get: (target, key) => (log.push(`get ${String(key)}`), target[key]),
  };
  new Headers(new Proxy({ a: "b", c: "d" }, handler));
  equal(log, ["get Symbol(Symbol.iterator)", "keys", "own a", "get a", "own c", "get c"]);
}

export function a_patched_iterator_of_headers_is_obeyed() {
  const source = new Headers({ a: "1" });
  source[Symbol.iterator] = function* () {
    yield ["b", "2"];
  };
  equal([...new Headers(source)], [["b", "2"]]);
}

export function raw_headers_come_back_as_they_came_until_touched() {
  const raw = "Host\nexample.com\nSet-Cookie\na\nset-cookie\nb\nX\n1\nx\n2\n";
  const headers = headersFromRaw(raw, "request");
  same(rawOfHeaders(headers), raw);
  same(headers.get("host"), "example.com");
  same(rawOfHeaders(headers), raw);
  same(headers.get("X"), "1, 2");
  headers.set("y", "3");
  same(rawOfHeaders(headers), "host\nexample.com\nset-cookie\na\nset-cookie\nb\nx\n1, 2\ny\n3\n");
}

export function immutable_headers_refuse_every_change() {
  const headers = headersFromRaw("a\n1\n", "immutable");
  throws(() => headers.set("a", "2"), TypeError);
  throws(() => headers.append("b", "2"), TypeError);
  throws(() => headers.delete("nothing"), TypeError);
  const copy = new Headers(headers);
  copy.set("a", "2");
  same(headers.get("a"), "1");
}

export function names_that_browsers_forbid_are_allowed() {
  const headers = new Headers({ host: "a", "content-length": "5", cookie: "c" });
  equal([...headers.keys()], ["content-length", "cookie", "host"]);
}

export function the_interface_is_as_web_idl_has_it() {
  throws(() => Headers(), TypeError);
  throws(() => Headers.prototype.get.call({}, "a"), TypeError);
  throws(() => new Headers().get(), TypeError);
  throws(() => new Headers().set("a"), TypeError);
  same(Object.prototype.toString.call(new Headers()), "[object Headers]");
  same(Headers.prototype.entries, Headers.prototype[Symbol.iterator]);
  ok(Object.getOwnPropertyDescriptor(Headers.prototype, "get").enumerable);
  const seen = [];
  new Headers({ b: "1", a: "2" }).forEach(function (value, name, headers) {
    seen.push(name, value, this.t, headers instanceof Headers);
  }, { t: 1 });
  equal(seen, ["a", "2", 1, true, "b", "1", 1, true]);
}

export function one_lookup_finds_what_parsing_finds() {
  const raw = "X\nhost\nHost\na.test\nDup\n1\ndup\n2\nempty\n\nSet-Cookie\na=1\n";
  const first = (name) => headersFromRaw(raw, "none").get(name);
  same(first("host"), "a.test");
  same(first("x"), "host");
  same(first("a.test"), null);
  same(first("dup"), "1, 2");
  same(first("empty"), "");
  same(first("set-cookie"), "a=1");
  same(first("missing"), null);
  ok(headersFromRaw(raw, "none").has("EMPTY"));
  ok(!headersFromRaw(raw, "none").has("1"));
  const headers = headersFromRaw(raw, "none");
  for (let i = 0; i < 3; i++) equal(["host", "dup", "no"].map((name) => headers.get(name)), ["a.test", "1, 2", null]);
  headers.set("host", "b.test");
  same(headers.get("host"), "b.test");
}
