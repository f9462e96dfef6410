"""Contents of objects as files in a bucket's folder.

A content is written below `new/`, under a name of its own, and synced with its entry there.
Then the metadata that name it are committed, and last it is moved to where it stays, `xx/<name>`:
so what metadata name is in one of the two places, whenever the power fails. What is left in
`new/` by a process that has ended is told from what is being written by a lock on the file,
which goes with the process.

The parts of an upload are files of a folder `xx/<name>/`, which stays when they become an object.
Who reads one has a lock on the folder; a file by itself needs none, as an open one cannot go.
"""

import contextlib
import fcntl
import hashlib
import itertools
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

from holdfast.dataclass import dataclass
from holdfast.storage.disk import NO_SPACE, Folder, fsync, make_folder, sync_path, write_all
from holdfast.storage.errors import StorageError
from holdfast.storage.r2.checksums import check_digests, new_checksum
from holdfast.storage.r2.errors import NoRoom

NEW = "new"
_READ = os.O_RDONLY | os.O_CLOEXEC
_SWEPT_TOGETHER = 100
_FOLDER = _READ | os.O_DIRECTORY


class Contents:
    """The contents of one bucket."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._new = Folder(folder / NEW)

    def make(self) -> None:
        """Make the folder, durably."""
        make_folder(self._folder / NEW)

    def close(self) -> None:
        """Let go of the folder."""
        self._new.close()

    def path(self, name: str) -> Path:
        """See `content_path`."""
        return content_path(self._folder, name)

    # ---- writing ---------------------------------------------------------------------

    def begin(self, algorithms: Collection[str]) -> "NewContent":
        """Begin a content. Raises OSError."""
        if not self._new.path.exists() and self._folder.exists():
            make_folder(self._new.path)  # no copy has it
        while True:
            path = self._new.path / secrets.token_hex(16)
            new = NewContent(path, algorithms, self._sync_new)
            if new.lock():
                return new
            new.close()  # it was taken for one that was left over

    def begin_part(self, content: str, algorithms: Collection[str]) -> "NewContent":
        """Begin a part of an upload, whose folder comes and goes with its parts. Raises OSError."""
        folder = self.path(content)
        while True:
            make_folder(folder)
            with contextlib.suppress(FileNotFoundError):  # the last part was just removed from it
                return NewPart(
                    folder / secrets.token_hex(16), algorithms, lambda: sync_path(folder)
                )

    def _sync_new(self) -> None:
        self._new.sync(self._new.changed())

    def settle(self, name: str) -> None:
        """Move a content whose metadata are committed to where it stays."""
        target = self.path(name)
        with contextlib.suppress(OSError):  # else it is found where it is
            target.parent.mkdir(exist_ok=True)
            (self._new.path / name).rename(target)

    # ---- reading ---------------------------------------------------------------------

    def open(self, name: str) -> int:
        """A descriptor of a content. Raises FileNotFoundError if it is not there any more."""
        stays = str(self.path(name))
        for path in (stays, f"{self._new.path}/{name}", stays):
            with contextlib.suppress(FileNotFoundError):
                return os.open(path, _READ)
        raise FileNotFoundError(name)

    def open_parts(self, name: str, parts: Sequence["PartSlice"]) -> "OpenedParts":
        """Parts that stay for as long as this is open. Raises FileNotFoundError as `open`."""
        fd = os.open(self.path(name), _FOLDER)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            if not os.fstat(fd).st_nlink:
                raise FileNotFoundError(name)
        except BlockingIOError as error:  # it is just being removed
            os.close(fd)
            raise FileNotFoundError(name) from error
        except BaseException:
            os.close(fd)
            raise
        return OpenedParts(fd, parts)

    # ---- removing --------------------------------------------------------------------

    def remove(self, names: Iterable[str]) -> list[str]:
        """Remove contents that no metadata name; those that nobody reads or copies, and are gone.

        Raises OSError where the bucket is.
        """
        removed = []
        with _unpinned(self._folder) as may_remove:
            for name in names if may_remove else ():
                with contextlib.suppress(OSError):
                    if self._remove(name):
                        removed.append(name)
        return removed

    def _remove(self, name: str) -> bool:
        for path in (self.path(name), self._new.path / name):
            try:
                path.unlink()
            except FileNotFoundError:
                continue
            except (IsADirectoryError, PermissionError):  # as macOS calls it
                return self._remove_parts(path)
            return True
        return True

    def _remove_parts(self, folder: Path) -> bool:
        fd = os.open(folder, _FOLDER)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
        except BlockingIOError:
            return False
        finally:
            os.close(fd)
        return True

    def tidy_parts(self, name: str, kept: Collection[str]) -> None:
        """Remove the parts of a completed upload that nobody has finished."""
        with contextlib.suppress(FileNotFoundError), _unpinned(self._folder) as may_remove:
            for path in self.path(name).iterdir():
                if may_remove and path.name not in kept:
                    path.unlink(missing_ok=True)

    def sweep(self, named: Callable[[Collection[str]], Collection[str]]) -> None:
        """Remove what processes that have ended had begun, and settle what they had committed.

        `named` tells which of these names metadata have.
        """
        try:
            names = iter(os.listdir(self._new.path))  # noqa: PTH208 - names are what is wanted
        except FileNotFoundError:
            return  # no copy has it
        while together := list(itertools.islice(names, _SWEPT_TOGETHER)):
            # Those that are being written are locked: what has ended by itself is asked about
            # when it can no longer be committed.
            locked = {name: fd for name in together if (fd := self._lock_left(name)) is not None}
            try:
                kept = named(locked.keys())
                for name in locked:
                    if name in kept:
                        self.settle(name)
                    else:
                        (self._new.path / name).unlink(missing_ok=True)
            finally:
                for fd in locked.values():
                    os.close(fd)

    def _lock_left(self, name: str) -> int | None:
        """A descriptor of a file below `new/` that is locked by it; None if somebody writes it."""
        try:
            fd = os.open(self._new.path / name, _READ)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        return fd


def content_path(folder: Path, name: str) -> Path:
    """Where a content of a bucket stays; `name` may be that of a part, `content/part`."""
    return folder / name[:2] / name


@contextlib.contextmanager
def pinned(folder: Path) -> Iterator[None]:
    """Keep all contents of a bucket inside of the block. Raises FileNotFoundError without one."""
    fd = os.open(folder, _FOLDER)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


@contextlib.contextmanager
def _unpinned(folder: Path) -> Iterator[bool]:
    """Whether contents may be removed inside of the block."""
    fd = os.open(folder, _FOLDER)
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(fd)


def md5_of(path: Path) -> str:
    """The checksum of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


class NewContent:
    """A content that is being written, for one thread at a time.

    A context manager: what was not kept is removed.
    """

    def __init__(
        self, path: Path, algorithms: Collection[str], sync_folder: Callable[[], None]
    ) -> None:
        self._path = path
        self._sync_folder = sync_folder
        self._hashes = {name: new_checksum(name) for name in algorithms}
        self._is_kept = False
        self._fd: int | None = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666
        )
        self.size = 0

    @property
    def name(self) -> str:
        """The name of the file."""
        return self._path.name

    def is_in(self, bucket: Path) -> bool:
        """Whether it lies in the folder of this bucket."""
        return bucket in self._path.parents

    def lock(self) -> bool:
        """Lock it for as long as it is written; False where somebody has removed it already."""
        assert self._fd is not None, "it is open"
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return os.fstat(self._fd).st_nlink > 0

    def write(self, piece: bytes) -> None:
        """Write on. Raises NoRoom and StorageError."""
        assert self._fd is not None, "it is open"
        for one in self._hashes.values():
            one.update(piece)
        with disk_errors("Writing an object"):
            write_all(self._fd, piece)
        self.size += len(piece)

    def finish(self) -> None:
        """All of it was written: have it on the disk. Raises OSError."""
        assert self._fd is not None, "it is open"
        fsync(self._fd)
        self._sync_folder()

    @property
    def digests(self) -> dict[str, str]:
        """The checksums of all that was written, in hexadecimal."""
        return {name: one.hexdigest() for name, one in self._hashes.items()}

    def check(self, checksums: Mapping[str, str]) -> None:
        """Raise BadDigest where these, of algorithms that it was begun with, are not its own."""
        check_digests(self.digests, checksums)

    @contextlib.contextmanager
    def committed(self) -> Iterator[None]:
        """Metadata that name it are committed inside of the block: it stays.

        So it does where the disk fails, since after a crash they may be there all the same.
        """
        try:
            yield
        except (NoRoom, StorageError):
            self._is_kept = True  # until a sweep has seen
            raise
        self._is_kept = True

    def close(self) -> None:
        """Let go of it; what was not kept is removed."""
        if not self._is_kept:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class NewPart(NewContent):
    """A part that is being written."""

    def close(self) -> None:
        """See NewContent. A folder that has no part left goes, too."""
        super().close()
        if not self._is_kept:
            with contextlib.suppress(OSError):
                self._path.parent.rmdir()


@dataclass(frozen=True, slots=True)
class PartSlice:
    """Bytes of a part that are wanted."""

    name: str
    start: int
    length: int


class OpenedParts:
    """Parts of an object, which stay until `close`."""

    def __init__(self, fd: int | None, parts: Sequence[PartSlice]) -> None:
        self.parts = parts
        self._fd = fd
        self._turn = threading.Lock()  # a thread opens a part while another one may close

    def open(self, part: PartSlice) -> int:
        """A descriptor of a part. Raises OSError."""
        with self._turn:
            if self._fd is None:
                raise FileNotFoundError(part.name)
            return os.open(part.name, _READ, dir_fd=self._fd)

    def close(self) -> None:
        """They are not read any more."""
        with self._turn:
            fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)


@contextlib.contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Tells a full disk, which is an R2Error, from all else, which is a StorageError."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_SPACE:
            raise NoRoom from error
        raise StorageError(f"{what} failed: {error}") from error
