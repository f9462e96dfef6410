// Values of every type that can be stored, and a description that tells them apart.
// Loaded by Holdfast and by workerd, so it uses only what both have.

const buffer = () => Uint8Array.from({ length: 16 }, (_, i) => i * 3).buffer;
const with_ = (object, properties) => Object.assign(object, properties);

export const values = {
  null: () => null,
  true: () => true,
  false: () => false,
  integers: () => [0, 1, -1, 63, 64, 8191, 8192, 2 ** 30 - 1, -(2 ** 30), 1e6],
  zero: () => 0,
  large_integer: () => 2 ** 30,
  larger_integer: () => 2 ** 31,
  low_integer: () => -(2 ** 30) - 1,
  negative_zero: () => -0,
  not_a_number: () => NaN,
  double: () => 1.1,
  infinity: () => -Infinity,
  bigint_zero: () => 0n,
  bigints: () => [1n, -1n, 2n ** 63n, 2n ** 64n, -(2n ** 200n), 2n ** 64n - 1n],
  string: () => "hello",
  empty: () => "",
  latin1: () => "naïve ÿ\0",
  two_byte: () => "привет",
  long_two_byte: () => "日本語 ".repeat(500),
  emoji: () => "😀",
  lone_surrogate: () => "a\ud800b",
  padded: () => [true, "я", "x", "я"],
  long: () => "x".repeat(100_000),
  date: () => new Date(1234567890123),
  invalid_date: () => new Date(NaN),
  boxed_string: () => Object("я"),
  boxed: () => [Object(true), Object(false), Object(1.5), Object(-5n), Object("x")],
  regexp: () => /a\/b(?<x>.)/gimsuyd,
  regexp_v: () => /[a--b]/v,
  empty_array: () => [],
  array: () => ["a", [1, [2]], null],
  array_undefined: () => [undefined, "x"],
  holes: () => [1, , "3"],
  sparse: () => with_([], { 100000: "x" }),
  array_with_properties: () => with_(["x"], { note: 1, "я": 2 }),
  object: () => ({ b: 1, a: "x", nested: { deep: [{}] }, nothing: undefined }),
  integer_keys: () => ({ b: 1, 7: 2, "-1": 3, "01": 4, 4294967294: 5, 4294967295: 6 }),
  odd_keys: () => ({ "": 1, "ключ": 2, "ÿ": 3, ["k".repeat(200)]: 4 }),
  proto_key: () => JSON.parse('{"__proto__": {"x": 1}, "constructor": 2}'),
  null_prototype: () => with_(Object.create(null), { a: 1 }),
  instance: () =>
    new (class Point {
      #hidden = 1;
      x = 1;
    })(),
  map: () => new Map([["a", 1], [{ k: 1 }, new Set([1, "x"])]]),
  set: () => new Set(["a", undefined, NaN]),
  cycle: () => {
    const object = { list: [] };
    object.list.push(object, object.list);
    return object;
  },
  map_cycle: () => {
    const map = new Map();
    return map.set(map, new Set([map]));
  },
  array_buffer: () => buffer(),
  empty_buffer: () => new ArrayBuffer(0),
  large_buffer: () => new Uint8Array(5000).fill(7).buffer,
  bytes: () => new Uint8Array([1, 2, 255]),
  views: () => {
    const shared = buffer();
    return [
      new Int8Array(shared, 1, 2),
      new Uint8Array(shared),
      new Uint8ClampedArray(shared, 3),
      new Int16Array(shared, 2, 2),
      new Uint16Array(shared),
      new Int32Array(shared, 4),
      new Uint32Array(shared),
      new Float32Array(shared, 8),
      new Float64Array(shared, 8, 1),
      new BigInt64Array(shared),
      new BigUint64Array(shared, 8),
      new DataView(shared, 5, 3),
      shared,
    ];
  },
  half_floats: () => new Float16Array([1.5, -2]),
  resizable: () => {
    const resizable = new ArrayBuffer(4, { maxByteLength: 8 });
    return [resizable, new Uint8Array(resizable), new Uint8Array(resizable, 1, 2)];
  },
  error: () => new TypeError("message", { cause: { reason: "я" } }),
  errors: () => [Error, EvalError, RangeError, ReferenceError, SyntaxError, URIError].map((E) => new E("m")),
  error_without_message: () => new Error(),
  error_cycle: () => {
    const error = new Error("x");
    error.cause = [error];
    return error;
  },
  dom_exception: () => new DOMException("не вышло", "AbortError"),
};

// Stacks and doubles in arrays of integers differ between engines: not compared as bytes.
export const bytesDiffer = ["error", "errors", "error_without_message", "error_cycle", "dom_exception"];

/** One line that says everything about a value that a clone must keep. */
export const describe = (value, seen = new Map()) => {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : String(value);
  if (seen.has(value)) return `#${seen.get(value)}`;
  seen.set(value, seen.size);
  const inner = (item) => describe(item, seen);
  const type = Object.prototype.toString.call(value).slice(8, -1);
  const properties = () =>
    Object.keys(value)
      .map((key) => `${JSON.stringify(key)}: ${inner(value[key])}`)
      .join(", ");
  if (ArrayBuffer.isView(value)) {
    const { buffer: bytes, byteOffset, byteLength } = value;
    return `${type}(${inner(bytes)}, ${byteOffset}, ${byteLength})`;
  }
  switch (type) {
    case "ArrayBuffer":
      return `buffer(${new Uint8Array(value)}; ${value.resizable} ${value.maxByteLength})`;
    case "Map":
      return `map(${[...value].map(([key, item]) => `${inner(key)} => ${inner(item)}`)})`;
    case "Set":
      return `set(${[...value].map(inner)})`;
    case "Date":
      return `date(${value.getTime()})`;
    case "RegExp":
      return `regexp(${value})`;
    case "DOMException":
      return `${type}(${value.name}, ${value.message}, ${value.code})`;
    case "Error":
      return `error(${Object.getPrototypeOf(value).name}, ${inner(
        Object.getOwnPropertyDescriptor(value, "message")?.value,
      )}, ${Object.hasOwn(value, "cause")} ${inner(value.cause)})`;
    case "Number":
    case "String":
    case "Boolean":
    case "BigInt":
      return `boxed(${inner(value.valueOf())})`;
  }
  const kind = Array.isArray(value) ? `array ${value.length}` : "object";
  const plain = Object.getPrototypeOf(value) === (Array.isArray(value) ? Array : Object).prototype;
  return `${plain ? "" : "odd "}${kind}(${properties()})`;
};
