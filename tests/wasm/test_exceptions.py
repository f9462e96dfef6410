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
