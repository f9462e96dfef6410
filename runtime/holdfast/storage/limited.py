"""DELETE and UPDATE with ORDER BY and LIMIT, in words that every SQLite knows.

workerd's SQLite is built with those, APSW's without. Where they are there, SQLite does no other
than the statement that is made here: it looks for the rows, and then takes them by their rowid.

https://sqlite.org/lang_delete.html#optional_limit_and_order_by_clauses
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<word>[^\W\d][\w$]*)"""
    r"""|'[^']*'?|"[^"]*"?|`[^`]*`?|\[[^\]]*\]?"""  # what does not end goes on to the end
    r"""|--[^\n]*|/\*.*?(?:\*/|\Z)|[\w.]+|\s+|(?P<mark>.)""",
    re.DOTALL,
)
_BINDING = re.compile(r"[?:@$]")
_CLAUSES = ("WHERE", "RETURNING", "ORDER", "LIMIT")  # as they follow each other


class _Word(NamedTuple):
    """A word, or a semicolon, that stands in no parentheses."""

    text: str
    start: int
    end: int


def without_limit(sql: str) -> str | None:
    """What does the same as a DELETE or UPDATE with a LIMIT; None for what is none. Pure.

    None, too, where it cannot be said: of an UPDATE with FROM, and with bindings in RETURNING,
    whose order would be another one. It is for tables that have a rowid.
    """
    words = list(_words(sql))
    end = next((word.start for word in words if word.text == ";"), len(sql))
    begun = [word for word in words if word.text in _CLAUSES]
    ends = [*(word.start for word in begun[1:]), end]
    clauses = {word.text: sql[word.start : to] for word, to in zip(begun, ends, strict=False)}
    if "LIMIT" not in clauses or _BINDING.search(clauses.get("RETURNING", "")):
        return None
    if [word.text for word in begun] != [name for name in _CLAUSES if name in clauses]:
        return None
    head = sql[: begun[0].start]
    table = _table(head, words[: words.index(begun[0])])
    if table is None:
        return None
    where, returning, order, limit = (clauses.get(name, "") for name in _CLAUSES)
    chosen = f"SELECT _rowid_ FROM {table}\n{where}\n{order}\n{limit}"  # noqa: S608  (the script's own)
    return f"{head}\nWHERE _rowid_ IN ({chosen}\n)\n{returning}"


def _table(head: str, words: Sequence[_Word]) -> str | None:
    """The table that is changed, with its alias, as the statement names it before its clauses."""
    texts = [word.text for word in words]
    verb = next((i for i, text in enumerate(texts) if text in ("DELETE", "UPDATE")), None)
    if verb is None or texts[0] not in ("WITH", "DELETE", "UPDATE"):
        return None
    if texts[verb] == "DELETE":
        return head[words[verb + 1].end :] if texts[verb + 1 :][:1] == ["FROM"] else None
    before = verb + 2 if texts[verb + 1 :][:1] == ["OR"] else verb
    if "SET" not in texts[before:]:
        return None
    behind = texts.index("SET", before)
    if any(texts[i] == "FROM" and texts[i - 1] != "DISTINCT" for i in range(behind, len(texts))):
        return None
    return head[words[before].end : words[behind].start]


def _words(sql: str) -> Iterator[_Word]:
    depth = 0
    for found in _TOKEN.finditer(sql):
        mark = found["mark"]
        depth += (mark == "(") - (mark == ")")
        word = ";" if mark == ";" else found["word"]
        if word and depth == 0:
            yield _Word(word.upper(), found.start(), found.end())
