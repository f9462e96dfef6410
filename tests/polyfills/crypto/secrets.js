// A script may replace every builtin. What those are given is searched for the material of
// keys that are not extractable.

import { ok, same } from "./assert.js";

const SECRET = Uint8Array.from({ length: 32 }, (_, i) => 7 * i + 1);
const PRIVATE = "7BVovA6GxnLvsfTa0cuPu5uqz0MoCaHEbXcEMz6lLsU"; // an X25519 key's `d`
const AES = { name: "AES-CBC", iv: new Uint8Array(16) };

const { apply, ownKeys, getPrototypeOf, defineProperty } = Reflect;
const { getOwnPropertyDescriptor } = Object;
const { isView } = ArrayBuffer;
const getter = (object, name) => getOwnPropertyDescriptor(object, name).get;
const TypedArray = getPrototypeOf(Uint8Array);
const lengthOf = getter(TypedArray.prototype, "length");
const bufferOf = getter(TypedArray.prototype, "buffer");
const bufferLength = getter(ArrayBuffer.prototype, "byteLength");
const Bytes = Uint8Array;
const indexOf = String.prototype.indexOf;
const fromCharCode = String.fromCharCode;

const needles = ["SUNSRVQ", PRIVATE, fromCharCode(...SECRET)];
let found = [];
let watching = false;

function contains(text) {
  for (let i = 0; i < needles.length; i++) {
    if (apply(indexOf, text, [needles[i]]) >= 0) return true;
  }
  return false;
}

function textOf(value) {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return "";
  let bytes;
  try {
    apply(bufferLength, value, []);
    bytes = new Bytes(value);
  } catch {
    if (!isView(value)) return "";
    bytes = value;
    try {
      apply(bufferOf, value, []);
    } catch {
      return "";
    }
  }
  let text = "";
  const length = apply(lengthOf, bytes, []);
  for (let i = 0; i < length; i++) text += fromCharCode(bytes[i]);
  return text;
}

// Looks into what is given and into the first two levels of what that has.
function look(value, where, depth = 0) {
  if (contains(textOf(value))) found[found.length] = where;
  if (typeof value !== "object" || value === null || isView(value) || depth > 1) return;
  const keys = ownKeys(value);
  for (let i = 0; i < keys.length; i++) {
    const descriptor = getOwnPropertyDescriptor(value, keys[i]);
    if (descriptor && "value" in descriptor) look(descriptor.value, where, depth + 1);
  }
}

function see(where, receiver, args) {
  if (!watching) return;
  watching = false;
  look(receiver, where);
  for (let i = 0; i < args.length; i++) look(args[i], where);
  watching = true;
}

function spy(original, where) {
  return function (...args) {
    see(where, this, args);
    const result = new.target
      ? Reflect.construct(original, args, new.target)
      : apply(original, this, args);
    see(where, undefined, [result]);
    return result;
  };
}

/** Put spies in the place of all methods and getters of an object. */
function spyOn(object, name) {
  for (const key of ownKeys(object)) {
    if (key === "constructor" || key === "prototype") continue;
    const descriptor = getOwnPropertyDescriptor(object, key);
    if (!descriptor.configurable) continue;
    const where = `${name}.${String(key)}`;
    if (typeof descriptor.value === "function") descriptor.value = spy(descriptor.value, where);
    else if (descriptor.get) descriptor.get = spy(descriptor.get, where);
    else continue;
    defineProperty(object, key, descriptor);
  }
}

/** A getter and a setter that every object inherits. */
function spyOnProperty(name) {
  defineProperty(Object.prototype, name, {
    get() {
      see(`get ${name}`, this, []);
      return undefined;
    },
    set(value) {
      see(`set ${name}`, this, [value]);
      defineProperty(this, name, { value, writable: true, configurable: true, enumerable: true });
    },
    configurable: true,
  });
}

function spyOnEverything() {
  const arrayIterator = getPrototypeOf([][Symbol.iterator]());
  const iterators = [arrayIterator, getPrototypeOf(arrayIterator)];
  for (const name of ["JSON", "Reflect", "Object"]) spyOn(globalThis[name], name);
  for (const name of ["Promise", "Array", "Map", "Set", "WeakMap", "String", "ArrayBuffer"]) {
    spyOn(globalThis[name].prototype, name);
  }
  for (const name of ["Uint8Array", "Promise", "Array"]) spyOn(globalThis[name], name);
  for (const object of [TypedArray, TypedArray.prototype, Bytes.prototype, ...iterators]) {
    spyOn(object, "builtin");
  }
  for (const name of ["call", "apply", "bind"]) {
    const where = `Function.${name}`;
    defineProperty(Function.prototype, name, { value: spy(Function.prototype[name], where) });
  }
  for (const name of [
    "then", "toJSON", "k", "d", "kty", "alg", "ext", "use", "key_ops", "material", "hash", "length",
    "bytes", "done", "next", "record", "parameters", "type", "extractable", "publicKey",
  ]) {
    spyOnProperty(name);
  }
  for (const name of ["Uint8Array", "Promise", "ArrayBuffer", "DOMException"]) {
    const Original = globalThis[name];
    const Spy = spy(Original, `new ${name}`);
    Spy.prototype = Original.prototype;
    defineProperty(Original.prototype, "constructor", { value: Spy });
    Object.setPrototypeOf(Spy, Original);
    globalThis[name] = Spy;
  }
}

export async function no_builtin_ever_sees_the_material_of_a_key() {
  spyOnEverything();
  look(SECRET, "the spy");
  same(found.length, 1, "the spy sees what it is shown");
  found = [];
  watching = true;
  Promise.resolve(SECRET);
  ok(found.length > 0, "the spies see what a promise is resolved with");
  watching = false;
  found = [];

  const { subtle } = crypto; // loaded now, among the spies
  const wrapping = await subtle.generateKey({ name: "AES-CBC", length: 256 }, false, [
    "encrypt", "wrapKey", "unwrapKey",
  ]);
  const rsa = await subtle.generateKey(
    {
      name: "RSA-OAEP",
      modulusLength: 1024,
      publicExponent: new Bytes([1, 0, 1]),
      hash: "SHA-1",
    },
    false,
    ["wrapKey", "unwrapKey"],
  );
  const jwk = JSON.stringify({ kty: "oct", k: "SUNSRVQ" });
  const okp = JSON.stringify({
    kty: "OKP",
    crv: "X25519",
    d: PRIVATE,
    x: "ggsaeA1og0QGeD9BIjXVxLj2lF31Y5U7TzrC0Yfg8Vk",
  });
  const encoded = (text) => new TextEncoder().encode(text);
  const wrapped = await subtle.encrypt(AES, wrapping, SECRET);
  const wrappedJwk = await subtle.encrypt(AES, wrapping, encoded(jwk));
  const wrappedOkp = await subtle.encrypt(AES, wrapping, encoded(okp));
  const visible = await subtle.importKey("raw", SECRET, "AES-CBC", true, ["encrypt"]);
  const forRsa = await subtle.wrapKey("raw", visible, rsa.publicKey, "RSA-OAEP");

  watching = true;
  const HMAC = { name: "HMAC", hash: "SHA-256" };
  const unwrapped = await subtle.unwrapKey("raw", wrapped, wrapping, AES, HMAC, false, ["sign"]);
  await subtle.sign("HMAC", unwrapped, wrapped);
  await subtle.sign("HMAC", structuredClone(unwrapped), new Bytes(100_000));
  await subtle.unwrapKey("jwk", wrappedJwk, wrapping, AES, HMAC, false, ["sign"]);
  await subtle.unwrapKey("raw", forRsa, rsa.privateKey, "RSA-OAEP", "AES-GCM", false, ["encrypt"]);
  const bits = ["deriveBits", "deriveKey"];
  const agreed = await subtle.unwrapKey("jwk", wrappedOkp, wrapping, AES, "X25519", false, bits);
  const base = await subtle.unwrapKey("raw", wrapped, wrapping, AES, "PBKDF2", false, bits);
  const salt = new Bytes(8);
  const stretched = await subtle.deriveKey(
    { name: "PBKDF2", hash: "SHA-256", salt, iterations: 2 }, base, HMAC, false, ["sign"],
  );
  await subtle.unwrapKey("raw", wrapped, wrapping, AES, "HKDF", false, bits);
  await subtle.exportKey("raw", unwrapped).catch(() => undefined);
  watching = false;
  same(found.join(), "");
  same([unwrapped, agreed, base, stretched].length, 4);
}
