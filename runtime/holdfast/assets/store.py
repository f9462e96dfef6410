"""`AssetStore`: the contents of uploaded files, each once, on the disk before it counts.

A content is a file that is named by its SHA-256. It is written beside the others under a name of
its own, synced, and renamed into place, so that what has its name is whole.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from holdfast.assets.manifest import content_file
from holdfast.storage.disk import fsync, make_folder, sync_path

_UNFINISHED = "new-"


class AssetStore:
    """The contents in a folder. Its methods block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self) -> "NewContent":
        """Begin a content. Raises OSError."""
        make_folder(self._folder)
        return NewContent(self._folder)

    def place(self, new: "NewContent") -> None:
        """Give a content that is on the disk its name. `sync` has to follow."""
        target = content_file(self._folder, new.name)
        if not target.parent.is_dir():
            make_folder(target.parent)
        new.file.rename(target)

    def sync(self, names: Iterable[str]) -> None:
        """Return once these contents keep their names."""
        for folder in {content_file(self._folder, name).parent for name in names}:
            sync_path(folder)

    def remove(self, name: str) -> None:
        """Remove a content, if it is there."""
        content_file(self._folder, name).unlink(missing_ok=True)

    def names(self) -> set[str]:
        """All contents; what was begun and is left over from a crash is removed."""
        found: set[str] = set()
        for parent, _, files in os.walk(self._folder):
            for name in files:
                if name.startswith(_UNFINISHED):
                    Path(parent, name).unlink(missing_ok=True)
                else:
                    found.add(name)
        return found


class NewContent:
    """A content that is being written. A context manager: what is not placed is removed."""

    def __init__(self, folder: Path) -> None:
        fd, path = tempfile.mkstemp(prefix=_UNFINISHED, dir=folder)
        self.file = Path(path)
        self.size = 0
        self._fd: int | None = fd
        self._digest = hashlib.sha256()

    @property
    def name(self) -> str:
        """What the content is called, once all of it has been written."""
        return self._digest.hexdigest()

    def write(self, piece: bytes) -> None:
        """Write on."""
        assert self._fd is not None, "it is not finished"
        self._digest.update(piece)
        self.size += len(piece)
        while piece:
            piece = piece[os.write(self._fd, piece) :]

    def finish(self) -> None:
        """Return once all of it is on the disk."""
        assert self._fd is not None, "it is finished once"
        fsync(self._fd)
        self._close()

    def _close(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()
        with contextlib.suppress(OSError):
            self.file.unlink(missing_ok=True)
