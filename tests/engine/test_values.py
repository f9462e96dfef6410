"""Strings that cross without being copied."""

import pytest

from holdfast.engine import Isolate, Module, ModuleKind

SOURCE = b"""
export const literal = () => "GET";
export const made = (text) => text + "T";
export const echo = (text) => text;
export const same = (text) => text === "GET";
"""


@pytest.fixture
def isolate():
    isolate = Isolate(interned=["", "GET"])
    isolate.add_modules({"m": Module("m", ModuleKind.ESM, SOURCE)})
    yield isolate
    isolate.close()


def test_an_interned_string_is_the_same_text_on_both_sides(isolate):
    namespace = isolate.evaluate("m")
    assert isolate.call(isolate.export(namespace, "literal")) == "GET"
    assert isolate.call(isolate.export(namespace, "echo"), "GET") == "GET"
    assert isolate.call(isolate.export(namespace, "echo"), "") == ""
    assert isolate.call(isolate.export(namespace, "same"), "GET") is True


def test_a_string_that_only_reads_like_an_interned_one_is_no_other(isolate):
    namespace = isolate.evaluate("m")
    assert isolate.call(isolate.export(namespace, "made"), "GE") == "GET"
    assert isolate.call(isolate.export(namespace, "same"), "GET ") is False


def test_interned_strings_outlive_garbage_collection_and_many_calls(isolate):
    echo = isolate.export(isolate.evaluate("m"), "echo")
    for _ in range(1_000):
        assert isolate.call(echo, "GET") == "GET"
        isolate.collect_garbage()
