"""What a turn may take of the CPU's time, of memory and of the stack, and how it ends."""

import re

import pytest

from holdfast.engine import Isolate, IsolateTerminated, JSError
from tests.engine.test_isolate import load


@pytest.mark.parametrize(
    "body",
    [
        "for (;;) {}",
        "try { for (;;) {} } catch { return 1; } finally { for (;;) {} }",
        "return /(a+)+$/.test('a'.repeat(40) + 'b');",
        "for (;;) try { JSON.parse('[1]'); } catch {}",
    ],
)
def test_a_turn_past_its_cpu_time_ends_the_isolate(isolate: Isolate, body: str) -> None:
    namespace = load(isolate, f"export function spin() {{ {body} }} export const ok = () => 1;")
    with pytest.raises(IsolateTerminated):
        isolate.call(isolate.export(namespace, "spin"))
    assert isolate.terminated


def test_the_end_of_a_turn_tells_where_it_was(isolate: Isolate) -> None:
    namespace = load(
        isolate,
        "const rounds = () => {\n  for (;;) Date.now();\n}; export const spin = () => { rounds(); };",
    )
    with pytest.raises(IsolateTerminated) as caught:
        isolate.call(isolate.export(namespace, "spin"))
    assert re.findall(r"at (\w+) \(main\.mjs:(\d)", caught.value.stack) == [
        ("rounds", "2"),
        ("spin", "3"),
    ]


def test_jobs_without_end_are_stopped_too(isolate: Isolate) -> None:
    namespace = load(isolate, "export async function spin() { for (;;) await null; }")
    with pytest.raises(IsolateTerminated):
        isolate.call(isolate.export(namespace, "spin"))


def test_a_terminated_isolate_refuses_the_next_turn(isolate: Isolate) -> None:
    namespace = load(isolate, "export function spin() { for (;;); } export const ok = () => 1;")
    with pytest.raises(IsolateTerminated):
        isolate.call(isolate.export(namespace, "spin"))
    with pytest.raises(IsolateTerminated):
        isolate.call(isolate.export(namespace, "ok"))


def test_memory_is_limited_and_the_error_is_the_scripts(isolate: Isolate) -> None:
    namespace = load(
        isolate, "export function eat() { const a = []; for (;;) a.push(new Uint8Array(1e6)); }"
    )
    with pytest.raises(JSError) as caught:
        isolate.call(isolate.export(namespace, "eat"))
    assert caught.value.is_out_of_memory


@pytest.mark.parametrize(
    "eat",
    [
        "for (;;) kept.push({ x: 1 });",
        "for (;;) last = { last };",
        "try { for (;;) last = { last }; } catch { last = null; return 'caught'; }",
        "return eatLater(); async function eatLater() { for (;;) last = { last }; }",
    ],
    ids=["array", "list", "catching", "async"],
)
def test_a_heap_full_of_small_things_ends_the_turn_and_says_why(isolate: Isolate, eat: str) -> None:
    """The engine would throw null: it has no room for an error either."""
    namespace = load(isolate, f"const kept = []; let last; export function eat() {{ {eat} }}")
    with pytest.raises(IsolateTerminated, match="memory limit was reached"):
        isolate.call(isolate.export(namespace, "eat"))


def test_garbage_fills_no_heap(isolate: Isolate) -> None:
    namespace = load(
        isolate,
        """
        export function waste() {
          for (let i = 0; i < 300_000; i++) { const ring = { room: [i, i, i] }; ring.ring = ring; }
          return "done";
        }
        """,
    )
    isolate.bound_turns(10_000)
    assert isolate.call(isolate.export(namespace, "waste")) == "done"


def test_recursion_is_limited_and_can_be_caught(isolate: Isolate) -> None:
    source = """
      const down = (n) => down(n + 1) + 1;
      export const fall = () => { try { return down(0); } catch (e) { return e.name; } };
      export const nest = () => { try { return JSON.parse("[".repeat(1e6)); } catch (e) { return "caught"; } };
    """
    namespace = load(isolate, source)
    assert isolate.call(isolate.export(namespace, "fall")) == "RangeError"
    assert isolate.call(isolate.export(namespace, "nest")) == "caught"
