import { equal, ok, same, throws } from "./assert.js";
import { TextEncoder } from "holdfast:encoding/text-encoder.js";
import { encodeUtf8 } from "holdfast:encoding/utf8.js";

const encode = (string) => [...new TextEncoder().encode(string)];

export function strings_of_every_width_become_utf_8() {
  equal(encode("a\0é€\u{1f600}"), [
    0x61, 0, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80,
  ]);
  equal(encode("%41%"), [0x25, 0x34, 0x31, 0x25]);
  equal(encode("\ufeffx"), [0xef, 0xbb, 0xbf, 0x78]);
  equal(encode(""), []);
  equal(encode(), []);
  equal(encode(undefined), []);
  equal(encode(null), [0x6e, 0x75, 0x6c, 0x6c]);
}

export function lone_surrogates_become_replacement_characters() {
  equal(encode("\ud800"), [0xef, 0xbf, 0xbd]);
  equal(encode("\udc00\ud800x"), [0xef, 0xbf, 0xbd, 0xef, 0xbf, 0xbd, 0x78]);
}

export function long_strings_are_encoded_like_short_ones() {
  const piece = "aé€\u{1f600}\ud800";
  const once = encode(piece);
  for (const count of [20, 32, 33, 50, 500]) {
    const bytes = new TextEncoder().encode(piece.repeat(count));
    same(bytes.length, once.length * count);
    equal([...bytes.subarray(-once.length)], once);
  }
}

export function the_bytes_fill_a_buffer_of_their_own() {
  for (const string of ["abcde", "x".repeat(1000)]) {
    const bytes = encodeUtf8(string);
    same(Object.getPrototypeOf(bytes), Uint8Array.prototype);
    same(bytes.buffer.byteLength, string.length);
  }
}

export function encodeInto_fills_what_fits() {
  const encoder = new TextEncoder();
  const cases = [
    ["abc", 5, 3, [0x61, 0x62, 0x63, 0, 0]],
    ["abc", 2, 2, [0x61, 0x62]],
    ["aé", 2, 1, [0x61, 0]],
    ["€", 2, 0, [0, 0]],
    ["a\u{1f600}b", 4, 1, [0x61, 0, 0, 0]],
    ["a\u{1f600}b", 5, 3, [0x61, 0xf0, 0x9f, 0x98, 0x80]],
    ["\u{1f600}", 1, 0, [0]],
    ["\ud800a", 3, 1, [0xef, 0xbf, 0xbd]],
    ["\ud800a", 2, 0, [0, 0]],
    ["ab\ud83d", 3, 2, [0x61, 0x62, 0]],
    ["\ufeffa", 4, 2, [0xef, 0xbb, 0xbf, 0x61]],
    ["x", 0, 0, []],
    ["", 2, 0, [0, 0]],
  ];
  for (const [source, room, read, bytes] of cases) {
    const destination = new Uint8Array(room);
    const result = encoder.encodeInto(source, destination);
    equal([...destination], bytes, JSON.stringify(source));
    same(result.read, read, JSON.stringify(source));
    same(result.written, bytes.findLastIndex((byte) => byte !== 0) + 1, JSON.stringify(source));
  }
}

export function encodeInto_writes_into_the_view_alone() {
  const buffer = new Uint8Array(6).fill(9);
  const result = new TextEncoder().encodeInto("éé", buffer.subarray(1, 4));
  equal([...buffer], [9, 0xc3, 0xa9, 9, 9, 9]);
  equal(result, { read: 1, written: 2 });
  const long = new Uint8Array(100);
  equal(new TextEncoder().encodeInto("é".repeat(1000), long), { read: 50, written: 100 });
}

export function encodeInto_takes_only_a_Uint8Array() {
  const encoder = new TextEncoder();
  for (const wrong of [new ArrayBuffer(3), new Uint8ClampedArray(3), new DataView(new ArrayBuffer(3)), [], null]) {
    throws(() => encoder.encodeInto("a", wrong), TypeError);
  }
  throws(() => encoder.encodeInto("a"), TypeError);
  equal(encoder.encodeInto("a", new Uint8Array(new SharedArrayBuffer(1))), { read: 1, written: 1 });
}

export function the_class_looks_as_web_idl_says() {
  const encoder = new TextEncoder();
  same(encoder.encoding, "utf-8");
  same(new TextEncoder("utf-16").encoding, "utf-8");
  same(Object.prototype.toString.call(encoder), "[object TextEncoder]");
  equal(Object.keys(TextEncoder.prototype), ["encoding", "encode", "encodeInto"]);
  throws(() => TextEncoder(), TypeError);
  throws(() => TextEncoder.prototype.encode.call({}, "a"), TypeError);
  throws(() => TextEncoder.prototype.encoding, TypeError);
  ok(encoder instanceof TextEncoder);
}

export function a_detached_buffer_takes_nothing() {
  const into = new Uint8Array(4);
  into.buffer.transfer();
  equal(new TextEncoder().encodeInto("abc", into), { read: 0, written: 0 });
}
