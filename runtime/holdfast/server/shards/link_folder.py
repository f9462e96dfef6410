"""A folder for the shards' sockets, of which a server that is killed leaves nothing for ever."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = "shards"  # in the data folder
MAX_PATH_BYTES = 100  # sun_path has 104 on macOS, 108 on Linux
PREFIX = "holdfast-shards-"  # of those that lie among the temporary files


@contextmanager
def link_folder(data: Path) -> Iterator[Path]:
    """A folder that this user alone reaches, with short paths: it is removed at the end.

    It is in the data folder, or, where that has a long path, among the temporary files.
    """
    folder = data.absolute() / FOLDER
    is_long = len(str(folder / "999.sock").encode()) > MAX_PATH_BYTES
    lock = None
    if is_long:
        remove_abandoned(Path(tempfile.gettempdir()))
        folder, lock = _temporary()
    else:
        shutil.rmtree(folder, ignore_errors=True)  # of a server that was killed
        folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _temporary() -> tuple[Path, int]:
    """A new folder, and a lock on it that ends with the last process of this server."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        lock = _locked(folder)
        if lock is not None and folder.exists():  # nobody took it for abandoned in between
            return folder, lock
        if lock is not None:
            os.close(lock)


def remove_abandoned(place: Path) -> None:
    """Remove such folders in `place` that are this user's and no server's any more."""
    for folder in place.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.stat(follow_symlinks=False).st_uid != os.geteuid():
                continue
            lock = _locked(folder)
            if lock is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)


def _locked(folder: Path) -> int | None:
    """A descriptor that locks the folder, which its copies in child processes keep locked."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
