import { deserialize, serialize, structuredClone } from "holdfast:serialize/index.js";
import { equal, ok, same, throws } from "./assert.js";

const ways = { bytes: (value) => deserialize(serialize(value)), clone: structuredClone };
const bytes = (text) => Uint8Array.fromHex(text);

function eachWay(check) {
  for (const name of Object.keys(ways)) check(ways[name], name);
}

export function dates_survive() {
  eachWay((clone, way) => {
    for (const time of [0, -1, 1e12, 8.64e15, NaN]) {
      const copy = clone(new Date(time));
      same(Object.getPrototypeOf(copy), Date.prototype);
      same(copy.getTime(), time, way);
    }
  });
}

export function boxed_primitives_survive() {
  eachWay((clone) => {
    for (const value of [true, false, 1, -0, NaN, "", "я", 10n ** 30n, -1n]) {
      const copy = clone(Object(value));
      same(typeof copy, "object");
      same(copy.valueOf(), value);
    }
    throws(() => clone(Object(Symbol("x"))), "DataCloneError");
  });
}

export function regular_expressions_survive_without_lastIndex() {
  eachWay((clone) => {
    for (const regexp of [/a/, /a\/b/gimsuy, /(?<x>.)/dv, new RegExp(""), /я/u]) {
      regexp.lastIndex = 3;
      const copy = clone(regexp);
      same(String(copy), String(regexp));
      same(copy.lastIndex, 0);
    }
  });
}

export function maps_and_sets_survive_with_cycles() {
  eachWay((clone) => {
    const map = new Map([["a", 1], [NaN, { x: 1 }], [null, undefined]]);
    map.set(map, new Set([map, 1, "x"]));
    const copy = clone(map);
    same(copy.get("a"), 1);
    equal(copy.get(NaN), { x: 1 });
    ok(copy.has(null));
    ok(copy.get(copy).has(copy));
    same(copy.size, 4);
  });
}

export function subclasses_become_their_built_in_class() {
  class MyMap extends Map {
    extra = 1;
  }
  class MyArray extends Array {}
  class MyError extends TypeError {}
  eachWay((clone) => {
    const copy = clone(new MyMap([[1, 2]]));
    same(Object.getPrototypeOf(copy), Map.prototype);
    same(copy.extra, undefined);
    same(Object.getPrototypeOf(clone(MyArray.of(1, 2))), Array.prototype);
    same(Object.getPrototypeOf(clone(new MyError("x"))), TypeError.prototype);
  });
}

export function what_only_inherits_from_a_built_in_is_a_plain_object() {
  eachWay((clone) => {
    for (const Class of [Map, Set, Date, RegExp, Error, Array, Uint8Array, Number, ArrayBuffer]) {
      const value = Object.assign(Object.create(Class.prototype), { a: 1 });
      equal(clone(value), { a: 1 }, Class.name);
    }
    const map = Object.setPrototypeOf(new Map([[1, 2]]), null);
    same(clone(map).get(1), 2);
  });
}

export function buffers_and_views_survive_and_share() {
  eachWay((clone, way) => {
    const buffer = Uint8Array.from({ length: 32 }, (_, i) => i).buffer;
    const value = {
      buffer,
      f32: new Float32Array(buffer, 4, 2),
      u8: new Uint8Array(buffer, 1, 3),
      view: new DataView(buffer, 5, 7),
      big: new BigInt64Array(buffer, 8, 1),
      clamped: new Uint8ClampedArray(buffer),
      f16: new Float16Array(buffer, 2, 1),
      empty: new Float64Array(0),
    };
    const copy = clone(value);
    for (const key of Object.keys(value).slice(1, 7)) {
      same(copy[key].buffer, copy.buffer, `${way} ${key}`);
      same(copy[key].byteOffset, value[key].byteOffset);
      same(copy[key].byteLength, value[key].byteLength);
      same(Object.getPrototypeOf(copy[key]), Object.getPrototypeOf(value[key]));
    }
    equal(copy.buffer, buffer);
    ok(copy.buffer !== buffer);
    same(copy.empty.length, 0);
    const large = clone(new Uint8Array(100_000).fill(7));
    same(large.length, 100_000);
    same(large[99_999], 7);
    const mixed = { a: "я", b: new Uint8Array(3000).fill(1), c: "яя", d: new Uint8Array(2001), e: "я" };
    equal(clone(mixed), mixed);
  });
}

export function resizable_buffers_and_tracking_views_survive() {
  eachWay((clone) => {
    for (const [length, maxByteLength] of [[8, 16], [16, 16], [8, 8], [0, 8]]) {
      const buffer = new ArrayBuffer(length, { maxByteLength });
      new Uint8Array(buffer).fill(9);
      const value = [buffer, new Uint8Array(buffer), new Uint8Array(buffer, 0, length)];
      const [copied, tracking, fixed] = clone(value);
      ok(copied.resizable);
      same(copied.maxByteLength, maxByteLength);
      equal([...tracking], new Array(length).fill(9));
      equal([...value[1]], new Array(length).fill(9));
      if (length < maxByteLength) {
        copied.resize(length + 1);
        same(tracking.length, length + 1);
        same(fixed.length, length);
      }
    }
    const shrunk = new ArrayBuffer(8, { maxByteLength: 8 });
    const outside = new Uint8Array(shrunk, 4, 4);
    shrunk.resize(2);
    throws(() => clone(outside), "DataCloneError");
  });
}

export function detached_buffers_are_refused() {
  eachWay((clone) => {
    const buffer = new ArrayBuffer(8);
    const view = new Uint8Array(buffer);
    buffer.transfer();
    const error = throws(() => clone(buffer), "DataCloneError");
    same(error.message, "An ArrayBuffer is detached and could not be cloned.");
    throws(() => clone(view), "DataCloneError");
  });
}

export function errors_survive_with_message_stack_and_cause() {
  eachWay((clone, way) => {
    for (const Class of [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError]) {
      const error = new Class("message", { cause: { reason: 1 } });
      const copy = clone(error);
      same(Object.getPrototypeOf(copy), Class.prototype, way);
      same(copy.message, "message");
      same(copy.stack, error.stack);
      equal(copy.cause, { reason: 1 });
    }
    ok(!Object.hasOwn(clone(new Error()), "cause"));
    const named = new Error("x");
    named.name = "TypeError";
    same(Object.getPrototypeOf(clone(named)), TypeError.prototype);
    const cyclic = new Error("x");
    cyclic.cause = cyclic;
    const copy = clone(cyclic);
    same(copy.cause, copy);
  });
}

export function a_structured_clone_has_none_of_an_errors_own_properties() {
  const copy = structuredClone(Object.assign(new Error("x"), { code: 1, name: "Mine" }));
  same(copy.name, "Error");
  equal(Object.keys(copy), []);
  ok(!Object.hasOwn(structuredClone(new Error()), "message"));
}

export function stored_errors_keep_their_own_properties() {
  const error = new RangeError("message", { cause: "why" });
  error.code = 7;
  error.retryable = true;
  const copy = deserialize(serialize(error));
  same(Object.getPrototypeOf(copy), RangeError.prototype);
  same(copy.message, "message");
  same(copy.cause, "why");
  same(copy.code, 7);
  same(copy.retryable, true);
  same(copy.stack, error.stack);
  class Mine extends Error {
    name = "Mine";
  }
  const mine = deserialize(serialize({ e: new Mine("x") })).e;
  same(mine.name, "Mine");
  same(mine.message, "x");
  const many = new AggregateError([new Error("a"), new TypeError("b")], "all");
  const all = deserialize(serialize(many));
  ok(all instanceof AggregateError);
  ok(all.errors[1] instanceof TypeError);
}

export function DOMExceptions_survive() {
  eachWay((clone) => {
    const copy = clone(new DOMException("не вышло", "AbortError"));
    ok(copy instanceof DOMException);
    same(copy.name, "AbortError");
    same(copy.message, "не вышло");
    same(copy.code, 20);
  });
  same(
    serialize(new DOMException("b", "AbortError")).toHex().slice(0, 34),
    "ff0f5c080a41626f72744572726f7201" + "62",
  );
}

export function objects_that_only_engines_know_are_refused() {
  eachWay((clone) => {
    const generator = (function* () {})();
    const refused = [
      new WeakMap(),
      new WeakSet(),
      new WeakRef({}),
      Promise.resolve(),
      generator,
      [].values(),
      new Map().keys(),
      new Set().values(),
      ""[Symbol.iterator](),
      new FinalizationRegistry(() => {}),
    ];
    for (const value of refused) throws(() => clone({ value }), "DataCloneError", String(value));
  });
}

export function old_versions_are_read() {
  const view = deserialize(bytes("ff0d42020102564201" + "01"));
  equal([...view], [2]);
  equal(deserialize(bytes("ff0941025f5f240002")), [,,]);
  same(deserialize(bytes("ff0f530461d1835f")), "aу_");
  same(String(deserialize(bytes("ff0b5203612f6200"))), "/a\\/b/");
}
