"""KV namespaces: keys and values that all Workers of a server may share.

One database for all namespaces, `<data>/kv.sqlite`. Each write is on the disk before the
call returns. What has expired is never returned, and removed by later writes.

https://developers.cloudflare.com/kv/
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from holdfast.dataclass import dataclass
from holdfast.storage.shared_file import SharedFile

_PURGED_AT_ONCE = 100  # expired entries that one write removes

_SCHEMA = """
CREATE TABLE IF NOT EXISTS namespaces (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS entries (
    namespace TEXT NOT NULL,
    key BLOB NOT NULL,
    value BLOB NOT NULL,
    metadata TEXT,
    expiration INTEGER,
    PRIMARY KEY (namespace, key)
) STRICT;
CREATE INDEX IF NOT EXISTS entries_by_expiration ON entries(expiration)
    WHERE expiration IS NOT NULL;
"""

_PUT = """
INSERT INTO entries VALUES (?,?,?,?,?) ON CONFLICT DO UPDATE SET
    value = excluded.value, metadata = excluded.metadata, expiration = excluded.expiration
"""
_GET = """
SELECT value, metadata, expiration FROM entries
WHERE namespace = ? AND key = ? AND (expiration IS NULL OR expiration > ?)
"""
_LIST = """
SELECT key, metadata, expiration FROM entries
WHERE namespace = ? AND key > ? AND key >= ? AND (expiration IS NULL OR expiration > ?)
ORDER BY key
"""
_PURGE = (
    "DELETE FROM entries WHERE rowid IN (SELECT rowid FROM entries WHERE expiration <= ? LIMIT ?)"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What is kept under a key: `metadata` is JSON, `expiration` seconds since the epoch."""

    key: str
    value: bytes
    metadata: str | None = None
    expiration: int | None = None


@dataclass(frozen=True, slots=True)
class KeyValueNamespace:
    """A namespace that was created: its id and what people call it."""

    id: str
    title: str


class KeyValueStore:
    """Every KV namespace of a server. Its methods block, and may be called from any thread.

    The file is made with the first write. Raises StorageError where the disk fails.
    """

    def __init__(self, path: Path) -> None:
        self._file = SharedFile(path, _SCHEMA, "The KV namespaces")
        self._reading, self._writing = self._file.reading, self._file.writing

    # ---- entries -------------------------------------------------------------------

    def get(self, namespace: str, key: str, now_s: float) -> Entry | None:
        """What a key holds; None where there is nothing, or where it has expired."""
        with self._reading() as db:
            row = db and db.execute(_GET, (namespace, _bytes(key), int(now_s))).fetchone()
        return Entry(key, *row) if row else None

    def put(self, namespace: str, entries: Iterable[Entry], now_s: float) -> None:
        """Keep entries, all or none of them, in place of what their keys held."""
        with self._writing() as db:
            db.execute(_PURGE, (int(now_s), _PURGED_AT_ONCE))
            for entry in entries:
                values = (_bytes(entry.key), entry.value, entry.metadata, entry.expiration)
                db.execute(_PUT, (namespace, *values))

    def delete(self, namespace: str, keys: Sequence[str]) -> None:
        """Remove keys; those that are not there count as removed."""
        with self._writing() as db:
            for key in keys:
                sql = "DELETE FROM entries WHERE namespace = ? AND key = ?"
                db.execute(sql, (namespace, _bytes(key)))

    def page(
        self, namespace: str, now_s: float, *, prefix: str = "", after: str = "", limit: int
    ) -> tuple[list[Entry], bool]:
        """Entries in the order of their keys' UTF-8, without values; and whether more follow.

        Those that begin with `prefix` and come after the key `after`.
        """
        start = _bytes(prefix)
        found: list[Entry] = []
        with self._reading() as db:
            if db is None:
                return [], False
            for row in db.execute(_LIST, (namespace, _bytes(after), start, int(now_s))):
                key, metadata, expiration = row
                if not key.startswith(start):
                    break
                if len(found) == limit:
                    return found, True
                found.append(Entry(key.decode(), b"", metadata, expiration))
        return found, False

    # ---- namespaces ------------------------------------------------------------------

    def namespaces(self) -> list[KeyValueNamespace]:
        """The namespaces that were created, by title."""
        with self._reading() as db:
            sql = "SELECT id, title FROM namespaces ORDER BY title, id"
            return [KeyValueNamespace(*row) for row in db.execute(sql)] if db else []

    def namespace(self, namespace_id: str) -> KeyValueNamespace | None:
        """The namespace with this id."""
        return next((found for found in self.namespaces() if found.id == namespace_id), None)

    def put_namespace(self, namespace: KeyValueNamespace) -> None:
        """Create a namespace, or give one another title."""
        with self._writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO namespaces VALUES (?,?)", (namespace.id, namespace.title)
            )

    def delete_namespace(self, namespace_id: str) -> None:
        """Remove a namespace and all that it holds."""
        with self._writing() as db:
            db.execute("DELETE FROM namespaces WHERE id = ?", (namespace_id,))
            db.execute("DELETE FROM entries WHERE namespace = ?", (namespace_id,))

    def close(self) -> None:
        """Close the file. Later calls open it again."""
        self._file.close()


def _bytes(key: str) -> bytes:
    return key.encode("utf-8", "replace")
