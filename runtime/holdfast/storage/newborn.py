"""An object's first writes, before it has a file that is open.

Making a file is the one thing about storage that makes the kernel wait for its journal, a
millisecond while other threads sync, and SQLite would make two: the database and its log. So
a fresh object begins in memory, and threads make its files:

    memory ── first round ──► whole file ── second round ──► file and log, opened
    (loop)      (thread: stage, sync, publish)  (thread)       (loop: hand_over)

- *Loop.* Reads and writes go to a private database of SQLite's, which the nursery lends and
  which spills to a temporary file where one turn writes a lot. `capture`, right after each
  commit, keeps an image of what is committed. That cannot wait for the round: by then an
  explicit transaction may be open, and an image would hold what it has not committed.
- *First round.* A thread writes the image under a name of its own (`stage`), syncs it, and
  only then gives it the object's name (`publish`). So a file which has its name is whole and on
  the disk, whatever happens; and one that has lost its name in a power loss can be told from one
  that is not whole, and is looked for (staged.py). Without a journal the name is synced, too. An
  object that is written once never has a log, and its copy in memory can be dropped at any time.
- *Second round.* A thread opens the file, which makes the log, and copies the image into it.
  When the round has ended, the loop adds what was committed meanwhile, and goes over to the
  open file. While an explicit transaction is open, or a cursor has rows left, it stays in
  memory and further rounds repeat this.
- *Growth.* Images cost a copy for each commit. A database beyond LARGE_BYTES goes over to a
  file at once, on the loop (`outgrow`), whatever a thread is doing.

Invariants:
1. The object's name is given only to a file that holds what is committed, and is synced.
2. An image holds what was committed before the round that it serves started, or more; never
   a part of a transaction.
3. After `outgrow` and `abandon` no thread names a file or touches the open one: a new owner
   may have made another. The lock is held for each such step.
4. A staged file goes with the round that it was made for, if that fails, and with its maker: the
   next process would take it for newer than what has the name by then.
5. Until the name is durable, each attempt at a round makes the file anew: see
   `disk.rewrite_durably` for why syncing it again would prove nothing.

What `kill -9` leaves: a staged file, which the next process names if it is whole (recovery.py), or
else removes before it stages its first (`Folder.sweep`); or a file whose name may not be durable
yet, so folders that are found are synced before their files are read (`Folder.ensure`).
"""

import contextlib
import itertools
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from holdfast.storage import opening
from holdfast.storage.copying import copying
from holdfast.storage.disk import Companion, Folder, Fsync, write_all
from holdfast.storage.errors import StorageReadOnly
from holdfast.storage.names import DATABASE_SUFFIX, is_unfinished
from holdfast.storage.nursery import bound
from holdfast.storage.session import WAL_SUFFIX, Session
from holdfast.storage.staged import staged_name
from holdfast.storage.template import UNBOUNDED, as_born, born, in_memory_mode, in_wal_mode

if TYPE_CHECKING:
    from holdfast.storage.nursery import Nursery
    from holdfast.storage.statements import SqlAccess

LARGE_BYTES = 256 * 1024

_numbers = itertools.count(1)


class Newborn:
    """A database in memory, about to become a file.

    Satisfies `barrier.NewLog`. On the loop's thread, but for `stage`, `publish` and `sync`.
    """

    __slots__ = (
        "_applied",
        "_image",
        "_is_bounded",
        "_is_durable",
        "_is_named",
        "_lock",
        "_nursery",
        "_path",
        "_sealed",
        "_staged",
        "born_ms",
        "companion",
        "connection",
        "cursor",
        "folder",
        "grown",
        "object_id",
        "sql",
        "unique_key",
    )

    is_new = True
    read_only = False
    recent = None
    takes_recent = lags = is_journaled = False
    settled = settled_in_round = settled_durably = 0

    def __init__(
        self,
        folder: Folder,
        object_id: str,
        nursery: "Nursery",
        born_ms: float,
        *,
        with_keys: bool = True,
    ) -> None:
        """Begin an object: with a table for keys, or with nothing, for SQL.

        Raises StorageReadOnly, OSError and apsw.Error.
        """
        folder.ensure()
        if not folder.is_writable():
            raise StorageReadOnly
        self.connection = nursery.lend() if with_keys else nursery.make()
        self.cursor = self.connection.cursor()
        self.folder = folder
        self.unique_key = folder.name
        self.object_id = object_id
        self.sql: SqlAccess | None = None  # see Session, as for the next
        self.companion: Companion | None = None
        self.grown: Session | None = None  # the file, once it is open
        self.born_ms = born_ms
        self._nursery = nursery
        self._is_bounded = True
        self._path = folder.file(object_id + DATABASE_SUFFIX)
        self._image = b""
        self._applied: bytes | None = None  # the image that a thread has copied to `grown`
        self._staged: str | None = None
        self._is_named = False
        self._is_durable = False  # the file and its name
        self._sealed = False
        self._lock = threading.Lock()

    @property
    def image(self) -> bytes:
        """All that is committed; nothing before the first commit. May read the file."""
        if not self._image and self._is_durable:
            return Path(self._path).read_bytes()  # see forget_image
        return self._image

    def forget_schema(self) -> None:
        """See Session."""
        if self.sql:
            self.sql.forget_schema()

    # ---- on the loop ---------------------------------------------------------------

    def clone(self, source: apsw.Connection) -> None:
        """Make the content that of another database. Raises apsw.Error."""
        with copying(source, self.connection) as copy:
            copy.step()

    def capture(self) -> None:
        """Keep what is committed, right after a commit."""
        self._image = self.connection.serialize("main")

    def forget_image(self) -> None:
        """Nothing is outstanding: the file holds the same until the next commit."""
        if self.grown is None:
            self._image = b""

    def unbound(self) -> None:
        """Let the database become as large as SQLite can have it. Raises apsw.Error."""
        bound(self.connection, UNBOUNDED)
        self._is_bounded = False

    @property
    def is_empty(self) -> bool:
        """True if the object stores nothing. Raises apsw.Error."""
        with contextlib.suppress(apsw.SQLError):  # what begins with SQL has no table of keys
            if self.cursor.execute("SELECT 1 FROM _cf_KV LIMIT 1").fetchall():
                return False
        return opening.is_empty(self.cursor)

    @property
    def is_large(self) -> bool:
        """True if what is committed is too much to be copied at each commit."""
        return len(self._image) > LARGE_BYTES

    @property
    def has_file(self) -> bool:
        """True once a round is durable."""
        return self._is_durable

    def hand_over(self) -> Session:
        """The open file, with all that is committed here; while no round is in flight."""
        assert self.grown, "the round that has ended opened the file"
        if self._applied is not self._image:
            self._give_all(self.grown)
        return self.grown

    def outgrow(self) -> Session:
        """The same at any time, made and opened here and now. Raises OSError and apsw.Error."""
        with self._lock:
            self._sealed = True
            if self.grown is None:
                self.grown = self._open() if self._is_named else self._create()
            self._give_all(self.grown)
        return self.grown

    def _give_all(self, grown: Session) -> None:
        # The nursery wants back what it has lent: something that is nobody's.
        self.cursor.execute(born(self.born_ms))
        grown.adopt(self.connection)
        self.cursor.execute(born(0))

    def _create(self) -> Session:
        return opening.create(Path(self._path), self.folder)

    def close(self) -> None:
        """Let go of the memory, which may be another object's from now on."""
        connection = self.connection
        self.cursor.close(force=True)
        del self.cursor, self.connection
        if self.sql:
            connection.close()
        else:
            self._nursery.take_back(connection, is_bounded=self._is_bounded)

    # ---- the barrier ---------------------------------------------------------------

    def sync(self, fsync: Fsync) -> None:
        """See CommittedLog."""
        self._remove_staged()  # first: whatever fails here, it must not stay
        if self.companion:
            self.companion.sync(fsync)
        if self.stage(fsync):
            self.publish()
        if self.grown:
            self.grown.sync(fsync)
        elif self._is_named:
            self.folder.sync(self.folder.changed(), fsync)
            self._is_durable = True
        else:
            raise FileNotFoundError(f"The object of {self._path} was given up.")

    def stage(self, fsync: Fsync | None = None) -> bool:
        """See NewLog. With `fsync`, a file that is to be published is synced, too."""
        self._remove_staged()
        with self._lock:
            if self._sealed:
                return False
            if self._is_durable:
                self._apply(self._image)
                return False
        self.folder.sweep(is_unfinished)
        content = as_born(in_wal_mode(self._image), self.born_ms)
        staged = staged_name(self._path, next(_numbers), content)
        fd = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        try:
            write_all(fd, content)
            if fsync:
                fsync(fd)
        except BaseException:
            _remove(staged)
            raise
        finally:
            os.close(fd)
        with self._lock:
            if self._sealed:
                _remove(staged)
                return False
            self._staged = staged
        return True

    def _remove_staged(self) -> None:
        """Remove a file that was staged, and whose sync failed, or that of others with it."""
        staged, self._staged = self._staged, None
        if staged:
            _remove(staged)

    def publish(self) -> bool:
        """See NewLog."""
        with self._lock:
            if self._sealed:
                self._remove_staged()
                return self.grown is not None  # who outgrew it has begun another file
            staged, self._staged = self._staged, None
            assert staged, "only what is staged can be published"
            try:
                if os.path.exists(self._path + WAL_SUFFIX):  # noqa: PTH110 - see `Folder.file`
                    opening.remove_stray_log(Path(self._path), self.folder)
                os.rename(staged, self._path)  # noqa: PTH104 - see `Folder.file`
            except BaseException:
                _remove(staged)
                raise
            self._is_named = True
        return False

    def synced(self) -> None:
        """See CommittedLog."""
        self._is_durable = True
        if self.grown and self._applied is not None:
            self.grown.synced()

    def unkept(self) -> None:
        """See CommittedLog: it has no log yet."""

    def settle_in_round(self) -> None:
        """See CommittedLog: nothing is kept from it."""

    def catch_up(self) -> None:
        """See CommittedLog."""

    def _apply(self, image: bytes) -> None:
        """Have the file open, and the image in it."""
        if self.grown is None:
            self.grown = self._open()
        if self._applied is image:
            return
        source = apsw.Connection(":memory:")
        try:
            source.deserialize("main", in_memory_mode(as_born(image, self.born_ms)))
            self.grown.adopt(source)
        finally:
            source.close()
        self._applied = image

    def _open(self) -> Session:
        session = opening.open_existing(Path(self._path), self.folder, log_is_durable=True)
        if session is None:
            raise FileNotFoundError(f"{self._path} has vanished.")
        return session

    # ---- giving up -----------------------------------------------------------------

    def abandon(self) -> None:
        """Let go of the memory and of the file, while a sync may still be under way."""
        with self._lock:
            self._sealed = True
            self._remove_staged()
        self.connection.close()
        if self.grown:
            self.grown.abandon()

    def release(self) -> None:
        """See Session."""
        if self.grown:
            self.grown.release()

    def release_log(self) -> None:
        """See Session."""
        if self.grown:
            self.grown.release_log()


def _remove(staged: str) -> None:
    with contextlib.suppress(OSError):  # what stays is swept by the next process
        os.unlink(staged)  # noqa: PTH108 - see `Folder.file`
