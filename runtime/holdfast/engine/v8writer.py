"""Writes V8's serialization format; see `v8format` for what becomes what."""

import math
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from holdfast.engine.v8values import (
    UNDEFINED,
    WIRE_VERSION,
    Array,
    BigInt,
    Map,
    Set,
    Undefined,
    V8FormatError,
)

_MIN_SMI, _MAX_SMI = -(1 << 30), (1 << 30) - 1
_MAX_EXACT = 1 << 53
_MAX_ARRAY_INDEX = (1 << 32) - 2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_double = struct.Struct("<d")


def encode(value: Any) -> bytes:
    """A Python value in V8's format, as JavaScript's storage would write its counterpart.

    Takes None, UNDEFINED, bool, int, BigInt, float, str, bytes, list, tuple, set, dict
    with str keys, Map, Set, and an aware datetime. Raises V8FormatError for anything else, and
    for an int that is not exactly a JavaScript number.
    """
    writer = _Writer()
    try:
        writer.write(value)
    except RecursionError:
        raise V8FormatError("the value is nested too deeply") from None
    return bytes(writer.data)


class _Writer:
    def __init__(self) -> None:
        self.data = bytearray((0xFF, WIRE_VERSION))
        self._ids: dict[int, int] = {}
        self._next_id = 0

    def write(self, value: Any) -> None:
        """Append one value."""
        for kind, write in _WRITERS:
            if isinstance(value, kind):
                write(self, value)
                return
        raise V8FormatError(f"{type(value).__name__} has no counterpart in JavaScript")

    def _varint(self, value: int) -> None:
        while value > 0x7F:
            self.data.append(value & 0x7F | 0x80)
            value >>= 7
        self.data.append(value)

    def _known(self, value: Any) -> bool:
        """Write a reference if this very object was written before; else give it an id."""
        known = self._ids.get(id(value))
        if known is not None:
            self.data += b"^"
            self._varint(known)
            return True
        self._ids[id(value)] = self._next_id
        self._next_id += 1
        return False

    def _constant(self, value: Any) -> None:
        self.data += {None: b"0", UNDEFINED: b"_", True: b"T", False: b"F"}[value]

    def _int(self, value: int) -> None:
        if _MIN_SMI <= value <= _MAX_SMI:
            self.data += b"I"
            self._varint(value << 1 if value >= 0 else (-value << 1) - 1)
        elif abs(value) <= _MAX_EXACT:
            self._float(float(value))
        else:
            raise V8FormatError(f"{value} is not exactly a JavaScript number; say BigInt")

    def _float(self, value: float) -> None:
        if (
            value.is_integer()
            and _MIN_SMI <= value <= _MAX_SMI
            and (value or math.copysign(1, value) > 0)
        ):
            self._int(int(value))
        else:
            self.data += b"N" + _double.pack(value)

    def _bigint(self, value: int) -> None:
        size = (abs(value).bit_length() + 63) // 64 * 8
        self.data += b"Z"
        self._varint(size * 2 + (value < 0))
        self.data += abs(value).to_bytes(size, "little")

    def _str(self, value: str) -> None:
        try:
            text = value.encode("latin-1")
        except UnicodeEncodeError:
            self._two_byte(value.encode("utf-16-le", "surrogatepass"))
            return
        self.data += b'"'
        self._varint(len(text))
        self.data += text

    def _two_byte(self, text: bytes) -> None:
        length_bytes = max(1, (len(text).bit_length() + 6) // 7)
        if (len(self.data) + 1 + length_bytes) % 2:
            self.data += b"\0"
        self.data += b"c"
        self._varint(len(text))
        self.data += text

    def _bytes(self, value: bytes) -> None:
        if self._known(value):
            return
        # The format has the buffer first, so its id is the one just given.
        self._ids[id(value)] = self._next_id
        self._next_id += 1
        self.data += b"B"
        self._varint(len(value))
        self.data += value + b"VB\0"
        self._varint(len(value))
        self.data += b"\0"

    def _date(self, value: datetime) -> None:
        if value.tzinfo is None:
            raise V8FormatError("a datetime without time zone names no moment")
        self._next_id += 1
        milliseconds = (value - _EPOCH) // timedelta(milliseconds=1)
        self.data += b"D" + _double.pack(float(milliseconds))

    def _list(self, value: list[Any] | tuple[Any, ...]) -> None:
        if self._known(value):
            return
        properties = value.properties if isinstance(value, Array) else {}
        self.data += b"A"
        self._varint(len(value))
        for item in value:
            self.write(item)
        self._pairs(properties)
        self.data += b"$"
        self._varint(len(properties))
        self._varint(len(value))

    def _dict(self, value: dict[str, Any]) -> None:
        if self._known(value):
            return
        self.data += b"o"
        self._pairs(value)
        self.data += b"{"
        self._varint(len(value))

    def _map(self, value: Map) -> None:
        if self._known(value):
            return
        self.data += b";"
        for key, found in value.entries:
            self.write(key)
            self.write(found)
        self.data += b":"
        self._varint(2 * len(value.entries))

    def _set(self, value: Set | set[Any] | frozenset[Any]) -> None:
        if self._known(value):
            return
        values = value.values if isinstance(value, Set) else value
        self.data += b"'"
        for item in values:
            self.write(item)
        self.data += b","
        self._varint(len(values))

    def _pairs(self, properties: dict[str, Any]) -> None:
        for key in _in_javascript_order(properties):
            if _is_index(key):
                self._int(int(key))
            else:
                self._str(key)
            self.write(properties[key])


def _in_javascript_order(properties: dict[str, Any]) -> list[str]:
    """The keys as JavaScript enumerates them: array indices first, ascending."""
    if not all(isinstance(key, str) for key in properties):
        raise V8FormatError("a dict has keys that are no strings")
    indices = sorted((key for key in properties if _is_index(key)), key=int)
    return indices + [key for key in properties if not _is_index(key)]


def _is_index(key: str) -> bool:
    digits = key.isascii() and key.isdecimal() and len(key) <= 10
    return digits and str(int(key)) == key and int(key) <= _MAX_ARRAY_INDEX


_WRITERS: tuple[tuple[Any, Callable[[_Writer, Any], None]], ...] = (
    (str, _Writer._str),
    (bool | None | Undefined, _Writer._constant),
    (BigInt, _Writer._bigint),
    (int, _Writer._int),
    (float, _Writer._float),
    (dict, _Writer._dict),
    (list | tuple, _Writer._list),
    (bytes, _Writer._bytes),
    (datetime, _Writer._date),
    (Map, _Writer._map),
    (Set | set | frozenset, _Writer._set),
)
