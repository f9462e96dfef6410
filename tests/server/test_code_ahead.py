"""Code that takes long to compile holds up nobody but those who wait for it, however it is reached."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from holdfast.catalog import ObjectNamespace, Service
from holdfast.engine import (
    Isolate,
    JSError,
    KeptCode,
    Module,
    ModuleKind,
    ahead,
    compile_ahead,
    takes_time,
)
from holdfast.engine.library import EVAL_MODULE
from holdfast.engine.loader import ModuleLoader
from holdfast.host.system import SystemClock
from holdfast.server import code_ahead
from tests.inprocess import Server, make_script

# What is compiled does not matter here, but that a thread is at it.
SLOW = """
    import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
    const seen = [];
    export class Thing extends DurableObject {
        fetch(request) { seen.push(new URL(request.url).pathname); return new Response(`${seen}`); }
        note(what) { seen.push(what); return `${seen}`; }
        async arm() { await this.ctx.storage.setAlarm(Date.now() + 60_000); }
        alarm() {}
    }
    export default class extends WorkerEntrypoint {
        fetch() { return new Response("fetched"); }
        hello() { return "called"; }
        scheduled() { return "ran"; }
    }
"""
CALLER = """
    const ways = {
        service: async (env) => (await env.SLOW.fetch("http://x/")).text(),
        rpc: (env) => env.SLOW.hello(),
        object: async (env) => (await env.THING.getByName("a").fetch("http://x/1")).text(),
        method: (env) => env.THING.getByName("a").note("2"),
        arm: (env) => env.THING.getByName("a").arm(),
        order: async (env) => {
            const stub = env.THING.getByName("b");
            const calls = [1, 2, 3, 4].map((n) => stub.note(n));
            return (await Promise.all(calls)).at(-1);
        },
    };
    export default {
        fetch: async (request, env) => {
            const way = ways[new URL(request.url).pathname.slice(1)];
            return new Response(way === undefined ? "quick" : await way(env));
        },
    };
"""


class Compiler:
    """Stands in for the threads that compile: begins, and ends when it is told to."""

    def __init__(self) -> None:
        self._at_work, self._may_end = threading.Event(), threading.Event()
        self.calls = 0

    def __call__(self, *_arguments: object) -> object:
        self.calls += 1
        self._at_work.set()
        assert self._may_end.wait(30)
        return None

    async def at_work(self) -> None:
        assert await asyncio.to_thread(self._at_work.wait, 30)

    def end(self) -> None:
        self._may_end.set()

    def begin(self) -> None:
        """Forget what was; the next one is to wait."""
        self._at_work.clear()
        self._may_end.clear()


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch) -> Iterator[Compiler]:
    compiler = Compiler()
    monkeypatch.setattr(code_ahead, "compile_ahead", compiler)
    monkeypatch.setattr(code_ahead, "takes_time", lambda modules: modules[0].name == "slow.mjs")
    yield compiler
    compiler.end()


def add_both(server: Server) -> None:
    namespace = server.sources.add_namespace("slow", "Thing")
    bindings = (Service("SLOW", "slow"), ObjectNamespace("THING", namespace.id))
    server.add("slow", SLOW)
    server.add("main", CALLER, bindings=bindings)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with Server(tmp_path) as server:
        add_both(server)
        yield server


async def test_those_who_ask_for_a_script_wait_for_its_code_and_nobody_else(
    server: Server, compiler: Compiler
) -> None:
    answers = [asyncio.create_task(server.text(script="slow")) for _ in range(2)]
    await compiler.at_work()
    assert await server.text() == "quick" and not any(answer.done() for answer in answers)
    compiler.end()
    assert await asyncio.gather(*answers) == ["fetched", "fetched"]
    assert compiler.calls == 1


@pytest.mark.parametrize(
    ("way", "told"),
    [
        ("service", "fetched"),
        ("rpc", "called"),
        ("object", "/1"),
        ("method", "2"),
        ("order", "1,2,3,4"),
    ],
)
async def test_what_is_reached_by_a_script_is_compiled_beside_the_others(
    server: Server, compiler: Compiler, way: str, told: str
) -> None:
    answer = asyncio.create_task(server.text(path=f"/{way}"))
    await compiler.at_work()
    assert await server.text() == "quick" and not answer.done()
    compiler.end()
    assert await answer == told
    assert compiler.calls == 1


async def test_a_due_alarm_has_its_script_compiled_beside_the_others(
    tmp_path: Path, compiler: Compiler
) -> None:
    class Later(SystemClock):
        def now_ms(self) -> float:
            return super().now_ms() + 3_600_000

    async with Server(tmp_path) as server:
        add_both(server)
        compiler.end()
        await server.text("/arm")
    compiler.begin()
    later = Server(tmp_path, clock=Later())
    add_both(later)
    async with later:
        await compiler.at_work()
        assert await later.text() == "quick" and later.runtime.alarms.running
        compiler.end()
        while later.runtime.alarms.running:
            await asyncio.sleep(0)
        assert len(later.runtime.directory) == 1  # which was called, if only to say: later


async def test_what_cannot_be_loaded_then_is_told_to_those_who_called(
    server: Server, compiler: Compiler
) -> None:
    server.sources.scripts["slow"] = make_script("slow", "nonsense nonsense")
    answers = [asyncio.create_task(server.fetch(f"/{way}")) for way in ("service", "rpc", "method")]
    await compiler.at_work()
    compiler.end()
    assert [answer.status for answer in await asyncio.gather(*answers)] == [500, 500, 500]
    assert all("SyntaxError" in line for line in server.lines) and len(server.lines) == 3


def test_large_code_is_compiled_ahead_and_then_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "LEAST_BYTES", 0)
    main = Module("main.js", ModuleKind.ESM, b"export const out = () => 42;")
    helper = Module("helper.cjs", ModuleKind.COMMONJS, b"exports.a = 1;")
    broken = Module("broken.js", ModuleKind.ESM, b"nonsense nonsense")
    kept = KeptCode(None, least_bytes=0)
    assert takes_time([main]) and not takes_time([Module("a.txt", ModuleKind.TEXT, b"a")])
    held = compile_ahead(kept, [main, helper, broken])
    assert len(held) == 3
    isolate = Isolate(kept=kept)
    monkeypatch.setattr(ModuleLoader, "_compiled", None)  # which nobody asks for
    isolate.add_modules({main.name: main})
    assert isolate.call(isolate.export(isolate.evaluate("main.js"), "out")) == 42
    isolate.close()
    key = kept.key(main.name, main.content, EVAL_MODULE)
    assert key is not None and kept.read(key) is not None
    held.clear()
    assert kept.read(key) is None


BROKEN = b"const a = 1;\nlet a = (;\n"


def failure(modules: list[Module], *, kept: KeptCode, classic: str = "") -> JSError:
    """What loading the first module fails with, and where."""
    isolate = Isolate(kept=kept)
    try:
        isolate.add_modules({module.name: module for module in modules})
        if classic:
            load: Callable[[], object] = partial(isolate.run_script, classic, modules[0].content)
        else:
            load = partial(isolate.evaluate, modules[0].name)
        with pytest.raises(JSError) as caught:
            load()
        return caught.value
    finally:
        isolate.close()


@pytest.mark.parametrize(
    ("modules", "classic"),
    [
        ([Module("main.js", ModuleKind.ESM, BROKEN)], ""),
        (
            [
                Module("main.js", ModuleKind.ESM, b'import "./far.js";'),
                Module("far.js", ModuleKind.ESM, BROKEN),
            ],
            "",
        ),
        (
            [
                Module("main.js", ModuleKind.ESM, b'import "./far.cjs";'),
                Module("far.cjs", ModuleKind.COMMONJS, BROKEN),
            ],
            "",
        ),
        ([Module("main.js", ModuleKind.ESM, BROKEN)], "main.js"),
    ],
    ids=["a main module", "one that is imported", "one of CommonJS", "a classic script"],
)
def test_what_is_wrong_with_large_code_is_found_once(
    monkeypatch: pytest.MonkeyPatch, modules: list[Module], classic: str
) -> None:
    expected = failure(modules, kept=KeptCode(None), classic=classic)
    assert expected.name == "SyntaxError" and ":2:" in expected.stack
    monkeypatch.setattr(ahead, "LEAST_BYTES", 0)
    kept = KeptCode(None, least_bytes=0)
    held = compile_ahead(kept, modules, classic)
    monkeypatch.setattr(ModuleLoader, "_compiled", None)  # which nobody asks for
    for _ in range(2):
        again = failure(modules, kept=kept, classic=classic)
        assert (again.name, again.message) == (expected.name, expected.message)
        assert again.stack == expected.stack.split("\n")[0]  # less what required it
    held.clear()
