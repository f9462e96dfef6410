import { equal, ok, rejects, same, throws } from "./assert.js";
import { crypto } from "holdfast:crypto/crypto.js";

const { subtle } = crypto;
const ascii = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));
const hex = (buffer) => new Uint8Array(buffer).toHex();

// FIPS 180-4 and RFC 1321, for "abc".
const DIGESTS = {
  MD5: "900150983cd24fb0d6963f7d28e17f72",
  "SHA-1": "a9993e364706816aba3e25717850c26c9cd0d89d",
  "SHA-256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  "SHA-384":
    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163" +
    "1a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
  "SHA-512":
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
};

export async function digests_are_those_of_the_standards() {
  for (const [name, expected] of Object.entries(DIGESTS)) {
    same(hex(await subtle.digest(name, ascii("abc"))), expected, name);
    same(hex(await subtle.digest({ name: name.toLowerCase() }, ascii("abc").buffer)), expected);
  }
}

export async function the_answer_is_an_array_buffer_of_its_own() {
  const digest = await subtle.digest("SHA-256", new Uint8Array());
  ok(digest instanceof ArrayBuffer);
  same(digest.byteLength, 32);
}

export async function only_the_viewed_bytes_are_digested() {
  const view = new DataView(ascii("xabcx").buffer, 1, 3);
  same(hex(await subtle.digest("MD5", view)), DIGESTS.MD5);
}

export async function large_data_are_digested_as_they_were() {
  const data = new Uint8Array(1_000_000).fill(97);
  const pending = subtle.digest("SHA-1", data);
  data.fill(0);
  same(hex(await pending), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

export async function data_are_read_after_the_algorithm() {
  const data = ascii("xbc");
  const name = {
    get name() {
      data[0] = 97;
      return "MD5";
    },
  };
  same(hex(await subtle.digest(name, data)), DIGESTS.MD5);
  const gone = ascii("abc");
  const thief = {
    get name() {
      gone.buffer.transfer();
      return "MD5";
    },
  };
  same(hex(await subtle.digest(thief, gone)), "d41d8cd98f00b204e9800998ecf8427e");
}

export async function what_is_wrong_rejects_the_promise() {
  await rejects(subtle.digest("SHA-3", ascii("")), "NotSupportedError");
  await rejects(subtle.digest({}, ascii("")), "TypeError");
  await rejects(subtle.digest("SHA-1", "text"), "TypeError");
  await rejects(subtle.digest("SHA-1"), "TypeError");
  await rejects(subtle.digest.call({}, "SHA-1", ascii("")), "TypeError");
  await rejects(subtle.encrypt("AES-GCM", {}, ascii("")), "TypeError");
}

export function equal_bytes_are_told_in_constant_time() {
  equal(
    [
      subtle.timingSafeEqual(ascii("abc"), ascii("abc")),
      subtle.timingSafeEqual(ascii("abc").buffer, ascii("abd")),
      subtle.timingSafeEqual(ascii("").buffer, ascii("")),
    ],
    [true, false, true],
  );
  throws(() => subtle.timingSafeEqual(ascii("a"), ascii("ab")), "TypeError");
  throws(() => subtle.timingSafeEqual("a", "a"), "TypeError");
}
