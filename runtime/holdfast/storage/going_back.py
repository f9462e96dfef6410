"""An object goes back to a mark of its past, when it is opened next.

`ask` writes `<id>.restore`, which says which mark the next opening is to put in the place of the
object's file. The opening (`go_back`) first marks what is there then, under the bookmark that was
promised for undoing it. Each step can be taken again after a crash in the middle: the request is
removed last, and durably before anybody reads or writes what has come back.
"""

import json
import logging
import os
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import apsw

from holdfast.storage.disk import Folder, fsync, write_all
from holdfast.storage.session import wal_path
from holdfast.storage.snapshot import Snapshot

if TYPE_CHECKING:
    from holdfast.storage.history import History

log = logging.getLogger("holdfast.storage")

SUFFIX = ".restore"


class Request(NamedTuple):
    """What the next opening is to do."""

    bookmark: str  # to go back to
    undo: str  # the bookmark of what is there then


def request_path(path: Path) -> Path:
    """Where the request is, if there is one, of the object whose database this is."""
    return path.with_suffix(SUFFIX)


def requested(path: Path) -> Request | None:
    """The request, if there is one, of the object whose database this is. Raises OSError."""
    try:
        return Request(**json.loads(request_path(path).read_bytes()))
    except FileNotFoundError:
        return None


def ask(history: "History", bookmark: str, folder: Folder) -> str:
    """Have the next opening go back to a mark; a bookmark to undo that with. Blocks.

    Raises BookmarkInvalid, apsw.Error and OSError.
    """
    history.require(bookmark)
    before = requested(history.database)
    undo = before.undo if before else history.promise()
    path = request_path(history.database)
    new = path.with_name(f"{path.name}-new")
    told = json.dumps(Request(bookmark, undo)._asdict())
    _write_durably(new, [(0, told.encode())])
    new.rename(path)
    folder.sync(folder.changed())
    return undo


def go_back(history: "History", folder: Folder, changed_ms: float, now_ms: float) -> None:
    """Do what was asked for. Blocks; nobody else may have the object's database open.

    `changed_ms` is when it was written last. A past that is damaged is put aside: the object
    goes on with what it has. Raises apsw.Error and OSError.
    """
    path = history.database
    request = requested(path)
    if request is None:
        return
    try:
        if not history.has(request.undo):
            there = Snapshot.of(path) if path.exists() else None
            history.mark(
                there, asked=True, since_ms=changed_ms, now_ms=now_ms, bookmark=request.undo
            )
        if history.has(request.bookmark):
            put_in_place(path, history.pages(request.bookmark), folder)
        else:
            log.error("%s: there is no mark %s any more", path, request.bookmark)
    except (apsw.NotADBError, apsw.CorruptError, zlib.error) as error:
        history.put_aside(error)
    request_path(path).unlink()
    folder.sync(folder.changed())


def put_in_place(path: Path, pages: Iterable[tuple[int, bytes]], folder: Folder) -> None:
    """Make a database of these pages; none, if there are none."""
    new = path.with_suffix(".restored")
    if not _write_durably(new, pages):
        new.unlink()
        # A log without its file is nobody's, so the file goes first.
        path.unlink(missing_ok=True)
        folder.sync(folder.changed())
        wal_path(path).unlink(missing_ok=True)
        return
    # The log belongs to the file that goes, and must not be replayed into the other one.
    wal_path(path).unlink(missing_ok=True)
    folder.sync(folder.changed())
    new.rename(path)
    folder.sync(folder.changed())


def _write_durably(path: Path, pieces: Iterable[tuple[int, bytes]]) -> bool:
    """Make a file of pieces; False if there are none."""
    is_empty = True
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        for offset, content in pieces:
            is_empty = False
            os.lseek(fd, offset, os.SEEK_SET)
            write_all(fd, content)
        fsync(fd)
    finally:
        os.close(fd)
    return not is_empty
