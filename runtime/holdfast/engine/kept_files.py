"""Bytecode on the disk, of which only what this program has written is ever read.

QuickJS trusts bytecode: what was made by somebody else, or was damaged, would not fail but do
as it likes with the process's memory. Therefore a file counts only

- if it lies in the user's cache directory, which others cannot write to (cache.py); the data
  folder would be no place for it, since that is what people restore, copy and are sent;
- if it is a plain file of the user's own that nobody else may write to;
- if it begins with the right code: a keyed hash of its name and its content. The key is random,
  and lies beside the files for its owner alone to read. So a file that was brought here from
  elsewhere, was renamed, was cut short by a loss of power or has a bit flipped is as good as none.

Who reads the key or writes to the directory is this user, who can do as much without: Holdfast's
own compiled parts lie there, too. What cannot be read is made again, and what cannot be written
is not kept; neither is an error.
"""

import contextlib
import fcntl
import hashlib
import hmac
import mmap
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from holdfast.engine.cache import DRAFT_PREFIX, write_atomically
from holdfast.engine.limits import MEBIBYTE

SUFFIX = ".qjsc"
MOST_BYTES = 512 * MEBIBYTE  # of all files of one kind
KEY_FILE = "bytecode.key"
KEY_BYTES = CODE_BYTES = 32
DRAFT_SECONDS = 3600.0  # after which whoever wrote it has died


class KeptFiles:
    """The files of one kind in a directory, by name; the ones used last, up to so many bytes."""

    def __init__(self, folder: Path, kind: str, *, most_bytes: int) -> None:
        self.folder = folder
        self._kind = kind
        self._most_bytes = most_bytes

    def read(self, name: str) -> memoryview | None:
        """The content that was written under this name, if it is there and unchanged."""
        path = self._path(name)
        kept = _read_own(path, most_bytes=CODE_BYTES + self._most_bytes)
        content = None if kept is None else self._proven(path, memoryview(kept))
        if content is not None:
            _use(path)
        return content

    def read_later(self, name: str) -> Callable[[], memoryview | None] | None:
        """`read` for later, whatever becomes of the file meanwhile; None if none is there.

        It is mapped into memory, which costs next to nothing for as long as nobody reads it.
        """
        path = self._path(name)
        mapped = _map_own(path, most_bytes=CODE_BYTES + self._most_bytes)
        if mapped is None:
            return None
        _use(path)
        return lambda: self._proven(path, memoryview(mapped))

    def _proven(self, path: Path, kept: memoryview) -> memoryview | None:
        """The content of a file, if it was written here under its name."""
        key = _read_own(self.folder / KEY_FILE, most_bytes=KEY_BYTES, is_secret=True)
        if key is None or len(key) != KEY_BYTES:
            return None
        content = kept[CODE_BYTES:]
        is_ours = hmac.compare_digest(kept[:CODE_BYTES], _code(key, path.name, content))
        return content if is_ours else None

    def write(self, name: str, content: bytes) -> None:
        """Keep a content under this name, in place of what was used longest ago."""
        if len(content) > self._most_bytes:
            return
        key = self._key()
        if key is not None:
            path = self._path(name)
            write_atomically(path, _code(key, path.name, content), content)
            self._forget_old()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While this lasts, nobody else is within it, in other processes neither. Blocks.

        Where the file system has no locks, it is of no effect.
        """
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError):
                lock = stack.enter_context((self.folder / f"{self._kind}.lock").open("wb"))
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _path(self, name: str) -> Path:
        return self.folder / f"{self._kind}-{name}{SUFFIX}"

    def _key(self) -> bytes | None:
        """The key, made if there is none yet; None where none can be kept."""
        path = self.folder / KEY_FILE
        key = _read_own(path, most_bytes=KEY_BYTES, is_secret=True)
        if key is not None and len(key) == KEY_BYTES:
            return key
        # Two that make one at the same time take the one that is there in the end.
        write_atomically(path, os.urandom(KEY_BYTES))
        return _read_own(path, most_bytes=KEY_BYTES, is_secret=True)

    def _forget_old(self) -> None:
        kept_bytes = 0
        for path, status in sorted(self._files(), key=lambda file: file[1].st_mtime, reverse=True):
            kept_bytes += status.st_size
            if kept_bytes > self._most_bytes:
                _remove(path)
        dead = time.time() - DRAFT_SECONDS
        for draft in self.folder.glob(f"{DRAFT_PREFIX}*"):
            with contextlib.suppress(OSError):
                if draft.stat().st_mtime < dead:
                    draft.unlink()

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in self.folder.glob(f"{self._kind}-*{SUFFIX}"):
            with contextlib.suppress(OSError):
                yield path, path.stat()


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _code(key: bytes, name: str, content: bytes | memoryview) -> bytes:
    """What tells that who knows the key has written this content under this name."""
    code = hashlib.blake2b(f"{name}\0".encode(), key=key, digest_size=CODE_BYTES)
    code.update(content)
    return code.digest()


def _use(path: Path) -> None:
    """Have a file be the one that was used last."""
    with contextlib.suppress(OSError):
        os.utime(path)


def _read_own(path: Path, *, most_bytes: int, is_secret: bool = False) -> bytes | None:
    """A plain file of this user's, which nobody else may write to; nor read, if it is secret."""
    try:
        with os.fdopen(_open(path), "rb") as file:
            is_own = _is_own(file.fileno(), most_bytes, 0o077 if is_secret else 0o022)
            return file.read(most_bytes) if is_own else None
    except OSError:
        return None


# By device and inode, which is no other file's for as long as it is mapped. For good, since each
# holds a descriptor: a process has one such file, however often it asks for it.
_mapped: dict[tuple[int, int], mmap.mmap] = {}


def _map_own(path: Path, *, most_bytes: int) -> mmap.mmap | None:
    """The same as memory."""
    try:
        descriptor = _open(path)
    except OSError:
        return None
    try:
        if not _is_own(descriptor, most_bytes, 0o022):
            return None
        status = os.fstat(descriptor)
        file = status.st_dev, status.st_ino
        if file not in _mapped or len(_mapped[file]) != status.st_size:
            _mapped[file] = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
        return _mapped[file]
    except (OSError, ValueError):  # such as of an empty file
        return None
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)


def _is_own(descriptor: int, most_bytes: int, others: int) -> bool:
    """Whether it is a plain file of this user's, without these permissions, and no larger."""
    status = os.fstat(descriptor)
    return (
        stat.S_ISREG(status.st_mode)
        and status.st_uid == os.geteuid()
        and not status.st_mode & others
        and status.st_size <= most_bytes
    )


def most_kept_bytes() -> int:
    """How much is kept on the disk of one kind of code, as `$HOLDFAST_CACHE_MB` says."""
    try:
        return max(int(os.environ["HOLDFAST_CACHE_MB"]), 0) * MEBIBYTE
    except (KeyError, ValueError):
        return MOST_BYTES
