"""Which bytes of an object are wanted. Pure.

https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#ranged-reads
"""

import re
from collections.abc import Sequence
from typing import Any

from holdfast.storage.r2.errors import InvalidRange

_UNIT = re.compile(r" *bytes *=", re.IGNORECASE)
_ONE = re.compile(r" *+([0-9]*+) *+- *+([0-9]*+) *+")
_MAX_DIGITS = 18


def wanted_bytes(told: dict[str, Any] | str | None, size: int, parts: Sequence[int] = ()) -> range:
    """What is asked for of an object of `size` bytes: by numbers, or by a Range header.

    `{"part": n}` is the n-th of `parts`, by their sizes; an object that came at once has one.

    Raises InvalidRange for numbers that lead out of it; a header that does counts for nothing.
    """
    if told is None:
        return range(size)
    if isinstance(told, str):
        return _of_header(told, size)
    if "part" in told:
        return _part(told["part"], parts or [size])
    suffix: int | None = told.get("suffix")
    if suffix is not None:
        if suffix <= 0:
            raise InvalidRange
        offset, length = max(size - suffix, 0), min(suffix, size)
    else:
        offset = told.get("offset", 0)
        length = told.get("length", size - offset)
    wanted = range(offset, min(offset + length, size))
    if not wanted:
        raise InvalidRange
    return wanted


def _part(number: int, sizes: Sequence[int]) -> range:
    if not 1 <= number <= len(sizes):
        raise InvalidRange
    start = sum(sizes[: number - 1])
    return range(start, start + sizes[number - 1])


def _number(digits: str) -> int | None:
    """A number of bytes, or one that is larger than any object; None for no digits."""
    return int(digits.lstrip("0")[:_MAX_DIGITS] or 0) if digits else None


def _of_header(header: str, size: int) -> range:
    whole = range(size)
    unit = _UNIT.match(header)
    found = _ONE.fullmatch(header, unit.end()) if unit else None
    if found is None:
        return whole
    first, last = (_number(digits) for digits in found.groups())
    if first is not None:
        wanted = range(first, size if last is None else min(last, size - 1) + 1)
        is_there = first < size and (last is None or first <= last)
        return wanted if is_there else whole
    if not last or last >= size:
        return whole
    return range(size - last, size)
