"""An open connection to one object's file, with what must be synced besides it.

How SQLite is used here, and why:

- *VFS `unix-excl`*. It takes the file for this process alone, so no second Holdfast, no
  `wrangler dev` and no shell can write to an object that has an owner; and it keeps the
  index of the write-ahead log in this process's memory instead of a `-shm` file, yet lets
  a second connection of this process in, which checkpoints need. Without shared locks a
  read takes no system call. docs/durability.md has the figures.
- *WAL, autocheckpoint off*. A commit appends to the log and returns.
- *synchronous=OFF while the log is young, NORMAL once a checkpoint has begun*. NORMAL never
  syncs at a commit, with one exception: the first commit into a log. SQLite then syncs the
  log's header, on our loop. It must do so where old frames lie behind that header: if they
  survived a power loss in part, they would be replayed over newer pages. A log that was
  empty when it began has no old frames, so OFF loses nothing: the barrier syncs every
  commit. `guard_restart` switches to NORMAL before a checkpoint makes old frames of
  what the log holds, and `truncate` switches back once the log is empty again.
- *No checkpoint on close* unless asked for: with synchronous=OFF it would not be safe.

POSIX locks belong to the process, and closing any descriptor of a file drops all of them.
So nothing here closes a descriptor of the database file while SQLite has it open: the one
that it was made and is synced through stays open until SQLite has let go of it. The log is not
locked by SQLite, and is synced through a descriptor of its own.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw

from holdfast.storage.copying import copying
from holdfast.storage.disk import Companion, Folder, Fsync
from holdfast.storage.journal import FRAMES, PUTS, SALTS_BYTES, SALTS_OFFSET, Entry
from holdfast.storage.recent import DELETE, PUT, Recent
from holdfast.storage.template import BIRTH, HAS_KEYS, PAGE_BYTES, UNBOUNDED

if TYPE_CHECKING:
    from holdfast.storage.statements import SqlAccess

VFS = "unix-excl"
SHARED_VFS = "unix"  # for files that several connections, or processes, have open

# Lookaside buffers make parsing SQL quicker and cost each connection tens of kilobytes; our
# statements are few and cached. SQLite takes this setting only before its first connection.
if not apsw.connections():
    apsw.shutdown()
    apsw.config(apsw.SQLITE_CONFIG_LOOKASIDE, 0, 0)
    apsw.initialize()

WAL_SUFFIX = "-wal"

_READ_WRITE = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_NOMUTEX
STATEMENTS = 128
_CACHE_KIB = 256
_FRAME_HEADER_BYTES = 24
_WAL_HEADER_BYTES = 32

# A round that has written more is synced by itself: the journal reads on the loop.
_MAX_KEPT_BYTES = 1 << 18

# SQLite begins a page cache with memory for twenty pages, which most objects never need:
# it is given back here, and not taken again while the cache holds a page.
FRUGAL = (
    "PRAGMA cache_size=2; PRAGMA shrink_memory; "
    f"PRAGMA schema_version; PRAGMA cache_size=-{_CACHE_KIB}"
)
_GUARDED = "PRAGMA synchronous=NORMAL; PRAGMA fullfsync=ON; PRAGMA checkpoint_fullfsync=ON"


class Session:
    """An open database file. On the loop's thread, but for `sync` and `close`.

    Satisfies `barrier.CommittedLog`.
    """

    is_new = False  # see CommittedLog

    __slots__ = (
        "_entries_are_new",
        "_file_fd",
        "_frame_bytes",
        "_frames",
        "_guarded",
        "_in_round",
        "_journal_name",
        "_kept",
        "_salts",
        "_wal_fd",
        "backfilled",
        "behind",
        "companion",
        "connection",
        "cursor",
        "folder",
        "has_keys",
        "has_metadata",
        "has_outgrown",
        "is_journaled",
        "object_id",
        "page_bytes",
        "path",
        "read_only",
        "recent",
        "retry_is_due",
        "settled",
        "settled_durably",
        "settled_in_round",
        "sql",
        "unique_key",
        "wal_pages",
        "wal_path",
    )

    def __init__(
        self,
        connection: apsw.Connection,
        path: Path,
        folder: Folder,
        *,
        created_fd: int = -1,
        wal_bytes: int = 0,
    ) -> None:
        self.connection = connection
        self.cursor = connection.cursor()
        self.path = path
        self.wal_path = wal_path(path)
        self.folder = folder
        self.unique_key = folder.name
        self.object_id = path.stem
        self.read_only = connection.readonly("main")
        self.has_metadata = False  # there may be an alarm
        self.has_keys = False  # the table of keys is known to be committed; see find_keys
        # Frames in the log, and those of them that a checkpoint has copied to the file.
        self.wal_pages = self.backfilled = 0
        self.page_bytes = PAGE_BYTES  # until `configure` has looked
        self.companion: Companion | None = None  # synced with the next round, if set
        self.sql: SqlAccess | None = None  # present once a script's SQL has used the connection
        self.retry_is_due = False  # a timer will try to empty the log
        self._guarded = False
        self._file_fd = created_fd
        self._wal_fd = -1
        # SQLite makes the log with the first access; its entry is new unless it was there.
        self._entries_are_new = not wal_bytes
        # See `unkept`. Of the log since it was empty: its frames as of the last commit made here,
        # of the round that is under way, and of the last round that has ended; and its salts.
        self._frames = self._in_round = self._kept = 0
        self._salts = self._journal_name = b""
        # See recent.py; and how often SQLite was told of it, as far as rounds have begun and ended.
        self.recent = Recent()
        self.settled = self.settled_in_round = self.settled_durably = 0
        self.has_outgrown = False  # its bound
        self.is_journaled = False  # a journal is kept, for what is recent, too
        self.behind: Callable[[], None] = lambda: None  # see JournaledLog.catch_up

    def configure(self, *, wal_bytes: int = 0) -> None:
        """Prepare a connection that was just made; the file is first accessed here."""
        connection = self.connection
        # The hook replaces SQLite's own automatic checkpoints, which use the same one.
        connection.set_wal_hook(self._on_commit)
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        # A file that another tool has made may have pages of another size.
        *_, (self.page_bytes,) = self.once(f"PRAGMA synchronous=OFF; {FRUGAL}; PRAGMA page_size")
        self._frame_bytes = self.page_bytes + _FRAME_HEADER_BYTES
        self.wal_pages = max(wal_bytes - _WAL_HEADER_BYTES, 0) // self._frame_bytes

    def once(self, sql: str) -> list[Any]:
        """Rows of statements that will not come again, so that none is kept."""
        return self.cursor.execute(sql, can_cache=False).fetchall()

    def _on_commit(self, _connection: apsw.Connection, _schema: str, pages: int) -> int:
        self.wal_pages = self._frames = pages
        return apsw.SQLITE_OK

    def forget_schema(self) -> None:
        """Tables may have come or gone, other than by a statement of a script's SQL."""
        self.has_keys = False
        if self.sql:
            self.sql.forget_schema()

    # ---- the barrier ---------------------------------------------------------------

    def sync(self, fsync: Fsync) -> None:
        """See CommittedLog. The file comes first: a log without its file means nothing."""
        if self.companion:
            self.companion.sync(fsync)
        if not self._entries_are_new:
            fsync(self._wal_fd if self._wal_fd >= 0 else self._open_log())
            self.synced()
            return
        ticket = self.folder.changed()
        if self._file_fd < 0:
            # A file that was there may come from a process that was killed before it had
            # synced it.
            self._file_fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        fsync(self._file_fd)
        fsync(self._open_log())
        self.folder.sync(ticket, fsync)
        self.synced()

    def synced(self) -> None:
        """See CommittedLog."""
        self._entries_are_new = False
        self._kept = self._in_round
        # Of a connection that was given up, another one may have seen to more.
        self.settled_durably = max(self.settled_durably, self.settled_in_round)

    def unkept(self) -> Entry | None:
        """See JournaledLog.

        What is recent comes after all frames that a round was asked for. The first round of a log
        is synced, with its header; so are all from a checkpoint on until the log is empty, since it
        may begin anew at any commit.
        """
        kept, has_frames = self._kept, self._frames > self._in_round
        self._in_round = self._frames
        self.settled_in_round = self.settled
        if puts := self.recent.begin_round():
            assert not has_frames, "what is recent comes after them"
            return self._entry(PUTS, self._frames, puts)
        length = (self._in_round - kept) * self._frame_bytes
        if not kept or self._guarded or self.companion or not 0 < length <= _MAX_KEPT_BYTES:
            return None
        fd = self._wal_fd if self._wal_fd >= 0 else self._open_log()
        offset = self.end_of(kept)
        return self._entry(FRAMES, offset, os.pread(fd, length, offset))

    def end_of(self, frames: int) -> int:
        """Where so many frames of the log end."""
        return _WAL_HEADER_BYTES + frames * self._frame_bytes

    def _entry(self, kind: int, at: int, content: bytes) -> Entry:
        if not self._salts:
            fd = self._wal_fd if self._wal_fd >= 0 else self._open_log()
            self._salts = os.pread(fd, SALTS_BYTES, SALTS_OFFSET)
            self._journal_name = os.fsencode(f"{self.folder.name}/{self.wal_path.name}")
        return Entry(self._journal_name, self._salts, kind, at, content)

    def settle_in_round(self) -> None:
        """See JournaledLog. What is fresh comes after that."""
        self.settle()
        self._in_round, self.settled_in_round = self._frames, self.settled

    def catch_up(self) -> None:
        """See JournaledLog."""
        self.behind()

    # ---- what is recent ------------------------------------------------------------

    @property
    def takes_recent(self) -> bool:
        """True while writes may go to `recent`, as far as the log is concerned."""
        return (
            self.is_journaled
            and not self.has_outgrown
            and self._frames == self._in_round
            and self._kept > 0
            and not self._guarded
            and self.companion is None
            and (self.has_keys or self.find_keys())
        )

    def find_keys(self) -> bool:
        """Whether keys have their table, for good; an object that began with SQL may have none."""
        if not self.connection.in_transaction:
            self.has_keys = bool(self.cursor.execute(HAS_KEYS).fetchall())
        return self.has_keys

    @property
    def lags(self) -> bool:
        """True while the log does not have, durably, what the journal was given besides frames."""
        return bool(self.recent.kept) or self.settled > self.settled_durably

    def settle(self) -> None:
        """Commit what is recent, but for what is fresh; outside of transactions.

        It was accepted, so no bound keeps it out. Raises apsw.Error and OSError, with all of it
        still recent.
        """
        values, frames = self.recent.committed, self._frames
        if not values:
            return
        self._commit_puts(values)
        if self._frames == frames:  # SQLite saw that nothing changes; see recent.py, 2
            key = next(iter(values))
            self._commit_puts({key: values[key]}, anew=True)
        self.recent.settled()
        self.settled += 1

    def take_over(self, values: dict[str, bytes]) -> None:
        """Commit what a connection had that is no more. As `settle` does, and raises."""
        self.recent.kept.update(values)
        self.settle()

    def _commit_puts(self, values: dict[str, bytes], *, anew: bool = False) -> None:
        self.begin_with(values, anew=anew)
        try:
            self.cursor.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    def begin_with(self, values: dict[str, bytes], *, anew: bool = False) -> None:
        """Begin a transaction that has written what was recent; `anew`, even if nothing changes."""
        try:
            self._begin_with(values, anew=anew)
        except apsw.FullError:
            # Of the object, for which there is a way; or of the disk, which then says so again.
            bound = self.cursor.execute("PRAGMA max_page_count").get
            self.cursor.execute(f"PRAGMA max_page_count={UNBOUNDED}").fetchall()
            try:
                self._begin_with(values, anew=anew)
            finally:
                self.bound(bound)

    def bound(self, pages: int) -> None:
        """Have the file grow no further than to so many pages, but by what was accepted before."""
        (allowed,) = self.once(f"PRAGMA max_page_count={pages}")[0]
        self.has_outgrown = allowed > pages  # it has as many already

    def _begin_with(self, values: dict[str, bytes], *, anew: bool) -> None:
        execute = self.cursor.execute
        execute("BEGIN IMMEDIATE")
        try:
            for key, value in values.items():
                if anew:
                    execute(DELETE, (key,))
                execute(PUT, (key, value))
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        if self.connection.in_transaction:
            self.cursor.execute("ROLLBACK")

    def forget_recent(self) -> None:
        """Another connection has it, durably."""
        self.recent.settled()
        self.settled_durably = self.settled + 1

    def _open_log(self) -> int:
        if self._wal_fd < 0:
            self._wal_fd = os.open(self.wal_path, os.O_RDONLY | os.O_CLOEXEC)
        return self._wal_fd

    # ---- from memory ---------------------------------------------------------------

    def adopt(self, source: apsw.Connection) -> None:
        """Make the content that of another database, in one commit to the log.

        Blocks no more than a commit does. Raises apsw.Error.
        """
        with copying(source, self.connection) as copy:
            copy.step()
        # SQLite has emptied its page cache, and tells of the new frames with the next statement.
        self.once(FRUGAL)
        assert self.wal_pages, "the log holds what was copied"

    def clone(self, source: apsw.Connection) -> None:
        """The same, but that the file goes on telling when it was made: by another commit."""
        birth = self.once(BIRTH)[0][0]
        self.adopt(source)
        self.once(f"{BIRTH}={birth}")

    # ---- keeping the log short -----------------------------------------------------

    def guard_restart(self) -> None:
        """From now on SQLite syncs the log's header when it begins the log anew.

        Comes before every checkpoint, when nothing is recent, and outside of transactions, where
        SQLite refuses it.
        """
        assert not self.recent, "entries of the journal would be passed over"
        if not self._guarded:
            self.cursor.execute(_GUARDED)
            self._guarded = True

    def truncate(self) -> bool:
        """Empty the log, after copying to the file what is left of it; True if that worked.

        Blocks for the disk only if a checkpoint has not copied everything before.
        """
        assert self._guarded, "a checkpoint without syncs would not survive a power loss"
        try:
            self.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except (apsw.BusyError, apsw.LockedError):
            return False  # a reader, perhaps a cursor of this connection, still needs it
        self.wal_pages = self.backfilled = 0
        self._frames = self._in_round = self._kept = 0
        self.settled_durably = self.settled_in_round = self.settled
        self._salts = b""
        self.cursor.execute("PRAGMA synchronous=OFF")
        self._guarded = False
        return True

    # ---- the end -------------------------------------------------------------------

    def close(self, *, checkpoint: bool) -> None:
        """Let go of the file; with `checkpoint`, copy the log to it and remove the log.

        Blocks for the disk if it checkpoints, which needs `guard_restart` before unless the
        log is empty. From any thread, while no sync is under way. Raises apsw.Error if the
        checkpoint fails; the log then stays, and the file is closed all the same.
        """
        try:
            if checkpoint and not self.read_only:
                assert self._guarded or not self.wal_pages, "see guard_restart"
                if self.wal_pages:
                    self.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
                self.connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
        finally:
            self.abandon()
            self.release()

    def abandon(self) -> None:
        """Close SQLite's connection alone, while a sync may still be under way."""
        with contextlib.suppress(apsw.Error):  # what it complains of has been handled
            self.connection.close()

    def release(self) -> None:
        """Close the descriptors, after the connection and after the last sync."""
        self.release_log()
        if self._file_fd >= 0:
            os.close(self._file_fd)
            self._file_fd = -1

    def release_log(self) -> None:
        """Close the log's descriptor alone.

        For a file that was given up while a sync was under way and that may be open in
        SQLite anew: closing the other descriptor would drop SQLite's lock, so it is left.
        """
        if self._wal_fd >= 0:
            os.close(self._wal_fd)
            self._wal_fd = -1


def wal_path(path: Path) -> Path:
    """The write-ahead log of a database file."""
    return path.with_name(path.name + WAL_SUFFIX)


def connect(path: Path, *, vfs: str = VFS) -> apsw.Connection:
    """A bare connection to a file that exists."""
    return apsw.Connection(str(path), flags=_READ_WRITE, vfs=vfs, statementcachesize=STATEMENTS)


def checkpoint(path: Path) -> tuple[int, int]:
    """Copy what can be copied from the log of a file that this process has open.

    Returns the frames in the log and how many of them the file has now. Runs on a thread,
    beside the loop's connection, which may go on reading and committing. Blocks; raises
    apsw.Error.
    """
    connection = connect(path)
    try:
        connection.wal_autocheckpoint(0)
        connection.execute(_GUARDED)
        return connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    finally:
        connection.close()
