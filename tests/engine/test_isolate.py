"""Isolates: calls, values, modules, errors, and nothing left behind."""

import gc
import os
import threading
from pathlib import Path

import pytest

from holdfast.engine import (
    Compiler,
    Handle,
    Isolate,
    JSError,
    Limits,
    Module,
    ModuleKind,
    ScriptError,
    StopTurn,
)


def esm(**sources: str) -> dict[str, Module]:
    """Modules named `<key>.mjs`."""
    return {
        f"{name}.mjs": Module(f"{name}.mjs", ModuleKind.ESM, text.encode())
        for name, text in sources.items()
    }


def load(isolate: Isolate, source: str) -> Handle:
    isolate.add_modules(esm(main=source))
    return isolate.evaluate("main.mjs")


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        0,
        -1,
        2**31 - 1,
        -(2**31),
        2**31,
        -(2**53) + 1,
        1.5,
        -0.25,
        float("inf"),
        "",
        "plain",
        "h\0\n\r",
        "é\u20ac\U0001f600",
        "\ud800 lone",
        b"",
        b"\0\xff" * 1000,
        "x" * 100_000,
    ],
)
def test_a_value_comes_back_as_it_went(isolate: Isolate, value: object) -> None:
    namespace = load(isolate, "export const same = (value) => value;")
    returned = isolate.call(isolate.export(namespace, "same"), value)  # type: ignore[arg-type]
    assert returned == value and type(returned) is type(value)


def test_an_object_comes_back_as_none(isolate: Isolate) -> None:
    namespace = load(isolate, "export const make = () => ({ a: 1 });")
    assert isolate.call(isolate.export(namespace, "make")) is None


def test_integers_beyond_doubles_are_refused(isolate: Isolate) -> None:
    namespace = load(isolate, "export const same = (value) => value;")
    with pytest.raises(TypeError, match="not exactly"):
        isolate.call(isolate.export(namespace, "same"), 2**53 + 1)


def test_a_turn_drains_the_job_queue(isolate: Isolate) -> None:
    source = """
      let done = 0;
      export async function start() { for (let i = 0; i < 100; i++) await null; done = 1; }
      export const isDone = () => done;
    """
    namespace = load(isolate, source)
    isolate.call(isolate.export(namespace, "start"))
    assert isolate.call(isolate.export(namespace, "isDone")) == 1


def chain_of(length: int) -> dict[str, Module]:
    """Modules each of which imports the next."""
    links = {
        f"m{i}": f'import {{ n }} from "./m{i + 1}.mjs"; const m = n + 1; export {{ m as n }};'
        for i in range(length)
    }
    main = 'import { n } from "./m0.mjs"; export const found = () => n;'
    return esm(main=main, **links, **{f"m{length}": "export const n = 0;"})


def test_imports_may_be_hundreds_of_modules_deep(isolate: Isolate) -> None:
    isolate.add_modules(chain_of(600))
    namespace = isolate.evaluate("main.mjs")
    assert isolate.call(isolate.export(namespace, "found")) == 600


def test_imports_that_are_too_deep_are_an_error(isolate: Isolate) -> None:
    isolate.add_modules(chain_of(20_000))
    with pytest.raises(JSError, match="call stack size exceeded"):
        isolate.evaluate("main.mjs")


def test_an_exception_names_the_scripts_module_and_line(isolate: Isolate) -> None:
    namespace = load(isolate, "\n\nexport function fail() {\n  null.x;\n}\n")
    with pytest.raises(JSError) as caught:
        isolate.call(isolate.export(namespace, "fail"))
    assert caught.value.name == "TypeError"
    assert "main.mjs:4" in caught.value.stack


@pytest.mark.parametrize(
    ("thrown", "message"),
    [("'text'", "text"), ("42", "42"), ("undefined", "undefined"), ("Symbol('s')", "")],
)
def test_a_thrown_value_that_is_no_error_has_no_name(
    isolate: Isolate, thrown: str, message: str
) -> None:
    namespace = load(isolate, f"export function fail() {{ throw {thrown}; }}")
    with pytest.raises(JSError) as caught:
        isolate.call(isolate.export(namespace, "fail"))
    assert caught.value.name == "" and message in caught.value.message


def test_an_error_whose_properties_throw_is_still_described(isolate: Isolate) -> None:
    source = """
      export function fail() {
        const error = new Error("hidden");
        Object.defineProperty(error, "message", { get() { throw new Error("no"); } });
        throw error;
      }
    """
    namespace = load(isolate, source)
    with pytest.raises(JSError) as caught:
        isolate.call(isolate.export(namespace, "fail"))
    assert caught.value.name == "Error"


# ---- modules ---------------------------------------------------------------------


def test_relative_bare_and_nested_imports_find_their_modules(isolate: Isolate) -> None:
    modules = {
        "lib/util.mjs": "import { base } from '../base.mjs'; export const value = base + 1;",
        "base.mjs": "export const base = 40;",
        "lib/near.mjs": "export { value } from './util.mjs';",
    }
    isolate.add_modules(
        {name: Module(name, ModuleKind.ESM, text.encode()) for name, text in modules.items()}
    )
    namespace = load(
        isolate,
        "import { value } from './lib/near.mjs'; import { base } from 'base.mjs';"
        "export const sum = () => value + base;",
    )
    assert isolate.call(isolate.export(namespace, "sum")) == 81


def test_text_json_and_data_modules_are_default_exports(isolate: Isolate) -> None:
    isolate.add_modules(
        {
            "t.txt": Module("t.txt", ModuleKind.TEXT, "té".encode()),
            "j.json": Module("j.json", ModuleKind.JSON, b'{"deep": [1, 2]}'),
            "d.bin": Module("d.bin", ModuleKind.DATA, b"\0\1\2"),
        }
    )
    namespace = load(
        isolate,
        "import t from './t.txt'; import j from './j.json'; import d from './d.bin';"
        "export const all = () => `${t} ${j.deep[1]} ${d instanceof ArrayBuffer} ${d.byteLength}`;",
    )
    assert isolate.call(isolate.export(namespace, "all")) == "té 2 true 3"


def test_a_json_module_with_a_mistake_names_its_place(isolate: Isolate) -> None:
    isolate.add_modules({"j.json": Module("j.json", ModuleKind.JSON, b'{"a": 1,\n  oops}')})
    with pytest.raises(JSError) as caught:
        load(isolate, "import j from './j.json';")
    assert caught.value.name == "SyntaxError" and "j.json" in caught.value.stack


@pytest.mark.parametrize(
    ("source", "name", "message"),
    [
        ("import './nope.mjs';", "Error", 'No such module "nope.mjs", imported from "main.mjs"'),
        ("import 'holdfast:main.js';", "Error", "No such module"),
        ("let x = ;", "SyntaxError", "unexpected token"),
        ("throw new RangeError('top');", "RangeError", "top"),
        ("await new Promise(() => {});", "Error", "never settles"),
        ("await Promise.reject(new Error('later'));", "Error", "later"),
    ],
)
def test_a_module_that_cannot_run_says_why(
    isolate: Isolate, source: str, name: str, message: str
) -> None:
    with pytest.raises(JSError, match=message) as caught:
        load(isolate, source)
    assert caught.value.name == name


def test_a_mistake_in_an_imported_module_names_that_module(isolate: Isolate) -> None:
    isolate.add_modules(esm(broken="export const ok = 1;\nlet 1x;"))
    with pytest.raises(JSError) as caught:
        load(isolate, "import './broken.mjs';")
    assert caught.value.name == "SyntaxError" and "broken.mjs:2" in caught.value.stack


def test_an_internal_module_is_found_by_internal_modules_only() -> None:
    compiler = Compiler()
    internal = {
        "holdfast:secret.js": compiler.compile("holdfast:secret.js", b"export const s = 7;")
    }
    compiler.close()
    isolate = Isolate(internal=internal, public={"cloudflare:door": "holdfast:secret.js"})
    try:
        with pytest.raises(JSError, match="No such module"):
            load(isolate, "import { s } from 'holdfast:secret.js';")
        isolate.add_modules(
            esm(ok="import { s } from 'cloudflare:door'; export const get = () => s;")
        )
        namespace = isolate.evaluate("ok.mjs")
        assert isolate.call(isolate.export(namespace, "get")) == 7
    finally:
        isolate.close()


def test_classic_scripts_run_in_the_global_scope(isolate: Isolate) -> None:
    isolate.run_script("worker.js", b"var answer = 42; function f() { return answer }")
    namespace = load(isolate, "export const get = () => f();")
    assert isolate.call(isolate.export(namespace, "get")) == 42


# ---- ops -------------------------------------------------------------------------


def with_ops(**ops: object) -> tuple[Isolate, Handle]:
    isolate = Isolate(ops=ops)  # type: ignore[arg-type]
    namespace = load(
        isolate,
        """
        const ops = globalThis.holdfastOps;
        export const run = (name, ...args) => ops[name](...args);
        export const attempt = (name) => {
          try { ops[name](); } catch (e) {
            return [e.name, e.message, e instanceof TypeError, e instanceof DOMException,
                    e.retryable, e.stack.includes("main.mjs")].join("|");
          }
        };
        """,
    )
    return isolate, namespace


def test_an_op_gets_and_returns_plain_values() -> None:
    isolate, namespace = with_ops(join=lambda *parts: "+".join(map(repr, parts)))
    try:
        run = isolate.export(namespace, "run")
        assert isolate.call(run, "join", 1, "a", b"b", None, True) == "1+'a'+b'b'+None+True"
    finally:
        isolate.close()


def test_an_ops_script_error_arrives_with_class_message_and_stack() -> None:
    def refuse() -> None:
        raise ScriptError("TypeError", "no good", retryable=True)

    isolate, namespace = with_ops(refuse=refuse)
    try:
        told = isolate.call(isolate.export(namespace, "attempt"), "refuse")
        assert told == "TypeError|no good|true|false|true|true"
    finally:
        isolate.close()


def test_a_dom_exception_keeps_its_name() -> None:
    def refuse() -> None:
        raise ScriptError("DataCloneError", "cannot")

    isolate, namespace = with_ops(refuse=refuse)
    try:
        told = str(isolate.call(isolate.export(namespace, "attempt"), "refuse"))
        assert told.startswith("DataCloneError|cannot|false|true")
    finally:
        isolate.close()


def test_a_failing_op_is_an_internal_error_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise KeyError("secret detail")

    isolate, namespace = with_ops(fail=fail)
    try:
        told = str(isolate.call(isolate.export(namespace, "attempt"), "fail"))
        assert told.startswith("Error|internal error")
        assert "secret detail" in caplog.text
    finally:
        isolate.close()


def test_an_answer_for_which_an_isolate_has_no_room_is_told_as_such() -> None:
    isolate, namespace = with_ops(flood=lambda: bytes(200 << 20))
    try:
        told = str(isolate.call(isolate.export(namespace, "attempt"), "flood"))
        assert told.startswith("InternalError|out of memory")
    finally:
        isolate.close()


def test_an_op_must_not_enter_its_isolate() -> None:
    seen: list[str] = []

    def enter() -> None:
        try:
            isolate.call(run, "enter")
        except AssertionError as error:
            seen.append(str(error))

    isolate, namespace = with_ops(enter=enter)
    try:
        run = isolate.export(namespace, "run")
        isolate.call(run, "enter")
        assert seen and "must not enter" in seen[0]
    finally:
        isolate.close()


def test_memory_is_shared_both_ways() -> None:
    isolate, _ = with_ops(nothing=lambda: None)
    try:
        isolate.add_modules(
            esm(
                shared="const w = new Int32Array(globalThis.holdfastOps.shared);"
                "export const bump = () => ++w[3];"
            )
        )
        bump = isolate.export(isolate.evaluate("shared.mjs"), "bump")
        isolate.shared[3] = 41
        assert isolate.call(bump) == 42 and isolate.shared[3] == 42
    finally:
        isolate.close()


# ---- rejections ----------------------------------------------------------------------


def test_unhandled_rejections_are_told_after_the_turn_and_handled_ones_are_not() -> None:
    told: list[JSError] = []
    isolate = Isolate(on_rejection=told.append)
    try:
        namespace = load(
            isolate,
            """
            export function loud() { Promise.reject(new Error("nobody")); }
            export function late() {
              const p = Promise.reject(new Error("somebody"));
              Promise.resolve().then(() => p.catch(() => {}));
            }
            """,
        )
        isolate.call(isolate.export(namespace, "late"))
        assert told == []
        isolate.call(isolate.export(namespace, "loud"))
        assert [error.message for error in told] == ["nobody"]
    finally:
        isolate.close()


def test_isolates_run_on_two_threads_at_once() -> None:
    results: list[object] = []

    def work() -> None:
        isolate = Isolate()
        namespace = load(
            isolate,
            "export const sum = () => { let s = 0; for (let i = 0; i < 1e5; i++) s += i; return s; };",
        )
        results.append(isolate.call(isolate.export(namespace, "sum")))
        isolate.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [4999950000, 4999950000]


# ---- nothing left behind ---------------------------------------------------------------


def resident_kilobytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4


def test_isolates_made_and_freed_leave_memory_flat() -> None:
    def one() -> None:
        isolate, namespace = with_ops(fail=lambda: 1 / 0, join=lambda *parts: len(parts))
        run = isolate.export(namespace, "run")
        isolate.call(run, "join", "a" * 100, b"b" * 100)
        isolate.call(isolate.export(namespace, "attempt"), "join")
        isolate.close()

    for _ in range(100):
        one()
    gc.collect()
    before = resident_kilobytes()
    for _ in range(600):
        one()
    gc.collect()
    assert resident_kilobytes() - before < 2_000


def test_calls_leave_the_heap_as_it_was() -> None:
    isolate, namespace = with_ops(echo=lambda *values: values[-1])
    try:
        run = isolate.export(namespace, "run")

        def many() -> int:
            for i in range(5_000):
                isolate.call(run, "echo", i, "text" * 10, b"bytes" * 10, 1.5)
            isolate.collect_garbage()
            return isolate.memory_used()

        first = many()
        assert many() - first < 10_000
    finally:
        isolate.close()


def test_errors_and_rejections_leave_the_heap_as_it_was() -> None:
    isolate = Isolate(on_rejection=lambda error: None)
    try:
        namespace = load(
            isolate,
            "export const fail = () => { throw new Error('x'); };"
            "export const reject = () => { Promise.reject(new Error('y')); };",
        )
        fail, reject = isolate.export(namespace, "fail"), isolate.export(namespace, "reject")

        def many() -> int:
            for _ in range(2_000):
                with pytest.raises(JSError):
                    isolate.call(fail)
                isolate.call(reject)
            isolate.collect_garbage()
            return isolate.memory_used()

        first = many()
        assert many() - first < 10_000
    finally:
        isolate.close()


def test_closing_twice_and_closing_handles_late_are_harmless() -> None:
    isolate = Isolate()
    handle = load(isolate, "export const x = 1;")
    isolate.close()
    isolate.close()
    handle.close()
    handle.close()


KEEPER = """
  const kept = [];
  export const keep = (count) => { while (count-- > 0) kept.push(new Array(100_000).fill(1)); };
  export const waste = (count) => {
    while (count-- > 0) { const cycle = new Array(10_000).fill(1); cycle.self = cycle; }
  };
"""  # of 1.6 MB each, and 160 kB


@pytest.mark.skipif("HOLDFAST_STRESS" in os.environ, reason="it is searched all the time")
def test_a_heap_is_searched_for_garbage_less_often_but_never_past_its_limit() -> None:
    isolate = Isolate(limits=Limits(memory_bytes=64 << 20))
    try:
        namespace = load(isolate, KEEPER)
        keep, waste = isolate.export(namespace, "keep"), isolate.export(namespace, "waste")
        isolate.pace_collections()
        isolate.call(waste, 60)
        assert isolate.memory_used() > 9_000_000, "nothing was looked for yet"
        for _ in range(20):  # up to half of the limit, with ten times as much garbage
            isolate.call(keep, 1)
            isolate.call(waste, 100)
            isolate.pace_collections()
        assert isolate.memory_used() < isolate.limits.memory_bytes
    finally:
        isolate.close()


def test_a_job_that_an_op_stops_leaves_the_others_alone() -> None:
    def stop() -> None:
        raise StopTurn

    isolate = Isolate(ops={"stop": stop})
    start = isolate.expression(
        "start",
        """() => {
          const { stop } = holdfastOps;
          globalThis.ran = [];
          Promise.resolve().then(() => { ran.push(1); stop(); ran.push("never"); });
          Promise.resolve().then(() => ran.push(2)).then(() => ran.push(3));
        }""",
    )
    isolate.call(start)
    assert isolate.call(isolate.expression("ran", "() => ran.join()")) == "1,2,3"
    isolate.close()


def test_a_closed_isolate_has_nothing_to_look_up() -> None:
    isolate = Isolate()
    namespace = load(isolate, "export const answer = 42;")
    isolate.close()
    with pytest.raises(AssertionError, match="is gone"):
        isolate.export(namespace, "answer")
