"""Objects as rows."""

import json
from collections.abc import Sequence
from typing import Any

import apsw

from holdfast.storage.r2.conditions import Condition
from holdfast.storage.r2.errors import InvalidObjectName, PreconditionFailed
from holdfast.storage.r2.objects import Metadata, StoredObject
from holdfast.storage.r2.schema import PUT

MAX_KEY_BYTES = 1_024


def key_bytes(key: str) -> bytes:
    """A key as it is stored."""
    return key.encode("utf-8", "replace")


def checked_key(key: str) -> bytes:
    """The same of a key that an object can have. Raises InvalidObjectName for others."""
    stored = key_bytes(key)
    if len(stored) > MAX_KEY_BYTES:
        raise InvalidObjectName
    return stored


def object_of_row(row: Sequence[Any]) -> StoredObject:
    """The object of a row of `COLUMNS`."""
    key, version, size, etag, uploaded, checksums, http, custom, storage_class = row
    metadata = Metadata(json.loads(http), json.loads(custom), storage_class)
    return StoredObject(
        key.decode(), version, size, etag, uploaded, json.loads(checksums), metadata
    )


def insert_object(db: apsw.Connection, stored: StoredObject, content: str, *, parts: int) -> None:
    """Write an object's row in the place of one before."""
    db.execute(
        PUT,
        (
            content,
            parts,
            key_bytes(stored.key),
            stored.version,
            stored.size,
            stored.etag,
            stored.uploaded,
            json.dumps(stored.checksums),
            *stored.metadata.row,
        ),
    )


def require(db: apsw.Connection, key: bytes, condition: Condition) -> None:
    """Raise PreconditionFailed where a condition does not hold for the object, or its absence."""
    before = db.execute("SELECT etag, uploaded FROM objects WHERE key = ?", (key,)).fetchone()
    if not (condition.holds_without() if before is None else condition.holds(*before)):
        raise PreconditionFailed


def replaced_content(db: apsw.Connection, key: bytes) -> str | None:
    """The content that an object has until now: noted as garbage. None without an object."""
    row = db.execute("SELECT content, parts FROM objects WHERE key = ?", (key,)).fetchone()
    if row is None:
        return None
    content: str = row[0]
    if row[1]:
        db.execute("DELETE FROM parts WHERE content = ?", (content,))
    return note_garbage(db, content)


def note_garbage(db: apsw.Connection, content: str) -> str:
    """Note a content as garbage; the content."""
    db.execute("INSERT OR IGNORE INTO garbage VALUES (?)", (content,))
    return content
