"""The claim on a data folder: one Holdfast process at a time writes below it.

The claim is an advisory lock on a file of its own, which the kernel drops with the process,
however that ends. The file stays: whoever removed it could take it from under the next
process. Other tools, such as workerd, know nothing of it and may open the folder whenever
no Holdfast runs.
"""

import contextlib
import errno
import fcntl
import logging
import os
import shutil
import time
from pathlib import Path
from typing import BinaryIO, Self

from holdfast.storage.disk import make_folder
from holdfast.storage.mending import mend
from holdfast.storage.names import D1_FOLDER, SCRATCH
from holdfast.storage.recovery import recover

log = logging.getLogger("holdfast.storage")

LOCK_FILE = "holdfast.lock"
# What else lies in the folder; what is within these is named by those who keep it.
CATALOG = "catalog.sqlite"
OBJECTS = "objects"  # a folder of databases for each namespace
KEY_VALUE = "kv.sqlite"
QUEUES = "queues.sqlite"
D1_FILES = ("d1.sqlite", D1_FOLDER)  # their list, and the folder of the databases
BUCKETS = "r2"
CACHE = "cache"
MAIL = "mail"  # what scripts have sent, where there is no relay
LISTS = (KEY_VALUE, QUEUES, D1_FILES[0], f"{BUCKETS}/buckets.sqlite")  # databases of all scripts
HEIRS_SECONDS = 2.0
RESTORING = "restoring"  # is there while a backup is being restored

# Media that nobody can write need no claim, and file systems without locks have none to give.
_NO_LOCKS = frozenset({errno.EROFS, errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS})
# A disk without room for the process's number may still be read, and files be deleted.
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class FolderInUse(OSError):
    """Another process has the folder; the message says which."""


class FolderIncomplete(OSError):
    """The folder has a part of a backup; the message says what helps."""


class DataFolder:
    """A data folder that is this process's until it is closed. A context manager."""

    def __init__(self, path: Path) -> None:
        """Make the folder if need be, and claim it. Blocks.

        Raises FolderInUse, FolderIncomplete, and other OSErrors where the folder cannot be used.
        """
        self.path = path
        make_folder(path)
        self._lock = _lock(path / LOCK_FILE)
        if (path / RESTORING).exists():
            self.close()
            raise FolderIncomplete(
                "a backup was being restored to it when that was ended, so a part is missing: "
                "remove it and restore again"
            )
        if self._lock is not None:
            # What a process that was killed has left there is of no use to anybody.
            shutil.rmtree(path / SCRATCH, ignore_errors=True)
            _tell_of_emptied(path)
            recover(path / OBJECTS)
            mend(path / OBJECTS)

    def close(self) -> None:
        """Let others have it. Closing twice is harmless."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _tell_of_emptied(data: Path) -> None:
    """Warn of files that something has emptied, which would be taken for fresh ones."""
    for name in LISTS:
        with contextlib.suppress(OSError):
            if not (data / name).stat().st_size:
                log.warning(
                    "%s is empty: unless nothing was ever in it, that was lost, "
                    "and is to be put back from a backup",
                    data / name,
                )


def _lock(path: Path) -> BinaryIO | None:
    """The file, locked while it is open; None where there are no locks."""
    try:
        file = path.open("a+b", buffering=0)  # closing must have nothing to write
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return None
        raise
    try:
        _claim(file)
        file.truncate(0)
        file.write(b"%d\n" % os.getpid())
    except BlockingIOError as error:
        with file:
            raise FolderInUse(error.errno, f"another Holdfast uses it{_holder(file)}") from error
    except OSError as error:
        if error.errno in _NO_LOCKS or error.errno in _NO_ROOM:
            return file
        file.close()
        raise
    return file


def _claim(file: BinaryIO) -> None:
    """Lock the file. Raises BlockingIOError.

    Shards share the lock of their supervisor; when that is killed, they take a moment to die.
    """
    deadline = time.monotonic() + HEIRS_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if _is_alive(_holder_id(file)) or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _is_alive(process_id: str) -> bool:
    try:
        os.kill(int(process_id), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True


def _holder(file: BinaryIO) -> str:
    process_id = _holder_id(file)
    return f" (process {process_id})" if process_id else ""


def _holder_id(file: BinaryIO) -> str:
    """The id of the process that has claimed the folder; empty where it has told none."""
    file.seek(0)
    process_id = file.read(20).decode("latin-1").strip()
    return process_id if process_id.isdigit() else ""
