"""What a formatter of ICU gives: a text, and the fields in it.

https://unicode-org.github.io/icu/userguide/format_parse/
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from holdfast.engine.icu.library import checked, ffi, icu, text_at

_POSITION = ffi.gc(checked(icu.ucfpos_open), icu.ucfpos_close)
_START, _LIMIT = ffi.new("int32_t *"), ffi.new("int32_t *")
_LENGTH = ffi.new("int32_t *")

SOURCES = ("startRange", "endRange")


class Field(NamedTuple):
    """A stretch of a text, from `start` to `limit` in UTF-16 units."""

    category: int
    field: int
    start: int
    limit: int


def text_in(value: Any) -> str:
    """The text of a UFormattedValue. Raises IcuError."""
    units = checked(icu.ufmtval_getString, value, _LENGTH)
    return text_at(units, _LENGTH[0])


def fields_in(value: Any) -> Iterator[Field]:
    """The fields of a UFormattedValue. Raises IcuError."""
    checked(icu.ucfpos_reset, _POSITION)
    while checked(icu.ufmtval_nextPosition, value, _POSITION):
        checked(icu.ucfpos_getIndexes, _POSITION, _START, _LIMIT)
        yield Field(
            checked(icu.ucfpos_getCategory, _POSITION),
            checked(icu.ucfpos_getField, _POSITION),
            _START[0],
            _LIMIT[0],
        )


def source_in(spans: Iterable[Field], start: int, limit: int) -> str:
    """Of which end of a range a stretch is, as ECMA-402 tells it, by the spans of both."""
    within = (span for span in spans if span.start <= start and limit <= span.limit)
    span = next(within, None)
    return SOURCES[span.field] if span else "shared"


def pieces(length: int, fields: Iterable[Field]) -> Iterator[tuple[Field | None, int, int]]:
    """The text cut where a field begins or ends: `(the innermost field, start, limit)`.

    Fields within fields, such as the group separators of an integer, cut those.
    """
    around: list[Field] = []
    at = 0
    ordered = sorted(fields, key=lambda field: (field.start, -field.limit, field.field))
    for field in [*ordered, Field(0, 0, length, length)]:
        while around and around[-1].limit <= field.start:
            inner = around.pop()
            if at < inner.limit:
                yield inner, at, inner.limit
                at = inner.limit
        if at < field.start:
            yield around[-1] if around else None, at, field.start
            at = field.start
        around.append(field)
