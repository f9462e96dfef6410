"""An object goes back to a mark of its past, when it is opened next.

`ask` writes `<id>.restore`, which says which mark the next opening is to put in the place of the
object's file. A thread does that, while the object waits (`GoingBack.run`): it first marks what is
there then, under the bookmark that was promised for undoing it. Each step can be taken again after
a crash in the middle, and between two of them the object's files are whole, what they were or what
they are to be. The request is removed last (`GoingBack.finish`), and durably before anybody reads
or writes what has come back.
"""

import contextlib
import json
import logging
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from holdfast.storage.disk import Folder, fsync, write_at
from holdfast.storage.errors import DAMAGED, StorageError
from holdfast.storage.names import RESTORED_SUFFIX, is_unfinished
from holdfast.storage.opening import leave_no_log, open_existing, remove
from holdfast.storage.snapshot import Snapshot

if TYPE_CHECKING:
    from holdfast.storage.history import History

log = logging.getLogger("holdfast.storage")

SUFFIX = ".restore"
_SYNCED_BYTES = 16 << 20  # written between two syncs: one of all would hold up those of others


class Stopped(StorageError):
    """Nobody needs the object any more. The next opening begins again."""


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


class GoingBack:
    """What was asked for, of an object that nobody has open. `run` blocks for long."""

    def __init__(
        self,
        history: "History",
        folder: Folder,
        changed_ms: float,
        now_ms: Callable[[], float],
        unsettled: dict[str, bytes],
    ) -> None:
        """`changed_ms` is when the object was written last; `unsettled`, what its file lacks."""
        self._history = history
        history.look = self._look
        self._path = history.database
        self._folder = folder
        self._changed_ms = changed_ms
        self._now_ms = now_ms
        self._unsettled = unsettled
        self._stopped = threading.Event()
        self._is_done = False

    def run(self) -> None:
        """Put the mark in the object's place, unless that is done. From any thread, one at a time.

        A past that is damaged is put aside: the object goes on with what it has. Raises apsw.Error
        and OSError, and Stopped.
        """
        request = None if self._is_done else requested(self._path)
        if request is not None:
            self._folder.sweep(is_unfinished)
            try:
                self._go(request)
            except DAMAGED as error:
                self._history.put_aside(error)
        self._is_done = True

    def stop(self) -> None:
        """Have `run` end soon, with nothing done."""
        self._stopped.set()

    def finish(self) -> None:
        """What has come back is about to be used: it was for this once. Raises OSError."""
        request_path(self._path).unlink(missing_ok=True)
        self._folder.sync(self._folder.changed())

    def _go(self, request: Request) -> None:
        if self._unsettled:
            self._settle()
        if not self._history.has(request.undo):
            self._mark_present(request.undo)
        if self._history.has(request.bookmark):
            # Closed here: an error remembers who was reading, and so would keep the past locked.
            with contextlib.closing(self._history.pages(request.bookmark)) as pages:
                put_in_place(self._path, pages, self._folder)
        else:
            log.error("%s: there is no mark %s any more", self._path, request.bookmark)

    def _settle(self) -> None:
        session = open_existing(self._path, self._folder, log_is_durable=False)
        if session is None:
            return
        try:
            session.take_over(self._unsettled)
            session.sync(fsync)
        finally:
            session.close(checkpoint=False)

    def _mark_present(self, undo: str) -> None:
        there = None
        if self._path.exists():
            try:
                there = Snapshot.of(self._path)
            except DAMAGED as error:
                log.error("%s is damaged, and put aside: %s", self._path, error)
                self._path.rename(self._path.with_name(f"{self._path.name}-damaged"))
                return
        self._history.mark(
            there, asked=True, since_ms=self._changed_ms, now_ms=self._now_ms(), bookmark=undo
        )

    def _look(self) -> None:
        if self._stopped.is_set():
            raise Stopped


def put_in_place(path: Path, pages: Iterable[tuple[int, bytes]], folder: Folder) -> None:
    """Make a database of these pages; none, if there are none."""
    new = path.with_suffix(RESTORED_SUFFIX)
    try:
        is_something = _write_durably(new, pages)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    if not is_something:
        new.unlink()
        remove(path, folder)
        return
    # The log belongs to the file that goes, and must not be replayed into the other one. Until
    # that has the name, the old one is to be whole.
    leave_no_log(path, folder)
    new.rename(path)
    folder.sync(folder.changed())


def _write_durably(path: Path, pieces: Iterable[tuple[int, bytes]]) -> bool:
    """Make a file of pieces; False if there are none."""
    is_empty = True
    unsynced = 0
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        for offset, content in pieces:
            is_empty = False
            write_at(fd, content, offset)
            unsynced += len(content)
            if unsynced > _SYNCED_BYTES:
                fsync(fd)
                unsynced = 0
        fsync(fd)
    finally:
        os.close(fd)
    return not is_empty
