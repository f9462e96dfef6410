"""A D1 database as SQL that makes it again, in the form of `wrangler d1 export`.

https://developers.cloudflare.com/d1/best-practices/import-export-data/
"""

import math
from collections.abc import Collection, Iterator
from typing import Any, cast

import apsw

from holdfast.dataclass import dataclass
from holdfast.storage.authorizer import is_allowed_name
from holdfast.storage.d1.connection import D1Error
from holdfast.storage.quoting import identifier, literal

VIRTUAL = "D1 Export error: cannot export databases with Virtual Tables (fts5)"

_TABLES = """
SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql IS NOT NULL
ORDER BY name = 'sqlite_sequence', rowid
"""
_OTHERS = """
SELECT tbl_name, sql FROM sqlite_schema
WHERE type IN ('index', 'trigger', 'view') AND sql IS NOT NULL ORDER BY type, rowid
"""


@dataclass(frozen=True, slots=True)
class DumpOptions:
    """What is left out: the schema, the rows, or all tables but these, if there are any."""

    no_schema: bool = False
    no_data: bool = False
    tables: Collection[str] = ()

    def includes(self, table: str) -> bool:
        """Whether a table is wanted."""
        return not self.tables or table in self.tables


def dump(db: apsw.Connection, options: DumpOptions) -> Iterator[str]:
    """Statements, each with its semicolon. Raises D1Error for what cannot be told by them.

    Blocks; within one transaction, or statements of several moments may meet.
    """
    yield "PRAGMA defer_foreign_keys=TRUE;"
    for name, sql in cast("list[tuple[str, str]]", db.execute(_TABLES).fetchall()):
        if (
            not options.includes(name)
            or not is_allowed_name(name)
            or name.startswith("sqlite_stat")
        ):
            continue
        if sql.upper().startswith("CREATE VIRTUAL TABLE"):
            raise D1Error(VIRTUAL)
        if name == "sqlite_sequence":
            if not options.no_schema:
                yield "DELETE FROM sqlite_sequence;"
        elif not options.no_schema:
            yield f"{sql};"
        if not options.no_data:
            yield from _rows(db, name)
    if not options.no_schema:
        for table, sql in cast("list[tuple[str, str]]", db.execute(_OTHERS).fetchall()):
            if options.includes(table) and is_allowed_name(table):
                yield f"{sql};"


def _rows(db: apsw.Connection, table: str) -> Iterator[str]:
    columns = db.execute("SELECT name FROM pragma_table_info(?)", (table,))
    names = ",".join(identifier(str(name)) for (name,) in columns)
    for row in db.execute(f"SELECT {names} FROM {identifier(table)}"):  # noqa: S608 (quoted)
        values = ",".join(_literal(value) for value in row)
        yield f"INSERT INTO {identifier(table)} ({names}) VALUES({values});"


def _literal(value: Any) -> str:
    match value:
        case None:
            return "NULL"
        case bytes():
            return f"X'{value.hex()}'"
        case str():
            return _text(value)
        case float() if not math.isfinite(value):
            return "9e999" if value > 0 else "-9e999"
    return repr(value)


def _text(text: str) -> str:
    """A literal in one line, in which no NUL ends the statement."""
    quoted = literal(text)
    for character, escape, code in (("\n", "\\n", 10), ("\r", "\\r", 13), ("\0", "\\0", 0)):
        if character in quoted:
            escape = _unused(escape, quoted)
            quoted = f"replace({quoted.replace(character, escape)},'{escape}',char({code}))"
    return quoted


def _unused(escape: str, text: str) -> str:
    while escape in text:
        escape = f"\\{escape}"
    return escape
