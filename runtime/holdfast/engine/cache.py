"""A directory of the user's own for what can always be made again."""

import atexit
import contextlib
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

DRAFT_PREFIX = ".draft-"


@cache
def cache_directory() -> Path:
    """The directory for caches, made if need be, that its owner alone may write to.

    Where none can be used — no home, a read-only disk, or a directory of somebody
    else's — a fresh temporary one serves this process, because what lies here is
    loaded as code.
    """
    lasting = lasting_directory()
    if lasting is not None:
        return lasting
    temporary = tempfile.mkdtemp(prefix="holdfast-cache-")
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return Path(temporary)


@cache
def lasting_directory() -> Path | None:
    """The directory for caches, if there is one that outlives this process.

    `$HOLDFAST_CACHE`, else `$XDG_CACHE_HOME/holdfast`, else `~/.cache/holdfast`.
    """
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    try:
        path = Path(os.environ.get("HOLDFAST_CACHE") or Path(base, "holdfast")).expanduser()
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        status = path.stat()
        is_ours = status.st_uid == os.geteuid() and not status.st_mode & 0o022
        return path if is_ours and os.access(path, os.W_OK) else None
    except (OSError, RuntimeError):
        return None


def write_atomically(path: Path, *pieces: bytes | memoryview) -> None:
    """Put a file in place whole or not at all; a full disk only costs the caching.

    Its owner alone may read it. After a loss of power it may be there, but empty or cut short.
    """
    with contextlib.suppress(OSError):
        folder = path.parent
        with tempfile.NamedTemporaryFile(prefix=DRAFT_PREFIX, dir=folder, delete=False) as draft:
            try:
                draft.writelines(pieces)
                draft.close()
                Path(draft.name).replace(path)
            except BaseException:
                Path(draft.name).unlink()
                raise
