import { ok, same, throws } from "./assert.js";
import { Crypto, crypto } from "holdfast:crypto/crypto.js";

export function every_array_of_integers_is_filled_in_place() {
  const classes = [
    Int8Array, Int16Array, Int32Array, BigInt64Array,
    Uint8Array, Uint8ClampedArray, Uint16Array, Uint32Array, BigUint64Array,
  ];
  for (const Class of classes) {
    const array = new Class(64);
    same(crypto.getRandomValues(array), array);
    ok(new Set(array).size > 8, Class.name);
  }
}

export function only_the_viewed_part_is_filled() {
  const buffer = new ArrayBuffer(64);
  crypto.getRandomValues(new Uint8Array(buffer, 16, 32));
  const bytes = [...new Uint8Array(buffer)];
  ok(bytes.slice(0, 16).every((byte) => byte === 0) && bytes.slice(48).every((byte) => byte === 0));
  ok(bytes.slice(16, 48).some((byte) => byte !== 0));
}

export function other_values_are_refused() {
  throws(() => crypto.getRandomValues(new Float32Array(1)), "TypeMismatchError");
  throws(() => crypto.getRandomValues(new DataView(new ArrayBuffer(1))), "TypeMismatchError");
  throws(() => crypto.getRandomValues([1]), "TypeError");
  throws(() => crypto.getRandomValues(new ArrayBuffer(1)), "TypeError");
  throws(() => crypto.getRandomValues(), "TypeError");
  throws(() => crypto.getRandomValues(new Uint8Array(65_537)), "QuotaExceededError");
  same(crypto.getRandomValues(new Uint8Array(65_536)).length, 65_536);
  same(crypto.getRandomValues(new Uint8Array(0)).length, 0);
}

export function uuids_have_version_four_and_differ() {
  const one = crypto.randomUUID();
  ok(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(one), one);
  ok(one !== crypto.randomUUID());
}

export function crypto_is_one_object() {
  throws(() => new Crypto(), "TypeError");
  throws(() => Crypto.prototype.randomUUID.call({}), "TypeError");
  same(crypto.subtle, crypto.subtle);
}
