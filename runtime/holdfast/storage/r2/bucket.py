"""`Bucket`: the objects of one bucket, and its folder."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import apsw

from holdfast.dataclass import dataclass
from holdfast.storage.errors import StorageError
from holdfast.storage.makeshift import lacks_room
from holdfast.storage.r2.checksums import MD5
from holdfast.storage.r2.commits import Commits
from holdfast.storage.r2.conditions import ALWAYS, Condition
from holdfast.storage.r2.contents import (
    Contents,
    NewContent,
    OpenedParts,
    PartSlice,
    disk_errors,
)
from holdfast.storage.r2.errors import (
    BucketNotEmpty,
    NoRoom,
    NoSuchBucket,
    NoSuchKey,
    TooManyKeys,
)
from holdfast.storage.r2.listing import Listing, Page, list_objects
from holdfast.storage.r2.objects import STORAGE_CLASSES, Metadata, StoredObject
from holdfast.storage.r2.ranges import wanted_bytes
from holdfast.storage.r2.rows import (
    checked_key,
    insert_object,
    key_bytes,
    object_of_row,
    replaced_content,
    require,
)
from holdfast.storage.r2.schema import COLUMNS, SCHEMA
from holdfast.storage.r2.uploads import Uploads
from holdfast.storage.shared_file import SharedFile

DATABASE = "bucket.sqlite"
MAX_DELETED = 1_000
# https://developers.cloudflare.com/r2/platform/limits/
MAX_UPLOAD_BYTES = 5 * 2**30 - 5 * 2**20

_WHAT = "The metadata of a bucket"
_SWEEP_EVERY_S = 3_600
_TRIES = 100  # at an object that is replaced again and again between being found and opened
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FileSlice:
    """Bytes of a file that is open; whoever gets this has to close it."""

    fd: int
    start: int


@dataclass(frozen=True, slots=True)
class Got:
    """An object, which of its bytes are wanted, and where they are.

    `content` is None where the condition does not hold. Whoever gets this has to close it.
    """

    object: StoredObject
    range: range
    content: FileSlice | OpenedParts | None


class Bucket:
    """One bucket. Its methods block; they raise R2Error, and StorageError where the disk fails."""

    def __init__(
        self, folder: Path, now_ms: Callable[[], float], storage_class: str = STORAGE_CLASSES[0]
    ) -> None:
        """`storage_class`: of objects that say nothing of theirs."""
        self.folder = folder
        self.storage_class = storage_class
        self._now_ms = now_ms
        self._database = SharedFile(folder / DATABASE, SCHEMA, _WHAT, must_exist=True)
        self._commits = Commits(self._database)
        self._contents = Contents(folder)
        self._removed: list[str] = []  # of the table `garbage`: their files have gone
        self._swept_s = -float(_SWEEP_EVERY_S)
        self.uploads = Uploads(self._contents, self._look, self._change, self._discard)

    def make(self) -> None:
        """Make the folder of a new bucket, durably."""
        with disk_errors("Making a bucket"):
            self._contents.make()
        database = SharedFile(self.folder / DATABASE, SCHEMA, _WHAT)
        with database.writing():
            pass  # it has its tables
        database.close()

    def close(self) -> None:
        """Let go of the files. Later calls open them again."""
        self._database.close()
        self._contents.close()

    # ---- reading ---------------------------------------------------------------------

    def head(self, key: str) -> StoredObject:
        """What is told of an object. Raises NoSuchKey."""
        return self._find(key)[0]

    def get(
        self,
        key: str,
        wanted: dict[str, int] | str | None = None,
        condition: Condition = ALWAYS,
    ) -> Got:
        """An object and its bytes, as they are now. Raises NoSuchKey, InvalidRange.

        `wanted`: see `wanted_bytes`.
        """
        for _ in range(_TRIES):
            found, content, parts = self._find(key)
            if not condition.holds(found.etag, found.uploaded):
                return Got(found, range(found.size), None)
            bytes_of = wanted_bytes(wanted, found.size, [size for _, size in parts])
            with disk_errors(f"Reading {key}"):
                try:
                    return Got(found, bytes_of, self._open(content, parts, bytes_of))
                except FileNotFoundError:
                    continue  # it was replaced meanwhile: look again
        raise StorageError(f"The content of {key} in {self.folder} is missing")

    def _find(self, key: str) -> tuple[StoredObject, str, list[tuple[str, int]]]:
        """An object, the name of its content, and the names and sizes of its parts."""
        wanted = checked_key(key)

        def look(db: apsw.Connection) -> tuple[StoredObject, str, list[tuple[str, int]]]:
            sql = f"SELECT {COLUMNS}, content, parts FROM objects WHERE key = ?"  # noqa: S608
            row = db.execute(sql, (wanted,)).fetchone()
            if row is None:
                raise NoSuchKey
            *columns, content, parts = row
            names: list[Any] = []
            if parts:
                sql = "SELECT name, size FROM parts WHERE content = ? ORDER BY number"
                names = db.execute(sql, (content,)).fetchall()
            return object_of_row(columns), content, names

        return self._look(look)

    def _open(
        self, content: str, parts: Sequence[tuple[str, int]], wanted: range
    ) -> FileSlice | OpenedParts:
        if not wanted:
            return OpenedParts(None, ())  # an object without bytes may have no file
        if not parts:
            return FileSlice(self._contents.open(content), wanted.start)
        slices, begin = [], 0
        for name, size in parts:
            first, last = max(wanted.start, begin), min(wanted.stop, begin + size)
            if first < last:
                slices.append(PartSlice(name, first - begin, last - first))
            begin += size
        return self._contents.open_parts(content, slices)

    def list(self, page: Page) -> Listing:
        """A page of objects in the order of their keys. Raises InvalidMaxKeys."""
        return self._look(lambda db: list_objects(db, page))

    def count(self) -> tuple[int, int]:
        """How many objects there are, and how many bytes they have."""
        with self._database.reading() as db:
            if db is None:
                return 0, 0
            sql = "SELECT count(*), ifnull(sum(size), 0) FROM objects"
            row: Any = db.execute(sql).fetchone()
            return row[0], row[1]

    # ---- writing ---------------------------------------------------------------------

    def begin(self, key: str, hashes: Sequence[str] = ()) -> NewContent:
        """Begin the content of an object, of which these checksums are wanted, too."""
        checked_key(key)
        with disk_errors(f"Writing {key}"):
            try:
                return self._contents.begin({MD5, *hashes})
            except FileNotFoundError:
                raise NoSuchBucket from None

    def put(
        self,
        key: str,
        new: NewContent,
        metadata: Metadata,
        *,
        checksums: Mapping[str, str] | None = None,
        condition: Condition = ALWAYS,
        now_ms: float,
    ) -> StoredObject:
        """Make what was written an object, in the place of one before; durable on return.

        Raises BadDigest where `checksums` are of something else, and PreconditionFailed.
        """
        if not new.is_in(self.folder):
            raise NoSuchBucket  # the one that it was written to was deleted, and created anew
        metadata.check()
        checksums = checksums or {}
        new.check(checksums)
        digests = new.digests
        with disk_errors(f"Writing {key}"):
            try:
                new.finish()
            except FileNotFoundError:
                raise NoSuchBucket from None
        stored = StoredObject(
            key,
            new.name,
            new.size,
            digests[MD5],
            int(now_ms),
            {MD5: digests[MD5], **{name: digests[name] for name in checksums}},
            metadata,
        )

        def change(db: apsw.Connection) -> str | None:
            wanted = key_bytes(key)
            require(db, wanted, condition)
            replaced = replaced_content(db, wanted)
            insert_object(db, stored, new.name, parts=0)
            return replaced

        with new.committed():
            replaced = self._change(change)
        self._contents.settle(new.name)
        self._discard([replaced])
        return stored

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects, all or none; those that are not there count as deleted."""
        if len(keys) > MAX_DELETED:
            raise TooManyKeys
        wanted = [checked_key(key) for key in keys]

        def change(db: apsw.Connection) -> list[str | None]:
            replaced = [replaced_content(db, key) for key in wanted]
            db.executemany("DELETE FROM objects WHERE key = ?", [(key,) for key in wanted])
            return replaced

        self._discard(self._change(change))

    def mark_deleted(self, now_ms: float) -> None:
        """Nobody puts anything into this bucket any more. Raises BucketNotEmpty."""

        def change(db: apsw.Connection) -> None:
            if _has_objects(db):
                raise BucketNotEmpty
            db.execute("INSERT INTO deleted VALUES (?)", (int(now_ms),))

        self._change(change)

    def holds_objects(self) -> bool:
        """Whether it does; as far as its files tell, where the metadata cannot be read."""
        try:
            return self._look(_has_objects)
        except NoSuchBucket:
            return False
        except StorageError:
            return any(self.folder.glob("??/*"))

    # ---- the metadata, and what their changes leave --------------------------------------

    def _look(self, look: Callable[[apsw.Connection], T]) -> T:
        """Look at the metadata. Raises NoSuchBucket where it was deleted."""
        with self._database.reading() as db:
            if db is None:
                raise NoSuchBucket
            _refuse_deleted(db)
            return look(db)

    def _change(self, change: Callable[[apsw.Connection], T]) -> T:
        """Change the metadata; durable on return. Raises NoSuchBucket where it was deleted."""
        if time.monotonic() - self._swept_s >= _SWEEP_EVERY_S:
            self._swept_s = time.monotonic()
            self._sweep()
        removed, self._removed = self._removed, []

        def checked(db: apsw.Connection) -> T:
            _refuse_deleted(db)
            db.executemany("DELETE FROM garbage WHERE content = ?", [(name,) for name in removed])
            return change(db)

        try:
            return self._commits.run(checked)
        except StorageError as error:
            cause = error.__cause__
            if isinstance(cause, apsw.CantOpenError) and not self.folder.exists():
                raise NoSuchBucket from error
            if cause is not None and lacks_room(cause):
                raise NoRoom from error
            raise

    def _discard(self, contents: Iterable[str | None]) -> None:
        """Remove contents that are garbage, now or when the next sweep comes by."""
        wanted = [content for content in contents if content is not None]
        if wanted:
            with suppress(OSError):  # the table has them
                self._removed.extend(self._contents.remove(wanted))

    def _sweep(self) -> None:
        """Remove what was left by processes that were killed, and uploads that nobody ended."""
        with disk_errors("Sweeping a bucket"):
            self._contents.sweep(self._named)
        garbage = self._look(lambda db: db.execute("SELECT content FROM garbage").fetchall())
        self._discard(str(name) for (name,) in garbage)
        self.uploads.expire(self._now_ms())

    def _named(self, names: Collection[str]) -> Collection[str]:
        """Which of these contents, that nobody is writing, metadata name.

        A commit whose sync has failed may lie in the log, where a crash would have it come true.
        One after it is the end of that.
        """
        if not names:
            return ()
        self._change(_write_anew)
        sql = "SELECT content FROM objects WHERE parts = 0"
        return self._look(lambda db: {name for (name,) in db.execute(sql) if name in names})


def _write_anew(db: apsw.Connection) -> None:
    """Write what was not there before, so that there is something to commit."""
    [(version,)] = db.execute("PRAGMA user_version").fetchall()
    db.execute(f"PRAGMA user_version = {(int(str(version)) + 1) % 2**31}")


def _has_objects(db: apsw.Connection) -> bool:
    return db.execute("SELECT 1 FROM objects LIMIT 1").fetchone() is not None


def _refuse_deleted(db: apsw.Connection) -> None:
    if db.execute("SELECT 1 FROM deleted").fetchone():
        raise NoSuchBucket
