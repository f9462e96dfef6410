"""Files on their way to be an object's, under names that tell whether they are whole.

A fresh object's file is written as `<id>.sqlite.new-<number>-<digest>`, synced, and renamed. Once
it is synced it is durable, whether the rename is or not: a power loss may leave it under either
name, and the digest of its content tells it from one that was not written to its end. So the
rename needs no sync of its own, as long as `promote` looks for such files before the next process
opens an object: newborn.py has the order of things, and recovery.py tells when that is to be done.

Such a file is newer than one that has the object's name. Whatever came after the rename became
durable later than the rename, since file systems keep the order of changes to a folder.
"""

import contextlib
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

from holdfast.storage.disk import sync_path
from holdfast.storage.names import DATABASE_SUFFIX, STAGED_SUFFIX

_DIGITS = 32
_STAGED = re.compile(
    rf"(?P<file>(?P<object_id>[^.]+)[^/]*{re.escape(DATABASE_SUFFIX)}){re.escape(STAGED_SUFFIX)}"
    rf"(?P<number>[0-9]+)-(?P<digest>[0-9a-f]{{{_DIGITS}}})"
)


def staged_name(file: str, number: int, content: bytes) -> str:
    """The name, or the path, that is to be `file` later; a higher `number` is a later attempt."""
    return f"{file}{STAGED_SUFFIX}{number}-{_digest(content)}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGITS]


def promote(folder: Path, is_here: Callable[[str], bool] | None = None) -> list[str]:
    """Give whole files of a namespace's folder their names, durably, and remove the others.

    `is_here` tells which objects are ours, if not all are. The names. Blocks. Raises OSError.
    """
    promoted = []
    with os.scandir(folder) as entries:
        found = [match for entry in entries if (match := _STAGED.fullmatch(entry.name))]
    own = [match for match in found if is_here is None or is_here(match["object_id"])]
    for match in sorted(own, key=lambda match: int(match["number"])):
        staged = folder / match[0]
        if _digest(staged.read_bytes()) != match["digest"]:
            staged.unlink()
            continue
        # Of a file that was removed before, and whose log would be taken for this one's.
        stray = folder / f"{match['file']}-wal"
        with contextlib.suppress(FileNotFoundError):
            stray.unlink()
            sync_path(folder)
        staged.rename(folder / match["file"])
        promoted.append(match["file"])
    if own:
        sync_path(folder)
    return promoted
