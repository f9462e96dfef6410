"""JSON that may be large, read and written so that other threads have turns meanwhile.

Python's JSON is C, and keeps Python's lock until it has done, on whichever thread: 100 MB would
hold up the loop for a second. The lock is given away where a function of Python's is called, so
one is for each object and number that is read, and what is written is written in pieces.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

_DEPTH = 4  # of what is cut into pieces


def loads(text: str | bytes | bytearray, *, refuse: Callable[[str], Any] | None = None) -> Any:
    """As json.loads; `refuse` is asked for what NaN and the infinities are."""
    return json.loads(text, object_hook=_as_it_is, parse_int=_integer, parse_constant=refuse)


def dumps(value: Any) -> str:
    """As json.dumps."""
    return "".join(_pieces(value, _DEPTH))


def _as_it_is(read: dict[str, Any]) -> dict[str, Any]:
    return read


def _integer(digits: str) -> int:
    return int(digits)


def _pieces(value: Any, depth: int) -> Iterator[str]:
    if depth and type(value) is list and value:
        before = "["
        for item in value:
            yield before
            yield from _pieces(item, depth - 1)
            before = ", "
        yield "]"
    elif depth and type(value) is dict and all(type(name) is str for name in value) and value:
        before = "{"
        for name, item in value.items():
            yield f"{before}{json.dumps(name)}: "
            yield from _pieces(item, depth - 1)
            before = ", "
        yield "}"
    else:
        yield json.dumps(value)
