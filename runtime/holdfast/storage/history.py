"""An object's past: what its database was at certain moments, for point-in-time recovery.

A *mark* is the whole database at the end of a commit, told by a *bookmark*: a string that is
greater than those of all marks before. Marks are kept in `<id>.history` beside the object's
file, page by page and each page once, so a mark costs the space of the pages that have changed
since the one before, and the time to read the whole file, on a thread.

Nothing of this exists for an object until its script first asks for a bookmark. From then on a
mark is also made by itself, with the first round that is `INTERVAL_MS` after the last mark, and
when the object goes idle. These are thinned out as they age; those that were asked for stay for
as long as the past is kept, up to MAX_ASKED of them.

Going back. `restore_at_next_opening` notes in the same file which mark the next opening is to
put in the place of the object's file. The opening first marks what is there then, under the
bookmark that was promised for undoing it. Each step can be taken again after a crash in the
middle: what is noted is struck out last.

https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#point-in-time-recovery
"""

import contextlib
import hashlib
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, cast

import apsw

from holdfast.storage.disk import Folder, fsync, write_all
from holdfast.storage.errors import BookmarkInvalid
from holdfast.storage.session import VFS, wal_path
from holdfast.storage.template import in_memory_mode

log = logging.getLogger("holdfast.storage")

SUFFIX = ".history"
INTERVAL_MS = 600_000
RETENTION_DAYS = 30
MAX_ASKED = 1_000

_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000
_HASH_BYTES = 16
_PAGES_AT_ONCE = 256

_SCHEMA = """
CREATE TABLE IF NOT EXISTS marks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    bookmark TEXT NOT NULL UNIQUE,
    time_ms INTEGER NOT NULL,
    asked INTEGER NOT NULL,
    pages BLOB
);
CREATE TABLE IF NOT EXISTS pages (hash BLOB PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS restore (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    bookmark TEXT NOT NULL,
    undo TEXT NOT NULL
);
"""

_LAST_UNTIL = (
    "SELECT bookmark FROM marks WHERE pages IS NOT NULL AND time_ms <= ? ORDER BY id DESC LIMIT 1"
)
_FIRST_AFTER = (
    "SELECT bookmark FROM marks WHERE pages IS NOT NULL AND time_ms > ? ORDER BY id LIMIT 1"
)
_IS_PROMISED = "SELECT 1 FROM marks WHERE bookmark = ? AND pages IS NULL"
_NEEDED = (
    "SELECT max(id) FROM marks WHERE pages IS NOT NULL"
    " UNION SELECT m.id FROM marks m JOIN restore r ON m.bookmark IN (r.bookmark, r.undo)"
)
_YOUNGEST_FIRST = "SELECT id, time_ms, asked FROM marks WHERE pages IS NOT NULL ORDER BY id DESC"


class Snapshot:
    """What a database held at one moment, whatever is committed to it later."""

    def __init__(self, source: apsw.Connection | bytes) -> None:
        """`source` is a connection that only this uses, or the whole content."""
        self._source = source

    @classmethod
    def of(cls, path: Path) -> "Snapshot":
        """What a file holds now. Takes microseconds. Raises apsw.Error."""
        source = apsw.Connection(str(path), vfs=VFS)
        try:
            # Leaves the log alone: it is the object's.
            source.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            source.execute("BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()
        except BaseException:
            source.close()
            raise
        return cls(source)

    def copy_to(self, path: Path) -> None:
        """Write it to a file that is not there yet. Blocks."""
        if isinstance(self._source, bytes):
            path.write_bytes(self._source)
            return
        target = apsw.Connection(str(path))
        try:
            target.execute("PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF").fetchall()
            with target.backup("main", self._source, "main") as backup:
                while not backup.done:
                    backup.step(_PAGES_AT_ONCE)
        finally:
            target.close()

    @contextlib.contextmanager
    def opened(self) -> Iterator[apsw.Connection]:
        """A connection to it, for the length of the block. Raises apsw.Error."""
        if not isinstance(self._source, bytes):
            yield self._source
            return
        source = apsw.Connection(":memory:")
        try:
            source.deserialize("main", in_memory_mode(self._source))
            yield source
        finally:
            source.close()

    def close(self) -> None:
        """Let go of the file; harmless the second time."""
        if not isinstance(self._source, bytes):
            self._source.close()


def history_path(path: Path) -> Path:
    """The past of the object whose database this is."""
    return path.with_suffix(SUFFIX)


class History:
    """The past of one object. Every method blocks, and may be called from any thread.

    Raises apsw.Error and OSError, and BookmarkInvalid where a bookmark is of no use.
    """

    def __init__(self, path: Path, now_ms: Callable[[], float], retention_days: float) -> None:
        """`path` is the object's database."""
        self._database = path
        self._path = history_path(path)
        self._now = now_ms
        self._retention_ms = retention_days * _DAY_MS

    @property
    def exists(self) -> bool:
        """True once a bookmark was asked for."""
        return self._path.exists()

    def mark(
        self,
        snapshot: Snapshot | None,
        *,
        asked: bool,
        time_ms: float | None = None,
        bookmark: str | None = None,
    ) -> str:
        """Mark a state, None being that there is no file; its bookmark. Closes the snapshot.

        `time_ms` is when it was so, if that is not now; `bookmark` is one that was promised,
        whose mark is made no second time.
        """
        with self._open() as db, self._copied(snapshot) as file:
            db.execute("BEGIN IMMEDIATE")
            hashes = bytearray()
            for content in _pages(file) if file else ():
                digest = hashlib.blake2b(content, digest_size=_HASH_BYTES).digest()
                hashes += digest
                db.execute("INSERT OR IGNORE INTO pages VALUES (?, ?)", (digest, content))
            now = int(self._now() if time_ms is None else time_ms)
            if bookmark is None:
                bookmark = self._same(db, hashes) or self._new(db, now, hashes, asked=asked)
            else:
                db.execute(
                    "UPDATE marks SET pages = ?, time_ms = ? WHERE bookmark = ? AND pages IS NULL",
                    (bytes(hashes), now, bookmark),
                )
            if asked:
                db.execute("UPDATE marks SET asked = 1 WHERE bookmark = ?", (bookmark,))
            self._thin_out(db, now)
            db.execute("COMMIT")
            return bookmark

    def at(self, time_ms: float) -> str:
        """The bookmark of the last mark up to a time; of the first, if that is later."""
        with self._open() as db:
            for sql in (_LAST_UNTIL, _FIRST_AFTER):
                row = db.execute(sql, (time_ms,)).fetchone()
                if row:
                    return str(row[0])
        raise AssertionError("a mark is made before any is looked for")

    def restore_at_next_opening(self, bookmark: str) -> str:
        """Have the next opening go back to a mark; a bookmark to undo that with."""
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            self._require(db, bookmark)
            noted = db.execute("SELECT undo FROM restore").fetchone()
            undo = str(noted[0]) if noted else self._new(db, int(self._now()), None, asked=True)
            db.execute("INSERT OR REPLACE INTO restore VALUES (1, ?, ?)", (bookmark, undo))
            db.execute("COMMIT")
            return undo

    def restore(self, folder: Folder) -> None:
        """Go back if that was asked for. Nobody else may have the object's database open.

        A past that is damaged is put aside: the object goes on with what it has.
        """
        try:
            self._restore(folder)
        except (apsw.NotADBError, apsw.CorruptError) as error:
            log.error("%s is damaged, and put aside: %s", self._path, error)
            self._path.rename(self._path.with_suffix(".damaged"))

    def _restore(self, folder: Folder) -> None:
        with self._open() as db:
            noted = db.execute("SELECT bookmark, undo FROM restore").fetchone()
        if noted is None:
            return
        bookmark, undo = cast("tuple[str, str]", noted)
        if self._is_promised(undo):
            there = Snapshot.of(self._database) if self._database.exists() else None
            self.mark(there, asked=True, bookmark=undo)
        with self._open() as db:
            # It was checked when it was noted, and is kept since.
            hashes = db.execute("SELECT pages FROM marks WHERE bookmark = ?", (bookmark,)).get
            self._put_in_place(db, cast("bytes", hashes), folder)
            db.execute("DELETE FROM restore")

    def _is_promised(self, bookmark: str) -> bool:
        with self._open() as db:
            row = db.execute(
                "SELECT 1 FROM marks WHERE bookmark = ? AND pages IS NULL", (bookmark,)
            )
            return row.fetchone() is not None

    def _put_in_place(self, db: apsw.Connection, hashes: bytes, folder: Folder) -> None:
        # The log belongs to the file that goes, and must not be replayed into the other one.
        wal_path(self._database).unlink(missing_ok=True)
        if not hashes:
            self._database.unlink(missing_ok=True)
            folder.sync(folder.changed())
            return
        new = self._database.with_suffix(".restored")
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        try:
            for start in range(0, len(hashes), _HASH_BYTES):
                digest = hashes[start : start + _HASH_BYTES]
                content = db.execute("SELECT content FROM pages WHERE hash = ?", (digest,)).get
                write_all(fd, content)
            fsync(fd)
        finally:
            os.close(fd)
        new.rename(self._database)
        folder.sync(folder.changed())

    # ---- inside --------------------------------------------------------------------

    @contextlib.contextmanager
    def _open(self) -> Iterator[apsw.Connection]:
        connection = apsw.Connection(str(self._path))
        try:
            connection.set_busy_timeout(60_000)
            connection.execute("PRAGMA synchronous=FULL; PRAGMA fullfsync=ON")
            connection.execute(_SCHEMA)
            yield connection
        finally:
            connection.close()

    @contextlib.contextmanager
    def _copied(self, snapshot: Snapshot | None) -> Iterator[IO[bytes] | None]:
        if snapshot is None:
            yield None
            return
        copy = self._database.with_suffix(".marking")
        try:
            try:
                copy.unlink(missing_ok=True)
                snapshot.copy_to(copy)
            finally:
                snapshot.close()
            with copy.open("rb") as file:
                yield file
        finally:
            copy.unlink(missing_ok=True)

    def _same(self, db: apsw.Connection, hashes: bytes | bytearray) -> str | None:
        """The bookmark of the newest mark, if nothing has changed since."""
        row = db.execute("SELECT bookmark, pages FROM marks ORDER BY id DESC LIMIT 1").fetchone()
        return str(row[0]) if row and row[1] == bytes(hashes) else None

    def _new(
        self, db: apsw.Connection, now: int, hashes: bytes | bytearray | None, *, asked: bool
    ) -> str:
        db.execute(
            "INSERT INTO marks (bookmark, time_ms, asked, pages) VALUES ('', ?, ?, ?)",
            (now, int(asked), None if hashes is None else bytes(hashes)),
        )
        number = db.last_insert_rowid()
        # Of the form of Cloudflare's: eight, eight, eight and thirty-two digits.
        digest = hashlib.blake2b(hashes or b"", digest_size=16).hexdigest()
        bookmark = f"{number:08x}-{now >> 32:08x}-{now & 0xFFFFFFFF:08x}-{digest}"
        db.execute("UPDATE marks SET bookmark = ? WHERE id = ?", (bookmark, number))
        return bookmark

    def _require(self, db: apsw.Connection, bookmark: str) -> bytes:
        row = db.execute("SELECT pages, time_ms FROM marks WHERE bookmark = ?", (bookmark,))
        found = row.fetchone()
        if found is None or found[0] is None or found[1] < self._now() - self._retention_ms:
            raise BookmarkInvalid(f"There is no point in time to go back to for {bookmark!r}.")
        return bytes(cast("bytes", found[0]))

    def _thin_out(self, db: apsw.Connection, now: int) -> None:
        """Keep all marks of an hour, one an hour of a day, one a day of the time that is kept."""
        oldest = now - self._retention_ms
        gone: list[int] = []
        asked = 0
        seen: set[tuple[int, int]] = set()
        rows = db.execute(
            "SELECT id, time_ms, asked FROM marks WHERE pages IS NOT NULL ORDER BY id DESC"
        )
        for number, time_ms, was_asked in cast("list[tuple[int, int, int]]", rows.fetchall()):
            age = now - time_ms
            unit = 1 if age < _HOUR_MS else _HOUR_MS if age < _DAY_MS else _DAY_MS
            slot = (unit, time_ms // unit)
            asked += was_asked
            keep = (was_asked and asked <= MAX_ASKED) or (not was_asked and slot not in seen)
            seen.add(slot)
            if time_ms < oldest or not keep:
                gone.append(number)
        needed = {number for (number,) in db.execute(_NEEDED)}
        gone = [number for number in gone if number not in needed]
        if gone:
            db.executemany("DELETE FROM marks WHERE id = ?", [(number,) for number in gone])
            self._forget_pages(db)

    def _forget_pages(self, db: apsw.Connection) -> None:
        """Drop the pages that no mark has any more."""
        used: set[bytes] = set()
        for (hashes,) in db.execute("SELECT pages FROM marks WHERE pages IS NOT NULL"):
            used.update(_split(cast("bytes", hashes)))
        stored = db.execute("SELECT hash FROM pages").fetchall()
        unused = [row for row in stored if row[0] not in used]
        db.executemany("DELETE FROM pages WHERE hash = ?", unused)


def _pages(file: IO[bytes]) -> Iterator[bytes]:
    header = file.read(18)
    size = int.from_bytes(header[16:18], "big")
    size = 65_536 if size == 1 else size
    file.seek(0)
    while content := file.read(size):
        yield content


def _split(hashes: bytes) -> Iterator[bytes]:
    return (hashes[i : i + _HASH_BYTES] for i in range(0, len(hashes), _HASH_BYTES))
