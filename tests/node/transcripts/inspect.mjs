import util, { inspect } from "node:util";

class Foo {
  constructor() {
    this.x = 1;
  }
  get y() {
    return 2;
  }
}
class Bar extends Foo {}
class Tagged {
  get [Symbol.toStringTag]() {
    return "tag";
  }
}
function Old() {
  this.z = 3;
}

export default function run(log) {
  const circular = { name: "c", list: [] };
  circular.self = circular;
  circular.list.push(circular, { circular });
  const bare = (error) => {
    error.stack = undefined;
    delete error.stack;
    return error;
  };
  void bare;
  const deep = { a: { b: { c: { d: { e: 1 } } } } };
  const values = {
    undefined, null: null, true: true, zero: 0, minus: -0, float: 1.5, big: 12345678901234567890n, string: "it's", both: `it's "quoted"`, all: "it's \"a\" `b`",
    escapes: "a\nb\tc\\d\u0001\u007f\u009f\ud800", symbol: Symbol("s"), symbolless: Symbol(), fn: function named() {}, arrow: () => {}, async: async function a() {}, gen: function* g() {},
    asyncGen: async function* ag() {}, cls: class A {}, sub: class B extends Foo {}, anon: class {}, array: [1, 2, 3], empty: [], holes: [1, , 3, , ,], nested: [[1, [2, [3, [4]]]]], strings: ["a", "b"],
    object: {}, pairs: { a: 1, "b-c": 2, 3: 4, [Symbol("k")]: 5 }, foo: new Foo(), bar: new Bar(), old: new Old(), tagged: new Tagged(), nullProto: Object.create(null), nullProto2: Object.assign(Object.create(null), { a: 1 }),
    inherits: Object.create({ a: 1 }), inherits2: Object.create(Foo.prototype), date: new Date(0), invalid: new Date(NaN), regexp: /a+b/gi, map: new Map([["a", 1], [{ k: 1 }, new Map()]]), emptyMap: new Map(), set: new Set([1, "2", [3]]),
    emptySet: new Set(), weakMap: new WeakMap(), weakSet: new WeakSet(), promise: new Promise(() => {}), boxedN: new Number(3), boxedS: new String("abc"), boxedB: new Boolean(false), boxedY: Object(Symbol("b")), boxedI: Object(5n),
    u8: new Uint8Array([1, 2, 3]), f64: new Float64Array(2), emptyU8: new Uint8Array(), ab: new ArrayBuffer(4), dv: new DataView(new ArrayBuffer(2)), args: (function () { return arguments; })(1, 2),
    getter: { get a() { return 1; } }, setter: { set a(_) {} }, both2: { get a() { return 1; }, set a(_) {} }, hidden: Object.defineProperty({}, "h", { value: 1 }), circular, deep,
    fnProps: Object.assign(function f() {}, { p: 1 }), arrProps: Object.assign([1], { p: 1 }), dateProps: Object.assign(new Date(0), { p: 1 }), regProps: Object.assign(/x/, { p: 1 }), mapProps: Object.assign(new Map([[1, 2]]), { p: 1 }),
    long: "x".repeat(200), longArray: Array.from({ length: 120 }, (_, i) => i), longStrings: Array.from({ length: 30 }, (_, i) => `item ${i}`), mixed: Array.from({ length: 10 }, (_, i) => (i % 2 ? i : `${i}`)), manyKeys: Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`key${i}`, i])),
    wide: { first: "a fairly long string value", second: "another fairly long string value", third: "and yet another string value" }, lines: { text: "line one\nline two\nline three that is a bit longer" }, longLines: "a line that is rather long, longer than the others\nand then another one that is rather long as well, isn't it\nend",
    objs: [{ a: 1, b: 2 }, { a: 3, b: 4 }], tuple: [[1, 2], [3, 4]], custom: { [inspect.custom](depth, options) { return `custom ${depth} ${typeof options.stylize}`; } }, customObject: { [inspect.custom]: () => ({ shown: true }) }, customNested: { inner: { [inspect.custom]: (depth) => `depth ${depth}\nline` } },
    iter: new Map([[1, 2]])[Symbol.iterator] && 1, proto: { ["__proto__"]: 1 }, floats: [1.25, -0, NaN, Infinity, 1e21], bools: [true, false, null, undefined], emoji: ["😀", "日本語"], nan: NaN, classInstanceArray: new (class Stack extends Array {})(3), subMap: new (class M2 extends Map {})([[1, 2]]), async2: { async m() {}, *g() {} },
    numbers: [100, 2000, 30, 4, 50000, 6, 7, 8, 9, 10, 11], urlish: { href: "https://example.com/a/b?c=d", port: 80 }, twice: [circular.list, circular.list], weird: { "": 1, " a": 2, "1a": 3, "ünï": 4, $: 5, _: 6 },
  };
  for (const [name, value] of Object.entries(values)) log(name, inspect(value));
  for (let n = 7; n < 40; n += 3) log(n, inspect(Array.from({ length: n }, (_, i) => "x".repeat((i * 7) % n))), inspect(Array.from({ length: n * 2 }, (_, i) => i ** 3)), inspect(new Float64Array(n).map((_, i) => i / 3)));
  for (const options of [{ depth: 0 }, { depth: null }, { depth: 1 }, { compact: false }, { compact: true }, { compact: 1 }, { breakLength: 40 }, { breakLength: Infinity }, { maxArrayLength: 2 }, { maxArrayLength: 0 }, { maxStringLength: 5 }, { showHidden: true, depth: 1 }, { sorted: true }, { getters: true }, { colors: true }, { customInspect: false }, { numericSeparator: true }]) {
    for (const name of ["deep", "circular", "array", "pairs", "longArray", "map", "set", "u8", "getter", "long", "wide", "objs", "hidden", "holes", "big", "float", "lines", "boxedS", "numbers", "customObject", "longStrings"]) log(inspect(options), name, inspect(values[name], options));
  }
  const error = (make) => {
    const e = make();
    Object.defineProperty(e, "stack", { value: `${e.name}: ${e.message}\n    at somewhere (file.js:1:2)`, writable: true, configurable: true });
    return e;
  };
  class ValidationError extends Error {}
  class Named extends Error {
    name = "NamedName";
  }
  for (const e of [error(() => new Error("msg")), error(() => new TypeError("multi\nline")), error(() => new ValidationError("v")), error(() => new Named("n")), error(() => Object.assign(new Error("with code"), { code: "E_X", errno: -2 })), error(() => new Error("outer", { cause: error(() => new Error("inner")) })), error(() => new AggregateError([error(() => new Error("one")), 2], "agg"))]) {
    log(inspect(e));
    log(inspect({ e }));
    log(inspect([e], { compact: false }));
  }
  for (const args of [[], ["x"], ["%s", "a"], ["%s %s", "a"], ["%d", "42"], ["%d", "x"], ["%i", 42.9], ["%f", "1.5x"], ["%j", { a: 1 }], ["%j", circular], ["%o", { f() {} }], ["%O", deep], ["%%", 1], ["%c", "css"], ["%s", null], ["%s", undefined], ["%s", 5n], ["%s", -0], ["%s", Symbol("q")], ["%s", { a: { b: { c: 1 } } }], ["%s", [1, [2, [3]]]], ["%s", new Foo()], ["%s", () => 5], ["%s", class X {}], ["%s", new Date(0)], ["%s", { toString: () => "own" }], ["%d", 5n], ["%d", {}], ["%d", Symbol("q")], ["%x", 1], ["a", "b", { c: 1 }], [1, 2, "3"], [{ a: 1 }, "x"], ["%s", "a", "b", { c: [1] }], ["%i", "0x10"], ["%s", "a\nb"], ["100%", 1], ["%s%s", "a", "b", "c"], ["%j", undefined], ["%s", new Error("e").message]]) log(util.format(...args));
  log(util.formatWithOptions({ compact: true }, "%O", { a: { b: 1 } }), inspect("a'b"), inspect(values.deep, false, 0), inspect(values.deep, true, null).length > 10);
  for (const [a, b] of [[1, 1], [1, "1"], [{}, {}], [[1], [1]], [NaN, NaN], [0, -0], [new Map([[1, { a: 1 }]]), new Map([[1, { a: 1 }]])], [new Set([{ a: 1 }]), new Set([{ a: 1 }])], [new Date(1), new Date(1)], [/a/g, /a/i], [Object.create(null), {}], [new Foo(), { x: 1 }], [circular, circular], [[1, , 2], [1, undefined, 2]], [new Uint8Array([1]), new Uint8Array([1])], [new Error("a"), new Error("a")], [new Error("a"), new Error("b")], [{ a: undefined }, {}], [Object("a"), Object("a")], [new Set([1, 2]), new Set([2, 1])], [{ [Symbol.iterator]: 1 }, {}], [new Map([[{}, 1]]), new Map([[{}, 1]])]]) log(util.isDeepStrictEqual(a, b));
  for (const value of [1, "a", null, {}, [], new Date(), /x/, new Error("e"), () => {}, new Map(), Promise.resolve(), new Uint8Array(), new ArrayBuffer(1), Symbol.iterator, (function () { return arguments; })(), async () => {}, function* () {}, new Proxy({}, {}), Object(1), new DataView(new ArrayBuffer(1)), new WeakMap()]) {
    log(Object.keys(util.types).filter((key) => /^is/.test(key) && !/isProxy|isExternal|isKeyObject|isCryptoKey|isEventTarget/.test(key) && util.types[key](value)).sort().join(), util.isArray(value));
  }
  log(util.stripVTControlCharacters("\u001b[31mred\u001b[39m"), JSON.stringify(util.styleText("red", "x")), util.toUSVString("a\ud800"), util.inspect.custom.toString(), util.inspect(new Proxy({ a: 1 }, {})));
  {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    log(inspect(proxy), inspect([proxy], { showProxy: true }), util.types.isProxy(proxy));
    const trapped = new Proxy({ a: 1, b: { c: [1] } }, { get() { throw new Error("trap"); }, ownKeys() { throw new Error("trap"); } });
    log(inspect(trapped), inspect(trapped, { showProxy: true }), util.format("%s %o %O", trapped, trapped, trapped), inspect({ trapped }, { showProxy: 1, depth: 0 }));
    for (const target of [[1, 2], class A {}, new Map([[1, 2]]), new Proxy({ a: 1 }, {}), { [util.inspect.custom]: () => "custom" }]) {
      const value = new Proxy(target, {});
      log(inspect(value), inspect(value, { showProxy: true }), util.types.isProxy(value), util.types.isProxy(target));
    }
    const failed = Promise.reject(new Map([[1, 2]]));
    failed.catch(() => {});
    const own = {};
    own.promise = Promise.resolve(own);
    class Later extends Promise {}
    for (const promise of [Promise.resolve(3), Promise.resolve({ a: [{ b: {} }] }), new Promise(() => {}), failed, Object.assign(Promise.resolve("s"), { k: 1 }), Later.resolve(1), own]) log(inspect(promise), inspect([promise], { depth: 0 }));
    log(inspect([1, "a"], { stylize: (text) => `<${text}>` }), util.formatWithOptions({ numericSeparator: true }, "%d %s %i %d", 1234567, 1234567, 123456, 1234567n));
  }
  class Base { constructor() { this._y = 123; } get y() { return this._y; } method() {} }
  Base.prototype.shared = 5;
  Base.prototype[Symbol("s")] = 1;
  class Derived extends Base { get z() { throw new Error("no"); } }
  class Pairs extends Map { get pairs() { return 2; } }
  for (const value of [new Base(), new Derived(), new Pairs([[1, 2]]), {}, Object.create({ a: 1 }), Object.create(Object.create(null)), { n: new Derived() }])
    for (const options of [{ showHidden: true }, { getters: true, showHidden: true }, { showHidden: true, depth: 0 }, { showHidden: true, colors: true }]) log(inspect(value, options));
  inspect.defaultOptions.numericSeparator = true;
  log(util.format("%d %s %i %f %d %d", 118059162071741130342, 1234567, 123123123, 12345.67891, 1180591620717411303424, 123456n));
  inspect.defaultOptions.numericSeparator = false;
  const classless = (value) => Object.setPrototypeOf(value, null);
  for (const depth of [0, 1]) log(inspect({ object: classless({ x: 1 }), list: classless([1]), map: classless(new Map([[1, 2]])), set: classless(new Set([1])), bytes: classless(new Uint8Array(2)), date: classless(new Date(0)) }, { depth }));
}
