"""An object's first writes, before it has a file.

Making a file is the one thing about storage that makes the kernel wait for its journal, and
SQLite would make two: the database and its log. So a fresh object begins in memory. What it
has committed becomes a whole file at once, on a thread: written under another name, synced,
and only then renamed. So a file that has its name is complete, whatever happens, and an
object that is written once never has a log, nor a connection to a file.

    make ── commit, `capture` ──► image ── `stage` ──► id.sqlite.new ── sync, `publish` ──► file

`capture` comes with every commit, not with the sync: then an explicit transaction may have
begun, and an image would hold what it has not committed. Once the first round is durable
the database goes over to its file (`Database._grow_up`), with what has been written
meanwhile; only an open explicit transaction makes it stay in memory longer, and then the
next round replaces the whole file again.

A thread may be about to publish when its object is given up (`abandon`): then the file must
not appear, since it might replace one that a new owner has made. Hence the lock.
"""

import contextlib
import os
import threading
from pathlib import Path

import apsw

from holdfast.storage.disk import Folder, Fsync, write_all
from holdfast.storage.errors import StorageReadOnly
from holdfast.storage.template import (
    KV_SCHEMA,
    PAGE_BYTES,
    TEMPLATE_PAGES,
    file_image,
    template,
)

_SPARE_CONNECTIONS = 32

_FLAGS = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_NOMUTEX
_STATEMENTS = 8
NEW_SUFFIX = ".new"


class Nursery:
    """Empty databases in memory: making one takes ten times as long as using it again."""

    def __init__(self) -> None:
        self._spare: list[apsw.Connection] = []

    def take(self) -> apsw.Connection:
        """An empty database."""
        return self._spare.pop() if self._spare else _empty_database()

    def give(self, connection: apsw.Connection) -> None:
        """Take a database back, to be used for another object if nothing of this one is left."""
        if len(self._spare) < _SPARE_CONNECTIONS and _emptied(connection):
            self._spare.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Let go of what is spare."""
        while self._spare:
            self._spare.pop().close()


def _empty_database() -> apsw.Connection:
    connection = apsw.Connection(":memory:", flags=_FLAGS, statementcachesize=_STATEMENTS)
    # What is deleted is overwritten, or it could be found in another object's file.
    connection.execute(f"PRAGMA page_size={PAGE_BYTES}; PRAGMA secure_delete=ON")
    connection.execute(KV_SCHEMA)
    return connection


def _emptied(connection: apsw.Connection) -> bool:
    """Empty a small database, and make sure of it: byte for byte as one that was just made."""
    if connection.in_transaction or connection.pragma("page_count") != TEMPLATE_PAGES:
        return False
    connection.execute("DELETE FROM _cf_KV")
    return connection.serialize("main") == template()


class Newborn:
    """A database in memory, about to become a file.

    Satisfies `barrier.CommittedLog`. On the loop's thread, but for `stage`, `publish`,
    `sync` and `synced`.
    """

    __slots__ = (
        "_abandoned",
        "_connection",
        "_image",
        "_lock",
        "_nursery",
        "_path",
        "_staged",
        "cursor",
        "folder",
        "object_id",
        "unique_key",
    )

    is_new = True
    read_only = False

    def __init__(self, path: Path, folder: Folder, nursery: Nursery) -> None:
        folder.ensure()
        if not folder.is_writable():
            raise StorageReadOnly(f"The folder {folder.path} cannot be written.")
        self._nursery = nursery
        self._connection = nursery.take()
        self.cursor = self._connection.cursor()
        self.folder = folder
        self.unique_key = folder.path.name
        self.object_id = path.stem
        self._path = path
        self._image = b""
        self._staged: Path | None = None
        self._lock = threading.Lock()
        self._abandoned = False

    @property
    def connection(self) -> apsw.Connection:
        """SQLite's connection."""
        return self._connection

    def capture(self) -> None:
        """Note what is committed, right after a commit: the next sync makes that durable."""
        self._image = file_image(self._connection.serialize("main"))

    # ---- the barrier ---------------------------------------------------------------

    def sync(self, fsync: Fsync) -> None:
        """See CommittedLog."""
        self.stage(fsync)
        self.publish()
        self.folder.sync(self.folder.changed(), fsync)

    def stage(self, fsync: Fsync | None = None) -> None:
        """Write the image under another name; also sync it, with `fsync`."""
        staged = self._path.with_name(self._path.name + NEW_SUFFIX)
        fd = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        try:
            write_all(fd, self._image)
            if fsync:
                fsync(fd)
        except BaseException:
            with contextlib.suppress(OSError):
                staged.unlink()
            raise
        finally:
            os.close(fd)
        self._staged = staged

    def publish(self) -> None:
        """Give the staged file its name, once it is synced; the folder is to be synced then."""
        staged, self._staged = self._staged, None
        assert staged, "only what is staged can be published"
        with self._lock:
            if self._abandoned:
                staged.unlink()
                raise FileNotFoundError(f"{self._path} was given up")
            self._remove_stray_log()
            staged.rename(self._path)

    def synced(self) -> None:
        """See CommittedLog."""

    def _remove_stray_log(self) -> None:
        """Remove a log that has outlived its file: SQLite would replay it into the new one."""
        log = f"{self._path}-wal"
        if os.path.exists(log):  # noqa: PTH110 - a Path for each new object costs more
            os.unlink(log)  # noqa: PTH108
            self.folder.sync(self.folder.changed())

    # ---- the end -------------------------------------------------------------------

    def copy_into(self, connection: apsw.Connection) -> None:
        """Make a file's content what is committed here, in one transaction of its own."""
        with connection.backup("main", self._connection, "main") as backup:
            backup.step()

    def close(self) -> None:
        """Let go of the memory."""
        self._nursery.give(self._connection)

    def abandon(self) -> None:
        """Let go of the memory, and let no thread publish from now on."""
        with self._lock:
            self._abandoned = True
        self._connection.close()
