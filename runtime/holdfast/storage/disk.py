"""Making files and folders survive a power loss."""

import contextlib
import ctypes
import errno
import fcntl
import itertools
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Protocol

Fsync = Callable[[int], None]


class Companion(Protocol):
    """A file that has to be durable before a round of another one is."""

    @property
    def in_doubt(self) -> bool:
        """True if something may not be on the disk that counts as clean, so that only `sync` helps.

        See `rewrite_durably`.
        """

    def doubt(self) -> None:
        """A sync of the whole file system has failed. Blocks; from any thread."""

    def sync(self, fsync: Fsync) -> None:
        """Return once all written to it before the call is durable. Blocks; from any thread."""


_PIECE_BYTES = 1 << 18
NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What a system call fails with where there is no room."""

if sys.platform == "darwin":

    def fsync(fd: int) -> None:
        """Return once the file's content is on the medium: plain fsync stops at the drive."""
        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)

else:
    # The size of a file that grew is synced too; only times are left out.
    fsync = os.fdatasync


class SharedSync:
    """Syncs every file below a folder at once; may be called from any thread, and blocks."""

    def __init__(self, folder: Path, syncfs: Callable[[int], int], at_once: int) -> None:
        """At most `at_once` calls are under way at a time; others wait."""
        self._syncfs = syncfs
        # Failures count from here on: a descriptor remembers which of them it has reported. So
        # calls that are under way together need one each, lest one takes another's report.
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        self._fds = [os.open(folder, flags) for _ in range(at_once)]
        self._free: SimpleQueue[int] = SimpleQueue()
        for fd in self._fds:
            self._free.put(fd)

    def __call__(self) -> None:
        """Sync. Raises OSError."""
        fd = self._free.get()
        try:
            if self._syncfs(fd):
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number))
        finally:
            self._free.put(fd)

    def close(self) -> None:
        """Let go of the folder; nobody may call this any more."""
        for fd in self._fds:
            os.close(fd)
        self._fds.clear()


def shared_sync(folder: Path, *, at_once: int = 1) -> SharedSync | None:
    """What syncs every file below `folder` at once, to be closed; None where that is not safe.

    That is `syncfs`, where it is known to do for each file what fsync does: on ext4, which
    ends it with a flush of the drive whatever the journal had to do, and since Linux 5.8,
    which made it report failed writes. https://man7.org/linux/man-pages/man2/sync.2.html
    """
    if sys.platform != "linux" or _kernel() < (5, 8) or _file_system(folder) != "ext4":
        return None
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    return SharedSync(folder, syncfs, at_once) if syncfs is not None else None


def _kernel() -> tuple[int, int]:
    major, minor = os.uname().release.split(".")[:2]
    return int(major), int("".join(itertools.takewhile(str.isdigit, minor)))


def _file_system(folder: Path) -> str | None:
    """The name of the file system that holds a folder, as the kernel lists it."""
    device = folder.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    with contextlib.suppress(OSError), Path("/proc/self/mountinfo").open() as mounts:
        for line in mounts:
            fields, _, kind = line.partition(" - ")
            if fields.split()[2] == wanted:
                return kind.split()[0]
    return None


class Folder:
    """A folder whose entries are synced together, for as many files as have changed.

    A change is announced with `changed`, which gives a ticket, and is durable after
    `sync(ticket)`. Threads that sync at the same time share one system call: whoever comes
    while another's is under way waits for it, and needs none of its own if that one began
    after the change.
    """

    def __init__(
        self,
        path: Path,
        parent: "Folder | None" = None,
        *,
        is_here: Callable[[str], bool] | None = None,
    ) -> None:
        """`is_here` tells which objects' files are ours, where other processes have others."""
        self.path = path
        self.name = path.name
        self._prefix = f"{path}/"
        self._is_here = is_here
        self._parent = parent
        self._parent_ticket = 0
        self._exists = False
        self._in_doubt = False  # entries may be found that were never synced
        self._is_found: bool | None = None  # it was there before this process used it
        self._is_swept = False
        self._sweeping = threading.Lock()
        self._fd = -1
        self._lock = threading.Lock()  # held during the system call
        self._counting = threading.Lock()
        self._changes = 0
        self._synced = 0
        self.syncs = 0

    def ensure(self) -> None:
        """Make the folder if it is missing; have its entries durable if it is not.

        An entry that was found may come from a process that was killed before it had synced
        it, or from a sync that failed. Blocks for one sync in these cases, which come once.
        Raises OSError.
        """
        if self._exists and not self._in_doubt:
            return
        try:
            self.path.mkdir(parents=self._parent is None)
            self._is_swept = True
        except FileExistsError:
            self._in_doubt = True
        if self._parent:
            # Also if it was there, for the same reason.
            self._parent_ticket = self._parent.changed()
        self._exists = True
        if self._in_doubt:
            with contextlib.suppress(PermissionError):  # what cannot be written needs no sync
                self.sync(self.changed())
            self._in_doubt = False

    @property
    def has_left_files(self) -> bool:
        """True if files may be here that nobody has synced, as after a crash or a failure."""
        if self._is_found is None:
            self._is_found = os.path.isdir(self.path)  # noqa: PTH112 - each object's first call asks
        return self._is_found or self._in_doubt

    def file(self, name: str) -> str:
        """The path of a file in the folder. A string, since each object's first call asks."""
        return self._prefix + name

    def doubt(self) -> None:
        """Somebody was stopped between making an entry, or writing to a file, and syncing it."""
        self._in_doubt = self._is_found = True

    def is_writable(self) -> bool:
        """True if files can be made in the folder."""
        return os.access(self._prefix, os.W_OK | os.X_OK)

    def sweep(self, is_left: Callable[[str], bool]) -> None:
        """Remove, once, files that an ended process has left. Blocks; from any thread.

        To be called before each use of such names; returns when the first call has ended.
        """
        with self._sweeping:
            if not self._is_swept:
                with os.scandir(self.path) as entries:
                    left = [
                        entry.path
                        for entry in entries
                        if is_left(entry.name) and self._is_ours(entry.name)
                    ]
                for path in left:
                    os.unlink(path)  # noqa: PTH108 - a string is what there is
                self._is_swept = True

    def _is_ours(self, file_name: str) -> bool:
        return self._is_here is None or self._is_here(file_name.partition(".")[0])

    def changed(self) -> int:
        """Note that an entry has been made, renamed or removed; from any thread."""
        with self._counting:
            self._changes += 1
            return self._changes

    def sync(self, ticket: int, fsync: Fsync = fsync) -> None:
        """Return once the changes up to `ticket` are durable. Blocks; from any thread."""
        with self._lock:
            if self._synced >= ticket:
                return
            if self._parent:
                self._parent.sync(self._parent_ticket, fsync)
            covered = self._changes
            if self._fd < 0:
                self._fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fsync(self._fd)
            except OSError:
                self._in_doubt = True
                raise
            self._synced = covered
            self.syncs += 1

    def forget(self) -> None:
        """The folder was moved away or removed: the next use makes it anew."""
        self.close()
        self._exists = self._is_swept = False
        self._is_found = None

    def close(self) -> None:
        """Let go of the folder."""
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1


def make_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, so that they survive a power loss.

    Blocks. Raises OSError.
    """
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    # One that was there may come from a process that was killed before it had synced it.
    for folder in missing or [path]:
        with contextlib.suppress(PermissionError):  # to read what it lies in
            sync_path(folder.absolute().parent)


def sync_path(path: Path, fsync: Fsync = fsync) -> None:
    """Sync a file or a folder that is not open. Blocks; raises OSError.

    SQLite must not have the file open, unless it is a log: closing a descriptor would drop its
    locks.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fsync(fd)
    finally:
        os.close(fd)


def rewrite_durably(path: Path, folder: Folder, fsync: Fsync = fsync) -> None:
    """Write a file anew, so that it is on the disk for certain. Blocks; raises OSError.

    Syncing the file as it is would prove nothing if an earlier sync has failed: the kernel
    then counts the pages that it could not write as clean, and the next sync succeeds
    without them. Pages written anew have no such past. The file must not be open in SQLite.
    """
    try:
        _replace(path, fsync)
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        # A full disk still takes the same bytes in the same place. They come second because
        # a power loss in the middle of that could spoil what was durable already.
        rewrite_in_place(path)
        sync_path(path, fsync)
    folder.sync(folder.changed(), fsync)


def _replace(path: Path, fsync: Fsync) -> None:
    copy = path.with_name(path.name + ".copy")
    fd = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        with path.open("rb", buffering=0) as file:
            while content := file.read(_PIECE_BYTES):
                write_all(fd, content)
        fsync(fd)
    except BaseException:
        with contextlib.suppress(OSError):
            copy.unlink()
        raise
    finally:
        os.close(fd)
    copy.rename(path)


def rewrite_in_place(path: Path) -> None:
    """Write a file anew, so that the next sync of it has something to write. Blocks.

    For files that others have open, which do not change it meanwhile. Raises OSError.
    """
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        offset = 0
        while content := os.pread(fd, _PIECE_BYTES, offset):
            write_at(fd, content, offset)
            offset += len(content)
    finally:
        os.close(fd)


def write_at(fd: int, content: bytes, offset: int) -> None:
    """Write all of `content` at an offset, however few bytes each call takes."""
    view = memoryview(content)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written


def write_all(fd: int, content: bytes) -> None:
    """Write all of `content`, however few bytes each call takes."""
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]
