// Values of every kind that structured cloning knows, and of some that it refuses, each described
// in JSON, so that a program with them can be told and cut down.
import { show } from "../observe.mjs";

const NUMBERS = ["0", "-0", "-1", "NaN", "Infinity", "0.1", "2147483648", "9007199254740993", "5e-324"];
const TEXTS = ["", "a", "\u00e9", "\0", "\ud800", "\u{1f600}", "x".repeat(300), "\u0100".repeat(130), "__proto__"];
const KEYS = ["a", "b", "0", "10", "-1", "4294967295", "", "\u0100", "__proto__", "constructor", "\ud800"];
const VIEWS = ["Int8Array", "Uint8ClampedArray", "Uint16Array", "Float32Array", "BigInt64Array", "DataView"];
const ERRORS = ["Error", "TypeError", "RangeError", "SyntaxError", "URIError"];

const leaves = {
  undefined: () => [],
  null: () => [],
  boolean: ({ chance }) => [chance(0.5)],
  number: ({ one }) => [one(NUMBERS)],
  bigint: ({ one }) => [one(["0", "-1", "18446744073709551616", "-123456789012345678901234567890"])],
  text: ({ one }) => [one(TEXTS)],
  date: ({ one }) => [one(["0", "NaN", "8640000000000000"])],
  regexp: ({ one }) => [one(["a", "/", "\u00e9"]), one(["", "gi", "dgimsuy"])],
  boxed: ({ one }) => [one(["a", -1, true])],
  buffer: ({ below }) => [below(20)],
  resizable: ({ below }) => [below(9)],
  view: ({ one, below }) => [one(VIEWS), below(3) * 8, below(3)],
  symbol: () => [],
  function: () => [],
  promise: () => [],
};

const nodes = {
  list: ({ item, some }) => [some(item)],
  sparse: ({ item, below }) => [below(6), item()],
  object: ({ item, some, one }) => [some(() => [one(KEYS), item()])],
  bare: ({ item, some, one }) => [some(() => [one(KEYS), item()])],
  instance: ({ item }) => [item()],
  map: ({ item, some }) => [some(() => [item(), item()])],
  set: ({ item, some }) => [some(item)],
  error: ({ item, one }) => [one(ERRORS), one(["", "m", "\u0100"]), item()],
  twice: ({ item }) => [item()],
  around: () => [],
  getter: ({ item }) => [item()],
  proxy: ({ item }) => [item()],
};

/** A description of a value, of some depth at most. */
export function describeValue(random, depth = 2) {
  const { below, one, chance } = random;
  const isLeaf = depth === 0 || chance(0.4);
  const kind = one(Object.keys(isLeaf ? leaves : nodes));
  const item = () => describeValue(random, depth - 1);
  const some = (make) => Array.from({ length: below(4) }, make);
  return [kind, ...(isLeaf ? leaves : nodes)[kind]({ ...random, item, some })];
}

class Instance {
  get inherited() {
    return 1;
  }
}

const bytes = (length) => Uint8Array.from({ length }, (_, index) => (index * 37 + 3) & 255);
const pairsOf = (pairs) => pairs.map(([key, item]) => [key, build(item)]);

const builders = {
  undefined: () => undefined,
  null: () => null,
  boolean: (value) => value,
  number: Number,
  bigint: BigInt,
  text: (value) => value,
  date: (time) => new Date(Number(time)),
  regexp: (source, flags) => new RegExp(source, flags),
  boxed: Object,
  buffer: (length) => bytes(length).buffer,
  resizable: (length) => new Uint8Array(new ArrayBuffer(length, { maxByteLength: 16 })),
  view: (name, offset, length) => new globalThis[name](bytes(32).buffer, offset, length),
  symbol: () => Symbol("s"),
  function: () => () => 1,
  promise: () => Promise.resolve(),
  list: (items) => items.map(build),
  sparse: (index, item) => Object.assign([], { [index]: build(item), property: 1 }),
  object: (pairs) => Object.fromEntries(pairsOf(pairs)),
  bare: (pairs) => Object.assign(Object.create(null), Object.fromEntries(pairsOf(pairs))),
  instance: (item) => Object.assign(new Instance(), { own: build(item) }),
  map: (pairs) => new Map(pairs.map(([key, value]) => [build(key), build(value)])),
  set: (items) => new Set(items.map(build)),
  error: (name, message, item) => Object.assign(new globalThis[name](message), { own: build(item) }),
  twice: (item) => Array(2).fill(build(item)),
  around() {
    const object = { a: [] };
    object.a.push(object);
    return object;
  },
  getter: (item) => Object.defineProperty({}, "g", { get: () => build(item), enumerable: true }),
  proxy: (item) => new Proxy(Object(build(item) ?? {}), {}),
};

/** The value that a description is of. */
export function build([kind, ...facts]) {
  return builders[kind](...facts);
}

/** What was thrown, without the words that only tell a mistake in the call. */
export function told(error) {
  const name = error?.name;
  return `throws ${name === "TypeError" || name === "DataCloneError" ? name : show(error)}`;
}

/** What `run` returned or threw, as text; `see` shows the value. */
export async function outcomeOf(run, see = show) {
  try {
    return await see(await run());
  } catch (error) {
    return told(error);
  }
}
