"""The engine at its edges."""

import contextlib
from pathlib import Path

import pytest

from holdfast.catalog.script import Script, Syntax
from holdfast.engine import Isolate, JSError, Limits, Module, ModuleKind
from holdfast.workers import ScriptInvalid
from tests.inprocess import Server


def run(isolate: Isolate, source: str) -> None:
    name = f"m{len(isolate._loader._modules)}.js"
    isolate.add_modules({name: Module(name, ModuleKind.ESM, source.encode())})
    isolate.evaluate(name)


def test_rejections_of_promises_that_die_at_once_are_all_told_and_leak_nothing() -> None:
    told: list[JSError] = []
    isolate = Isolate(on_rejection=told.append)
    run(isolate, "for (let i = 0; i < 10; i++) Promise.reject(new Error('r' + i));")
    assert [error.message for error in told] == [f"r{i}" for i in range(10)]
    isolate.collect_garbage()
    before = isolate.memory_used()
    for _ in range(20):
        run(isolate, "for (let i = 0; i < 100; i++) Promise.reject(new Uint8Array(1000));")
    isolate.collect_garbage()
    assert isolate.memory_used() - before < 100_000
    isolate.close()


ESCAPES = {
    "import": "import * as ops from 'holdfast:ops'; found(ops);",
    "dynamic": "found(await import('holdfast:ops'));",
    "function": "found(await new Function('return import(\"holdfast:ops\")')());",
    "eval": "found(await eval('import(\"holdfast:ops\")'));",
    "indirect eval": "found(await (0, eval)('import(\"holdfast:ops\")'));",
    "relative": "found(await import('../../holdfast:ops'));",
}


@pytest.mark.parametrize("source", ESCAPES.values(), ids=ESCAPES.keys())
@pytest.mark.parametrize("named", ["plain.mjs", "holdfast:ops", "holdfast:kernel/x.js"])
async def test_no_script_reaches_the_internal_modules(
    server: Server, source: str, named: str
) -> None:
    text = (
        source
        + "; function found(ops) { throw new Error('ESCAPED ' + typeof ops.object_fetch); }; export default {fetch(){}}"
    )
    other = Module(named, ModuleKind.ESM, text.encode())
    main = Module(
        "main.mjs", ModuleKind.ESM, f"import {named!r}; export default {{ fetch() {{}} }}".encode()
    )
    server.sources.scripts["main"] = Script(
        name="main",
        main="main.mjs",
        syntax=Syntax.MODULES,
        modules=(main, other),
        bindings=(),
        compatibility_date=None,
        compatibility_flags=(),
        version="test",
    )
    with pytest.raises((ScriptInvalid, ValueError)) as caught:
        server.runtime.worker("main")
    assert "ESCAPED function" not in str(caught.value)


def test_a_syntax_error_that_a_script_caught_is_not_told_later() -> None:
    isolate = Isolate()
    isolate.add_modules({"bad.js": Module("bad.js", ModuleKind.ESM, b"let 1x")})
    run(
        isolate,
        "globalThis.go = () => { import('bad.js').catch(() => {}); };"
        "globalThis.fail = () => { throw new Error('real'); };",
    )
    from holdfast.engine import Handle
    from holdfast.engine.library import lib

    world = isolate._hold(lib.JS_GetGlobalObject(isolate._context))
    go: Handle = isolate.export(world, "go")
    fail: Handle = isolate.export(world, "fail")
    isolate.call(go)
    with pytest.raises(JSError, match="real"):
        isolate.call(fail)
    isolate.close()


def test_an_isolate_with_too_little_memory_is_an_error_and_no_crash() -> None:
    for kib in (1, 16, 64, 128, 200, 300, 400, 600):
        with contextlib.suppress(MemoryError, JSError):
            Isolate(limits=Limits(memory_bytes=kib * 1024)).close()


def test_an_op_that_cannot_answer_for_lack_of_memory_throws() -> None:
    isolate = Isolate(
        limits=Limits(memory_bytes=4 << 20),
        ops={"big": lambda: b"x" * (8 << 20), "text": lambda: "x" * (8 << 20)},
    )
    run(
        isolate,
        """
      const ops = globalThis.holdfastOps;
      for (const op of [ops.big, ops.text]) {
        let thrown = 0;
        try { op(); } catch (e) { thrown = e; }
        if (!(thrown instanceof Error)) throw new Error("nothing thrown");
      }
    """,
    )
    isolate.close()


async def test_a_large_bundles_code_leaves_the_memory_to_what_it_makes(tmp_path: Path) -> None:
    steps = " ".join(f"if (a > {n}) b = b.concat([a + {n}, a - {n}]);" for n in range(20))
    functions = "\n".join(f"function f{i}(a, b) {{ {steps} return b; }}" for i in range(4000))
    source = f"""
    {functions}
    export default {{ fetch(request) {{
      const made = [];
      const wanted = Number(new URL(request.url).pathname.slice(1));
      try {{ while (made.length < wanted) made.push(new Uint8Array(1 << 20)); }} catch {{}}
      return new Response(`${{made.length}}`);
    }} }};
    """
    async with Server(tmp_path, limits=Limits(memory_bytes=16 << 20, turn_cpu_ms=10_000)) as server:
        server.add("main", source)
        assert await server.text("/5") == "5"
        assert 5 < int(await server.text("/100")) < 44


@pytest.mark.parametrize("thing", ["new Array(100_000).fill(1.5)", "{ x: 1.5 }"])
async def test_a_script_that_has_no_room_to_load_is_told_which_option_gives_more(
    tmp_path: Path, thing: str
) -> None:
    source = f"const all = []; for (;;) all.push({thing});"
    async with Server(tmp_path, limits=Limits(memory_bytes=16 << 20)) as server:
        server.add("main", source)
        with pytest.raises(ScriptInvalid, match=r"(?s)memory limit.*see --memory-mb"):
            server.runtime.worker("main")
