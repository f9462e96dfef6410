"""SQL as its statements, where SQLite itself would say that each ends. Pure.

What is here takes time in proportion to the SQL's length, since that may come from anybody.

https://www.sqlite.org/c3ref/complete.html
"""

import re
from collections.abc import Iterator
from functools import cache

_BLANKS = r"[ \t\n\r\f]+|--[^\n]*|/\*.*?(?:\*/|\Z)"
_QUOTED = r"""'[^']*'?|"[^"]*"?|`[^`]*`?|\[[^\]]*\]?"""
_WORD = r"[A-Za-z0-9_$\x80-\U0010ffff]+"
_BLANK = " \t\n\r\v\f"

# Where a semicolon ends a statement: not within a trigger, whose end is told by `; END ;`.
_START, _PLAIN, _EXPLAIN, _CREATE, _TRIGGER, _SEMICOLON, _END = range(7)
# What follows each of these but _PLAIN: on a word or a semicolon, and on anything else.
_NEXT: dict[int, tuple[dict[str, int], int]] = {
    _START: ({";": _START, "explain": _EXPLAIN, "create": _CREATE}, _PLAIN),
    _EXPLAIN: (
        {
            ";": _START,
            "create": _CREATE,
            "explain": _PLAIN,
            "temp": _PLAIN,
            "temporary": _PLAIN,
            "trigger": _PLAIN,
            "end": _PLAIN,
        },
        _EXPLAIN,
    ),
    _CREATE: (
        {";": _START, "temp": _CREATE, "temporary": _CREATE, "trigger": _TRIGGER},
        _PLAIN,
    ),
    _TRIGGER: ({";": _SEMICOLON}, _TRIGGER),
    _SEMICOLON: ({";": _SEMICOLON, "end": _END}, _TRIGGER),
    _END: ({";": _START}, _TRIGGER),
}


# Compiled when they are first wanted: it takes each start 3 ms, and most scripts have no SQL.


@cache
def _token() -> re.Pattern[str]:
    return re.compile(rf"(?P<blank>{_BLANKS})|(?P<word>{_WORD})|{_QUOTED}|.", re.DOTALL)


@cache
def _to_semicolon() -> re.Pattern[str]:
    return re.compile(
        rf"""(?:[^;'"`\[/-]+|{_QUOTED}|{_BLANKS}|[/-])*+(?P<semicolon>;)?""", re.DOTALL
    )


@cache
def _empty() -> re.Pattern[str]:
    return re.compile(r"(?:[\s;]|--[^\n]*|/\*.*?(?:\*/|\Z))*+", re.DOTALL)


def statement_ends(sql: str) -> Iterator[int]:
    """The places behind the semicolons that end statements."""
    state = _START
    place = 0
    while place < len(sql):
        if state == _PLAIN:
            found = _to_semicolon().match(sql, place)
            assert found is not None, "it matches anything"
            state = _START
            place = found.end()
            if found["semicolon"]:
                yield place
            continue
        found = _token().match(sql, place)
        assert found is not None, "it matches anything"
        place = found.end()
        if found["blank"] is not None:
            continue
        token = found[0].lower() if found["word"] is not None else found[0]
        words, others = _NEXT[state]
        state = words.get(token, others)
        if state == _START:
            yield place


def split(sql: str) -> tuple[str, ...]:
    """The statements in `sql`, and what follows the last; each begins with what is not blank."""
    pieces = []
    start = 0
    for end in statement_ends(sql):
        pieces.append(sql[start:end])
        start = end
        while start < len(sql) and sql[start] in _BLANK:
            start += 1
    if start < len(sql) or not pieces:
        pieces.append(sql[start:])
    return tuple(pieces)


def is_empty(sql: str) -> bool:
    """Whether there is no statement in it, but comments at most."""
    return _empty().fullmatch(sql) is not None
