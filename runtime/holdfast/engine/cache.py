"""A directory of the user's own for what can always be made again."""

import atexit
import contextlib
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path


@cache
def cache_directory() -> Path:
    """The directory for caches, made if need be, readable by its owner alone.

    `$HOLDFAST_CACHE`, else `$XDG_CACHE_HOME/holdfast`, else `~/.cache/holdfast`.
    Where none can be used — no home, a read-only disk, or a directory of somebody
    else's — a fresh temporary one serves this process, because what lies here is
    loaded as code.
    """
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    path = Path(os.environ.get("HOLDFAST_CACHE") or Path(base, "holdfast")).expanduser()
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        status = path.stat()
        is_ours = status.st_uid == os.geteuid() and not status.st_mode & 0o022
        if is_ours and os.access(path, os.W_OK):
            return path
    except (OSError, RuntimeError):
        pass
    temporary = tempfile.mkdtemp(prefix="holdfast-cache-")
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return Path(temporary)


def write_atomically(path: Path, content: bytes) -> None:
    """Put a file in place whole or not at all; a full disk only costs the caching."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
