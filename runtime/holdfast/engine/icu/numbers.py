"""Numbers, by ICU's number skeletons.

https://unicode-org.github.io/icu/userguide/format_parse/numbers/skeletons.html
"""

from functools import lru_cache
from typing import Any

from holdfast.engine.icu.formatted import (
    SOURCES,
    Field,
    fields_in,
    pieces,
    source_in,
    text_in,
)
from holdfast.engine.icu.library import NULL, IcuError, checked, ffi, icu, opened, text_at, utf16
from holdfast.engine.icu.tags import as_locale

Number = int | float | str  # decimal digits, for what no double is

_NUMBER = 2  # UFIELD_CATEGORY_NUMBER
_RANGE_SPAN = 0x1002  # UFIELD_CATEGORY_NUMBER_RANGE_SPAN
_COLLAPSE_AUTO = 0
_APPROXIMATELY = 2  # where both ends are written the same

# UNumberFormatFields, as ECMA-402 calls them.
_TYPES = (
    "integer",
    "fraction",
    "decimal",
    "exponentSeparator",
    "exponentMinusSign",
    "exponentInteger",
    "group",
    "currency",
    "percentSign",
    "perMille",
    "minusSign",
    "unit",
    "compact",
    "approximatelySign",
)
_INTEGER, _PERCENT, _SIGN = 0, 8, 10


class NumberFormatter:
    """Writes numbers. unumf_openForSkeletonAndLocale."""

    def __init__(self, locale: str, skeleton: str) -> None:
        self._formatter = opened(
            icu.unumf_close,
            icu.unumf_openForSkeletonAndLocale,
            *utf16(skeleton),
            as_locale(locale),
        )
        self.result = opened(icu.unumf_closeResult, icu.unumf_openResult)
        self._value = checked(icu.unumf_resultAsValue, self.result)
        self._writes_units = "unit/" in skeleton

    def set(self, number: Number) -> None:
        """Have the number be what `result` is."""
        if isinstance(number, str):
            digits = number.encode()
            checked(icu.unumf_formatDecimal, self._formatter, digits, len(digits), self.result)
        else:
            checked(icu.unumf_formatDouble, self._formatter, number, self.result)

    def format(self, number: Number) -> str:
        """The number as a text."""
        self.set(number)
        return text_in(self._value)

    def parts(self, number: Number) -> list[dict[str, str]]:
        """The number as ECMA-402's parts, `{type, value}`."""
        self.set(number)
        return parts_in(self._value, _odd(number), writes_units=self._writes_units)


class RangeFormatter:
    """Writes ranges of numbers. unumrf_openForSkeletonWithCollapseAndIdentityFallback."""

    def __init__(self, locale: str, skeleton: str) -> None:
        self._formatter = opened(
            icu.unumrf_close,
            icu.unumrf_openForSkeletonWithCollapseAndIdentityFallback,
            *utf16(skeleton),
            _COLLAPSE_AUTO,
            _APPROXIMATELY,
            as_locale(locale),
            NULL,
        )
        self.result = opened(icu.unumrf_closeResult, icu.unumrf_openResult)
        self._value = checked(icu.unumrf_resultAsValue, self.result)
        self._writes_units = "unit/" in skeleton

    def set(self, start: str, end: str) -> None:
        """Have the range between two numbers in decimal digits be what `result` is."""
        first, last = start.encode(), end.encode()
        checked(
            icu.unumrf_formatDecimalRange,
            self._formatter,
            *(first, len(first), last, len(last)),
            self.result,
        )

    def format(self, start: str, end: str) -> str:
        """The range as a text."""
        self.set(start, end)
        return text_in(self._value)

    def parts(self, start: str, end: str) -> list[dict[str, str]]:
        """The range as ECMA-402's parts, `{type, value, source}`."""
        self.set(start, end)
        odd = dict(zip(SOURCES, (_odd(start), _odd(end)), strict=True))
        spans = [field for field in fields_in(self._value) if field.category == _RANGE_SPAN]
        parts = []
        for part, at, limit in _located(self._value, writes_units=self._writes_units):
            source = source_in(spans, at, limit)
            if part["type"] == "integer":
                part["type"] = odd.get(source) or "integer"
            parts.append({**part, "source": source})
        return parts


@lru_cache(maxsize=96)
def number_formatter(locale: str, skeleton: str) -> NumberFormatter:
    """The formatter of this locale and skeleton. Raises IcuError for a skeleton that is none."""
    return NumberFormatter(locale, skeleton)


@lru_cache(maxsize=16)
def range_formatter(locale: str, skeleton: str) -> RangeFormatter:
    """The same for ranges."""
    return RangeFormatter(locale, skeleton)


def parts_in(value: Any, odd: str | None, *, writes_units: bool = False) -> list[dict[str, str]]:
    """The parts of a UFormattedValue; `odd` is what the integer is called that is no number."""
    parts = [part for part, _, _ in _located(value, writes_units=writes_units)]
    if odd is not None:
        for part in parts:
            if part["type"] == "integer":
                part["type"] = odd
    return parts


def _located(value: Any, *, writes_units: bool) -> list[tuple[dict[str, str], int, int]]:
    """Each part, where it begins and where it ends."""
    units = text_in(value).encode("utf-16-le", "surrogatepass")
    fields = [field for field in fields_in(value) if field.category == _NUMBER]
    located = []
    for field, start, limit in pieces(len(units) // 2, fields):
        text = units[2 * start : 2 * limit].decode("utf-16-le", "surrogatepass")
        located.append(
            ({"type": _type(field, text, writes_units=writes_units), "value": text}, start, limit)
        )
    return located


def _type(field: Field | None, text: str, *, writes_units: bool) -> str:
    if field is None:
        return "literal"
    if field.field == _SIGN and "+" in text:
        return "plusSign"
    if field.field == _PERCENT and writes_units:
        return "unit"
    return _TYPES[field.field]


def _odd(number: Number) -> str | None:
    value = float(number) if not isinstance(number, str) or not number[-1:].isdigit() else 0.0
    if value != value:
        return "nan"
    return "infinity" if value in (float("inf"), float("-inf")) else None


def currency_digits(code: str) -> int:
    """How many digits a fraction of this currency has. ucurr_getDefaultFractionDigits."""
    units, _ = utf16(code + "\0")
    return int(checked(icu.ucurr_getDefaultFractionDigits, units))


@lru_cache(maxsize=64)
def time_separator(locale: str, numbering_system: str) -> str:
    """What stands between hours and minutes. CLDR's timeSeparator, which ures_… alone tells."""
    bundle = opened(icu.ures_close, icu.ures_open, NULL, as_locale(locale))
    length = ffi.new("int32_t *")
    try:
        for key in ("NumberElements", numbering_system, "symbols"):
            child = icu.ures_getByKeyWithFallback
            bundle = opened(icu.ures_close, child, bundle, key.encode(), NULL)
        found = icu.ures_getStringByKeyWithFallback
        return text_at(checked(found, bundle, b"timeSeparator", length), length[0])
    except IcuError:
        return ":"
