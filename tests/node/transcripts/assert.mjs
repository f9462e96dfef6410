import assert, { strict } from "node:assert";
import strictModule from "node:assert/strict";

class Foo {
  constructor(x) {
    this.x = x;
  }
}

export default async function run(log) {
  const told = (error) => [error.name, error.code, error.operator, error.generatedMessage, JSON.stringify(error.message)].join(" | ");
  const attempt = (run) => {
    try {
      run();
      return "passed";
    } catch (error) {
      return told(error);
    }
  };
  const list = (n, at) => Array.from({ length: n }, (_, i) => (i === at ? "x" : i));
  const pairs = [
    [1, 1], [1, 2], [1, "1"], ["a", "b"], ["a long string value", "a long string valve"], ["x".repeat(50), "y".repeat(50)], [0, -0], [NaN, NaN], [null, undefined], [true, 1], [{}, {}], [{ a: 1 }, { a: 1 }], [{ a: 1 }, { a: 2 }], [{ a: 1, b: 2 }, { b: 2, a: 1 }],
    [[1, 2, 3], [1, 2, 4]], [[1, 2, 3], [1, 2, 3, 4]], [[], {}], [[1], ["1"]], [new Foo(1), { x: 1 }], [new Foo(1), new Foo(1)], [new Map([[1, 2]]), new Map([[1, 3]])], [new Set([1, 2]), new Set([1, 3])], [new Set([{ a: 1 }]), new Set([{ a: 1 }])],
    [new Date(0), new Date(0)], [new Date(0), new Date(1)], [/a/g, /a/i], [new Error("a"), new Error("a")], [Symbol.for("a"), Symbol.for("a")], [1n, 1n], [1n, 1], [() => {}, 5], [{ deep: { er: { value: [1, { x: 1 }] } } }, { deep: { er: { value: [1, { x: 2 }] } } }],
    [list(30, 3), list(30, 20)], [list(80, 3), list(80, 70)], [list(10, -1), list(10, 5)], [list(12, 0), list(12, 11)], ["line1\nline2\nline3", "line1\nlineX\nline3"], [undefined, {}], ["", "a"], [[1, [2, [3]]], [1, [2, [4]]]], [{ a: undefined }, {}], [new Uint8Array([1, 2]), new Uint8Array([1, 3])], ["a".repeat(600), 5], [[, 1], [undefined, 1]], [Object.create(null), {}], [{ a: 1, b: { c: 1, d: 2, e: 3 } }, { a: 1, b: { c: 1, d: 5, e: 3 } }],
    [list(100, -1), list(3, -1)], [Object.fromEntries(list(60, -1).map((i) => [`k${i}`, i])), Object.fromEntries(list(60, -1).map((i) => [`k${i}`, i * (i % 2)]))],
  ];
  for (const [i, [a, b]] of pairs.entries()) {
    for (const name of ["equal", "notEqual", "strictEqual", "notStrictEqual", "deepEqual", "notDeepEqual", "deepStrictEqual", "notDeepStrictEqual"]) {
      log(i, name, attempt(() => assert[name](a, b)));
    }
  }
  log(attempt(() => assert.equal(1, 2, "own message")), attempt(() => assert.equal(1, 2, new RangeError("own error"))), attempt(() => assert.strictEqual(1)), attempt(() => assert.fail()), attempt(() => assert.fail("told")), attempt(() => assert.fail(new TypeError("x"))));
  log(attempt(() => assert(true)), attempt(() => assert(0, "message")), attempt(() => assert.ok(null, "m")), attempt(() => assert()), attempt(() => assert.ok()), attempt(() => assert.ifError(null)), attempt(() => assert.ifError(new Error("e"))), attempt(() => assert.ifError("s")));
  log(attempt(() => assert.match("abc", /b/)), attempt(() => assert.match("abc", /x/)), attempt(() => assert.match(5, /x/)), attempt(() => assert.doesNotMatch("abc", /b/)), attempt(() => assert.match("a", "b")));
  const thrower = (error) => () => {
    throw error;
  };
  class Own extends Error {}
  for (const args of [
    [() => {}], [() => {}, "message"], [() => {}, TypeError], [() => {}, TypeError, "m"], [thrower(new TypeError("t"))], [thrower(new TypeError("t")), TypeError], [thrower(new TypeError("t")), RangeError], [thrower(new TypeError("t")), /t/], [thrower(new TypeError("t")), /x/],
    [thrower(new TypeError("t")), { name: "TypeError", message: "t" }], [thrower(new TypeError("t")), { message: "u" }], [thrower(new TypeError("t")), { message: /t/ }], [thrower(new TypeError("t")), { message: /x/ }], [thrower(new TypeError("t")), (e) => e instanceof TypeError], [thrower(new TypeError("t")), (e) => false],
    [thrower(new TypeError("t")), "t"], [thrower(new TypeError("t")), {}], [thrower(new TypeError("t")), 5], [5], [thrower("string"), /string/], [thrower("string"), "string"], [thrower(null)], [thrower(new Own("o")), Own], [thrower(new Error("o")), Own], [thrower(new Error("o")), new Error("o")], [thrower(new Error("o")), new Error("p")], [thrower(new Error("o")), { code: 5 }],
    [thrower(5), { a: 1 }], [thrower(new Error("o")), function named() { return "nope"; }],
  ]) {
    log("throws", attempt(() => assert.throws(...args)));
    log("doesNotThrow", attempt(() => assert.doesNotThrow(...args)));
    const fn = args[0];
    const promiseFn = typeof fn === "function" ? async () => fn() : fn;
    log("rejects", await assert.rejects(promiseFn, ...args.slice(1)).then(() => "passed", told));
    log("doesNotReject", await assert.doesNotReject(promiseFn, ...args.slice(1)).then(() => "passed", told));
  }
  log(await assert.rejects(Promise.resolve(1)).then(() => "passed", told), await assert.rejects(() => 5).then(() => "passed", told), await assert.rejects(Promise.reject(new Error("r")), /r/).then(() => "passed", told));
  log(attempt(() => strict.equal(1, "1")), attempt(() => strict.deepEqual({ a: 1 }, { a: "1" })), strict.equal === assert.strictEqual, assert.strict === strict, strictModule === strict, strict.strict === strict);
  const error = new assert.AssertionError({ actual: 1, expected: 2, operator: "strictEqual" });
  log(told(error), error instanceof Error, error.actual, error.expected, `${error}`, attempt(() => new assert.AssertionError()), Object.keys(error).join());
  for (const options of [{ message: "m" }, { actual: 1, expected: 2, operator: "custom" }, { actual: [1], expected: [2], operator: "deepEqual" }]) log(told(new assert.AssertionError(options)));
}
