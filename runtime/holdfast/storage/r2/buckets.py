"""`Buckets`: all buckets of a server.

Each has a folder with an id that no other ever has: so a process that still has the files of a
bucket open that another one has deleted, and created anew, takes nothing for the new one's.
"""

import re
import secrets
import shutil
import threading
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

import apsw

from holdfast.dataclass import dataclass
from holdfast.storage.clock import now_ms
from holdfast.storage.r2.bucket import Bucket
from holdfast.storage.r2.cors import CorsRule, check_rules, rules_as_text, rules_of_text
from holdfast.storage.r2.errors import BucketExists, InvalidBucketName, NoSuchBucket
from holdfast.storage.r2.objects import STORAGE_CLASSES
from holdfast.storage.r2.schema import DIRECTORY
from holdfast.storage.shared_file import SharedFile

DIRECTORY_FILE = "buckets.sqlite"
_DELETED = ".deleted"  # what is being removed
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BucketInfo:
    """A bucket: its folder's name is `id`, `created` is milliseconds since the epoch."""

    name: str
    id: str
    created: int
    storage_class: str


def is_bucket_name(name: str) -> bool:
    """Whether a bucket can have this name.

    https://developers.cloudflare.com/r2/buckets/create-buckets/#bucket-level-operations
    """
    return _NAME.fullmatch(name) is not None


class Buckets:
    """The buckets below a folder. Its methods block, and may be called from any thread.

    They raise R2Error, and StorageError where the disk fails.
    """

    def __init__(self, folder: Path, now_ms: Callable[[], float] = now_ms) -> None:
        """`now_ms`: milliseconds since the epoch, for what is older than it may be."""
        self._folder = folder
        self._now_ms = now_ms
        self._database = SharedFile(folder / DIRECTORY_FILE, DIRECTORY, "The list of buckets")
        self._turn = threading.Lock()
        self._open: dict[str, Bucket] = {}
        self._implied: set[str] = set()

    def all(self) -> list[BucketInfo]:
        """Every bucket, by name."""
        with self._database.reading() as db:
            sql = "SELECT name, id, created, storage_class FROM buckets ORDER BY name"
            return [BucketInfo(*row) for row in db.execute(sql)] if db else []

    def info(self, name: str) -> BucketInfo:
        """A bucket. Raises NoSuchBucket."""
        with self._database.reading() as db:
            found = db and _row_of(db, name)
        if not found:
            raise NoSuchBucket
        return found

    def create(
        self, name: str, now_ms: float, storage_class: str = STORAGE_CLASSES[0]
    ) -> BucketInfo:
        """Create a bucket, which is there after a power loss. Raises BucketExists."""
        if not is_bucket_name(name):
            raise InvalidBucketName
        return self._create(name, now_ms, storage_class)

    def _create(self, name: str, now_ms: float, storage_class: str) -> BucketInfo:
        created = BucketInfo(name, secrets.token_hex(16), int(now_ms), storage_class)
        bucket = Bucket(self._folder / created.id, self._now_ms)
        try:
            with self._database.writing() as db:
                if _row_of(db, name) is not None:
                    raise BucketExists
                self._remove_strangers(db)
                bucket.make()
                row = (name, created.id, created.created, storage_class)
                db.execute("INSERT INTO buckets VALUES (?,?,?,?)", row)
        except BaseException:
            shutil.rmtree(bucket.folder, ignore_errors=True)
            raise
        finally:
            bucket.close()
        return created

    def _remove_strangers(self, db: apsw.Connection) -> None:
        """Remove what was left by a process that was stopped as it made or deleted a bucket.

        Either holds nothing. A bucket that does is missing from a list that is not the one that
        it was, and stays for who restores that.
        """
        known = {row[0] for row in db.execute("SELECT id FROM buckets")}
        for folder in self._folder.iterdir():
            if not folder.is_dir() or folder.name in known:
                continue
            with closing(Bucket(folder, self._now_ms)) as bucket:
                is_left = folder.suffix == _DELETED or not bucket.holds_objects()
            if is_left:
                shutil.rmtree(folder, ignore_errors=True)

    def imply(self, name: str) -> None:
        """Have a bucket of this name, whatever it is, be created by its first use."""
        self._implied.add(name)

    def delete(self, name: str, now_ms: float) -> None:
        """Delete a bucket. Raises NoSuchBucket, and BucketNotEmpty where it holds objects."""
        found = self.info(name)
        bucket = Bucket(self._folder / found.id, self._now_ms)
        try:
            with suppress(NoSuchBucket):  # somebody was stopped before the next step
                bucket.mark_deleted(now_ms)
            with self._database.writing() as db:
                db.execute("DELETE FROM buckets WHERE id = ?", (found.id,))
                db.execute("DELETE FROM cors WHERE id = ?", (found.id,))
        finally:
            bucket.close()
        self._forget(name, self._open.get(name))
        # By another name first: what has the metadata open sees that they are deleted, and what
        # is about to open them finds no log of them.
        left = bucket.folder.with_suffix(_DELETED)
        with suppress(FileNotFoundError):
            bucket.folder.rename(left)
        shutil.rmtree(left, ignore_errors=True)

    def cors(self, name: str) -> list[CorsRule]:
        """The CORS rules of a bucket, which may be none. Raises NoSuchBucket."""
        with self._database.reading() as db:
            found = db and _row_of(db, name)
            if not db or not found:
                raise NoSuchBucket
            row = db.execute("SELECT rules FROM cors WHERE id = ?", (found.id,)).fetchone()
        return [] if row is None else rules_of_text(str(row[0]))

    def put_cors(self, name: str, rules: Sequence[CorsRule]) -> None:
        """Give a bucket these rules, and no others; durable on return.

        Raises NoSuchBucket and InvalidCors.
        """
        check_rules(rules)
        with self._database.writing() as db:
            found = _row_of(db, name)
            if found is None:
                raise NoSuchBucket
            if rules:
                row = (found.id, rules_as_text(rules))
                db.execute("INSERT OR REPLACE INTO cors VALUES (?,?)", row)
            else:
                db.execute("DELETE FROM cors WHERE id = ?", (found.id,))

    def use(self, name: str, do: Callable[[Bucket], T]) -> T:
        """What comes of doing something with a bucket. Raises NoSuchBucket."""
        bucket = self._opened(name)
        try:
            return do(bucket)
        except NoSuchBucket:
            # Another process has deleted it, and may have created it anew.
            self._forget(name, bucket)
            return do(self._opened(name))

    def close(self) -> None:
        """Let go of all files. Later calls open them again."""
        with self._turn:
            opened, self._open = self._open, {}
        for bucket in opened.values():
            bucket.close()
        self._database.close()

    def _opened(self, name: str) -> Bucket:
        with self._turn:
            bucket = self._open.get(name)
            if bucket is None:
                found = self._found(name)
                bucket = Bucket(self._folder / found.id, self._now_ms, found.storage_class)
                self._open[name] = bucket
            return bucket

    def _found(self, name: str) -> BucketInfo:
        try:
            return self.info(name)
        except NoSuchBucket:
            if name not in self._implied:
                raise
        with suppress(BucketExists):  # another process was faster
            return self._create(name, self._now_ms(), STORAGE_CLASSES[0])
        return self.info(name)

    def _forget(self, name: str, bucket: Bucket | None) -> None:
        with self._turn:
            if bucket is None or self._open.get(name) is not bucket:
                return
            del self._open[name]
        bucket.close()


def _row_of(db: apsw.Connection, name: str) -> BucketInfo | None:
    sql = "SELECT name, id, created, storage_class FROM buckets WHERE name = ?"
    row = db.execute(sql, (name,)).fetchone()
    return None if row is None else BucketInfo(*row)
