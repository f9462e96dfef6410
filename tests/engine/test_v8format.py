"""The Python half of V8's format, held to node's own `v8` module where node is there."""

import contextlib
import math
import shutil
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.engine.v8format import decode, encode
from holdfast.engine.v8values import (
    UNDEFINED,
    Array,
    ArrayBuffer,
    BigInt,
    Blob,
    Boxed,
    ErrorValue,
    InvalidDate,
    Map,
    Opaque,
    RegExp,
    Set,
    SparseArray,
    V8FormatError,
    View,
)

UTF16 = st.text(st.characters(exclude_categories=()))
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False)
PLAIN = st.recursive(
    st.none() | st.booleans() | NUMBERS | UTF16 | st.binary() | st.just(UNDEFINED),
    lambda inner: st.lists(inner) | st.dictionaries(UTF16, inner),
    max_leaves=20,
)


@given(PLAIN)
def test_plain_values_survive(value: Any) -> None:
    assert decode(encode(value)) == value


@given(st.integers(-(2**200), 2**200).map(BigInt))
def test_bigints_stay_bigints(value: BigInt) -> None:
    copy = decode(encode(value))
    assert copy == value
    assert isinstance(copy, BigInt)


def test_numbers_keep_their_kind() -> None:
    assert isinstance(decode(encode(2**40)), int)
    assert isinstance(decode(encode(1.5)), float)
    assert math.copysign(1, decode(encode(-0.0))) == -1
    assert math.isnan(decode(encode(math.nan)))
    with pytest.raises(V8FormatError, match="BigInt"):
        encode(2**53 + 1)


def test_dates_are_moments() -> None:
    moment = datetime(2026, 11, 23, 20, 30, 1, 250000, UTC)
    assert decode(encode(moment)) == moment
    assert decode(bytes.fromhex("ff0f44000000000000f87f")) != moment
    assert isinstance(decode(bytes.fromhex("ff0f44000000000000f87f")), InvalidDate)
    with pytest.raises(V8FormatError, match="time zone"):
        encode(moment.replace(tzinfo=None))


def test_maps_and_sets_survive() -> None:
    inner = Set([1, "a", {"b": None}])
    value = Map([({"k": 1}, inner), ("again", inner)])
    copy = decode(encode(value))
    assert copy == value
    assert copy.entries[0][1] is copy.entries[1][1]
    assert decode(encode({3})) == decode(encode(frozenset({3}))) == Set([3])


def test_an_object_met_twice_stays_one() -> None:
    shared = {"x": 1}
    cycle: list[Any] = [shared, b"ab", shared]
    cycle.append(cycle)
    copy = decode(encode(cycle))
    assert copy[0] is copy[2]
    assert copy[3] is copy
    assert copy[1] == b"ab"


def test_keys_come_in_javascripts_order() -> None:
    value = {"b": 1, "10": 2, "2": 3, "01": 4, "4294967294": 5, "4294967295": 6}
    assert list(decode(encode(value))) == ["2", "10", "4294967294", "b", "01", "4294967295"]


def test_what_has_no_counterpart_is_refused() -> None:
    for value in (object(), {1: 2}, 1j):
        with pytest.raises(V8FormatError):
            encode(value)


def test_deep_nesting_is_refused_both_ways() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(V8FormatError, match="deeply"):
        encode(deep)
    with pytest.raises(V8FormatError, match="deeply"):
        decode(b"\xff\x0f" + b"A\x01" * 100_000)


@given(st.binary(max_size=40))
def test_damaged_data_gives_a_value_or_a_format_error(data: bytes) -> None:
    with contextlib.suppress(V8FormatError):
        decode(b"\xff\x0f" + data)


@given(PLAIN, st.data())
def test_truncated_data_is_refused(value: Any, data: st.DataObject) -> None:
    whole = encode(value)
    short = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        decoded = decode(short)
    except V8FormatError:
        return
    # A view is its buffer and then what it shows of it: the buffer alone is whole.
    assert isinstance(value, bytes) and decoded == ArrayBuffer(value)


def test_values_without_header_are_of_version_13() -> None:
    assert decode(bytes.fromhex("4902")) == 1


def test_workerds_host_objects_are_read_as_far_as_they_are_known() -> None:
    headers = bytes.fromhex("ff0f6f2201685c04030100016101627b01")
    assert decode(headers) == Opaque("it holds a platform object of kind 4", headers)
    assert decode(bytes.fromhex("ff0f5c0f0003616263")) == Blob("", b"abc")
    error = decode(bytes.fromhex("ff0f5c0a0222016d6f2205737461636b220173220161" + "49027b02"))
    assert error == ErrorValue("TypeError", "m", "s", {"a": 1})
    dom = decode(bytes.fromhex("ff0f5c080a41626f72744572726f7201610173"))
    assert dom == ErrorValue("AbortError", "a", "s")


# What node writes, and what it is in Python.
NODE: dict[str, Any] = {
    "undefined": UNDEFINED,
    "null": None,
    "[true, false]": [True, False],
    "[0, -1, 2**31, 2**53, 1.5, -Infinity]": [0, -1, 2**31, 2**53, 1.5, -math.inf],
    "10n ** 30n": BigInt(10**30),
    "-(2n ** 64n)": BigInt(-(2**64)),
    "'naïve'": "naïve",
    "[true, 'я', '\\ud800']": [True, "я", "\ud800"],
    "new Date(1500)": datetime(1970, 1, 1, 0, 0, 1, 500000, UTC),
    "({a: {b: [1]}, 3: 'x'})": {"a": {"b": [1]}, "3": "x"},
    "[1, , 3]": [1, UNDEFINED, 3],
    "new Map([[{a: 1}, 'x']])": Map([({"a": 1}, "x")]),
    "new Set(['x', null])": Set(["x", None]),
    "[Object(1), Object('я'), Object(false), Object(5n)]": [
        Boxed(1),
        Boxed("я"),
        Boxed(False),
        Boxed(BigInt(5)),
    ],
    "/a\\/b/giu": RegExp("a\\/b", "giu"),
    "new Uint8Array([1, 2]).buffer": ArrayBuffer(b"\1\2"),
}


def node(script: str, data: bytes = b"") -> bytes:
    binary = shutil.which("node")
    if binary is None:
        pytest.skip("node is not installed")
    command = [binary, "-e", script]
    return subprocess.run(command, input=data, check=True, stdout=subprocess.PIPE).stdout


def node_vectors(expressions: list[str]) -> list[bytes]:
    """What V8's own serializer writes for each expression."""
    listed = ", ".join(f"({e})" for e in expressions)
    lines = node(
        "const { DefaultSerializer, Serializer } = require('v8');"
        f"for (const v of [{listed}]) {{ const s = new Serializer(); s.writeHeader();"
        "s.writeValue(v); console.log(s.releaseBuffer().toString('hex')); }"
    )
    return [bytes.fromhex(line) for line in lines.decode().split()]


def test_what_node_writes_is_read() -> None:
    read = [decode(vector) for vector in node_vectors(list(NODE))]
    assert read == list(NODE.values())


def test_parts_that_compare_alike_are_told_apart() -> None:
    buffer, array, extra, sparse, view, error = (
        decode(vector)
        for vector in node_vectors(
            [
                "new ArrayBuffer(2)",
                "[]",
                "Object.assign([1], {note: 'x'})",
                "Object.assign([], {1000000: 1})",
                "new Uint16Array([1, 2]).subarray(1)",
                "Object.assign(new RangeError('m', {cause: 1}), {stack: 's'})",
            ]
        )
    )
    assert isinstance(buffer, ArrayBuffer)
    assert isinstance(array, Array)
    assert extra == [1]
    assert extra.properties == {"note": "x"}
    assert sparse == SparseArray(1000001, {"1000000": 1})
    assert view == View("Uint16Array", b"\2\0")
    assert error == ErrorValue("RangeError", "m", "s", {"cause": 1})


def test_node_reads_what_is_written() -> None:
    value = {
        "a": [1, -(2**30), 2**31, 1.5, None, True, UNDEFINED],
        "я": ["x" * 200, "п" * 100, "\ud800"],
        "7": BigInt(-(2**70)),
        "when": datetime(2026, 1, 1, tzinfo=UTC),
        "map": Map([("a", 1), (2, Set(["b"]))]),
    }
    script = """
      const { Deserializer } = require("v8");
      const d = new Deserializer(require("fs").readFileSync(0));
      d.readHeader();
      const v = d.readValue();
      console.log(v[7] === -(2n ** 70n), v.when.getTime() === Date.UTC(2026, 0, 1));
      console.log(v.map.get("a") === 1, v.map.get(2).has("b"), v.map.size);
      delete v[7]; delete v.when; delete v.map;
      console.log(JSON.stringify(v));
    """
    told = node(script, encode(value)).decode().splitlines()
    assert told[0] == "true true"
    texts = f'"я":["{"x" * 200}","{"п" * 100}","\\ud800"]'
    assert told[1] == "true true 2"
    assert told[2] == '{"a":[1,-1073741824,2147483648,1.5,null,true,null],' + texts + "}"
