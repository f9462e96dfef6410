"""The console from a script's call to the host's line."""

import asyncio

import pytest

from holdfast.engine import Limits, Module, ModuleKind
from holdfast.host.context import Capabilities, Host
from holdfast.host.platform import Platform
from holdfast.host.system import SystemClock

SCRIPT = b"""
import { console } from "holdfast:console/console.js";
export function run(source) {
  new Function("console", source)(console);
}
"""


@pytest.fixture
def write():
    """Runs JavaScript that logs; returns the lines that reached the host."""
    lines = []
    loop = asyncio.new_event_loop()
    host = Host(
        loop, SystemClock(), Capabilities(console=lambda level, text: lines.append((level, text)))
    )
    Platform().create_isolate(host, limits=Limits())
    name = "holdfast:test/console.js"
    host.isolate.add_modules({name: Module(name, ModuleKind.ESM, SCRIPT)})
    run = host.isolate.export(host.isolate.evaluate(name), "run")

    def call(source):
        lines.clear()
        host.enter(run, source)
        return list(lines)

    yield call
    host.close()
    host.isolate.close()
    loop.close()


def test_every_logging_method_has_its_level(write):
    source = "for (const m of ['log', 'info', 'warn', 'error', 'debug']) console[m](m, 1)"
    assert write(source) == [
        ("log", "log 1"),
        ("info", "info 1"),
        ("warn", "warn 1"),
        ("error", "error 1"),
        ("debug", "debug 1"),
    ]


def test_no_arguments_write_nothing(write):
    assert write("console.log(); console.error()") == []


def test_methods_need_no_receiver(write):
    assert write("const { log } = console; log('free')") == [("log", "free")]


def test_groups_indent_every_line(write):
    source = "console.group('g'); console.log('a\\nb'); console.groupEnd(); console.log('c')"
    assert write(source) == [("log", "g"), ("log", "  a\n  b"), ("log", "c")]


def test_ending_more_groups_than_were_begun_is_harmless(write):
    assert write("console.groupEnd(); console.log('x')") == [("log", "x")]


def test_counters_count_by_label_until_reset(write):
    source = "console.count(); console.count('a'); console.count(); console.countReset()"
    assert write(source + "; console.count(); console.countReset('b')") == [
        ("info", "default: 1"),
        ("info", "a: 1"),
        ("info", "default: 2"),
        ("info", "default: 1"),
        ("warn", "Count for 'b' does not exist"),
    ]


def test_a_failed_assertion_is_an_error(write):
    source = "console.assert(true, 'fine'); console.assert(0); console.assert(false, '%s!', 'no')"
    assert write(source + "; console.assert(false, { a: 1 })") == [
        ("error", "Assertion failed"),
        ("error", "Assertion failed: no!"),
        ("error", "Assertion failed: { a: 1 }"),
    ]


def test_timers_tell_how_long_it_took(write):
    [(level, text)] = write("console.time('t'); console.timeEnd('t')")
    assert level == "info"
    assert text.startswith("t: ")
    assert text.endswith("ms")
    assert write("console.timeEnd('t')") == [("warn", "Timer 't' does not exist")]
    [_, (_, text)] = write("console.time('u'); console.time('u'); console.timeLog('u', 1, 'x')")
    assert text.endswith("ms 1 x")


def test_a_trace_shows_where_it_was_called(write):
    [(level, text)] = write("console.trace('here')")
    assert level == "log"
    assert text.startswith("Trace: here\n    at ")
    assert "holdfast:" not in text


def test_tables_and_objects_are_shown_whole(write):
    [(_, text)] = write("console.table([{ a: 1 }])")
    assert "│ 0       │ 1 │" in text
    assert write("console.table('text')") == [("log", "text")]
    assert write("console.dir({ a: { b: 1 } }, { depth: 0 })") == [("log", "{ a: [Object] }")]


def test_no_text_is_longer_than_the_limit(write):
    [(_, text)] = write("console.log('x'.repeat(1e6))")
    assert len(text) < 66_000
    assert text.endswith("more characters")


def test_nothing_but_a_label_makes_a_method_throw(write):
    source = """
      const bad = { toString() { throw 1 }, [Symbol.toPrimitive]() { throw 1 } };
      const labelled = ['count', 'countReset', 'time', 'timeLog', 'timeEnd'];
      for (const name of labelled) {
        try { console[name](bad); throw 2 } catch (error) { if (error !== 1) throw error }
      }
      for (const name of Object.keys(console)) {
        if (labelled.includes(name)) continue;
        console[name](bad, bad);
        console[name](Symbol('s'));
        console[name](new Proxy({}, { get() { throw 1 }, ownKeys() { throw 1 } }));
        console[name]();
      }
      console.clear();
      console.log('alive');
    """
    assert write(source)[-1] == ("log", "alive")


def test_lone_surrogates_reach_the_host(write):
    assert write(r"console.log('\ud800')") == [("log", "\ud800")]
