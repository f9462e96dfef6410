"""What a D1 database tells of itself, in the table that workerd's own files have.

Row 2 counts the requests that wrote, for bookmarks of sessions, as there. The others are
Holdfast's: when the last of them was, and when the database was made, which only those tell that
were made here.

https://github.com/cloudflare/workerd/blob/main/src/workerd/util/sqlite-metadata.c%2B%2B
"""

from typing import NamedTuple

import apsw

_WRITES, _CHANGED_MS, _BORN_MS = 2, 1_000, 1_001

_TABLE = """
CREATE TABLE IF NOT EXISTS _cf_METADATA (
        key INTEGER PRIMARY KEY,
        value BLOB
      );
"""
_HAS_TABLE = "SELECT 1 FROM sqlite_schema WHERE name = '_cf_METADATA'"
_IS_NEW = "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)"
_ROW = "SELECT value FROM _cf_METADATA WHERE key = ?"
_NEW_ROW = "INSERT OR IGNORE INTO _cf_METADATA VALUES (?, ?)"
_PUT = "INSERT OR REPLACE INTO _cf_METADATA VALUES (?, ?)"
_NOTE_WRITE = f"""
INSERT INTO _cf_METADATA VALUES ({_WRITES}, 1), ({_CHANGED_MS}, ?)
ON CONFLICT(key) DO UPDATE SET value = iif(key = {_WRITES}, value + 1, excluded.value)
"""  # noqa: S608 - numbers


class Metadata(NamedTuple):
    """How many requests wrote, the time of the last one, and that of the first moment."""

    writes: int
    changed_ms: float | None
    born_ms: float | None


def prepare(db: apsw.Connection, now_ms: float) -> None:
    """Have a database tell of itself, unless it does; one that is empty is made now."""
    if db.execute(_HAS_TABLE).fetchall() and _value(db, _WRITES) is not None:
        return
    db.execute("BEGIN IMMEDIATE")
    is_new = db.execute(_IS_NEW).get
    db.execute(_TABLE)
    db.execute(_NEW_ROW, (_WRITES, 0))
    if is_new:
        db.execute(_NEW_ROW, (_CHANGED_MS, int(now_ms)))
        db.execute(_NEW_ROW, (_BORN_MS, int(now_ms)))
    db.execute("COMMIT")


def note_write(db: apsw.Cursor, now_ms: float) -> None:
    """A request writes now. Of what the connection counts, this is a part."""
    db.execute(_NOTE_WRITE, (int(now_ms),))


def writes(db: apsw.Cursor | apsw.Connection) -> int:
    """How many requests may have written, the one under way included."""
    return int(_value(db, _WRITES) or 0)


def read(db: apsw.Cursor | apsw.Connection) -> Metadata:
    """All of it."""
    return Metadata(writes(db), _value(db, _CHANGED_MS), _value(db, _BORN_MS))


def put(db: apsw.Connection, told: Metadata) -> None:
    """Have a database tell this of itself."""
    db.execute(_TABLE)
    db.execute(_PUT, (_WRITES, told.writes))
    for key, value in ((_CHANGED_MS, told.changed_ms), (_BORN_MS, told.born_ms)):
        if value is not None:
            db.execute(_PUT, (key, int(value)))


def _value(db: apsw.Cursor | apsw.Connection, key: int) -> float | None:
    value = db.execute(_ROW, (key,)).get
    return value if isinstance(value, int | float) else None
