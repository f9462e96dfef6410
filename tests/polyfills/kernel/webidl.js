import { equal, ok, same, throws } from "./assert.js";
import {
  clamp,
  defineConstants,
  defineInterface,
  defineIterable,
  enforceRange,
  toDictionary,
  toLongLong,
  toRecord,
  toSequence,
  toUnsignedLongLong,
  toUnsignedShort,
  toUSVString,
} from "holdfast:kernel/webidl.js";
import { bytesOf, describeView, isArrayBuffer, viewKind } from "holdfast:kernel/buffers.js";

class Pairs {
  #pairs = [];
  static create() {}
  append(key, value) {
    this.#pairs.push([key, value]);
  }
  get size() {
    return this.#pairs.length;
  }
  static {
    defineInterface(this);
    defineIterable(this, (object, index) => object.#pairs[index]);
    defineConstants(this, { OPEN: 1 });
  }
}

export function operations_and_attributes_are_enumerable_and_the_constructor_is_not() {
  const keys = [];
  for (const key in new Pairs()) keys.push(key);
  equal(keys.sort(), ["OPEN", "append", "entries", "forEach", "keys", "size", "values"]);
  equal(Object.keys(Pairs), ["create", "OPEN"]);
  same(Object.prototype.toString.call(new Pairs()), "[object Pairs]");
}

export function a_pair_iterator_has_the_prototype_that_web_idl_describes() {
  const iterator = new Pairs().entries();
  const prototype = Object.getPrototypeOf(iterator);
  same(prototype[Symbol.toStringTag], "Pairs Iterator");
  ok(!Object.hasOwn(prototype, "constructor"));
  ok(Object.getOwnPropertyDescriptor(prototype, "next").enumerable);
  same(iterator[Symbol.iterator](), iterator);
  throws(() => prototype.next.call({}), TypeError);
  same(Pairs.prototype[Symbol.iterator], Pairs.prototype.entries);
}

export function pairs_added_while_iterating_are_seen() {
  const pairs = new Pairs();
  pairs.append("a", 1);
  const seen = [];
  for (const [key] of pairs) {
    seen.push(key);
    if (seen.length < 3) pairs.append(`${key}a`, 2);
  }
  equal(seen, ["a", "aa", "aaa"]);
  throws(() => pairs.forEach(), TypeError);
  pairs.forEach((value, key, object) => same(object, pairs));
}

export function integers_wrap_around_as_web_idl_says() {
  same(toUnsignedShort(65537), 1);
  same(toUnsignedShort(-1), 65535);
  same(toUnsignedShort(NaN), 0);
  same(toUnsignedLongLong(-1), 18446744073709551615);
  same(toUnsignedLongLong("12.9"), 12);
  same(toLongLong(2 ** 63), -(2 ** 63));
  same(toLongLong(-0), 0);
  throws(() => toUnsignedLongLong(1n), TypeError);
}

export function enforced_ranges_throw_and_clamped_ones_bend() {
  same(enforceRange(3.9, 0, 4), 3);
  same(enforceRange(-0.5, 0, 4), 0);
  for (const value of [NaN, Infinity, -1, 5]) throws(() => enforceRange(value, 0, 4), TypeError);
  same(clamp(300, 0, 255), 255);
  same(clamp(2.5, 0, 255), 2);
  same(clamp(3.5, 0, 255), 4);
  same(clamp(NaN, 0, 255), 0);
}

export function strings_are_converted_to_their_kind() {
  same(toUSVString("a\uD800b"), "a\uFFFDb");
  throws(() => toUSVString(Symbol()), TypeError);
}

export function sequences_and_records_are_read_by_protocol() {
  equal(toSequence(new Set(["a"]), toUSVString), ["a"]);
  throws(() => toSequence("abc", toUSVString), TypeError);
  throws(() => toSequence({}, toUSVString), TypeError);
  const record = toRecord({ "\uD800": 1, "\uFFFD": 2 }, toUSVString, String);
  equal([...record], [["\uFFFD", "2"]]);
  throws(() => toRecord({ [Symbol.iterator]: 1 }, toUSVString, String), TypeError);
  same(toDictionary(undefined).member, undefined);
  throws(() => toDictionary(1), TypeError);
}

export function a_buffer_source_gives_its_bytes_without_a_copy() {
  const buffer = new ArrayBuffer(8);
  bytesOf(new DataView(buffer, 2, 3))[0] = 7;
  equal([...new Uint8Array(buffer)], [0, 0, 7, 0, 0, 0, 0, 0]);
  equal(describeView(new Uint16Array(buffer, 2, 2)), { buffer, byteOffset: 2, byteLength: 4 });
  same(viewKind(new Uint16Array(1)), "Uint16Array");
  same(viewKind(new DataView(buffer)), "DataView");
  same(viewKind(buffer), undefined);
  ok(!isArrayBuffer(new SharedArrayBuffer(1)));
  throws(() => bytesOf(new Uint8Array(new SharedArrayBuffer(1))), TypeError);
  throws(() => bytesOf({}), TypeError);
}
