"""Turns end at their limit of CPU time, also where the engine asks nobody for long."""

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from holdfast.engine import Isolate, IsolateTerminated, Limits, Module, ModuleKind
from holdfast.engine.loader import ModuleLoader
from holdfast.engine.turn_watch import TurnWatch

BUDGET_MS = 40

SOURCE = """
const { slow } = globalThis.holdfastOps;
const text = `[${"1,".repeat(200_000)}1]`;
export const parse = () => { for (;;) JSON.parse(text); };
export const caught = () => { for (;;) { try { JSON.parse(text); } catch {} } };
export const rejected = async () => { for (;;) JSON.parse(text); };
export const job = () => { Promise.resolve().then(() => { for (;;) JSON.parse(text); }); };
export const sort = () => { const list = Array.from({ length: 50_000 }, (_, i) => -i); for (;;) list.toSorted(); };
export const ops = () => { for (;;) slow(); };
export const fine = () => "fine";
"""


def slow() -> None:
    end = time.thread_time() + 0.005
    while time.thread_time() < end:
        pass


@pytest.fixture
def isolate() -> Iterator[Isolate]:
    isolate = Isolate(
        limits=Limits(turn_cpu_ms=BUDGET_MS),
        ops={"slow": slow},
    )
    yield isolate
    isolate.close()


@pytest.fixture
def watch() -> Iterator[TurnWatch]:
    watch = TurnWatch.of_this_thread()
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.005):
            watch.look()

    thread = threading.Thread(target=look)
    thread.start()
    yield watch
    ended.set()
    thread.join()


@pytest.mark.parametrize("name", ["parse", "caught", "rejected", "job", "sort", "ops"])
def test_a_turn_ends_whatever_it_repeats(isolate: Isolate, watch: TurnWatch, name: str) -> None:
    isolate.add_modules({"main.mjs": Module("main.mjs", ModuleKind.ESM, SOURCE.encode())})
    namespace = isolate.evaluate("main.mjs")
    assert isolate.call(isolate.export(namespace, "fine")) == "fine"
    function = isolate.export(namespace, name)
    with pytest.raises(IsolateTerminated, match=f"more than its {BUDGET_MS} ms of CPU time"):
        isolate.call(function)
    assert isolate.terminated


def test_the_top_level_of_a_script_ends_too(isolate: Isolate, watch: TurnWatch) -> None:
    source = SOURCE + "parse();"
    isolate.add_modules({"main.mjs": Module("main.mjs", ModuleKind.ESM, source.encode())})
    with pytest.raises(IsolateTerminated):
        isolate.evaluate("main.mjs")


def test_what_a_script_takes_to_compile_counts_for_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    used = 0.0
    watch = TurnWatch(threading.get_ident(), lambda: used)

    def look(seconds: float) -> None:
        nonlocal used
        used += seconds
        watch.look()

    def compiled(*arguments: Any) -> Any:
        look(0)
        look(60)
        return compiles(*arguments)

    compiles = ModuleLoader._compiled
    monkeypatch.setattr(ModuleLoader, "_compiled", compiled)
    isolate = Isolate(limits=Limits(turn_cpu_ms=BUDGET_MS), ops={"look": look})
    source = b"holdfastOps.look(0); holdfastOps.look(0.02); export const answer = 42;"
    isolate.add_modules({"main.mjs": Module("main.mjs", ModuleKind.ESM, source)})
    isolate.evaluate("main.mjs")
    assert not isolate.terminated
    isolate.close()


def test_each_turn_has_a_budget_of_its_own() -> None:
    used = 0.0
    watch = TurnWatch(threading.get_ident(), lambda: used)

    def look(seconds: float) -> None:
        nonlocal used
        used += seconds * BUDGET_MS / 1000
        watch.look()

    isolate = Isolate(limits=Limits(turn_cpu_ms=BUDGET_MS), ops={"look": look})
    try:
        source = """
            const { look } = globalThis.holdfastOps;
            const shared = new Int32Array(globalThis.holdfastOps.shared);
            export const turn = (n) => { look(n); look(0); };
            export const turns = () => { shared[1] = 3; };
            export const some = () => { look(0.6); shared[1]--; };
        """
        isolate.add_modules({"main.mjs": Module("main.mjs", ModuleKind.ESM, source.encode())})
        namespace = isolate.evaluate("main.mjs")
        turn = isolate.export(namespace, "turn")
        for _ in range(3):
            isolate.call(turn, 2)  # before it was first seen
        isolate.call(isolate.export(namespace, "turns"))
        assert isolate.run_while(1, isolate.export(namespace, "some"), 10) == 3
        watch.look()
        assert not isolate.terminated
    finally:
        isolate.close()


def test_a_call_that_nothing_ends_is_told_of(isolate: Isolate, watch: TurnWatch) -> None:
    source = "export const run = () => 'a'.repeat(24_000).includes(`${'a'.repeat(12_000)}b`);"
    isolate.add_modules({"main.mjs": Module("main.mjs", ModuleKind.ESM, source.encode())})
    function = isolate.export(isolate.evaluate("main.mjs"), "run")
    told: list[float] = []
    watch.patience_s, watch.on_endless = 2 * BUDGET_MS / 1000, told.append
    with contextlib.suppress(IsolateTerminated):
        isolate.call(function)
    assert told and told[0] >= watch.patience_s
