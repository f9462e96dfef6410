import { equal, ok, same } from "./assert.js";
import { inspect } from "holdfast:console/inspect.js";
import { MAX_TEXT_CHARS } from "holdfast:console/primitives.js";
import { AbortSignal } from "holdfast:events/abort.js";
import { Event } from "holdfast:events/event.js";
import { FormData } from "holdfast:fetch/form-data.js";
import { Headers } from "holdfast:fetch/headers.js";
import { Response } from "holdfast:fetch/response.js";
import { Blob } from "holdfast:files/blob.js";
import { URLSearchParams } from "holdfast:url/search-params.js";

const fails = () => {
  throw new Error("code of the script ran");
};

export function primitives_look_like_their_source() {
  equal(
    [1, -0, 10n, null, undefined, true, Symbol("s"), NaN].map((value) => inspect(value)),
    ["1", "-0", "10n", "null", "undefined", "true", "Symbol(s)", "NaN"],
  );
}

export function strings_get_the_quotes_that_fit() {
  equal(
    ["a", "it's", 'both \' and "', "line\nbreak", "\ud800"].map((value) => inspect(value)),
    ["'a'", '"it\'s"', "'both \\' and \"'", "'line\\nbreak'", "'\\ud800'"],
  );
}

export function objects_tell_their_class_and_keys() {
  class Point {
    constructor() {
      this.x = 1;
    }
  }
  const object = { a: 1, "b-c": [1, "2"], [Symbol("k")]: {} };
  same(inspect(object), "{ a: 1, 'b-c': [ 1, '2' ], [Symbol(k)]: {} }");
  same(inspect(new Point()), "Point { x: 1 }");
  same(inspect(Object.create(null)), "[Object: null prototype] {}");
  same(inspect(new (class Sub extends Map {})([[1, 2]])), "Sub(1) [Map] { 1 => 2 }");
}

export function deep_objects_end_at_the_depth() {
  same(inspect({ a: { b: 1 } }, { depth: 0 }), "{ a: [Object] }");
  ok(inspect({ a: { b: { c: { d: { e: { f: 1 } } } } } }).includes("e: [Object]"));
  ok(inspect({ a: { b: { c: { d: { e: { f: 1 } } } } } }, { depth: null }).includes("f: 1"));
}

export function cycles_are_marked() {
  const object = { name: "loop" };
  object.self = object;
  same(inspect(object), "<ref *1> { name: 'loop', self: [Circular *1] }");
}

export function collections_and_buffers_show_their_contents() {
  same(inspect(new Map([["k", { v: 1 }]])), "Map(1) { 'k' => { v: 1 } }");
  same(inspect(new Set([1, "a"])), "Set(2) { 1, 'a' }");
  same(inspect(new Uint8Array([1, 2])), "Uint8Array(2) [ 1, 2 ]");
  same(
    inspect(new Uint8Array([1, 171]).buffer),
    "ArrayBuffer { [Uint8Contents]: <01 ab>, byteLength: 2 }",
  );
  same(inspect([1, , 3, , ,]), "[ 1, <1 empty item>, 3, <2 empty items> ]");
}

export function dates_patterns_and_functions_have_one_line() {
  equal(
    [
      new Date(0), new Date(NaN), /a\/b/g, function f() {},
      () => {}, class A {}, class B extends Map {}, async () => {},
    ].map((value) => inspect(value)),
    [
      "1970-01-01T00:00:00.000Z", "Invalid Date", "/a\\/b/g", "[Function: f]",
      "[Function (anonymous)]", "[class A]", "[class B extends Map]", "[AsyncFunction (anonymous)]",
    ],
  );
}

export function errors_show_what_caused_them_and_what_they_carry() {
  class QueryError extends Error {}
  const error = new QueryError("no rows", { cause: new TypeError("inner") });
  error.code = 7;
  const text = inspect(error);
  ok(text.includes("QueryError: no rows"), text);
  ok(text.includes("[cause]: [TypeError: inner]") && text.includes("code: 7"), text);
  ok(inspect(new DOMException("m", "AbortError")).includes("DOMException [AbortError]: m"));
  const made = new Error("with a stack");
  const frames = "    at handler (worker.js:1:2)\n    at x (holdfast:y.js:1:1)\n";
  Object.defineProperty(made, "stack", { value: frames });
  same(inspect(made), "Error: with a stack\n    at handler (worker.js:1:2)");
}

export function no_code_of_the_script_runs() {
  const hostile = {
    get a() { return fails(); },
    set b(value) {},
    get [Symbol.toStringTag]() { return fails(); },
    toString: fails,
    toJSON: fails,
    [Symbol.toPrimitive]: fails,
  };
  const text = inspect(hostile);
  ok(text.includes("a: [Getter]") && text.includes("b: [Setter]"), text);
  class Odd extends Error {
    get message() { return fails(); }
    get name() { return fails(); }
  }
  ok(inspect(new Odd()).includes("Odd"));
}

export function whatever_inherits_from_a_built_in_is_shown() {
  for (const Class of [Map, Set, Date, RegExp, Promise, Uint8Array, Error, ArrayBuffer, Event]) {
    ok(typeof inspect(Object.create(Class.prototype)) === "string");
  }
  ok(inspect(new Proxy({}, { ownKeys: fails, getPrototypeOf: fails })).startsWith("["));
}

export function long_things_are_cut() {
  const text = inspect(Array.from({ length: 1000 }, () => 1));
  ok(text.endsWith("... 900 more items\n]"), text.slice(-40));
  ok(inspect(["x".repeat(20_000)]).includes("... 10000 more characters"));
  const wide = {};
  for (let i = 0; i < 50_000; i++) wide[`key${i}`] = i;
  ok(inspect(wide).length < MAX_TEXT_CHARS + 100);
  let deep = {};
  for (let i = 0; i < 100_000; i++) deep = { deep };
  ok(inspect(deep, { depth: Infinity }).length < MAX_TEXT_CHARS + 100);
}

export function many_short_items_stand_in_columns() {
  const lines = inspect(Array.from({ length: 30 }, (_, i) => i)).split("\n");
  ok(lines.length < 8, lines.join("\n"));
}

export function platform_objects_show_their_attributes() {
  ok(inspect(new Event("go")).startsWith("Event {\n  type: 'go'"), inspect(new Event("go")));
  same(inspect(AbortSignal.abort(1)), "AbortSignal { aborted: true, reason: 1 }");
}

export function platform_objects_that_are_lists_show_their_pairs() {
  same(inspect(new Headers({ b: "1", a: "2" })), "Headers(2) { 'a' => '2', 'b' => '1' }");
  same(inspect(new URLSearchParams("a=b&a=c")), "URLSearchParams(2) { 'a' => 'b', 'a' => 'c' }");
  const form = new FormData();
  form.append("a", "b");
  form.append("f", new Blob(["x"]));
  ok(/^FormData\(2\) \{\n {2}'a' => 'b',\n {2}'f' => File \{\s+size: 1,/.test(inspect(form)), inspect(form));
  const response = inspect(new Response("x", { status: 404, headers: { a: "b" } }));
  ok(response.includes("status: 404") && response.includes("'a' => 'b'"), response);
  same(inspect(Object.create(Headers.prototype)), "Headers {}");
}
