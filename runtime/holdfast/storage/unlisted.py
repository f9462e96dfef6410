"""Alarms that an object has and the list of its namespace has not, or only for a later time.

The list is written before an object's commit, and synced before anybody is told of it (alarms.py).
But a kernel writes files in whatever order it likes, so a power loss in between may leave the
commit without the list. Nobody was told of that alarm; yet it is there, and would run only once
somebody calls its object. So the next start looks for such alarms: in files that have a log, and
in those that had no name yet, as all others were synced after the list was. An alarm that has
failed, and is listed for later by that, is called for at once.
"""

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import apsw

from holdfast.storage.alarms import AlarmList, read_own
from holdfast.storage.disk import Folder, fsync
from holdfast.storage.errors import StorageError
from holdfast.storage.names import DATABASE_SUFFIX, object_id_of
from holdfast.storage.object_names import NameBook
from holdfast.storage.session import WAL_SUFFIX, connect, wal_path

log = logging.getLogger("holdfast.storage")


def with_logs(folder: Path) -> Iterator[str]:
    """The ids of objects of a namespace's folder that have a log. Raises OSError."""
    for path in folder.glob(f"*{DATABASE_SUFFIX}{WAL_SUFFIX}"):
        if (object_id := object_id_of(path.name.removesuffix(WAL_SUFFIX))) is not None:
            yield object_id


def enlist(
    path: Path, object_ids: Iterable[str], is_here: Callable[[str], bool] | None = None
) -> int | None:
    """Have the list of a namespace's folder call for the alarms of these objects, durably.

    `is_here` tells which objects are ours, if other processes use the list, too. The number of
    alarms that it had not, or too late; None where it cannot be written, as on a full disk. Blocks;
    comes before any of these objects is opened. A file that cannot be read is told of, and left.
    Raises OSError.
    """
    own = {each: time_ms for each in object_ids if (time_ms := _own_alarm(path, each)) is not None}
    if not own:
        return 0
    folder = Folder(path)
    alarms = AlarmList(folder, lambda _: None, is_here)
    try:
        return _enlist(alarms, own, _names(path, own))
    except (apsw.Error, StorageError) as error:
        log.error("alarms of objects in %s may be missing from its list: %s", path, error)
        return None
    finally:
        alarms.close()
        folder.close()


def _enlist(alarms: AlarmList, own: dict[str, int], names: dict[str, str]) -> int:
    missing = 0
    for object_id, time_ms in own.items():
        listed_ms = alarms.get(object_id)
        if listed_ms is None or listed_ms > time_ms:
            alarms.arm(object_id, time_ms, names.get(object_id))
            missing += 1
    alarms.sync(fsync)
    return missing


def _own_alarm(folder: Path, object_id: str) -> int | None:
    path = folder / (object_id + DATABASE_SUFFIX)
    try:
        if not path.stat().st_size:
            return None
        with contextlib.closing(as_it_is(path)) as connection:
            return read_own(connection.cursor())
    except FileNotFoundError:
        return None
    except apsw.Error as error:
        log.warning("whether %s has an alarm cannot be told: %s", path, error)
        return None


def as_it_is(path: Path) -> apsw.Connection:
    """A connection that leaves the file and its log alone."""
    with contextlib.suppress(FileNotFoundError):
        if wal_path(path).stat().st_size:
            connection = connect(path)
            connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            return connection
    return apsw.Connection(
        f"{path.absolute().as_uri()}?immutable=1",
        flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI,
    )


def _names(path: Path, own: dict[str, int]) -> dict[str, str]:
    try:
        return NameBook(path).read([*own])
    except apsw.Error as error:
        log.warning("the names of objects in %s cannot be read: %s", path, error)
        return {}
