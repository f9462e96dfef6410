"""Texts divided into what their readers take for characters, words and sentences.

https://tc39.es/ecma402/#segmenter-objects
"""

from array import array
from collections import OrderedDict
from functools import lru_cache
from itertools import count
from typing import Any

from holdfast.engine.icu.library import NULL, checked, ffi, icu, opened, utf16
from holdfast.engine.icu.tags import as_locale

MAX_KEPT_TEXTS = 16  # of an isolate
MAX_KEPT_UNITS = 1 << 21  # of these, unless one alone has more
SEGMENTS_AT_ONCE = 512

_KINDS = {"grapheme": 0, "word": 1, "sentence": 3}  # UBreakIteratorType
_DONE = -1  # UBRK_DONE
_WORD_NONE_LIMIT = 100  # UBRK_WORD_NONE_LIMIT: spaces, punctuation
_PARSE_ERROR_BYTES = 72  # sizeof(UParseError)
_WORD_CHANGES = {
    "MidNumLet": r"-[\u002e\uff0e]",
    "MidNum": r"[\u002e\uff0e]",
    "MidLetter": r"-[\u003a\ufe55\uff1a]",
}


class _Divided:
    """A text with what divides it. It is read where it lies, so both are kept together."""

    def __init__(self, locale: str, granularity: str, text: str) -> None:
        self.is_words = granularity == "word"
        self._units, self.length = utf16(text)
        self.breaks = opened(icu.ubrk_close, icu.ubrk_clone, _divider(locale, granularity))
        checked(icu.ubrk_setText, self.breaks, self._units, self.length)

    def character_at(self, index: int) -> int:
        """The index, or the one before where that is in the middle of a character."""
        units = self._units
        is_pair = index > 0 and units[index] >> 10 == 0x37 and units[index - 1] >> 10 == 0x36
        return index - 1 if is_pair else index

    def end(self, at: int) -> int:
        """An end as it is told: below 0 for a word's."""
        is_word = self.is_words and icu.ubrk_getRuleStatus(self.breaks) >= _WORD_NONE_LIMIT
        return -at if is_word else at


class DividedTexts:
    """The texts that are divided for one isolate, by numbers.

    Its owner asks for their segments bit by bit. It gives a text again that there was no room for.
    """

    def __init__(self) -> None:
        self._texts: OrderedDict[int, _Divided] = OrderedDict()
        self._numbers = count(1)

    def divide(self, locale: str, granularity: str, text: str) -> int:
        """Divide a text; the number by which its segments are asked for."""
        divided, texts = _Divided(locale, granularity, text), self._texts
        while texts and (
            len(texts) >= MAX_KEPT_TEXTS or self._units + divided.length > MAX_KEPT_UNITS
        ):
            texts.popitem(last=False)
        number = next(self._numbers)
        texts[number] = divided
        return number

    def drop(self, number: int) -> None:
        """Forget a text that nobody asks for any more."""
        self._texts.pop(number, None)

    def ends_after(self, number: int, start: int) -> bytes | None:
        """Where the next segments end, in UTF-16 units; the first begins at `start`.

        As int32; an end of what is like a word is below 0. None if the text is not kept any more.
        """
        divided = self._recent(number)
        if divided is None:
            return None
        ends = array("i")
        at = icu.ubrk_following(divided.breaks, start)
        while at != _DONE:
            ends.append(divided.end(at))
            if len(ends) == SEGMENTS_AT_ONCE:
                break
            at = icu.ubrk_next(divided.breaks)
        return ends.tobytes()

    def segment_at(self, number: int, index: int) -> bytes | None:
        """Where the segment begins that has the unit at `index` in it, and its end: two int32."""
        divided = self._recent(number)
        if divided is None:
            return None
        breaks, at = divided.breaks, divided.character_at(index)
        start = at if icu.ubrk_isBoundary(breaks, at) else icu.ubrk_preceding(breaks, at)
        return array("i", [start, divided.end(icu.ubrk_following(breaks, at))]).tobytes()

    @property
    def _units(self) -> int:
        return sum(divided.length for divided in self._texts.values())

    def _recent(self, number: int) -> _Divided | None:
        divided = self._texts.get(number)
        if divided is not None:
            self._texts.move_to_end(number)
        return divided


@lru_cache(64)
def _divider(locale: str, granularity: str) -> Any:
    kind = _KINDS[granularity]
    divider = opened(icu.ubrk_close, icu.ubrk_open, kind, as_locale(locale), NULL, 0)
    return _word_divider(_rules_of(divider)) if granularity == "word" else divider


@lru_cache(4)
def _word_divider(rules: str) -> Any:
    """ICU's own, but for V8's changes: a full stop joins figures only, and a colon nothing."""
    for name, change in _WORD_CHANGES.items():
        known = f"${name}=[\\p{{Word_Break={name}}}"
        rules = rules.replace(f"{known}]", f"{known}{change}]")
    error = ffi.new("char[]", _PARSE_ERROR_BYTES)
    return opened(icu.ubrk_close, icu.ubrk_openRules, *utf16(rules), NULL, 0, error)


def _rules_of(divider: Any) -> str:
    """The rules as they were written, which are kept at the end of what was made of them."""
    length = ffi.new("UErrorCode *")
    size = icu.ubrk_getBinaryRules(divider, NULL, 0, length)
    compiled = ffi.new("uint8_t[]", size)
    checked(icu.ubrk_getBinaryRules, divider, compiled, size)
    text = ffi.buffer(compiled)[:].rstrip(b"\0").rpartition(b"\0")[2]
    return str(text[text.index(b"!!") :], "utf-8")
