"""Calls between JavaScript and WebAssembly, both ways."""

from tests.inprocess import Server
from tests.wasm.modules import told

NUMBERS = """(module
  (import "to" "js" (func $js (param i32 f64 i64 f32) (result i32)))
  (func (export "i32") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
  (func (export "i64") (param i64) (result i64) local.get 0 i64.const 1 i64.add)
  (func (export "f32") (param f32) (result f32) local.get 0)
  (func (export "f64") (param f64) (result f64) local.get 0)
  (func (export "none"))
  (func (export "two") (param i32) (result i32 f64) local.get 0 f64.const 0.5)
  (func (export "js") (param i32 f64 i64 f32) (result i32)
    local.get 0 local.get 1 local.get 2 local.get 3 call $js)
  (func (export "v128") (result v128) v128.const i64x2 0 0))"""


async def test_numbers_are_converted_as_the_standard_says(server: Server) -> None:
    body = """
        const given = [];
        const e = instantiate({ to: { js: (...values) => (given.push(...values), "7.9") } });
        return [
          e.i32(1, 2), e.i32(2 ** 31 - 1, 1), e.i32(1.9, "2"), e.i32(), e.i32({ valueOf: () => 4 }, true),
          e.i64(41n).toString(), e.i64(2n ** 63n - 1n).toString(), attempt(() => e.i64(1)),
          e.f32(0.1), e.f32(1e300), Object.is(e.f64(-0), -0), e.f64(3), String(e.f64("x")),
          String(e.none(1)), e.two(3), e.js(1, 2.5, 3n, 0.5), given.map(String),
          attempt(() => e.v128()), e.i32.name, e.i32.length, e.v128.name, attempt(() => new e.none()),
          typeof e.none, attempt(() => e.i32(Symbol())), attempt(() => e.i32({ valueOf() { throw RangeError("mine"); } })),
        ];
    """
    assert await told(server, NUMBERS, body) == [
        *(3, -(2**31), 3, 0, 5),
        *("42", str(-(2**63)), "TypeError: cannot convert to bigint"),
        *(0.10000000149011612, None, True, 3, "NaN"),
        *("undefined", [3, 0.5], 7, ["1", "2.5", "3", "0.5"]),
        "TypeError: type incompatibility when transforming from/to JS",
        *("1", 2, "8", "TypeError: not a constructor", "function"),
        *("TypeError: cannot convert symbol to number", "RangeError: mine"),
    ]


REFERENCES = """(module
  (import "to" "js" (func $js (param externref funcref) (result externref)))
  (import "to" "many" (func $many (result i32 i64 f64)))
  (table (export "objects") 4 externref)
  (table (export "functions") 4 funcref)
  (func $f (export "f") (result i32) i32.const 7)
  (elem declare func $f)
  (func (export "same") (param externref) (result externref) local.get 0)
  (func (export "get") (result funcref) ref.func $f)
  (func (export "call") (param externref) (result externref) local.get 0 ref.func $f call $js)
  (func (export "keep") (param i32 externref) local.get 0 local.get 1 table.set 0)
  (func (export "kept") (param i32) (result externref) local.get 0 table.get 0)
  (func (export "is_null") (param externref) (result i32) local.get 0 ref.is_null)
  (func (export "many") (result i32 i64 f64) call $many)
  (func (export "set") (param funcref) i32.const 1 local.get 0 table.set 1))"""


async def test_references_are_the_very_values(server: Server) -> None:
    body = """
        let seen;
        const e = instantiate({ to: {
          js: (value, f) => (seen = f, value),
          *many() { yield 1; yield 2n; yield 3.5; },
        } });
        const object = {}, symbol = Symbol();
        const same = (value) => Object.is(e.same(value), value);
        e.keep(2, object);
        return [
          [object, symbol, "text", 1.5, 7, -0, undefined, null, true, 10n ** 30n, same].map(same),
          e.get() === e.f, e.call(object) === object, seen === e.f, e.get() === e.get(),
          e.kept(2) === object, e.objects.get(2) === object, String(e.kept(0)),
          [e.is_null(null), e.is_null(undefined), e.is_null(), e.is_null(0)],
          e.many().map(String), e.functions.get(0),
          attempt(() => e.set(() => {})), e.set(e.f), e.functions.get(1) === e.f, e.functions.get(1)(),
        ];
    """
    assert await told(server, REFERENCES, body) == [
        [True] * 11,
        *(True, True, True, True),
        *(True, True, "null"),
        [1, 0, 0, 0],
        *(["1", "2", "3.5"], None),
        "TypeError: function-typed object expected",
        *(None, True, 7),
    ]


THROWS = """(module
  (import "to" "js" (func $js (param i32)))
  (func (export "call") (param i32) local.get 0 call $js)
  (func (export "caught") (param i32) (result i32)
    (block $h (try_table (catch_all $h) (local.get 0) (call $js) (return (i32.const 0)))) i32.const 1)
  (func (export "unreachable") unreachable)
  (func $deep (export "deep") (param i32) (result i32)
    (i32.add (i32.const 1) (call $deep (local.get 0)))))"""


async def test_what_is_thrown_arrives_as_it_is_and_traps_are_errors(server: Server) -> None:
    body = """
        const values = [{}, 1, "text", undefined, null, new Error("mine"), Symbol.iterator];
        let inner;
        const e = instantiate({ to: { js: (index) => {
          if (index === 90) return inner.unreachable();
          if (index === 91) return inner.deep(0);
          if (index >= 0) throw values[index];
        } } });
        inner = e;
        const thrown = (run) => { try { run(); } catch (error) { return error; } return "nothing"; };
        return [
          values.map((value, index) => thrown(() => e.call(index)) === value),
          [e.caught(0), e.caught(-1), e.caught(1)],
          attempt(() => e.call(90)), thrown(() => e.unreachable()) instanceof WebAssembly.RuntimeError,
          attempt(() => e.deep(0)), attempt(() => e.call(91)), attempt(() => e.call(-1)),
        ];
    """
    overflow = "RangeError: Maximum call stack size exceeded"
    assert await told(server, THROWS, body) == [
        [True] * 7,
        [1, 0, 1],
        *("RuntimeError: unreachable", True),
        *(overflow, overflow, None),
    ]


RECURSION = """(module
  (import "to" "js" (func $js (param i32) (result i32)))
  (func (export "call") (param i32) (result i32) local.get 0 call $js))"""


async def test_calls_that_go_on_and_on_overflow_the_stack(server: Server) -> None:
    body = """
        let depth = 0, most = 0;
        const e = instantiate({ to: { js: (n) => {
          most = Math.max(most, ++depth);
          try { return n === 0 ? 0 : e.call(n - 1); } finally { depth--; }
        } } });
        return [e.call(60), attempt(() => e.call(1e6)), most > 100, e.call(60)];
    """
    overflow = "RangeError: Maximum call stack size exceeded"
    assert await told(server, RECURSION, body) == [0, overflow, True, 0]


TRAPS = """(module (memory 1) (table 2 funcref) (type $v (func)) (type $i (func (result i32)))
  (func $f (type $v)) (elem (i32.const 1) func $f)
  (func (export "load") i32.const -4 i32.load drop)
  (func (export "div") (param i32 i32) (result i32) local.get 0 local.get 1 i32.div_s)
  (func (export "trunc") (param f64) (result i32) local.get 0 i32.trunc_f64_s)
  (func (export "indirect") (param i32) local.get 0 call_indirect (type $v))
  (func (export "wrong") i32.const 1 call_indirect (type $i) drop))"""


async def test_traps_are_told_in_the_words_of_v8(server: Server) -> None:
    body = """
        const e = instantiate();
        return [
          () => e.load(), () => e.div(1, 0), () => e.div(-(2 ** 31), -1), () => e.trunc(NaN),
          () => e.indirect(0), () => e.indirect(2), () => e.wrong(), () => e.indirect(1),
        ].map(attempt);
    """
    assert await told(server, TRAPS, body) == [
        "RuntimeError: memory access out of bounds",
        "RuntimeError: divide by zero",
        "RuntimeError: divide result unrepresentable",
        "RuntimeError: float unrepresentable in integer range",
        "RuntimeError: null function",
        "RuntimeError: table index is out of bounds",
        "RuntimeError: function signature mismatch",
        None,
    ]


AGAIN = """(module
  (import "of" "f" (func $f (result i32)))
  (import "of" "js" (func $js (result i32)))
  (func $own (export "own") (result i32) i32.const 1)
  (func $twin (export "twin") (result i32) i32.const 1)
  (table (export "table") 4 funcref)
  (elem (i32.const 0) $f $js $own $twin)
  (export "f" (func $f)) (export "js" (func $js)))"""


async def test_a_function_is_the_same_object_wherever_it_comes_back_from(server: Server) -> None:
    body = """
        const js = () => 7;
        const one = instantiate({ of: { f: new WebAssembly.Instance(module, { of: { f: js, js } }).exports.own, js } });
        const two = instantiate({ of: { f: one.own, js } });
        const at = (e) => [e.f, e.js, e.own, e.twin].map((f, index) => e.table.get(index) === f);
        return [at(one), at(two), two.f === one.own, two.js === js, two.own === one.own, one.own === one.twin];
    """
    assert await told(server, AGAIN, body) == [[True] * 4, [True] * 4, True, False, False, False]


async def test_an_error_of_the_script_keeps_its_words_and_ours_name_what_was_called(
    server: Server,
) -> None:
    text = '(module (import "of" "f" (func $f)) (start $f))'
    body = """
        const mine = () => { throw new WebAssembly.LinkError("mine"); };
        const later = (imports) => WebAssembly.instantiate(module, imports).catch((error) => `${error}`);
        return [
          attempt(() => instantiate({ of: { f: mine } })), await later({ of: { f: mine } }),
          attempt(() => instantiate({ of: {} })), await later({ of: {} }), await later(),
        ];
    """
    missing = 'Import #0 "of" "f": function import requires a callable'
    assert await told(server, text, body) == [
        *("LinkError: mine", "LinkError: mine"),
        f"LinkError: WebAssembly.Instance(): {missing}",
        f"LinkError: WebAssembly.instantiate(): {missing}",
        "TypeError: WebAssembly.instantiate(): Imports argument must be present and must be an object",
    ]
