"""The alarms of one namespace: when which of its objects is to be woken.

An object's alarm is what its own database says: row 1 of `_cf_METADATA`, written in the same
transaction as everything else of its turn. So that nobody has to open a million databases to
find the next alarm, `metadata.sqlite` beside them lists them all. Both are workerd's layout:
https://github.com/cloudflare/workerd/blob/main/src/workerd/util/sqlite-metadata.c%2B%2B
https://github.com/cloudflare/workerd/blob/main/src/workerd/server/alarm-scheduler.c%2B%2B

The list is kept on the disk alone, however long it is: an index by time, which workerd does not
have and does not mind, gives the next ones.

Invariants:
1. The list never tells a later time than the object's database: it is written *before* a commit
   that brings an alarm forward, and *after* one that puts it off or takes it away is durable.
   So an alarm may be called for too early, and then the object says so, but never too late.
2. A round is durable only when the list is, too, as far as its commits have written to it.
   After `kill -9` that holds for every commit, since the list was written first. After a power
   loss, the next start looks for the alarm of a commit that is there without it: unlisted.py.
3. A log whose sync has failed, or that an ended process has left, is written anew before a sync of
   it counts: see `disk.rewrite_durably` for why. It stays in its place, since others may have it
   open; nobody adds to it meanwhile.
"""

import contextlib
import errno
import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import apsw

from holdfast.storage.disk import Folder, Fsync, rewrite_in_place
from holdfast.storage.errors import DAMAGED, StorageError
from holdfast.storage.keys import decode_key, encode_key
from holdfast.storage.session import wal_path

log = logging.getLogger("holdfast.storage")

FILE_NAME = "metadata.sqlite"
UNSOUND = "metadata.unsound"  # present where that is to be made anew at the next start: mending.py
_VFS = "unix-excl"  # see session.py; not where shards share the file
_BUSY_TIMEOUT_MS = 5_000
_FLAGS = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_NOMUTEX

_NS_PER_MS = 1_000_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS _cf_ALARM (
  actor_id TEXT PRIMARY KEY,
  scheduled_time INTEGER,
  actor_name TEXT
) WITHOUT ROWID
"""
_ADD_NAME = "ALTER TABLE _cf_ALARM ADD COLUMN actor_name TEXT"
_BY_TIME = "CREATE INDEX IF NOT EXISTS _cf_ALARM_by_time ON _cf_ALARM(scheduled_time)"
_ARM = (
    "INSERT INTO _cf_ALARM VALUES (?1, ?2, CAST(?3 AS TEXT)) ON CONFLICT DO UPDATE SET"
    " scheduled_time = min(scheduled_time, excluded.scheduled_time),"
    " actor_name = coalesce(excluded.actor_name, actor_name)"
)
# What is there already costs no write.
_MOVE = "UPDATE _cf_ALARM SET scheduled_time = ?2 WHERE actor_id = ?1 AND scheduled_time IS NOT ?2"
_DISARM = "DELETE FROM _cf_ALARM WHERE actor_id = ?"
_GET = "SELECT scheduled_time FROM _cf_ALARM WHERE actor_id = ?"
_FIRST = (
    "SELECT actor_id, scheduled_time, CAST(actor_name AS BLOB) FROM _cf_ALARM"
    " ORDER BY scheduled_time LIMIT ?"
)

_FIRST_HERE = _FIRST.replace(" ORDER BY", " WHERE is_here(actor_id) ORDER BY")

LOOK = ("SELECT 1 FROM sqlite_schema", _FIRST.replace("?", "1"), "SELECT 1 FROM _cf_ALARM LIMIT 1")

# In the object's own database.
_METADATA = "CREATE TABLE IF NOT EXISTS _cf_METADATA (key INTEGER PRIMARY KEY, value BLOB)"
_HAS_METADATA = "SELECT 1 FROM sqlite_schema WHERE name = '_cf_METADATA'"
_GET_OWN = "SELECT value FROM _cf_METADATA WHERE key = 1"
_SET_OWN = "INSERT INTO _cf_METADATA VALUES (1, ?) ON CONFLICT DO UPDATE SET value = excluded.value"


class Armed(NamedTuple):
    """An alarm in the list; `time_ms` since the epoch. `name` is what the id was made from."""

    object_id: str
    time_ms: int
    name: str | None


def read_own(cursor: apsw.Cursor) -> int | None:
    """The alarm that an object's database tells, in milliseconds. Raises apsw.Error."""
    if not cursor.execute(_HAS_METADATA).fetchall():
        return None
    value = cursor.execute(_GET_OWN).get
    return None if value is None else int(value) // _NS_PER_MS


def write_own(cursor: apsw.Cursor, time_ms: int | None) -> None:
    """Have an object's database tell this alarm, within a transaction. Raises apsw.Error."""
    cursor.execute(_METADATA)
    cursor.execute(_SET_OWN, (None if time_ms is None else time_ms * _NS_PER_MS,))


class AlarmList:
    """The alarms of one namespace. On the loop's thread only, but for `sync`.

    What commits call raises apsw.Error and OSError, what the scheduler calls raises StorageError.
    """

    def __init__(
        self,
        folder: Folder,
        changed: Callable[[str], None],
        is_here: Callable[[str], bool] | None = None,
        *,
        before_arming: Callable[[], None] | None = None,
    ) -> None:
        """`changed(object_id)` is called, at once, when an object's alarm may be another.

        `before_arming` comes before each `arm`, and may raise OSError.
        With `is_here` the file is shared with other processes, and those objects for which
        it is true are ours to call for.
        """
        self.path = folder.path / FILE_NAME
        self._folder = folder
        self._changed = changed
        self._is_here = is_here
        self._before_arming = before_arming
        self._connection: apsw.Connection | None = None
        self._lock = threading.Lock()  # held while syncing
        self._writes = 0
        self._synced = 0
        self._log_fd = -1
        self._in_doubt = False  # what the log holds may not be on the disk after a sync
        self._first = _FIRST if is_here is None else _FIRST_HERE

    # ---- for the objects' commits ----------------------------------------------------

    def arm(self, object_id: str, time_ms: int, name: str | None) -> None:
        """An object is about to commit this alarm: call for it then, or earlier."""
        if self._before_arming:
            self._before_arming()
        stored = None if name is None else encode_key(name)
        self._write(_ARM, object_id, time_ms * _NS_PER_MS, stored)
        self._changed(object_id)

    def settle(self, object_id: str, time_ms: int | None) -> None:
        """It is durable that this is the object's alarm."""
        if self._reached() is None:
            return
        if time_ms is None:
            self._write(_DISARM, object_id)
        else:
            self._write(_MOVE, object_id, time_ms * _NS_PER_MS)
        self._changed(object_id)

    @property
    def in_doubt(self) -> bool:
        """See disk.Companion."""
        return self._in_doubt

    def doubt(self) -> None:
        """See disk.Companion."""
        with self._lock:
            self._in_doubt = True

    def sync(self, fsync: Fsync) -> None:
        """Return once what was written so far is on the disk. Blocks; from any thread."""
        wanted = self._writes
        with self._lock:
            if self._synced >= wanted:
                return
            covered = self._writes
            if self._log_fd < 0:
                self._log_fd = os.open(wal_path(self.path), os.O_RDONLY | os.O_CLOEXEC)
            if self._in_doubt:
                self._write_anew()
            self._in_doubt = True
            fsync(self._log_fd)
            self._in_doubt = False
            self._folder.sync(self._folder.changed(), fsync)
            self._synced = covered

    def _write_anew(self) -> None:
        connection = self._connect()
        try:
            connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            connection.execute("BEGIN IMMEDIATE")
            rewrite_in_place(wal_path(self.path))
        except apsw.Error as error:
            raise OSError(errno.EIO, f"the log cannot be written anew: {error}") from error
        finally:
            connection.close()

    # ---- for the scheduler -----------------------------------------------------------

    def postpone(self, object_id: str, time_ms: int) -> None:
        """Call again for an alarm that is overdue, but not before this time."""
        with self._explained():
            self._write(_MOVE, object_id, time_ms * _NS_PER_MS)

    def move(self, object_id: str, time_ms: int | None) -> None:
        """An object was called for in vain: its alarm is this one, or none."""
        with self._explained():
            self.settle(object_id, time_ms)

    def first(self, limit: int) -> list[Armed]:
        """The alarms that come first, up to `limit`, in order of time."""
        with self._explained():
            connection = self._reached()
            if connection is None:
                return []
            found = connection.execute(self._first, (limit,)).fetchall()
        rows = cast("list[tuple[str, int, bytes | None]]", found)
        return [
            Armed(object_id, time_ns // _NS_PER_MS, None if name is None else decode_key(name))
            for object_id, time_ns, name in rows
        ]

    def get(self, object_id: str) -> int | None:
        """When an object is called for; None if it is not."""
        with self._explained():
            connection = self._reached()
            value = connection.execute(_GET, (object_id,)).get if connection else None
        return None if value is None else int(value) // _NS_PER_MS

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (apsw.Error, OSError) as error:
            if isinstance(error, DAMAGED):
                self._note_damage(error)
            raise StorageError(f"The alarms in {self.path} cannot be used: {error}") from error

    def _note_damage(self, error: apsw.Error) -> None:
        marker = self.path.with_name(UNSOUND)
        if not marker.exists():
            log.error(
                "the list of alarms %s is damaged, and is made anew at the next start: %s",
                self.path,
                error,
            )
            with contextlib.suppress(OSError):  # whoever writes next tries again
                marker.touch()

    # ---- the file --------------------------------------------------------------------

    def _write(self, sql: str, *bindings: object) -> None:
        try:
            connection = self._connection or self._open()
            try:
                connection.execute(sql, bindings)
            finally:
                self._writes += 1  # not before: a sync that is under way would count it as its own
        except DAMAGED as error:
            self._note_damage(error)
            raise

    def _reached(self) -> apsw.Connection | None:
        """The open list; None if the namespace has none."""
        if self._connection is None and self.path.exists():
            self._open()
        return self._connection

    def _connect(self) -> apsw.Connection:
        vfs = _VFS if self._is_here is None else None
        connection = apsw.Connection(str(self.path), flags=_FLAGS, vfs=vfs)
        connection.set_busy_timeout(_BUSY_TIMEOUT_MS)
        return connection

    def _open(self) -> apsw.Connection:
        self._folder.ensure()
        with contextlib.suppress(FileNotFoundError):
            if wal_path(self.path).stat().st_size:
                self._in_doubt = True
                self._writes += 1
        connection = self._connect()
        try:
            if self._is_here is not None:
                connection.create_scalar_function("is_here", cast("Any", self._is_here), 1)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL; PRAGMA cache_size=-1024")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_SCHEMA)
            columns = connection.execute("SELECT name FROM pragma_table_info('_cf_ALARM')")
            if ("actor_name",) not in columns.fetchall():
                connection.execute(_ADD_NAME)
            connection.execute(_BY_TIME)
            connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        connection, self._connection = self._connection, None
        if connection:
            connection.close()
        with self._lock:
            if self._log_fd >= 0:
                os.close(self._log_fd)
                self._log_fd = -1


class Alarms:
    """The lists of a shard's namespaces."""

    def __init__(self) -> None:
        self._lists: dict[Path, AlarmList] = {}
        self.changed: Callable[[str, str], None] = _nobody
        self.before_arming: Callable[[], None] | None = None  # see AlarmList; set at the start
        self._is_here: Callable[[str], bool] | None = None

    def share(self, is_here: Callable[[str], bool]) -> None:
        """Other shards use the lists, too; `is_here` tells which objects are this one's."""
        assert not self._lists, "none is open yet"
        self._is_here = is_here

    def of(self, folder: Folder) -> AlarmList:
        """The list of the namespace whose objects are in a folder."""
        found = self._lists.get(folder.path)
        if found is None:
            unique_key = folder.path.name
            found = AlarmList(
                folder,
                lambda object_id: self.changed(unique_key, object_id),
                self._is_here,
                before_arming=self.before_arming,
            )
            self._lists[folder.path] = found
        return found

    def forget(self, folder: Folder) -> None:
        """The folder is about to be removed."""
        found = self._lists.pop(folder.path, None)
        if found:
            found.close()

    def close(self) -> None:
        """Let go of every file."""
        for found in self._lists.values():
            found.close()


def _nobody(_unique_key: str, _object_id: str) -> None:
    """Nobody schedules."""
