"""Values that cross, and strings that do so without being copied."""

import json

import pytest

from holdfast.engine import Isolate, Module, ModuleKind, Together

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


def test_a_string_that_comes_again_and_again_is_the_same_text_each_time(isolate):
    echo = isolate.export(isolate.evaluate("m"), "echo")
    texts = ["host\nlocalhost\n", "\ud800 alone", "häßlich", "x" * 5_000]
    for _ in range(3):
        assert [isolate.call(echo, text) for text in texts] == texts
        isolate.collect_garbage()


def test_strings_that_came_twice_do_not_pile_up_in_the_heap(isolate):
    echo = isolate.export(isolate.evaluate("m"), "echo")

    def use(numbers):
        for number in numbers:
            text = f"{number:01000}"
            assert [isolate.call(echo, text) for _ in range(3)] == [text] * 3
        isolate.collect_garbage()
        return isolate.memory_used()

    few = use(range(1_000))
    assert use(range(1_000, 5_000)) < few + 500_000


def test_strings_that_come_together_again_and_again_are_the_same_each_time(isolate):
    join = isolate.expression("join", "(...texts) => JSON.stringify(texts)")

    def use(numbers):
        for number in numbers:
            own = f"of {number}"
            for _ in range(4):
                together = Together(("GET", "a header that stays", "é\0", own))
                expected = json.dumps([number, *together, "x"], ensure_ascii=False)
                told = isolate.call(join, number, together, "x")
                assert json.loads(told) == json.loads(expected)
        isolate.collect_garbage()
        return isolate.memory_used()

    few = use(range(1_000))
    assert use(range(1_000, 5_000)) < few + 500_000
    assert isolate.call(join, Together(("\ud800", "long" * 1_000))) == isolate.call(
        join, "\ud800", "long" * 1_000
    )


def test_a_call_with_what_cannot_cross_leaves_the_next_one_alone(isolate):
    echo = isolate.export(isolate.evaluate("m"), "echo")
    with pytest.raises(TypeError):
        isolate.call(echo, "a text of its own", object())
    assert isolate.call(echo, "a text of its own") == "a text of its own"


def test_an_op_gets_every_kind_of_value():
    given = []

    def note(*values):
        given.append(values)

    isolate = Isolate(ops={"note": note})
    try:
        run = isolate.expression(
            "values",
            "(() => { const { note } = holdfastOps; return () => { note(); note(0, -1, 2147483647,"
            " -2147483648, 2147483648, 0.5, 1e300, true, false, null, undefined, '', 'é' + 'x',"
            " new Uint8Array([1, 2]), new ArrayBuffer(2), 'a'.repeat(9000) + 'b'); }; })()",
        )
        isolate.call(run)
    finally:
        isolate.close()
    numbers = (0, -1, 2147483647, -2147483648, 2147483648, 0.5, 1e300)
    rest = (True, False, None, None, "", "éx", b"\1\2", b"\0\0", "a" * 9000 + "b")
    assert given == [(), (*numbers, *rest)]
    assert [type(value) for value in given[1][:9]] == [int] * 5 + [float] * 2 + [bool] * 2


def test_an_op_gets_the_same_texts_however_often_they_come_and_from_wherever():
    given = []
    isolate = Isolate(ops={"note": lambda *texts: given.append(texts)})
    try:
        run = isolate.expression(
            "texts",
            """(() => {
              const { note } = holdfastOps;
              const kept = Array.from({ length: 700 }, (_, i) => `kept ${i}`);
              return (from, to) => {
                for (let i = from; i < to; i++) {
                  let grows = "grows";
                  for (let j = 0; j < 3; j++) note("a literal", kept[i % 700], grows += "s");
                  note(`made ${i % 7}`, "häł", "\\ud800", "long".repeat(200) + i);
                }
              };
            })()""",
        )

        def use(start, end):
            isolate.call(run, start, end)
            isolate.collect_garbage()
            expected = []
            for i in range(start, end):
                kept = f"kept {i % 700}"
                expected += [("a literal", kept, "grows" + "s" * j) for j in (1, 2, 3)]
                expected.append((f"made {i % 7}", "häł", "\ud800", "long" * 200 + str(i)))
            assert given == expected
            given.clear()
            return isolate.memory_used()

        few = use(0, 1_500)
        assert use(1_500, 6_000) < few + 100_000
    finally:
        isolate.close()
