import { equal, same, throws } from "./assert.js";
import { TextDecoder } from "holdfast:encoding/text-decoder.js";
import { TextEncoder } from "holdfast:encoding/text-encoder.js";
import { decodeUtf8 } from "holdfast:encoding/utf8.js";

const bytes = (...values) => new Uint8Array(values);
const hex = (text) => Uint8Array.fromHex(text.replaceAll(" ", ""));
const decode = (label, text, options) => new TextDecoder(label, options).decode(hex(text));
const MARK = [0xef, 0xbb, 0xbf];

/** Decode a stream whose chunks are separated by commas. */
function streamed(label, chunks, options) {
  const decoder = new TextDecoder(label, options);
  const texts = chunks.split(",").map((chunk) => decoder.decode(hex(chunk), { stream: true }));
  return [...texts, decoder.decode()];
}

export function utf_8_of_every_length_is_decoded() {
  for (const count of [1, 10, 20, 21, 30, 500]) {
    const text = "aé€\u{1f600}\0%".repeat(count);
    same(new TextDecoder().decode(new TextEncoder().encode(text)), text);
    const ascii = "plain text".repeat(count);
    same(new TextDecoder().decode(new TextEncoder().encode(ascii)), ascii);
  }
  same(new TextDecoder().decode(), "");
  same(new TextDecoder().decode(undefined), "");
}

export function each_maximal_malformed_part_is_one_replacement_character() {
  const cases = [
    ["ff", "\ufffd"], ["c0 80", "\ufffd\ufffd"], ["e0 80 80", "\ufffd\ufffd\ufffd"],
    ["ed a0 80", "\ufffd\ufffd\ufffd"], ["f0 9f 98", "\ufffd"], ["f0 9f 41", "\ufffdA"],
    ["f4 90 80 80", "\ufffd\ufffd\ufffd\ufffd"], ["e2 82", "\ufffd"], ["41 80 42", "A\ufffdB"],
  ];
  for (const [input, text] of cases) {
    same(decode("utf-8", input), text, input);
    same(decode("utf-8", `${input} ${"78".repeat(300)}`), text + "x".repeat(300), input);
    throws(() => decode("utf-8", input, { fatal: true }), TypeError, input);
    throws(() => decode("utf-8", "78".repeat(300) + input, { fatal: true }), TypeError, input);
  }
}

export function a_byte_order_mark_is_dropped_once_unless_it_is_asked_for() {
  same(new TextDecoder().decode(bytes(...MARK, 0x61, ...MARK)), "a\ufeff");
  same(new TextDecoder().decode(bytes(...MARK, ...MARK)), "\ufeff");
  same(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes(...MARK)), "\ufeff");
  same(decode("utf-16le", "ff fe 41 00"), "A");
  same(decode("utf-16be", "fe ff 00 41"), "A");
  same(decode("utf-16be", "fe ff 00 41", { ignoreBOM: true }), "\ufeffA");
  same(decode("windows-1252", "ef bb bf"), "ï»¿");
}

export function a_decoder_starts_anew_after_each_whole_decoding() {
  const decoder = new TextDecoder();
  same(decoder.decode(bytes(...MARK, 0x61)), "a");
  same(decoder.decode(bytes(...MARK, 0x62)), "b");
  const fatal = new TextDecoder("utf-8", { fatal: true });
  throws(() => fatal.decode(bytes(0xff)), TypeError);
  same(fatal.decode(bytes(0x61)), "a");
}

export function characters_may_be_torn_apart_by_chunks() {
  equal(streamed("utf-8", "61 f0,9f 98,80 62"), ["a", "", "\u{1f600}b", ""]);
  equal(streamed("utf-8", "f0 9f,41"), ["", "\ufffdA", ""]);
  equal(streamed("utf-8", "e2,"), ["", "", "\ufffd"]);
  equal(streamed("utf-8", "ef,bb,bf 61"), ["", "", "a", ""]);
  equal(streamed("utf-8", "ef bb bf,ef bb bf"), ["", "\ufeff", ""]);
  equal(streamed("utf-16le", "3d,d8 00,de 41,00"), ["", "", "\u{1f600}", "A", ""]);
  equal(streamed("gb18030", "84,31,a4,37 30"), ["", "", "", "\ufffd0", ""]);
  equal(streamed("shift_jis", "82,a0 82,"), ["", "あ", "", "\ufffd"]);
  equal(streamed("iso-2022-jp", "1b,24 42 24,22 1b 28,42 41"), ["", "", "あ", "A", ""]);
  equal(streamed("euc-jp", "8f,b0,a1 8e,b1"), ["", "", "丂", "ｱ", ""]);
}

export function a_fatal_stream_throws_where_it_becomes_malformed() {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  same(decoder.decode(bytes(0x61, 0xe2), { stream: true }), "a");
  throws(() => decoder.decode(bytes(0x41), { stream: true }), TypeError);
  const unfinished = new TextDecoder("euc-kr", { fatal: true });
  unfinished.decode(bytes(0x81), { stream: true });
  throws(() => unfinished.decode(), TypeError);
  same(unfinished.decode(bytes(0x61)), "a");
}

export function utf_16_surrogates_are_paired_or_replaced() {
  same(decode("utf-16le", "3d d8 00 de"), "\u{1f600}");
  same(decode("utf-16le", "3d d8 41 00"), "\ufffdA");
  same(decode("utf-16le", "00 de 41"), "\ufffd\ufffd");
  same(decode("utf-16be", "d8 3d 41"), "\ufffd");
  throws(() => decode("utf-16", "00 de", { fatal: true }), TypeError);
}

export function legacy_encodings() {
  const cases = [
    ["windows-1252", "80 81 9f e9", "€\x81Ÿé"], ["latin1", "80", "€"], ["koi8-u", "ae be a4", "ўЎє"],
    ["ibm866", "80 f0", "АЁ"], ["iso-8859-8-i", "e0 ff", "א\ufffd"], ["macintosh", "8e f0", "é\uf8ff"],
    ["windows-874", "a1 fc", "ก\ufffd"], ["x-user-defined", "41 80 ff", "A\uf780\uf7ff"],
    ["gbk", "80 d6 d0 a8 bc ff", "€中ḿ\ufffd"], ["gb18030", "81 35 f4 37 90 30 81 30", "\ue7c7\u{10000}"],
    ["big5", "a4 a4 88 62 a2 41 a1 fe 81 41", "中Ê̄∕／\ufffdA"], ["euc-jp", "c6 fc 8e b1 8f a2 b7 a1 41", "日ｱ～\ufffdA"],
    ["shift_jis", "93 fa b1 80 f0 40 a0 81 20", "日ｱ\x80\ue000\ufffd\ufffd "], ["euc-kr", "c7 d1 81 41 c9 41", "한갂\ufffdA"],
    ["iso-2022-jp", "1b 24 42 46 7c 1b 28 4a 5c 7e 1b 28 49 31 1b 28 42 5c", "日¥‾ｱ\\"],
    ["iso-2022-jp", "1b 28 42 1b 28 42 0e", "\ufffd\ufffd"],
  ];
  for (const [label, input, text] of cases) same(decode(label, input), text, label);
}

export function labels_are_trimmed_and_matched_without_case() {
  same(new TextDecoder(" \t\n\f\rUTF8 ").encoding, "utf-8");
  same(new TextDecoder("ASCII").encoding, "windows-1252");
  same(new TextDecoder("iso-8859-8-I").encoding, "iso-8859-8-i");
  same(new TextDecoder("gb2312").encoding, "gbk");
  same(new TextDecoder("utf-16").encoding, "utf-16le");
  for (const label of ["", "utf-7", "\vutf-8", "\u00a0utf-8", "\u212aoi8", "replacement", "iso-2022-kr"]) {
    throws(() => new TextDecoder(label), RangeError, JSON.stringify(label));
  }
}

export function every_buffer_source_is_taken() {
  const { buffer } = bytes(0x78, 0x61, 0x62, 0x79);
  const decoder = new TextDecoder();
  same(decoder.decode(buffer), "xaby");
  same(decoder.decode(new DataView(buffer, 1, 2)), "ab");
  same(decoder.decode(new Uint16Array(buffer, 2)), "by");
  same(decoder.decode(new Uint8Array(buffer).subarray(1, 3)), "ab");
  same(decoder.decode(new SharedArrayBuffer(1)), "\0");
  same(decoder.decode(new Uint8Array(new SharedArrayBuffer(1))), "\0");
  for (const wrong of [null, "a", [], {}]) throws(() => decoder.decode(wrong), TypeError);
}

export function a_detached_buffer_is_empty() {
  const view = bytes(1, 2, 3);
  const words = new Uint16Array(view.buffer, 0, 1);
  view.buffer.transfer();
  same(new TextDecoder().decode(view), "");
  same(new TextDecoder("utf-16").decode(view), "");
  same(new TextDecoder().decode(words), "");
}

export function malformed_utf_8_is_told_as_soon_as_it_is_known() {
  equal(streamed("utf-8", "eda0,80"), ["\ufffd\ufffd", "\ufffd", ""]);
  equal(streamed("utf-8", "ed,a080"), ["", "\ufffd\ufffd\ufffd", ""]);
  equal(streamed("utf-8", "ed9f,bf"), ["", "\ud7ff", ""]);
  equal(streamed("utf-8", "f4,90"), ["", "\ufffd\ufffd", ""]);
  equal(streamed("utf-8", "e0,80"), ["", "\ufffd\ufffd", ""]);
  throws(() => streamed("utf-8", "eda0", { fatal: true }), TypeError);
}

export function held_bytes_are_copies() {
  const decoder = new TextDecoder();
  const chunk = bytes(0xc3);
  decoder.decode(chunk, { stream: true });
  chunk[0] = 0x41;
  same(decoder.decode(bytes(0xa9)), "é");
}

export function the_class_looks_as_web_idl_says() {
  const decoder = new TextDecoder("utf-8", { fatal: 1, ignoreBOM: "" });
  same(decoder.fatal, true);
  same(decoder.ignoreBOM, false);
  same(Object.prototype.toString.call(decoder), "[object TextDecoder]");
  equal(Object.keys(TextDecoder.prototype), ["encoding", "fatal", "ignoreBOM", "decode"]);
  same(TextDecoder.length, 0);
  throws(() => TextDecoder(), TypeError);
  throws(() => new TextDecoder("utf-8", 1), TypeError);
  throws(() => TextDecoder.prototype.decode.call({}), TypeError);
  throws(() => TextDecoder.prototype.encoding, TypeError);
}

export function other_polyfills_decode_without_a_decoder() {
  same(decodeUtf8(bytes(...MARK, 0xff)), "\ufffd");
  same(decodeUtf8(bytes(...MARK), { ignoreBOM: true }), "\ufeff");
  throws(() => decodeUtf8(bytes(0xff), { fatal: true }), TypeError);
}
