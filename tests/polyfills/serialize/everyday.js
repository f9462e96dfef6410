import { deserialize, serialize, serializeAtHand } from "holdfast:serialize/index.js";
import { equal, ok, same, throws } from "./assert.js";

const clone = (value) => deserialize(serialize(value));
const hex = (value) => serialize(value).toHex();
const bytes = (text) => Uint8Array.fromHex(text);

export function primitives_survive() {
  const values = [undefined, null, true, false, 0, -0, 1, -1, 63, 64, -64, -65, 1.5, NaN];
  values.push(2 ** 30, -(2 ** 30), 2 ** 31, -(2 ** 31), 2 ** 53, Infinity, -Infinity, 5e-324);
  values.push(0n, 1n, -1n, 2n ** 64n - 1n, 2n ** 64n, -(2n ** 200n), 12345678901234567890n);
  for (const value of values) same(clone(value), value, String(value));
}

export function strings_survive() {
  const lone = "\ud800";
  for (const unit of ["a", "é", "ÿ", "Ā", "я", "日本", "😀", lone, "\0"]) {
    for (const count of [0, 1, 2, 3, 4, 5, 8, 40, 41, 60, 61, 127, 128, 1000, 70000]) {
      const text = unit.repeat(count);
      same(clone(text), text, `${unit} x ${count}`);
      same(clone({ x: text, [text]: 1 }).x, text);
    }
  }
}

export function everyday_values_are_written_as_v8_writes_them() {
  same(hex(undefined), "ff0f5f");
  same(hex(null), "ff0f30");
  same(hex(true), "ff0f54");
  same(hex(1), "ff0f4902");
  same(hex(-1), "ff0f4901");
  same(hex(300), "ff0f49d804");
  same(hex(-0), "ff0f4e0000000000000080");
  same(hex("abc"), "ff0f2203616263");
  same(hex("я"), "ff0f63024f04");
  same(hex(["я"]), "ff0f410163024f04240001");
  same(hex([true, "я"]), "ff0f4102540063024f04240002");
  same(hex({ a: 1, 7: "b" }), "ff0f6f490e220162220161" + "4902" + "7b02");
  same(hex([1, 2]), "ff0f410249024904240002");
  same(hex([1, , 3]), "ff0f610349004902490449064002" + "03");
  same(hex(-5n), "ff0f5a110500000000000000");
}

export function objects_keep_the_order_of_their_keys() {
  const value = { b: 1, a: { c: "x", 10: 1, 2: 2 }, 1: 0, "-1": 3, "01": 4, 4294967295: 5 };
  same(JSON.stringify(clone(value)), JSON.stringify(value));
}

export function many_keys_survive() {
  const value = {};
  for (let i = 0; i < 1000; i++) value[`key ${i}`] = { [`п${i}`]: i, ["long".repeat(i)]: i };
  equal(clone(value), value);
  equal(clone(value), value);
}

export function an_object_met_twice_stays_one_and_cycles_stay() {
  const shared = { x: 1 };
  const value = { a: shared, b: [shared], self: null };
  value.self = value;
  const copy = clone(value);
  same(copy.self, copy);
  same(copy.a, copy.b[0]);
  ok(copy.a !== shared);
  const cyclic = [];
  cyclic.push(cyclic, cyclic);
  const array = clone(cyclic);
  same(array[0], array);
  same(array[1], array);
}

export function class_instances_become_plain_objects() {
  class Point {
    #hidden = 1;
    x = 1;
    get y() {
      return this.#hidden;
    }
  }
  const copy = clone(new Point());
  same(Object.getPrototypeOf(copy), Object.prototype);
  equal(copy, { x: 1 });
  equal(clone(Object.assign(Object.create(null), { a: 1 })), { a: 1 });
  equal(clone(Object.create({ inherited: 1 })), {});
}

export function arrays_keep_holes_and_further_properties() {
  const holes = [, 1, , undefined, ,];
  const copy = clone(holes);
  same(copy.length, 5);
  equal(Object.keys(copy), ["1", "3"]);
  const sparse = [];
  sparse[4294967294] = "last";
  same(clone(sparse).length, 4294967295);
  same(clone(sparse)[4294967294], "last");
  const match = /b(.)/.exec("abc");
  const found = clone(match);
  equal(Object.keys(found), Object.keys(match));
  same(found.index, 1);
  same(clone(Object.assign([1, 2], { "-1": 3, note: "x" }))["-1"], 3);
}

export function a_getter_is_read_once_and_may_change_the_graph() {
  let reads = 0;
  const value = {
    get a() {
      reads++;
      delete this.b;
      this.c = 4;
      serialize({ nested: [1, 2, 3], other: "я" });
      return { x: 1 };
    },
    b: 2,
    c: 3,
    d: undefined,
  };
  const copy = clone(value);
  same(reads, 1);
  equal(Object.keys(copy), ["a", "c", "d"]);
  same(copy.c, 4);
  equal(copy.a, { x: 1 });
}

export function what_a_getter_throws_comes_through_and_the_next_call_works() {
  const inner = { x: 1 };
  throws(() => serialize({ inner, get a() { throw new RangeError("mine"); } }), RangeError);
  same(hex({ inner }), hex({ inner: { x: 1 } }));
}

export function __proto___is_a_property_like_any_other() {
  const value = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1, "toString": 2}');
  const copy = clone(value);
  same(Object.getPrototypeOf(copy), Object.prototype);
  equal(Object.keys(copy), ["__proto__", "constructor", "toString"]);
  same(copy.polluted, undefined);
  same({}.polluted, undefined);
  const array = clone(Object.assign([], { x: 1 }));
  same(Object.getPrototypeOf(array), Array.prototype);
}

export function functions_and_symbols_are_refused_in_v8s_words() {
  const message = (value) => throws(() => serialize(value), "DataCloneError").message;
  same(message(function () {}), "function () {} could not be cloned.");
  same(message({ a: [() => 1] }), "() => 1 could not be cloned.");
  same(message(Symbol("x")), "Symbol(x) could not be cloned.");
  same(message([Promise.resolve()]), "#<Promise> could not be cloned.");
  same(message(new WeakMap()), "#<WeakMap> could not be cloned.");
  same(throws(() => serialize(Symbol()), "DataCloneError").code, 25);
}

export function damaged_data_is_refused() {
  const whole = serialize({ a: "hello", b: [1, 2, { c: 1.5 }], d: 10n, e: "я".repeat(9) });
  for (let length = 0; length < whole.length; length++) {
    throws(() => deserialize(whole.slice(0, length)), "DataCloneError", `${length} bytes`);
  }
  for (const value of ["hello", "я", "", 300, -1, 1.5, 2n ** 70n, new Date(0), /a/g, [], {}, new Set()]) {
    const bytes = serialize(value);
    for (let length = 0; length < bytes.length; length++) {
      throws(() => deserialize(bytes.slice(0, length)), "DataCloneError", `${length} of ${bytes.toHex()}`);
    }
  }
  for (const forged of [
    "ff10",
    "ff0f",
    "ff0f41ffffffff0f",
    "ff0f61ffffffff0f",
    "ff0f5affffffff0f",
    "ff0f22ffffffff0f",
    "ff0f6303616263",
    "ff0f5e00",
    "ff0f6f5e007b01",
    "ff0f6f220161490",
    "ff0f6f2201614902" + "7b02",
    "ff0f3b4902",
    "ff0f40",
  ]) {
    const error = throws(() => deserialize(bytes(forged.slice(0, forged.length & ~1))), "DataCloneError", forged);
    ok(error.message.startsWith("Unable to deserialize cloned data"));
  }
}

export function values_without_header_are_of_version_13() {
  same(deserialize(bytes("4902")), 1);
  equal(deserialize(bytes("6f22016149027b01")), { a: 1 });
}

export function a_part_of_a_larger_buffer_can_be_read() {
  const one = serialize({ a: "я и ты", b: new Uint16Array([1, 2]) });
  for (const offset of [0, 1, 2, 3]) {
    const whole = new Uint8Array(one.length + offset);
    whole.set(one, offset);
    equal(deserialize(whole.subarray(offset)), { a: "я и ты", b: new Uint16Array([1, 2]) });
  }
}

export function bytes_at_hand_are_the_same_ones() {
  const values = [0, -0, NaN, Infinity, 0.5, 2 ** 31, 2 ** 53, -(2 ** 31), "1", true, null, 1n, [1]];
  for (let power = 0; power < 31; power++) {
    for (const near of [-1, 0, 1]) values.push(2 ** power + near, -(2 ** power) + near);
  }
  values.push(undefined, { valueOf: null, a: 7 });
  for (const value of values) same(serializeAtHand(value).toHex(), hex(value), String(value?.a ?? value));
  throws(() => serializeAtHand(Symbol()), "DataCloneError");
}

export function deep_nesting_ends_with_a_clean_error() {
  let deep = [];
  for (let i = 0; i < 200_000; i++) deep = [deep];
  throws(() => serialize(deep), RangeError);
  same(hex(1), "ff0f4902");
  const forged = new Uint8Array(400_002).fill(65);
  for (let i = 3; i < forged.length; i += 2) forged[i] = 1;
  forged.set([0xff, 0x0f]);
  throws(() => deserialize(forged), "DataCloneError");
  same(deserialize(serialize(1)), 1);
}
