"""Dates as text, field by field.

What ICU keeps for a way to write dates is found by its locale, a tag whose extension has the
calendar and the digits, its pattern, and its zone. Spaces are plain where CLDR has narrow ones, as
in the data that V8 is built with.

https://tc39.es/ecma402/#sec-datetimeformat-abstracts
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from holdfast.engine.icu.date_patterns import (
    opened_form,
    skeleton_of,
    with_names,
    written_pattern,
)
from holdfast.engine.icu.formatted import Field, fields_in, source_in, text_in
from holdfast.engine.icu.library import IcuError, checked, ffi, icu, opened, utf16
from holdfast.engine.icu.tags import as_locale
from holdfast.engine.icu.time_zones import icu_name

Part = dict[str, str]  # `type`, `value`; in ranges `source`

MAX_UNITS = 1024  # of a date: one with every field has some 150

_START_OF_TIME = float(-(1 << 53))  # since when dates are Gregorian
_NO_GREGORIAN_CHANGE = 16  # U_UNSUPPORTED_ERROR
_PLAIN_SPACES = str.maketrans("\u2009\u202f", "  ")
_DATE_INTERVAL_SPAN = 0x1005  # UFIELD_CATEGORY_DATE_INTERVAL_SPAN
# By UDateFormatField. Those that no option asks for are in no pattern.
_TYPES = {
    **dict.fromkeys((1, 18, 19), "year"),
    **dict.fromkeys((2, 26), "month"),
    **dict.fromkeys((4, 5, 15, 16), "hour"),
    **dict.fromkeys((9, 20, 25), "weekday"),
    **dict.fromkeys((14, 35, 36), "dayPeriod"),
    **dict.fromkeys((17, 23, 24, 29, 31, 32, 33), "timeZoneName"),
    0: "era",
    3: "day",
    6: "minute",
    7: "second",
    8: "fractionalSecond",
    30: "yearName",
    34: "relatedYear",
}

_HOUR_CYCLE = re.compile(r"-hc-h\d\d")
_NAME = re.compile(r"G|([MLEc])\1\1")

_units = ffi.new("UChar[]", MAX_UNITS)
_start, _limit = ffi.new("int32_t *"), ffi.new("int32_t *")
_fields = opened(icu.ufieldpositer_close, icu.ufieldpositer_open)


class _Text:
    """A text that is cut by UTF-16 units."""

    def __init__(self, encoded: bytes) -> None:
        self._encoded = encoded
        self.length = len(encoded) // 2

    def piece(self, start: int, limit: int) -> str:
        return self._encoded[2 * start : 2 * limit].decode("utf-16-le").translate(_PLAIN_SPACES)


class _Intervals(NamedTuple):
    """What writes ranges: its formatter, the calendars of both ends, and what it has written."""

    formatter: Any
    calendars: tuple[Any, Any]
    result: Any


def date_text(locale: str, pattern: str, zone: str, ms: float) -> str:
    """A time in milliseconds since 1970 as text."""
    text = _written(locale, pattern, zone, ms)
    return text.piece(0, text.length)


def date_parts(locale: str, pattern: str, zone: str, ms: float) -> list[Part]:
    """The text in its parts."""
    text = _written(locale, pattern, zone, ms)
    places = _places(_fields_written(), text.length)
    return [{"type": kind, "value": text.piece(*place)} for kind, place in places]


def range_parts(
    locale: str, pattern: str, zone: str, hour_cycle: str, ends: tuple[float, float]
) -> list[Part]:
    """Two times as text in its parts; what they have in common is told once, and is `shared`.

    ICU has patterns of its own for that, with the fields of this one; `` if no hour is among them.
    """
    formatter, calendars, result = _intervals(locale, pattern, zone, hour_cycle)
    for calendar, ms in zip(calendars, ends, strict=True):
        checked(icu.ucal_setMillis, calendar, ms)
    checked(icu.udtitvfmt_formatCalendarToResult, formatter, *calendars, result)
    value = checked(icu.udtitvfmt_resultAsValue, result)
    spans: list[Field] = []
    fields: list[Field] = []
    for field in fields_in(value):
        (spans if field.category == _DATE_INTERVAL_SPAN else fields).append(field)
    if not spans:  # nothing that is written differs
        return [{**part, "source": "shared"} for part in date_parts(locale, pattern, zone, ends[0])]
    text = _Text(text_in(value).encode("utf-16-le"))
    places = _places((field[1:] for field in fields), text.length)
    return [
        {"type": kind, "value": text.piece(*place), "source": source_in(spans, *place)}
        for kind, place in places
    ]


def _places(
    fields: Iterable[tuple[int, int, int]], length: int
) -> Iterator[tuple[str, tuple[int, int]]]:
    """The types of all fields, and of what is between them, with where they begin and end."""
    at = 0
    for number, start, limit in fields:
        if at < start:
            yield "literal", (at, start)
        yield _TYPES[number], (start, limit)
        at = limit
    if at < length:
        yield "literal", (at, length)


def _written(locale: str, pattern: str, zone: str, ms: float) -> _Text:
    """The text, whose fields are in `_fields`."""
    form = _form(locale, pattern, zone)
    length = checked(icu.udat_formatForFields, form, ms, _units, MAX_UNITS, _fields)
    return _Text(ffi.buffer(_units, 2 * length)[:])


def _fields_written() -> Iterator[tuple[int, int, int]]:
    while (number := icu.ufieldpositer_next(_fields, _start, _limit)) >= 0:
        yield number, _start[0], _limit[0]


@lru_cache(64)
def _form(locale: str, pattern: str, zone: str) -> Any:
    form = opened_form(locale, pattern)
    icu.udat_setCalendar(form, _calendar(with_names(locale), zone))
    return form


@lru_cache(16)
def _intervals(locale: str, pattern: str, zone: str, hour_cycle: str) -> _Intervals:
    letters = written_pattern(opened_form(locale, pattern))
    named = with_names(locale) if _NAME.search(letters) else locale
    if hour_cycle:
        named = f"{_HOUR_CYCLE.sub('', named)}-hc-{hour_cycle}"
    texts = (*utf16(skeleton_of(letters)), *utf16(icu_name(zone)))
    formatter = opened(icu.udtitvfmt_close, icu.udtitvfmt_open, as_locale(named), *texts)
    result = opened(icu.udtitvfmt_closeResult, icu.udtitvfmt_openResult)
    return _Intervals(formatter, (_calendar(named, zone), _calendar(named, zone)), result)


def _calendar(locale: str, zone: str) -> Any:
    units = utf16(icu_name(zone))
    calendar = opened(icu.ucal_close, icu.ucal_open, *units, as_locale(locale), 0)
    try:
        checked(icu.ucal_setGregorianChange, calendar, _START_OF_TIME)
    except IcuError as error:
        if error.code != _NO_GREGORIAN_CHANGE:
            raise
    return calendar
