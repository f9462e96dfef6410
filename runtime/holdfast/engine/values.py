"""Values that cross between Python and one isolate's JavaScript.

    JavaScript                              Python
    undefined, null                      →  None          None   →  undefined
    boolean                              ↔  bool
    number: int32, or any exact integer  ↔  int
    number: any other                    ↔  float
    string (lone surrogates survive)     ↔  str
    Uint8Array, ArrayBuffer (copied)     →  bytes         bytes  →  Uint8Array

Nothing else crosses: larger structures travel as one string or one buffer.
"""

import json
import struct
from collections.abc import Callable, Iterable
from typing import Any

from holdfast.dataclass import dataclass
from holdfast.engine.library import (
    EVAL_GLOBAL,
    TAG_BOOL,
    TAG_EXCEPTION,
    TAG_FLOAT64,
    TAG_INT,
    TAG_NULL,
    TAG_OBJECT,
    TAG_STRING,
    TAG_STRING_ROPE,
    TAG_UNDEFINED,
    TYPED_ARRAY_UINT8,
    ffi,
    lib,
)

Value = None | bool | int | float | str | bytes


@dataclass(frozen=True, slots=True)
class Json:
    """JSON in UTF-8, as the result of an op: it crosses as the value that JSON.parse makes of it.

    Or throws what that throws; see `json_transcoder.parse_json`. `transcoded` is what a thread has
    made of it before: nothing where it is not taken, None where nobody has tried.
    """

    text: bytes
    transcoded: bytes | None = None


MAX_INTERNED = 64  # characters
MAX_RECURRING = 512  # characters
MAX_KEPT = 512  # strings

INT32_MIN, INT32_MAX = -(1 << 31), (1 << 31) - 1

_EXACT = 1 << 53
_double = struct.Struct("<d")
_word = struct.Struct("<Q")
_halves = struct.Struct("<ii")
_VALUE_BYTES = 16
_read_values = struct.Struct("<iiq").iter_unpack  # of each the word's two halves, and the tag
_buffer = ffi.buffer
_unpack = ffi.unpack
_to_cstring = lib.JS_ToCStringLen2
_free_cstring = lib.JS_FreeCString
_new_string = lib.JS_NewStringLen
_get_bytes = lib.JS_GetUint8Array
_free = lib.JS_FreeValue


class Converter:
    """Converts values for one context; every value it makes is the caller's to free.

    Strings that cross all the time, such as a method, are *interned*: they are told by
    their address and never copied. QuickJS keeps one string for all literals of the same
    text in its source code, its atoms, and that is the one which is interned. So is what an op
    is given a second time from the same place, as a literal of a script's: see `recurring`.
    """

    __slots__ = (
        "_context",
        "_interned",
        "_kept",
        "_length",
        "_literals",
        "_seen",
        "interned_words",
    )

    def __init__(self, context: Any) -> None:
        self._context = context
        self._length = ffi.new("size_t *")
        self._literals: list[Any] = []
        self._interned: dict[tuple[int, int], str] = {}  # by the two halves of an address
        self.interned_words: dict[str, int] = {}
        # What stood at an address when it came, and may be gone.
        self._seen: dict[tuple[int, int], str] = {}
        self._kept: dict[str, Any] = {}  # recurring strings, with what keeps them there

    def intern(self, texts: Iterable[str]) -> None:
        """Let these strings, of up to 64 characters, cross without being copied.

        JS_Eval, of a list of literals, JS_GetPropertyInt64; `take_interned` lets go of them.
        """
        listed = [*texts]
        source = json.dumps(listed).encode()
        array = lib.JS_Eval(self._context, source, len(source), b"holdfast:engine", EVAL_GLOBAL)
        for index, text in enumerate(listed):
            assert len(text) <= MAX_INTERNED, f"{text!r} is too long to be looked for"
            string = lib.JS_GetPropertyInt64(self._context, array, index)
            assert string.tag == TAG_STRING, "a literal is a string"
            self._literals.append(string)
            self._interned[_halves.unpack(_word.pack(string.u))] = text
            self.interned_words[text] = string.u
        lib.JS_FreeValue(self._context, array)

    def take_interned(self) -> list[Any]:
        """The values that keep the interned strings where they are, to be freed by the caller."""
        held = [*self._literals, *self._kept.values()]
        self._literals.clear()
        self._kept.clear()
        return held

    def string(self, value: Any) -> str:
        """The string in `value`, which must have a string's tag."""
        return self.utf8(value).decode("utf-8", "surrogatepass")

    def recurring(self, value: Any, place: tuple[int, int]) -> str:
        """The same for a string that may come again: the second time it is interned.

        `place` is its address, in halves. JS_DupValue; `take_interned` lets go of them.
        """
        text = self.utf8(value).decode("utf-8", "surrogatepass")
        seen = self._seen
        if seen.get(place) == text:
            if text not in self._kept:
                self._keep(value, place, text)
        elif len(text) <= MAX_RECURRING:
            if len(seen) == MAX_KEPT:
                seen.clear()
            seen[place] = text
        return text

    def _keep(self, value: Any, place: tuple[int, int], text: str) -> None:
        if len(self._kept) == MAX_KEPT:
            for kept in self._kept.values():
                del self._interned[_halves.unpack(_word.pack(kept.u))]
                _free(self._context, kept)
            self._kept.clear()
        self._kept[text] = lib.JS_DupValue(self._context, value)
        self._interned[place] = text

    def utf8(self, value: Any, _place: tuple[int, int] | None = None) -> bytes:
        """The UTF-8 bytes of the string in `value` (lone surrogates as three bytes)."""
        pointer = _to_cstring(self._context, self._length, value, False)
        if not pointer:
            raise MemoryError("QuickJS has no memory left to hand out a string")
        text: bytes = _unpack(pointer, self._length[0])
        _free_cstring(self._context, pointer)
        return text

    def values(self, array: Any, count: int, *, text: Callable[[Any, Any], Value]) -> list[Value]:
        """The Python values of an array, as `to_python`; `text(value, place)` converts its strings.

        They are read from memory all at once, which costs a quarter of asking one by one.
        """
        interned = self._interned
        values: list[Value] = []
        add = values.append
        for low, high, tag in _read_values(_buffer(array, _VALUE_BYTES * count)):
            if tag == TAG_INT:
                add(low)
            elif tag == TAG_STRING or tag == TAG_STRING_ROPE:
                place = (low, high)
                known = interned.get(place)
                add(text(array[len(values)], place) if known is None else known)
            elif tag == TAG_BOOL:
                add(low != 0)
            elif tag == TAG_UNDEFINED:
                add(None)
            elif tag == TAG_OBJECT:
                add(self._bytes(array[len(values)]))
            else:
                add(self.to_python(array[len(values)]))
        return values

    def to_python(self, value: Any) -> Value:
        """The Python value of `value`, which stays its owner's.

        Raises TypeError for what does not cross: a mistake of a polyfill.
        """
        tag = value.tag
        if tag == TAG_STRING or tag == TAG_STRING_ROPE:
            return self.string(value)
        if tag == TAG_INT:
            low: int = value.u & 0xFFFFFFFF
            return low if low <= INT32_MAX else low - (1 << 32)
        if tag == TAG_UNDEFINED or tag == TAG_NULL:
            return None
        if tag == TAG_BOOL:
            return bool(value.u & 0xFFFFFFFF)
        if tag == TAG_FLOAT64:
            return _number(value.u)
        if tag == TAG_OBJECT:
            return self._bytes(value)
        raise TypeError(f"a JavaScript value with tag {tag} cannot cross to the host")

    def result(self, value: Any) -> Value:
        """Like `to_python`, but None for an object that is neither bytes nor buffer."""
        if value.tag == TAG_OBJECT and lib.JS_GetTypedArrayType(value) != TYPED_ARRAY_UINT8:
            return None
        return self.to_python(value)

    def _bytes(self, value: Any) -> bytes:
        pointer = _get_bytes(self._context, self._length, value)
        if pointer:
            content: bytes = _buffer(pointer, self._length[0])[:]
            return content
        # It is empty, or there is an exception which says that it is no Uint8Array.
        _free(self._context, lib.JS_GetException(self._context))
        if lib.JS_IsArrayBuffer(value):
            pointer = lib.JS_GetArrayBuffer(self._context, self._length, value)
        elif lib.JS_GetTypedArrayType(value) != TYPED_ARRAY_UINT8:
            raise TypeError("an object that is no Uint8Array cannot cross to the host")
        return _buffer(pointer, self._length[0])[:] if pointer else b""

    def write(self, slot: Any, value: Value) -> bool:
        """Put `value` into `slot` (a JSValue in memory); True if it has to be freed."""
        kind = value.__class__
        if kind is str:
            text = value.encode("utf-8", "surrogatepass")  # type: ignore[union-attr]
            made = _new_string(self._context, text, len(text))
        elif kind is int and INT32_MIN <= value <= INT32_MAX:  # type: ignore[operator]
            slot.u = value & 0xFFFFFFFF  # type: ignore[operator]
            slot.tag = TAG_INT
            return False
        elif value is None:
            slot.tag = TAG_UNDEFINED
            return False
        elif kind is bytes:
            made = lib.JS_NewUint8ArrayCopy(self._context, value, len(value))  # type: ignore[arg-type]
        elif kind is bool:
            slot.u = 1 if value else 0
            slot.tag = TAG_BOOL
            return False
        else:
            slot.u = _word.unpack(_double.pack(_exact_float(value)))[0]
            slot.tag = TAG_FLOAT64
            return False
        if made.tag == TAG_EXCEPTION:
            raise MemoryError("the isolate has no memory left for a value from the host")
        slot[0] = made
        return True


def _number(word: int) -> int | float:
    number: float = _double.unpack(_word.pack(word))[0]
    return int(number) if number.is_integer() and abs(number) < _EXACT else number


def _exact_float(value: Value) -> float:
    if isinstance(value, int) and abs(value) > _EXACT:
        raise TypeError(f"{value} is not exactly a JavaScript number")
    if not isinstance(value, int | float):
        raise TypeError(f"a {type(value).__name__} cannot cross to JavaScript")
    return float(value)
