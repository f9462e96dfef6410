"""An object's database as a file of its own: checked, read, and made ready to take its place.

A portable file is a SQLite database in the layout of workerd's objects, without a log beside
it. All functions block.
"""

import contextlib
import errno
import os
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path
from urllib.parse import quote

import apsw

from holdfast.dataclass import dataclass
from holdfast.engine.v8format import V8FormatError, decode
from holdfast.storage import bundle
from holdfast.storage.alarms import AlarmList
from holdfast.storage.copying import copying
from holdfast.storage.disk import Folder
from holdfast.storage.errors import StorageError
from holdfast.storage.names import object_id_of
from holdfast.storage.quoting import identifier
from holdfast.storage.session import VFS, connect

_KV_COLUMNS = ["key", "value"]
_MAX_PROBLEMS = 20
MAX_PAGE_BYTES = 16 << 20  # of keys' values
_BUSY_TIMEOUT_MS = 600_000  # so long may a mark of many gigabytes take to be stored
_PAGES_AT_ONCE = 256
_MAGIC = b"SQLite format 3\0"


class NotAnObject(StorageError, ValueError):
    """A file that is no object's database; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database holds: how many keys, rows by table, bytes; and its alarm."""

    keys: int
    tables: dict[str, int]
    size_bytes: int
    alarm_ms: int | None
    facets: Mapping[str, int] = field(default_factory=dict)  # bytes by name, as bundle.py has them


@contextlib.contextmanager
def opened(path: Path) -> Iterator[apsw.Connection]:
    """A connection that only reads, and trusts nothing in the file. Raises NotAnObject."""
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise NotAnObject(f"{path.name} is no SQLite database.")
        name = f"file:{quote(str(path))}?mode=ro&immutable=1"
        connection = apsw.Connection(name, flags=_READ_ONLY)
    except (apsw.Error, OSError) as error:
        raise NotAnObject(f"{path.name} cannot be opened: {error}") from error
    try:
        connection.execute("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON").fetchall()
        yield connection
    except apsw.Error as error:
        raise NotAnObject(f"{path.name} is no sound database: {error}") from error
    finally:
        connection.close()


_READ_ONLY = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI


def problems(path: Path) -> list[str]:
    """What is wrong with an object's database, each in a line; nothing if it is sound."""
    if found := damage(path):
        return found
    try:
        with opened(path) as db:
            return [*_schema_problems(db), *_value_problems(db)][:_MAX_PROBLEMS]
    except NotAnObject as error:
        return [str(error)]


def damage(path: Path) -> list[str]:
    """What is wrong with any database, each in a line; nothing if it is sound."""
    try:
        with opened(path) as db:
            told = [str(row[0]) for row in db.execute(f"PRAGMA integrity_check({_MAX_PROBLEMS})")]
    except NotAnObject as error:
        return [str(error)]
    return [] if told == ["ok"] else told


def _schema_problems(db: apsw.Connection) -> Iterator[str]:
    rows = db.execute(
        "SELECT name FROM sqlite_schema WHERE lower(name) LIKE '\\_cf\\_%' ESCAPE '\\'"
    )
    ours = {str(name).upper() for (name,) in rows}
    if "_CF_KV" in ours:
        columns = [str(row[1]) for row in db.execute("PRAGMA table_info(_cf_KV)")]
        if columns != _KV_COLUMNS:
            yield f"the table _cf_KV has the columns {columns}, not {_KV_COLUMNS}"
    for kind, name in db.execute("SELECT type, tbl_name FROM sqlite_schema WHERE type = 'trigger'"):
        if str(name).upper().startswith("_CF_"):
            yield f"a {kind} is attached to {name}"


def _value_problems(db: apsw.Connection) -> Iterator[str]:
    if not _has_table(db, "_cf_KV"):
        return
    for key, value in db.execute("SELECT CAST(key AS BLOB), value FROM _cf_KV"):
        try:
            decode(bytes(value))
        except (V8FormatError, TypeError) as error:
            yield f"the value of {_text(key)!r} cannot be read: {error}"


def describe(path: Path) -> Contents:
    """What a database holds. Raises NotAnObject."""
    with opened(path) as db:
        names = [
            str(name)
            for (name,) in db.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%'"
                " ESCAPE '\\' ORDER BY name"
            )
        ]
        tables = {
            name: int(db.execute(f"SELECT count(*) FROM {identifier(name)}").get or 0)  # noqa: S608
            for name in names
            if not name.upper().startswith("_CF_")
        }
        keys = db.execute("SELECT count(*) FROM _cf_KV").get if "_cf_KV" in names else 0
        pages, page_size = db.pragma("page_count"), db.pragma("page_size")
        facets = bundle.sizes(db) if bundle.has_facets(db) else {}
        alarm = None
        if "_cf_METADATA" in names:
            alarm = db.execute("SELECT value FROM _cf_METADATA WHERE key = 1").get
    return Contents(
        keys=int(keys or 0),
        tables=tables,
        size_bytes=int(pages or 0) * int(page_size or 0),
        alarm_ms=None if alarm is None else int(alarm) // 1_000_000,
        facets=facets,
    )


def entries(
    path: Path, *, prefix: str = "", after: str = "", limit: int
) -> tuple[list[tuple[str, bytes]], bool]:
    """Keys and values as they are stored, in the order of keys; and whether more follow.

    They end early where they have more than MAX_PAGE_BYTES. Raises NotAnObject.
    """
    start = prefix.encode("utf-8", "surrogatepass")
    found: list[tuple[str, bytes]] = []
    size = 0
    with opened(path) as db:
        if not _has_table(db, "_cf_KV"):
            return [], False
        rows = db.execute(
            "SELECT CAST(key AS BLOB), value FROM _cf_KV"
            " WHERE key > CAST(?1 AS TEXT) AND key >= CAST(?2 AS TEXT) ORDER BY key",
            (after.encode("utf-8", "surrogatepass"), start),
        )
        for key, value in rows:
            if not bytes(key).startswith(start):
                break
            if len(found) == limit or size > MAX_PAGE_BYTES:
                return found, True
            size += len(value)
            found.append((_text(key), bytes(value)))
    return found, False


def make_ready(source: Path, target: Path) -> Contents:
    """Copy a portable file to `target`, in the mode that objects' files have; what it holds.

    Its facets come to lie beside it. The copies are made by SQLite, so that nothing but sound
    databases comes out. Raises NotAnObject, and OSError.
    """
    contents = describe(source)
    _copy_ready(source, target, with_facets=True)
    return contents


def _copy_ready(source: Path, target: Path, *, with_facets: bool) -> None:
    if found := problems(source):
        raise NotAnObject("; ".join(found))
    copy = apsw.Connection(str(target))
    try:
        with opened(source) as db, copying(db, copy) as steps:
            steps.step()
        if with_facets:
            for facet in bundle.unbundle(copy, target):
                unready = facet.rename(facet.with_name("unready.sqlite"))
                _copy_ready(unready, facet, with_facets=False)
        copy.execute("PRAGMA journal_mode=WAL").fetchall()
        copy.execute("PRAGMA synchronous=FULL; PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except (apsw.FullError, apsw.IOError) as error:
        number = errno.ENOSPC if isinstance(error, apsw.FullError) else errno.EIO
        raise OSError(number, f"{os.strerror(number)}: {error}") from error
    except (apsw.Error, ValueError) as error:
        raise NotAnObject(f"{source.name} holds facets that are none: {error}") from error
    finally:
        copy.close()


def copy_database(source: Path, target: Path, *, vfs: str = VFS) -> None:
    """Copy a database that other connections of this process write to, as it is at one moment.

    They must have it open by the same VFS. `target` is replaced. Raises StorageError.
    """
    target.unlink(missing_ok=True)
    try:
        reading = connect(source, vfs=vfs)
    except apsw.Error as error:
        raise StorageError(f"{source} cannot be read: {error}") from error
    try:
        reading.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        reading.set_busy_timeout(_BUSY_TIMEOUT_MS)
        reading.execute("BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()
        writing = apsw.Connection(str(target))
        try:
            writing.execute("PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF").fetchall()
            with copying(reading, writing) as copy:
                while not copy.done:
                    copy.step(_PAGES_AT_ONCE)
        finally:
            writing.close()
    except apsw.Error as error:
        raise StorageError(f"{source} cannot be copied: {error}") from error
    finally:
        reading.close()


def list_alarms_anew(folder: Path) -> None:
    """Make a namespace's list of alarms say what its objects' own databases do.

    Nobody has any of them open. Raises StorageError.
    """
    own = {
        object_id: describe(path).alarm_ms
        for path in folder.iterdir()
        if (object_id := object_id_of(path.name))
    }
    listed = AlarmList(Folder(folder), lambda _: None)
    if not any(own.values()) and not listed.path.exists():
        return
    try:
        for object_id, alarm_ms in own.items():
            if alarm_ms is not None:
                listed.arm(object_id, alarm_ms, None)
            listed.settle(object_id, alarm_ms)
    except (apsw.Error, OSError) as error:
        raise StorageError(f"The alarms in {folder} cannot be listed: {error}") from error
    finally:
        listed.close()


def _has_table(db: apsw.Connection, name: str) -> bool:
    return db.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (name,)).get is not None


def _text(key: object) -> str:
    assert isinstance(key, bytes), "the key was cast to a blob"
    return key.decode("utf-8", "surrogatepass")
