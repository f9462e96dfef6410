"""Reads V8's serialization format; see `v8format` for what becomes what."""

import math
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from holdfast.engine.v8values import (
    UNDEFINED,
    WIRE_VERSION,
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

Value = TypeVar("Value")

HEADERLESS_VERSION = 13  # values that workerd wrote before it wrote headers

_MAX_EXACT = 1 << 53
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_double = struct.Struct("<d")


class _UnknownHostObjectError(Exception):
    """A platform object whose bytes have no meaning here; so neither has what follows."""


_VIEWS = {
    "b": ("Int8Array", 1),
    "B": ("Uint8Array", 1),
    "C": ("Uint8ClampedArray", 1),
    "w": ("Int16Array", 2),
    "W": ("Uint16Array", 2),
    "h": ("Float16Array", 2),
    "d": ("Int32Array", 4),
    "D": ("Uint32Array", 4),
    "f": ("Float32Array", 4),
    "F": ("Float64Array", 8),
    "q": ("BigInt64Array", 8),
    "Q": ("BigUint64Array", 8),
    "?": ("DataView", 1),
}
_LENGTH_TRACKING = 1
_REGEXP_FLAGS = "gimyusldv"
_ERROR_CLASSES = {
    "E": "EvalError",
    "R": "RangeError",
    "F": "ReferenceError",
    "S": "SyntaxError",
    "T": "TypeError",
    "U": "URIError",
}
# By the numbers that workerd gives them; 0 stands for a name that is written out.
_NATIVE_ERRORS = (
    "",
    "Error",
    "TypeError",
    "RangeError",
    "ReferenceError",
    "SyntaxError",
    "CompileError",
    "LinkError",
    "RuntimeError",
    "SuspendError",
    "EvalError",
    "URIError",
    "AggregateError",
    "SuppressedError",
)
_HOST_DOM_EXCEPTION = 8
_HOST_NATIVE_ERROR = 10
_HOST_BLOB = 15


def decode(data: bytes) -> Any:
    """The Python value of a value in V8's format; see the table above.

    Raises V8FormatError for bytes that are truncated, damaged or nested too deeply.
    """
    try:
        return _Reader(data).read_whole()
    except _UnknownHostObjectError as error:
        return Opaque(str(error), data)
    except RecursionError:
        raise V8FormatError("the value is nested too deeply") from None
    except (IndexError, struct.error, UnicodeDecodeError):
        raise V8FormatError("the value is truncated or damaged") from None


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._version = HEADERLESS_VERSION
        self._objects: list[Any] = []

    def read_whole(self) -> Any:
        if self._data[:1] == b"\xff":
            self._at = 1
            self._version = self._varint()
        if self._version > WIRE_VERSION:
            raise V8FormatError(f"version {self._version} of the format is not known")
        return self._value()

    # ---- bytes

    def _tag(self) -> str:
        while self._data[self._at] == 0:
            self._at += 1
        self._at += 1
        return chr(self._data[self._at - 1])

    def _next_is(self, tag: str) -> bool:
        while self._data[self._at : self._at + 1] == b"\0":
            self._at += 1
        if self._data[self._at : self._at + 1] != tag.encode("latin-1"):
            return False
        self._at += 1
        return True

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._data[self._at]
            self._at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 or shift > 28:
                return value & 0xFFFFFFFF

    def _raw(self, size: int) -> bytes:
        if size > len(self._data) - self._at:
            raise V8FormatError("the value is truncated")
        self._at += size
        return self._data[self._at - size : self._at]

    def _double(self) -> float:
        value: float = _double.unpack(self._raw(8))[0]
        return value

    def _number(self) -> int | float:
        value = self._double()
        exact = value.is_integer() and abs(value) <= _MAX_EXACT
        return int(value) if exact and (value or math.copysign(1, value) > 0) else value

    def _bigint(self) -> BigInt:
        bits = self._varint()
        magnitude = int.from_bytes(self._raw((bits >> 1) & ~7), "little")
        return BigInt(-magnitude if bits & 1 else magnitude)

    def _utf8(self) -> str:
        return self._raw(self._varint()).decode("utf-8", "replace")

    def _utf16(self) -> str:
        return self._raw(self._varint()).decode("utf-16-le", "surrogatepass")

    def _string(self) -> str:
        value = self._utf8() if self._version < 12 else self._value()
        if not isinstance(value, str):
            raise V8FormatError("the value has no string where one must be")
        return value

    # ---- values

    def _value(self) -> Any:
        tag = self._tag()
        read = _READERS.get(tag)
        if read is None:
            raise V8FormatError(f"the tag {tag!r} is not known")
        return read(self)

    def _zigzag(self) -> int:
        bits = self._varint()
        return (bits >> 1) ^ -(bits & 1)

    def _counted(self) -> Any:
        self._varint()
        return self._value()

    def _reference(self) -> Any:
        found = self._objects[self._varint()]
        if found is None:
            raise V8FormatError("the value refers to an object that is not there yet")
        return self._view(found) if isinstance(found, ArrayBuffer) else found

    def _keep(self, value: Value) -> Value:
        self._objects.append(value)
        return value

    def _reserve(self) -> int:
        self._objects.append(None)
        return len(self._objects) - 1

    def _fill(self, index: int, value: Value) -> Value:
        self._objects[index] = value
        return value

    # ---- objects

    def _properties(self, end: str, into: dict[str, Any]) -> dict[str, Any]:
        count = 0
        while not self._next_is(end):
            key = self._value()
            if isinstance(key, BigInt | bool) or not isinstance(key, str | int | float):
                raise V8FormatError("the value has a property key that is none")
            into[str(key)] = self._value()
            count += 1
        if self._varint() != count:
            raise V8FormatError("the value has another number of properties than it says")
        return into

    def _object(self) -> dict[str, Any]:
        into: dict[str, Any] = {}
        return self._properties("{", self._keep(into))

    def _dense_array(self) -> list[Any]:
        length = self._varint()
        if length > len(self._data) - self._at:
            raise V8FormatError("the value is truncated")
        array = self._keep(Array())
        for _ in range(length):
            array.append(UNDEFINED if self._next_is("-") else self._value())
        array.properties = self._properties("$", {})
        self._expect_length(length)
        return array

    def _sparse_array(self) -> Any:
        length = self._varint()
        # Each element takes three bytes and more, so a list of this length is no larger
        # than the data makes plausible; what is longer stays sparse.
        if length > len(self._data):
            sparse = self._keep(SparseArray(length))
            self._properties("@", sparse.properties)
            self._expect_length(length)
            return sparse
        array = self._keep(Array([UNDEFINED] * length))
        for key, value in self._properties("@", {}).items():
            if key.isdecimal() and str(int(key)) == key and int(key) < length:
                array[int(key)] = value
            else:
                array.properties[key] = value
        self._expect_length(length)
        return array

    def _expect_length(self, length: int) -> None:
        if self._varint() != length:
            raise V8FormatError("the value has another length than it says")

    def _map(self) -> Map:
        result = self._keep(Map())
        while not self._next_is(":"):
            key = self._value()
            result.entries.append((key, self._value()))
        self._expect_length(2 * len(result.entries))
        return result

    def _set(self) -> Set:
        result = self._keep(Set())
        while not self._next_is(","):
            result.values.append(self._value())
        self._expect_length(len(result.values))
        return result

    def _date(self) -> datetime | InvalidDate:
        time_ms = self._double()
        date: datetime | InvalidDate
        try:
            date = _EPOCH + timedelta(milliseconds=time_ms)
        except (OverflowError, ValueError):
            date = InvalidDate(time_ms)
        self._keep(date)
        return date

    def _boxed(self, read: Callable[[], Any]) -> Boxed:
        index = self._reserve()
        return self._fill(index, Boxed(read()))

    def _regexp(self) -> RegExp:
        index = self._reserve()
        source, bits = self._string(), self._varint()
        flags = "".join(f for i, f in enumerate(_REGEXP_FLAGS) if bits >> i & 1)
        return self._fill(index, RegExp(source, flags))

    def _buffer(self) -> Any:
        return self._view(self._keep(ArrayBuffer(self._raw(self._varint()))))

    def _resizable_buffer(self) -> Any:
        length = self._varint()
        self._varint()
        return self._view(self._keep(ArrayBuffer(self._raw(length))))

    def _view(self, buffer: ArrayBuffer) -> Any:
        """The buffer, or the view of it that follows."""
        if not self._next_is("V"):
            return buffer
        name, width = _VIEWS.get(chr(self._varint() & 0xFF), ("", 1))
        offset, length = self._varint(), self._varint()
        flags = self._varint() if self._version > 13 else 0
        if flags & _LENGTH_TRACKING:
            length = max(0, len(buffer) - offset) // width * width
        if not name or offset + length > len(buffer):
            raise V8FormatError("the value has a view that is outside of its buffer")
        data = buffer[offset : offset + length]
        return self._keep(data if name == "Uint8Array" else View(name, data))

    # ---- errors and platform objects

    def _error(self) -> ErrorValue:
        error = self._keep(ErrorValue())
        while (tag := chr(self._varint() & 0xFF)) != ".":
            if tag in _ERROR_CLASSES:
                error.name = _ERROR_CLASSES[tag]
            elif tag == "m":
                error.message = self._string()
            elif tag == "s":
                error.stack = self._string()
            elif tag == "c":
                error.properties["cause"] = self._value()
            else:
                raise V8FormatError("the value has an error with an unknown part")
        return error

    def _host_object(self) -> Any:
        number = self._varint()
        index = self._reserve()
        if number == _HOST_DOM_EXCEPTION:
            return self._fill(index, ErrorValue(self._utf8(), self._utf8(), self._utf8()))
        if number == _HOST_BLOB:
            return self._fill(index, Blob(self._utf8(), self._raw(self._varint())))
        if number == _HOST_NATIVE_ERROR:
            return self._native_error(self._fill(index, ErrorValue()))
        raise _UnknownHostObjectError(f"it holds a platform object of kind {number}")

    def _native_error(self, error: ErrorValue) -> ErrorValue:
        number = self._varint()
        error.name = self._string() if number == 0 else _NATIVE_ERRORS[number]
        error.message = self._string()
        properties = self._value()
        if not isinstance(properties, dict):
            raise V8FormatError("the value has an error without its properties")
        stack = properties.get("stack")
        error.stack = stack if isinstance(stack, str) else None
        error.properties = {k: v for k, v in properties.items() if k != "stack"}
        return error


_READERS: dict[str, Callable[[_Reader], Any]] = {
    "_": lambda _: UNDEFINED,
    "0": lambda _: None,
    "T": lambda _: True,
    "F": lambda _: False,
    "I": _Reader._zigzag,
    "U": _Reader._varint,
    "N": _Reader._number,
    "Z": _Reader._bigint,
    '"': lambda r: r._raw(r._varint()).decode("latin-1"),
    "c": _Reader._utf16,
    "S": _Reader._utf8,
    "^": _Reader._reference,
    "o": _Reader._object,
    "A": _Reader._dense_array,
    "a": _Reader._sparse_array,
    ";": _Reader._map,
    "'": _Reader._set,
    "D": _Reader._date,
    "y": lambda r: r._boxed(lambda: True),
    "x": lambda r: r._boxed(lambda: False),
    "n": lambda r: r._boxed(r._number),
    "z": lambda r: r._boxed(r._bigint),
    "s": lambda r: r._boxed(r._string),
    "R": _Reader._regexp,
    "B": _Reader._buffer,
    "~": _Reader._resizable_buffer,
    "r": _Reader._error,
    "\\": _Reader._host_object,
    "?": _Reader._counted,
}
