"""Exceptions with tags, out of WebAssembly, into it and through it."""

from tests.inprocess import Server
from tests.wasm.modules import told

EXCEPTIONS = """(module
  (import "to" "tag" (tag $tag (param i32 f64)))
  (import "to" "js" (tag $js (param externref)))
  (import "to" "call" (func $call (param i32)))
  (tag $own (export "own") (param i64 externref))
  (export "tag" (tag $tag)) (export "js" (tag $js))
  (func (export "throw") (param i32) local.get 0 f64.const 0.5 throw $tag)
  (func (export "throw_own") (param i64 externref) local.get 0 local.get 1 throw $own)
  (func (export "throw_js") (param externref) local.get 0 throw $js)
  (func (export "through") (param i32) local.get 0 call $call)
  (func (export "again") (param i32)
    (block $h (result exnref) (try_table (catch_all_ref $h) (call $call (local.get 0))) return) throw_ref)
  (func (export "caught") (param i32) (result i32)
    (block $h (result i32 f64) (try_table (catch $tag $h) (call $call (local.get 0))) i32.const -1 return)
    drop)
  (func (export "caught_js") (param i32) (result externref)
    (block $h (result externref) (try_table (catch $js $h) (call $call (local.get 0))) ref.null extern)))"""


async def test_exceptions_have_tags_and_values(server: Server) -> None:
    body = """
        const { Tag, Exception, JSTag } = WebAssembly;
        const tag = new Tag({ parameters: ["i32", "f64"] }), object = {};
        const thrown = [new Exception(tag, [7, 1.5]), object];
        const e = instantiate({ to: { tag, js: JSTag, call: (n) => { if (n < thrown.length) throw thrown[n]; } } });
        const of = (run) => { try { run(); } catch (error) { return error; } };
        const simple = of(() => e.throw(3)), own = of(() => e.throw_own(4n, object));
        return [
          [simple instanceof Exception, simple.is(tag), simple.getArg(tag, 0), simple.getArg(tag, 1), simple.is(e.own)],
          [own.is(e.own), String(own.getArg(e.own, 0)), own.getArg(e.own, 1) === object],
          [e.tag === tag, e.js === JSTag, e.own instanceof Tag],
          [of(() => e.throw_js(object)) === object, of(() => e.through(1)) === object, of(() => e.again(1)) === object],
          [e.caught(0), e.caught(2), of(() => e.caught(1)) === object, e.caught_js(1) === object],
          [of(() => e.through(0)).getArg(tag, 0), of(() => e.again(0)).getArg(tag, 0)],
          attempt(() => simple.getArg(e.own, 0)), attempt(() => simple.getArg(tag, 2)),
          attempt(() => new Exception(tag, [1])), attempt(() => new Tag()),
        ];
    """
    assert await told(server, EXCEPTIONS, body) == [
        [True, True, 3, 0.5, False],
        [True, "4", True],
        [True, True, True],
        [True, True, True],
        [7, -1, True, True],
        [7, 7],
        "TypeError: WebAssembly.Exception.getArg(): First argument does not match the exception tag",
        "RangeError: WebAssembly.Exception.getArg(): Index must be convertible to a valid number",
        "TypeError: WebAssembly.Exception(): Number of exception values does not match signature length",
        "TypeError: WebAssembly.Tag(): Argument 0 must be a tag type",
    ]


LEGACY = """(module
  (import "to" "js" (func $js (param i32)))
  (tag $a (param i32)) (tag $b (param i32 i64)) (tag $c)
  (func $raise (param i32)
    (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $a (i32.const 10))))
    (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $b (i32.const 20) (i64.const 5))))
    (if (i32.eq (local.get 0) (i32.const 3)) (then (throw $c)))
    (call $js (local.get 0)))
  (func (export "catches") (param i32) (result i32)
    try (result i32) (call $raise (local.get 0)) i32.const 1
    catch $a i32.const 100 i32.add
    catch $b drop
    catch $c i32.const 30
    catch_all i32.const 40 end)
  (func (export "rethrows") (param i32) (result i32)
    try (result i32)
      try (result i32) (call $raise (local.get 0)) i32.const 1
      catch $a drop
        try (call $raise (i32.const 2)) catch_all rethrow 1 end
        i32.const 7
      catch_all rethrow 0 end
    catch $a i32.const 1000 i32.add
    catch $b drop end)
  (func (export "delegates") (param i32) (result i32)
    try (result i32)
      try (result i32)
        try (result i32) (call $raise (local.get 0)) i32.const 1 delegate 1
      catch_all i32.const -1 end
    catch $a i32.const 500 i32.add end)
  (func (export "to_caller") (param i32) (result i32)
    try (result i32)
      try (result i32) (call $raise (local.get 0)) i32.const 1 delegate 1
    catch_all i32.const -1 end)
  (func (export "from_a_catch") (param i32) (result i32)
    try (result i32)
      try (result i32) (call $raise (i32.const 3)) i32.const 1
      catch_all
        try (result i32) (call $raise (local.get 0)) i32.const 2 delegate 0
      end
    catch $a end)
  (func (export "branches") (param i32) (result i32) (local $count i32)
    (block $out (result i32)
      (loop $again (result i32)
        try (result i32)
          (call $raise (local.get 0))
          (br_table $out $out (i32.const 5) (i32.const 0))
        catch_all
          (local.set $count (i32.add (local.get $count) (i32.const 1)))
          (br_if $again (i32.lt_s (local.get $count) (i32.const 4)))
          (br $out (local.get $count))
        end)))
  (func (export "no_clause") (param i32) try (call $raise (local.get 0)) br 0 end)
  (func (export "returns") (param i32) (result i32)
    try
      try (call $raise (local.get 0)) (return (i32.const 9)) delegate 1
    catch_all end
    i32.const 3))"""


async def test_exceptions_of_the_old_form_are_translated(server: Server) -> None:
    body = """
        const e = instantiate({ to: { js(n) { if (n > 3) throw `js${n}`; } } });
        const told = (f) => [0, 1, 2, 3, 4].map((n) => {
          try { return f(n) ?? "nothing"; }
          catch (error) { return error instanceof WebAssembly.Exception ? "exception" : error; }
        });
        return Object.fromEntries(Object.entries(e).map(([name, f]) => [name, told(f)]));
    """
    assert await told(server, LEGACY, body) == {
        "catches": [1, 110, 20, 30, 40],
        "rethrows": [1, 1010, 20, "exception", "js4"],
        "delegates": [1, 510, "exception", "exception", "js4"],
        "to_caller": [1, "exception", "exception", "exception", "js4"],
        "from_a_catch": [2, 10, "exception", "exception", "js4"],
        "branches": [5, 4, 4, 4, 4],
        "no_clause": ["nothing", "exception", "exception", "exception", "js4"],
        "returns": [9, "exception", "exception", "exception", "js4"],
    }
