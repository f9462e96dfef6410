"""The ops behind long strings, and the isolate's reader under forged data."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.engine import Isolate, JSError, Limits, Module, ModuleKind
from holdfast.engine.v8format import decode, encode
from holdfast.engine.v8values import UNDEFINED
from holdfast.host import serialize
from holdfast.host.context import Capabilities, Host
from holdfast.host.platform import Platform
from holdfast.host.system import SystemClock

HOST: Any = None  # these ops need nothing of it

SCRIPT = b"""
import { serialize, deserialize, structuredClone } from "holdfast:serialize/index.js";
export const rewrite = (bytes) => serialize(deserialize(bytes));
export const cloned = (bytes) => serialize(structuredClone(deserialize(bytes)));
export function survives(bytes) {
  try {
    const value = deserialize(bytes);
    serialize(value);
    return "";
  } catch (error) {
    return error.name === "DataCloneError" ? "" : `${error.name}: ${error.message} ${error.stack}`;
  }
}
export const polluted = () => [{}.polluted, [].polluted, {}.x, [].x].some((v) => v !== undefined);
"""

UTF16 = st.text(st.characters(exclude_categories=()))
KEYS = UTF16 | st.sampled_from(["__proto__", "constructor", "toString", "length", "0", "7"])
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | UTF16
    | st.binary()
    | st.just(UNDEFINED),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
    max_leaves=20,
)


def test_text_and_its_code_units_are_each_others_inverse() -> None:
    for text in ("", "abc", "я", "😀", "\ud800", "a\udc00b"):
        units = serialize.serialize_utf16(HOST, text)
        assert len(units) == 2 * len(text) or "😀" in text
        assert serialize.serialize_text(HOST, units, "utf-16-le") == text


def test_utf8_that_is_none_is_replaced() -> None:
    assert serialize.serialize_text(HOST, b"a\xffb", "utf-8") == "a\ufffdb"


class Subject:
    """An isolate with SCRIPT in it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self.host = Host(self._loop, SystemClock(), Capabilities())
        Platform().create_isolate(self.host, limits=Limits(memory_bytes=64 << 20))
        self.isolate: Isolate = self.host.isolate
        name = "holdfast:test/subject.js"
        self.isolate.add_modules({name: Module(name, ModuleKind.ESM, SCRIPT)})
        self._namespace = self.isolate.evaluate(name)

    def __call__(self, name: str, *arguments: bytes) -> Any:
        return self.isolate.call(self.isolate.export(self._namespace, name), *arguments)

    def close(self) -> None:
        self.host.close()
        self.isolate.close()
        self._loop.close()


@pytest.fixture(scope="module")
def subject() -> Iterator[Subject]:
    made = Subject()
    yield made
    made.close()


@given(value=PLAIN)
def test_both_halves_write_the_same_bytes(subject: Subject, value: Any) -> None:
    written = encode(value)
    assert subject("rewrite", written) == written


@given(value=PLAIN)
def test_a_structured_clone_is_the_same_value(subject: Subject, value: Any) -> None:
    written = encode(value)
    assert decode(subject("cloned", written)) == decode(written)


@given(data=st.binary(max_size=60))
def test_forged_data_gives_a_value_or_a_data_clone_error(subject: Subject, data: bytes) -> None:
    assert subject("survives", b"\xff\x0f" + data) == ""
    assert subject("polluted") is False


TAGS = st.sampled_from([bytes([tag]) for tag in b"_0TFIUNZ\"cS^oAa;'Dyxnzs" + b"RB~Vr\\?{$@:,-.\0"])
SMALL = st.integers(0, 255).map(lambda byte: bytes([byte]))
STRINGS = st.sampled_from([b'"\x01a', b'"\x09__proto__', b"c\x02\x4f\x04", b'"\x01x'])


@given(parts=st.lists(TAGS | SMALL | STRINGS, max_size=30))
def test_data_forged_of_real_tags_is_no_worse(subject: Subject, parts: list[bytes]) -> None:
    assert subject("survives", b"\xff\x0f" + b"".join(parts)) == ""
    assert subject("polluted") is False


@given(value=PLAIN, at=st.integers(0), byte=st.integers(0, 255))
def test_one_wrong_byte_is_no_worse(subject: Subject, value: Any, at: int, byte: int) -> None:
    data = bytearray(encode(value))
    data[at % len(data)] = byte
    assert subject("survives", bytes(data)) == ""


def test_a_length_alone_takes_no_memory(subject: Subject) -> None:
    before = subject.isolate.memory_used()
    huge = b"\xff\xff\xff\xff\x0f"
    for tag in (b"A", b"a", b'"', b"c", b"S", b"Z", b"B", b"~", b"s\x22", b"R\x22"):
        assert subject("survives", b"\xff\x0f" + tag + huge) == ""
    assert subject("survives", b"\xff\x0f~\0" + huge) == ""
    assert subject("survives", b"\xff\x0fa" + huge + b"@\0" + huge) == ""
    subject.isolate.collect_garbage()
    assert subject.isolate.memory_used() < before + (1 << 20)


def test_the_isolate_lives_on_after_forged_data(subject: Subject) -> None:
    with pytest.raises(JSError, match="Unable to deserialize"):
        subject("rewrite", b"\xff\x0f{")
    assert subject("rewrite", encode([1])) == encode([1])
