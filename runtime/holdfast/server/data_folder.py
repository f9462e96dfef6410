"""The claim on a data folder: one Holdfast process at a time writes below it.

The claim is an advisory lock on a file of its own, which the kernel drops with the process,
however that ends. The file stays: whoever removed it could take it from under the next
process. Other tools, such as workerd, know nothing of it and may open the folder whenever
no Holdfast runs.
"""

import errno
import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from holdfast.storage.disk import make_folder

LOCK_FILE = "holdfast.lock"

# Media that nobody can write need no claim, and file systems without locks have none to give.
_NO_LOCKS = frozenset({errno.EROFS, errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS})


class FolderInUse(OSError):
    """Another process has the folder; the message says which."""


class DataFolder:
    """A data folder that is this process's until it is closed. A context manager."""

    def __init__(self, path: Path) -> None:
        """Make the folder if need be, and claim it. Blocks.

        Raises FolderInUse, and other OSErrors where the folder cannot be used.
        """
        self.path = path
        make_folder(path)
        self._lock = _lock(path / LOCK_FILE)

    def close(self) -> None:
        """Let others have it. Closing twice is harmless."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _lock(path: Path) -> IO[str] | None:
    """The file, locked while it is open; None where there are no locks."""
    try:
        file = path.open("a+")
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return None
        raise
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
    except BlockingIOError as error:
        with file:
            raise FolderInUse(error.errno, f"another Holdfast uses it{_holder(file)}") from error
    except OSError as error:
        if error.errno in _NO_LOCKS or error.errno == errno.ENOSPC:
            return file
        file.close()
        raise
    return file


def _holder(file: IO[str]) -> str:
    file.seek(0)
    process_id = file.read(20).strip()
    return f" (process {process_id})" if process_id.isdigit() else ""
