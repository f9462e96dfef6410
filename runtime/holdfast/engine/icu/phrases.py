"""What languages do with numbers and words: plurals, lists, and times told from now."""

from functools import lru_cache
from typing import Any

from holdfast.engine.icu.formatted import fields_in, text_in
from holdfast.engine.icu.library import (
    NULL,
    checked,
    ffi,
    icu,
    names_in,
    opened,
    text_at,
    text_of,
    utf16,
)
from holdfast.engine.icu.numbers import Number, number_formatter, parts_in, range_formatter
from holdfast.engine.icu.tags import as_locale

Part = dict[str, str]

# In the order of ICU's enums.
_PLURALS = ("cardinal", "ordinal")
_LISTS = ("conjunction", "disjunction", "unit")
_WIDTHS = ("long", "short", "narrow")
_UNITS = ("year", "quarter", "month", "week", "day", "hour", "minute", "second")

_LIST, _ELEMENT = 3, 1  # UFIELD_CATEGORY_LIST, ULISTFMT_ELEMENT_FIELD
_DECIMAL = 1  # UNUM_DECIMAL
_MINIMUM_GROUPING_DIGITS = 22  # UNUM_MINIMUM_GROUPING_DIGITS
_AUTO = -2
_CAPITALIZATION_NONE = 0x100  # UDISPCTX_CAPITALIZATION_NONE


class PluralRules:
    """The plural category of a number, once it is written. uplrules_openForType."""

    def __init__(self, locale: str, kind: str) -> None:
        self._locale = locale
        self._rules = opened(
            icu.uplrules_close,
            icu.uplrules_openForType,
            as_locale(locale),
            _PLURALS.index(kind),
        )

    def select(self, skeleton: str, number: Number) -> str:
        """The category of a number that is written as the skeleton says."""
        formatter = number_formatter(self._locale, skeleton)
        formatter.set(number)
        return text_of(icu.uplrules_selectFormatted, self._rules, formatter.result, units=16)

    def select_range(self, skeleton: str, start: str, end: str) -> str:
        """The category of a range between two numbers, both in decimal digits."""
        formatter = range_formatter(self._locale, skeleton)
        formatter.set(start, end)
        return text_of(icu.uplrules_selectForRange, self._rules, formatter.result, units=16)

    def categories(self) -> list[str]:
        """The categories that the language tells apart."""
        return names_in(checked(icu.uplrules_getKeywords, self._rules))


@lru_cache(maxsize=48)
def plural_rules(locale: str, kind: str) -> PluralRules:
    """The rules of this locale, "cardinal" or "ordinal"."""
    return PluralRules(locale, kind)


class ListFormatter:
    """Joins texts. ulistfmt_openForType."""

    def __init__(self, locale: str, kind: str, style: str) -> None:
        self._formatter = opened(
            icu.ulistfmt_close,
            icu.ulistfmt_openForType,
            as_locale(locale),
            _LISTS.index(kind),
            _WIDTHS.index(style),
        )

    def _formatted(self, items: list[str]) -> Any:
        result = opened(icu.ulistfmt_closeResult, icu.ulistfmt_openResult)
        texts = [utf16(item) for item in items]
        pointers = ffi.new("const UChar *[]", [units for units, _ in texts])
        lengths = ffi.new("int32_t[]", [length for _, length in texts])
        checked(
            icu.ulistfmt_formatStringsToResult,
            *(self._formatter, pointers, lengths, len(texts), result),
        )
        return result

    def format(self, items: list[str]) -> str:
        """The list as a text."""
        result = self._formatted(items)
        return text_in(checked(icu.ulistfmt_resultAsValue, result))

    def parts(self, items: list[str]) -> list[Part]:
        """The list as ECMA-402's parts."""
        result = self._formatted(items)
        value = checked(icu.ulistfmt_resultAsValue, result)
        units, length = utf16(text_in(value))
        elements = sorted(
            (field.start, field.limit)
            for field in fields_in(value)
            if field.category == _LIST and field.field == _ELEMENT
        )
        parts: list[Part] = []
        at = 0
        for start, limit in elements:
            if at < start:
                parts.append({"type": "literal", "value": text_at(units + at, start - at)})
            parts.append({"type": "element", "value": text_at(units + start, limit - start)})
            at = limit
        if at < length:
            parts.append({"type": "literal", "value": text_at(units + at, length - at)})
        return parts


@lru_cache(maxsize=48)
def list_formatter(locale: str, kind: str, style: str) -> ListFormatter:
    """The formatter of this locale, kind ("conjunction", …) and style ("long", …)."""
    return ListFormatter(locale, kind, style)


class RelativeFormatter:
    """Times told from now, such as "in 3 days". ureldatefmt_open."""

    def __init__(self, locale: str, style: str) -> None:
        name = as_locale(locale)
        # The formatter of relative times is the one that closes it.
        numbers = checked(icu.unum_open, _DECIMAL, NULL, 0, name, NULL)
        icu.unum_setAttribute(numbers, _MINIMUM_GROUPING_DIGITS, _AUTO)
        self._formatter = opened(
            icu.ureldatefmt_close,
            icu.ureldatefmt_open,
            *(name, numbers, _WIDTHS.index(style), _CAPITALIZATION_NONE),
        )
        self._result = opened(icu.ureldatefmt_closeResult, icu.ureldatefmt_openResult)
        self._value = checked(icu.ureldatefmt_resultAsValue, self._result)

    def _set(self, number: float, unit: str, *, in_words: bool) -> None:
        function = (
            icu.ureldatefmt_formatToResult if in_words else icu.ureldatefmt_formatNumericToResult
        )
        checked(function, self._formatter, number, _UNITS.index(unit), self._result)

    def format(self, number: float, unit: str, *, in_words: bool) -> str:
        """The time as a text; in words, such as "tomorrow", where there are some."""
        self._set(number, unit, in_words=in_words)
        return text_in(self._value)

    def parts(self, number: float, unit: str, *, in_words: bool) -> list[Part]:
        """The time as ECMA-402's parts."""
        self._set(number, unit, in_words=in_words)
        return [
            {**part, "unit": unit} if part["type"] != "literal" else part
            for part in parts_in(self._value, None)
        ]


@lru_cache(maxsize=48)
def relative_formatter(locale: str, style: str) -> RelativeFormatter:
    """The formatter of this locale and style ("long", …)."""
    return RelativeFormatter(locale, style)
