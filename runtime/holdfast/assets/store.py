"""`AssetStore`: the contents of uploaded files, each once, on the disk before it counts.

A content is a file that is named by its SHA-256. It is written beside the others under a name of
its own, synced, and renamed into place, so that what has its name is whole.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from holdfast.assets.manifest import content_file
from holdfast.storage.disk import SharedSync, make_folder, shared_sync, sync_path

_UNFINISHED = "new-"
_FEW = 8  # files are synced each by itself; more, by one sync of the file system where that does


class AssetStore:
    """The contents in a folder. Its methods block; those that change it are not for two threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._is_open = False
        self._shared: SharedSync | None = None

    def write(self) -> "NewContent":
        """Begin a content. Raises OSError."""
        if not self._is_open:
            make_folder(self._folder)
            # Before the first write: who opens it later hears of no failure that came between.
            self._shared = shared_sync(self._folder)
            self._is_open = True
        return NewContent(self._folder)

    def keep(self, contents: Sequence["NewContent"]) -> None:
        """Give whole contents their names; they are on the disk, with their names, on return."""
        self._sync([content.file for content in contents])
        folders: dict[Path, None] = {}
        for content in contents:
            target = content_file(self._folder, content.name)
            target.parent.mkdir(exist_ok=True)
            content.file.rename(target)
            folders[target.parent] = None
        self._sync([*folders, self._folder])

    def _sync(self, paths: Sequence[Path]) -> None:
        if self._shared is not None and len(paths) > _FEW:
            self._shared()
            return
        for path in paths:
            sync_path(path)

    def close(self) -> None:
        """Let go of the folder."""
        shared, self._shared = self._shared, None
        if shared is not None:
            shared.close()

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
        """All of it has been written."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()
        with contextlib.suppress(OSError):
            self.file.unlink(missing_ok=True)
