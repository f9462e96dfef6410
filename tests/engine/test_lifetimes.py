"""An isolate gives every block of memory back, however it ends."""

from collections.abc import Callable

import pytest

from holdfast.engine import (
    Compiler,
    Isolate,
    IsolateTerminated,
    JSError,
    Limits,
    Module,
    ModuleKind,
    ScriptError,
)
from holdfast.engine import isolate as engine
from tests.engine.test_isolate import load
from tests.stress import Blocks

SMALL = Limits(memory_bytes=8 << 20, turn_cpu_ms=50)
TOO_MUCH = 16 << 20


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> Blocks:
    blocks = Blocks()
    monkeypatch.setattr(engine, "lib", blocks.library())
    return blocks


def big(*_: object) -> bytes:
    return b"z" * TOO_MUCH


def fail_at_length(*_: object) -> None:
    raise ScriptError("TypeError", "z" * TOO_MUCH)


def run(source: str, *arguments: bytes | str, **ops: Callable[..., object]) -> object:
    """Call a script's `run` in a small isolate, which ends however the call does."""
    isolate = Isolate(limits=SMALL, ops=ops, on_rejection=lambda _error: None)  # type: ignore[arg-type]
    try:
        namespace = load(isolate, "const { holdfastOps: ops } = globalThis;" + source)
        return isolate.call(isolate.export(namespace, "run"), *arguments)
    finally:
        isolate.close()


def test_the_count_sees_what_is_not_given_back(blocks: Blocks) -> None:
    isolate = Isolate()
    handle = load(isolate, "export const x = {};")
    engine.lib.JS_DupValue(isolate._context, handle.value)
    isolate.close()
    assert blocks.take_leaks()


def test_arguments_that_do_not_fit_leave_nothing_behind(blocks: Blocks) -> None:
    with pytest.raises(MemoryError):
        run("export const run = () => 1;", b"fits", "fits, too", b"x" * TOO_MUCH)
    assert not blocks.take_leaks()


@pytest.mark.parametrize("op", [big, fail_at_length])
def test_answers_that_do_not_fit_are_a_lack_of_memory(
    blocks: Blocks, op: Callable[..., object], capsys: pytest.CaptureFixture[str]
) -> None:
    told = run(
        "export const run = () => { try { ops.op({}.x, 'a'); } catch (e) { return `${e}`; } };",
        op=op,
    )
    assert told == "InternalError: out of memory"
    assert not blocks.take_leaks()
    assert not capsys.readouterr().err


@pytest.mark.parametrize(
    "source",
    [
        "export const run = () => { for (;;); };",
        "export const run = async () => { await 1; Promise.reject([]); for (;;); };",
        """export const run = async () => {
             Promise.resolve().then(() => { for (;;); });
             for (let i = 0; i < 9; i++) Promise.resolve({}).then((value) => value);
             await new Promise(() => {});
           };""",
        "export function run() { const g = (function* () { for (;;) yield {}; })(); for (const x of g); }",
        "export const run = () => /(x+x+)+y/.test('x'.repeat(40));",
    ],
)
def test_turns_that_take_too_long_leave_nothing_behind(blocks: Blocks, source: str) -> None:
    with pytest.raises(IsolateTerminated):
        run(source)
    assert not blocks.take_leaks()


@pytest.mark.parametrize(
    "source",
    [
        "export const run = () => { const a = []; for (;;) a.push({}); };",
        "export const run = () => new Map([['a', new Uint8Array(1 << 25)]]);",
        "export const run = () => { let s = 'ab'; for (;;) s = `${s}${s}`.toUpperCase(); };",
    ],
)
def test_turns_that_take_too_much_memory_leave_nothing_behind(blocks: Blocks, source: str) -> None:
    with pytest.raises((JSError, IsolateTerminated)):
        run(source)
    assert not blocks.take_leaks()


def test_what_is_under_way_goes_with_the_isolate(blocks: Blocks) -> None:
    run("""
      const registry = new FinalizationRegistry(() => {});
      registry.register({}, "held");
      export const run = async () => {
        globalThis.self = globalThis;
        globalThis.kept = new WeakRef({});
        const { promise } = Promise.withResolvers();
        Promise.reject(new Error("nobody listens"));
        await using all = { [Symbol.asyncDispose]: () => promise };
        for await (const x of [promise]) void x;
      };
    """)
    assert not blocks.take_leaks()


@pytest.mark.parametrize(
    "source",
    [
        "import './none.js'",
        "import { none } from './fine.js'",
        "(((",
        "throw new Error('x')",
        "await new Promise(() => {})",
        "import './unreadable.js'",
        "import json from './bad.json'",
        "import common from './bad.cjs'",
        "import wasm from './bad.wasm'",
    ],
)
def test_modules_that_do_not_load_leave_nothing_behind(blocks: Blocks, source: str) -> None:
    kinds = {
        "main.js": (ModuleKind.ESM, source),
        "fine.js": (ModuleKind.ESM, "export const fine = 1"),
        "unreadable.js": (ModuleKind.ESM, "((("),
        "bad.json": (ModuleKind.JSON, "{"),
        "bad.cjs": (ModuleKind.COMMONJS, "exports.x = {}; throw exports"),
        "bad.wasm": (ModuleKind.WASM, ""),
    }
    isolate = Isolate()
    isolate.add_modules({n: Module(n, kind, text.encode()) for n, (kind, text) in kinds.items()})
    with pytest.raises(JSError):
        isolate.evaluate("main.js")
    isolate.close()
    assert not blocks.take_leaks()


def test_a_bundle_that_does_not_compile_leaves_nothing_behind(blocks: Blocks) -> None:
    compiler = Compiler()
    with pytest.raises(JSError):
        compiler.compile_bundle({"holdfast:a": b"export const x = 1;", "holdfast:b": b"((("})
    compiler.close()
    assert not blocks.take_leaks()


def test_modules_that_are_loaded_again_and_again_are_kept_once(blocks: Blocks) -> None:
    name = "holdfast:lazy.js"
    compiler = Compiler()
    code = compiler.compile(name, b"export const value = {};")
    compiler.close()
    isolate = Isolate(internal={name: code}, ops={})
    isolate.add_modules({})
    load_module = isolate._hold(isolate._internal_loader())
    isolate.call(load_module, name)
    before = isolate.memory_used()
    for _ in range(100):
        isolate.call(load_module, name)
    isolate.collect_garbage()
    assert isolate.memory_used() - before < 1_000
    isolate.close()
    assert not blocks.take_leaks()
