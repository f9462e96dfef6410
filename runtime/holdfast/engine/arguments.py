"""Arguments of calls into an isolate, written as the engine reads them.

An event is a call with half a dozen values, so they are packed into memory all at once, and
strings that come again, as a client's headers do with each of its requests, are made once:
the second time that one comes it is kept. Those that come again together need not even be
looked for one by one.
"""

import struct
from collections.abc import Sequence
from typing import Any

from holdfast.engine.errors import NoRoom
from holdfast.engine.handle import Handle
from holdfast.engine.library import TAG_BOOL, TAG_INT, TAG_STRING, TAG_UNDEFINED, ffi, lib
from holdfast.engine.values import INT32_MAX, INT32_MIN, Converter, Value

MAX_ARGUMENTS = 16
MAX_KEPT_LENGTH = 1024
MAX_REMEMBERED = 2048

# So many JSValues as they are in memory: the word and the tag of each.
_layouts = [struct.Struct("<" + "Qq" * count) for count in range(MAX_ARGUMENTS + 1)]
_new_string = lib.JS_NewStringLen
_free = lib.JS_FreeValue

_CAME_ONCE = 0


class Together(tuple[str, ...]):
    """Strings that are likely to come again, all of them: so many arguments of a call."""

    __slots__ = ()


class Arguments:
    """Memory for the arguments of one call at a time, and what they are on loan from.

    JS_NewStringLen, JS_FreeValue.
    """

    __slots__ = (
        "_buffer",
        "_context",
        "_converter",
        "_groups",
        "_kept",
        "_made",
        "_words",
        "memory",
    )

    def __init__(self, context: Any, converter: Converter) -> None:
        self._context = context
        self._converter = converter
        self.memory = ffi.new("JSValue[]", MAX_ARGUMENTS)
        self._buffer = ffi.buffer(self.memory)
        self._made: list[Any] = []  # for the call under way
        self._kept: list[Any] = []
        self._words: dict[str, int] = {}  # of strings that are kept, or have come once
        self._groups: dict[Together, tuple[int, ...]] = {}  # words and tags of kept ones
        self.forget()

    def forget(self) -> None:
        """Let go of the strings that are kept; between two calls."""
        for string in self.take_kept():
            _free(self._context, string)

    def take_kept(self) -> list[Any]:
        """The strings that are kept, to be freed by the caller; between two calls."""
        kept, self._kept = self._kept, []
        self._groups.clear()
        self._words = dict(self._converter.interned_words)
        return kept

    def lend(self, values: Sequence[Value | Handle | Together]) -> int:
        """Put the values into `memory` for a call, to be taken back after it; how many they are.

        Raises NoRoom, and nothing is lent. JS_GetException.
        """
        words: list[int] = []
        known = self._words.get
        value: Any
        try:
            for value in values:
                kind = value.__class__
                if kind is str:
                    is_short = len(value) <= MAX_KEPT_LENGTH
                    words += ((is_short and known(value)) or self._string(value), TAG_STRING)
                elif kind is int and INT32_MIN <= value <= INT32_MAX:
                    words += (value & 0xFFFFFFFF, TAG_INT)
                elif kind is Together:
                    words += self._groups.get(value) or self._group(value)
                elif value is None:
                    words += (0, TAG_UNDEFINED)
                elif kind is bool:
                    words += (1 if value else 0, TAG_BOOL)
                else:
                    made = value.value if kind is Handle else self._other(value)
                    words += (made.u, made.tag)
        except MemoryError as error:
            self.take_back()
            _free(self._context, lib.JS_GetException(self._context))
            raise NoRoom(str(error)) from None
        except BaseException:
            self.take_back()
            raise
        count = len(words) // 2
        _layouts[count].pack_into(self._buffer, 0, *words)
        return count

    def take_back(self) -> None:
        """The call is over."""
        made = self._made
        if made:
            for value in made:
                _free(self._context, value)
            made.clear()
            if len(self._words) > MAX_REMEMBERED:  # which only strings that were made add to
                self.forget()

    def _string(self, text: str) -> int:
        may_be_kept = len(text) <= MAX_KEPT_LENGTH
        word = self._words.get(text) if may_be_kept else None
        if word:
            return word
        encoded = text.encode("utf-8", "surrogatepass")
        made = _new_string(self._context, encoded, len(encoded))
        if made.tag != TAG_STRING:
            raise MemoryError("the isolate has no memory left for a value from the host")
        address: int = made.u
        if word == _CAME_ONCE:
            self._words[text] = address
            self._kept.append(made)
            return address
        if may_be_kept:
            self._words[text] = _CAME_ONCE
        self._made.append(made)
        return address

    def _group(self, strings: Together) -> tuple[int, ...]:
        made = len(self._made)
        words = tuple(word for string in strings for word in (self._string(string), TAG_STRING))
        if len(self._made) == made:  # they are kept
            self._groups[strings] = words
        return words

    def _other(self, value: Any) -> Any:
        slot = ffi.new("JSValue *")
        if self._converter.write(slot, value):
            self._made.append(slot[0])
        return slot[0]
