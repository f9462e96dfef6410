"""Which bytes of an object are wanted. Pure.

https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#ranged-reads
"""

import re
from typing import Any

from holdfast.storage.r2.errors import InvalidRange

_UNIT = re.compile(r" *bytes *=", re.IGNORECASE)
_ONE = re.compile(r" *([0-9]*) *- *([0-9]*) *")


def wanted_bytes(told: dict[str, Any] | str | None, size: int) -> range:
    """What is asked for of an object of `size` bytes: by numbers, or by a Range header.

    Raises InvalidRange for numbers that lead out of it; a header that does counts for nothing.
    """
    if told is None:
        return range(size)
    if isinstance(told, str):
        return _of_header(told, size)
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


def _of_header(header: str, size: int) -> range:
    whole = range(size)
    unit = _UNIT.match(header)
    found = _ONE.fullmatch(header, unit.end()) if unit else None
    if found is None:
        return whole
    first, last = found[1], found[2]
    if first:
        wanted = range(int(first), min(int(last), size - 1) + 1 if last else size)
        is_there = int(first) < size and (not last or int(first) <= int(last))
        return wanted if is_there else whole
    if not last or int(last) == 0 or int(last) >= size:
        return whole
    return range(size - int(last), size)
