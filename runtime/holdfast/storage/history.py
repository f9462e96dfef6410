"""A database's past: what it was at certain moments, for point-in-time recovery.

The database is an object's, or one of D1; what is said of objects here goes for those, too.

A *mark* is the whole database at the end of a commit, told by a *bookmark*: a string that is
greater than those of all marks before. Marks are kept in `<id>.history` beside the object's
file. Each has those pages alone that differ from the mark before, compressed; one that is
given up leaves them to the next. So a mark costs the space of what has changed, and the time to
read the whole file, on a thread.

When marks are made is bookmarks.py's matter, or d1/past.py's, and thinning.py says which are
given up as they age. Besides, the file is kept from growing beyond SPACE times the largest of
them, but for what was asked for. When the newest mark was made is the file's time of change, so
that one look at the folder tells it.

Going back to one is going_back.py's matter.

https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#point-in-time-recovery
"""

import contextlib
import hashlib
import logging
import os
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple, cast

import apsw

from holdfast.storage.errors import DAMAGED, BookmarkInvalid
from holdfast.storage.going_back import request_path, requested
from holdfast.storage.names import MARKING_SUFFIX
from holdfast.storage.packing import pack, unpack
from holdfast.storage.session import wal_path
from holdfast.storage.snapshot import Snapshot, page_size
from holdfast.storage.thinning import Mark, least_missed, outdated

log = logging.getLogger("holdfast.storage")

SUFFIX = ".history"
RETENTION_DAYS = 30
SPACE = 4
LEAST_SPACE_BYTES = 64 * 1024

_DAY_MS = 86_400_000
AHEAD_MS = 60_000  # so far a clock may be put back in passing
_HASH_BYTES = 16
_PAGE_BITS = 32

# Small pages, since most pasts are small. The row of a page of a mark is called
# `mark << 32 | page`, so that a mark's pages lie together. Only the newest mark has hashes.
_NEW = "PRAGMA page_size=1024; PRAGMA auto_vacuum=FULL"  # a write, so for new files alone
_PREPARE = "PRAGMA fullfsync=ON; PRAGMA synchronous="
_ASKED, _UNASKED = "EXTRA", "NORMAL"  # scripts count on the bookmarks that they were told
_SCHEMA = """
CREATE TABLE IF NOT EXISTS marks (
    id INTEGER PRIMARY KEY,
    bookmark TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    asked INTEGER NOT NULL,
    page_size INTEGER NOT NULL,
    page_count INTEGER NOT NULL,
    hashes BLOB
);
CREATE TABLE IF NOT EXISTS pages (id INTEGER PRIMARY KEY, content BLOB NOT NULL);
"""

_NEWEST = "SELECT id, until_ms, page_size, hashes FROM marks ORDER BY id DESC LIMIT 1"
_MARKS = "SELECT id, since_ms, until_ms, asked FROM marks ORDER BY id"
# What there was before the object was made, since 0, is known until then alone.
_LAST_BEFORE = (
    "SELECT bookmark FROM marks WHERE since_ms <= ?1 AND until_ms >= ?2"
    " AND (since_ms > 0 OR until_ms > ?1) ORDER BY since_ms DESC, id DESC LIMIT 1"
)
_FIRST_AFTER = "SELECT bookmark FROM marks WHERE since_ms > ?1 ORDER BY since_ms, id LIMIT 1"
_KEYS_BEFORE = "SELECT id FROM pages WHERE id < ? ORDER BY id DESC"
_FIND = "SELECT id, until_ms, page_size, page_count FROM marks WHERE bookmark = ?"


class _Newest(NamedTuple):
    number: int
    until_ms: int
    page_size: int
    hashes: bytes


_NONE = _Newest(0, 0, 0, b"")


class History:
    """The past of one object. Every method blocks, and may be called from any thread.

    Raises apsw.Error and OSError, and BookmarkInvalid where a bookmark is of no use.
    """

    def __init__(self, path: Path, now_ms: Callable[[], float], retention_days: float) -> None:
        """`path` is the object's database."""
        self.database = path
        self._path = history_path(path)
        self._now = now_ms
        self.look: Callable[[], None] = _nothing  # called for each page; may raise
        self._retention_ms = retention_days * _DAY_MS

    @property
    def exists(self) -> bool:
        """True once there is a mark."""
        return self._path.exists()

    @property
    def ended_ms(self) -> float:
        """When the newest mark was made, as the file itself says; 0 if it has none."""
        with self._reading() as db:
            return float(db.execute("SELECT max(until_ms) FROM marks").get or 0)

    def mark(
        self,
        snapshot: Snapshot | None,
        *,
        asked: bool,
        since_ms: float,
        now_ms: float,
        born_ms: float | None = None,
        bookmark: str | None = None,
    ) -> str:
        """Mark a state, None being that there is no file; its bookmark. Closes the snapshot.

        It was so from `since_ms` to `now_ms`. The first mark notes that there was nothing until
        `born_ms`, if that is known. `bookmark` is one that was promised.
        """
        level = _ASKED if asked else _UNASKED
        with (
            contextlib.closing(snapshot or Snapshot(b"")) as closed,
            self._unless_damaged(),
            self._open(level) as db,
        ):
            db.execute("BEGIN IMMEDIATE")
            db.execute(_SCHEMA)
            newest = self._newest(db)
            if newest is _NONE and born_ms is not None:
                newest = self._insert(db, _NONE, b"", 0, since=0, until=int(born_ms), asked=False)
            newest = self._have_passed(db, newest, int(now_ms))
            hashes, size = self._add_pages(db, closed, newest)
            until = max(int(now_ms), newest.until_ms)
            if hashes == newest.hashes and newest.number and bookmark is None:
                db.execute(
                    "UPDATE marks SET until_ms = ?, asked = max(asked, ?) WHERE id = ?",
                    (until, int(asked), newest.number),
                )
            else:
                # What differs from the mark before has come after it.
                since = min(max(int(since_ms), newest.until_ms), until)
                newest = self._insert(
                    db, newest, hashes, size, since, until, asked=asked, bookmark=bookmark
                )
            self._give_up(db)
            found = str(db.execute("SELECT bookmark FROM marks WHERE id = ?", (newest.number,)).get)
            db.execute("COMMIT")
        os.utime(self._path, (until / 1000, until / 1000))
        return found

    def renew(self, bookmark: str, now_ms: float) -> bool:
        """Note that it is so until now what a mark shows; false unless it is the newest, and kept.

        That it was asked for is known of it. Without a look at the database.
        """
        with self._reading() as db:
            until = max(int(now_ms), self._newest(db).until_ms)
            db.execute(
                "UPDATE marks SET until_ms = ?"
                " WHERE bookmark = ? AND asked AND id = (SELECT max(id) FROM marks)",
                (until, bookmark),
            )
            is_there = db.changes() > 0
        if is_there:
            os.utime(self._path, (until / 1000, until / 1000))
        return is_there

    def at(self, time_ms: float) -> str:
        """The bookmark of the last mark up to a time; of the first, if that is later."""
        with self._reading() as db:
            oldest = self._now() - self._retention_ms
            for sql, bindings in (
                (_LAST_BEFORE, (time_ms, oldest)),
                (_FIRST_AFTER, (time_ms,)),
            ):
                row = db.execute(sql, bindings).fetchone()
                if row:
                    return str(row[0])
        raise AssertionError("a mark is made before any is looked for")

    def require(self, bookmark: str) -> None:
        """Raise BookmarkInvalid unless there is a mark of that name, of a time that is kept."""
        if self.exists:
            with self._reading() as db:
                row = db.execute(_FIND, (bookmark,)).fetchone()
            if row and row[1] >= self._now() - self._retention_ms:
                return
        raise BookmarkInvalid(f"There is no point in time to go back to for {bookmark!r}.")

    def promise(self) -> str:
        """The bookmark of a mark that is yet to be made."""
        with self._reading() as db:
            newest = self._newest(db)
        return _bookmark(newest.number + 1, max(int(self._now()), newest.until_ms), b"promised")

    def has(self, bookmark: str) -> bool:
        """True if there is a mark of that name."""
        with self._reading() as db:
            return db.execute(_FIND, (bookmark,)).fetchone() is not None

    def pages(self, bookmark: str) -> Generator[tuple[int, bytes], None, None]:
        """Where each page of a mark goes in the database, and what it is; none of no database.

        Raises apsw.CorruptError for what is damaged.
        """
        with self._reading() as db:
            row = db.execute(_FIND, (bookmark,)).fetchone()
            number, _, size, count = cast("tuple[int, int, int, int]", row)
            seen = bytearray(count)
            # The youngest page up to the mark is the mark's.
            keys = db.execute(_KEYS_BEFORE, (number + 1 << _PAGE_BITS,))
            for (key,) in cast("Iterator[tuple[int]]", keys):
                page = key & (1 << _PAGE_BITS) - 1
                if page < count and not seen[page]:
                    self.look()
                    seen[page] = 1
                    packed = db.execute("SELECT content FROM pages WHERE id = ?", (key,)).get
                    yield page * size, unpack(cast("bytes", packed))
        if not all(seen):
            raise apsw.CorruptError(f"pages of mark {number} are missing")

    def give_up_all(self, oldest_ms: float) -> None:
        """Give up all marks if the newest is older: the database alone tells all since then.

        The file stays, since others may have it open. Raises apsw.Error and OSError.
        """
        changed = self._path.stat().st_mtime
        with self._reading() as db:
            db.execute("BEGIN IMMEDIATE")
            if (db.execute("SELECT max(until_ms) FROM marks").get or 0) < oldest_ms:
                db.execute("DELETE FROM pages; DELETE FROM marks")
            db.execute("COMMIT")
        os.utime(self._path, (changed, changed))

    # ---- inside --------------------------------------------------------------------

    @contextlib.contextmanager
    def _open(self, synchronous: str = _ASKED) -> Iterator[apsw.Connection]:
        connection = self._connect(synchronous)
        try:
            yield connection
        finally:
            connection.close()

    def _connect(self, synchronous: str) -> apsw.Connection:
        connection = apsw.Connection(str(self._path))
        try:
            connection.set_busy_timeout(60_000)
            connection.execute(_PREPARE + synchronous)
            if not connection.execute("SELECT 1 FROM sqlite_schema").fetchall():
                connection.execute(_NEW)
        except DAMAGED as error:
            connection.close()
            self.put_aside(error)
            return self._connect(synchronous)
        except BaseException:
            connection.close()
            raise
        return connection

    @contextlib.contextmanager
    def _reading(self) -> Iterator[apsw.Connection]:
        """For a file that may have no table yet: a crash may have come in between."""
        with self._open() as db:
            db.execute(f"BEGIN IMMEDIATE; {_SCHEMA}; COMMIT")
            yield db

    @contextlib.contextmanager
    def _unless_damaged(self) -> Iterator[None]:
        """Have the next mark begin anew, where this one meets damage that is the past's."""
        try:
            yield
        except DAMAGED as error:
            if self._is_damaged():  # and not what is marked
                self.put_aside(error)
            raise

    def _is_damaged(self) -> bool:
        try:
            with contextlib.closing(apsw.Connection(str(self._path))) as db:
                return bool(db.execute("PRAGMA quick_check(1)").get != "ok")
        except DAMAGED:
            return True

    def put_aside(self, error: Exception) -> None:
        """It cannot be read: have it out of the way."""
        log.error("%s is damaged, and put aside: %s", self._path, error)
        self._path.rename(self._path.with_suffix(".damaged"))
        # It would be replayed into the next one.
        self._path.with_name(f"{self._path.name}-journal").unlink(missing_ok=True)

    def _newest(self, db: apsw.Connection) -> _Newest:
        row = db.execute(_NEWEST).fetchone()
        return _Newest(*cast("tuple[int, int, int, bytes]", row)) if row else _NONE

    def _have_passed(self, db: apsw.Connection, newest: _Newest, now_ms: int) -> _Newest:
        """Where the clock was far ahead when marks were made, have them made by now.

        Else all that comes until that time would seem to have come then.
        """
        if newest.until_ms <= now_ms + AHEAD_MS:
            return newest
        db.execute(
            "UPDATE marks SET since_ms = min(since_ms, ?1), until_ms = min(until_ms, ?1)", (now_ms,)
        )
        return newest._replace(until_ms=now_ms)

    def _add_pages(
        self, db: apsw.Connection, snapshot: Snapshot, newest: _Newest
    ) -> tuple[bytes, int]:
        """Store for the next mark what differs from the newest; the hashes of all its pages."""
        hashes = bytearray()
        with snapshot.reading(self.database.with_suffix(MARKING_SUFFIX), self.look) as file:
            size = page_size(file)
            if not size:
                return b"", 0
            known = newest.hashes if newest.page_size == size else b""
            first = newest.number + 1 << _PAGE_BITS
            contents = enumerate(iter(partial(file.read, size), b""), first)

            def new_pages() -> Iterator[tuple[int, bytes]]:
                for key, content in contents:
                    self.look()
                    digest = hashlib.blake2b(content, digest_size=_HASH_BYTES).digest()
                    is_new = digest != known[len(hashes) : len(hashes) + _HASH_BYTES]
                    hashes.extend(digest)
                    if is_new:
                        yield key, pack(content)

            db.executemany("INSERT INTO pages VALUES (?, ?)", new_pages())
        return bytes(hashes), size

    def _insert(
        self,
        db: apsw.Connection,
        newest: _Newest,
        hashes: bytes,
        size: int,
        since: int,
        until: int,
        *,
        asked: bool,
        bookmark: str | None = None,
    ) -> _Newest:
        number = newest.number + 1
        bookmark = bookmark or _bookmark(number, until, hashes)
        count = len(hashes) // _HASH_BYTES
        db.execute("UPDATE marks SET hashes = NULL WHERE id = ?", (newest.number,))
        db.execute(
            "INSERT INTO marks VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (number, bookmark, since, until, int(asked), size, count, hashes),
        )
        return _Newest(number, until, size, hashes)

    # ---- giving marks up -------------------------------------------------------------

    def _give_up(self, db: apsw.Connection) -> None:
        now = self._now()
        marks = [Mark(*row) for row in cast("list[tuple[int, int, int, bool]]", db.execute(_MARKS))]
        request = requested(self.database)
        found = db.execute(_FIND, (request.bookmark,)).fetchone() if request else None
        wanted = int(found[0]) if found else None
        for number in outdated(marks, now, now - self._retention_ms):
            if number != wanted:
                marks = self._without(db, marks, number)
        largest = db.execute("SELECT max(page_count * page_size) FROM marks").get
        space = max(SPACE * cast("int", largest), LEAST_SPACE_BYTES)
        while db.execute("SELECT total(length(content)) FROM pages").get > space:
            chosen = least_missed(marks, now, kept=[wanted])
            if chosen is None:
                return
            marks = self._without(db, marks, chosen)

    def _without(self, db: apsw.Connection, marks: list[Mark], number: int) -> list[Mark]:
        """Drop a mark. Pages that the next one has not got itself are that one's from now on."""
        place = next(i for i, mark in enumerate(marks) if mark.number == number)
        heir = marks[place + 1].number
        count = db.execute("SELECT page_count FROM marks WHERE id = ?", (heir,)).get
        shift = heir - number << _PAGE_BITS
        start = number << _PAGE_BITS
        end = number + 1 << _PAGE_BITS
        db.execute(
            "UPDATE OR IGNORE pages SET id = id + ? WHERE id >= ? AND id < ?",
            (shift, start, start + cast("int", count)),
        )
        db.execute("DELETE FROM pages WHERE id >= ? AND id < ?", (start, end))
        db.execute("DELETE FROM marks WHERE id = ?", (number,))
        return [*marks[:place], *marks[place + 1 :]]


def history_path(path: Path) -> Path:
    """The past of the object whose database this is."""
    return path.with_suffix(SUFFIX)


def forget_past(path: Path) -> None:
    """Remove the past of the object whose database this is. Raises OSError."""
    history_path(path).unlink(missing_ok=True)
    request_path(path).unlink(missing_ok=True)


def newest_ms(history: str) -> float | None:
    """When the newest mark in this file was made; None if there is no such file."""
    try:
        return os.stat(history).st_mtime * 1000  # noqa: PTH116 - on the way of each new object
    except FileNotFoundError:
        return None


def changed_ms(path: Path) -> float | None:
    """When a database was last committed to, as far as its files tell; None if there is none."""
    times = []
    for file in (path, wal_path(path)):
        with contextlib.suppress(FileNotFoundError):
            found = file.stat()
            if found.st_size:
                times.append(found.st_mtime * 1000)
    return max(times, default=None)


def _nothing() -> None:
    """Nobody looks."""


def _bookmark(number: int, time_ms: int, content: bytes) -> str:
    """Of the form of Cloudflare's: eight, eight, eight and thirty-two digits."""
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    return f"{time_ms >> 32:08x}-{time_ms & 0xFFFFFFFF:08x}-{number:08x}-{digest}"
