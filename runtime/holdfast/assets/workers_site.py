"""`WorkersSite`: the files of a project's `site`, which its script finds in a KV namespace.

https://developers.cloudflare.com/workers/configuration/sites/
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from holdfast.assets.asset import MAX_ASSET_BYTES
from holdfast.assets.configuration import AssetsInvalid
from holdfast.dataclass import dataclass

_HASH_DIGITS = 10
_NOT_HIDDEN = ".well-known"
_LEFT_OUT = "node_modules"


@dataclass(frozen=True, slots=True)
class WorkersSite:
    """A folder; of its files those that `include` names, or all but those that `exclude` does.

    Both are patterns as in .gitignore.
    """

    directory: Path
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def content(self) -> "SiteContent":
        """Its files as they are now. Blocks; raises OSError, and AssetsInvalid for a large one."""
        keys: dict[str, str] = {}
        files: dict[str, Path] = {}
        for path in self._paths():
            file = self.directory / path
            found = file.stat()
            if found.st_size > MAX_ASSET_BYTES:
                raise AssetsInvalid(
                    f"a file of a site has at most {MAX_ASSET_BYTES >> 20} MiB, and {file} has "
                    f"{found.st_size / (1 << 20):.1f} MiB. site.exclude can leave it out"
                )
            keys[path] = _key(path, f"{found.st_mtime_ns} {found.st_size}")
            files[keys[path]] = file
        return SiteContent(json.dumps(keys), files)

    def _paths(self) -> Iterator[str]:
        from pathspec import GitIgnoreSpec

        spec = GitIgnoreSpec.from_lines(self.include or self.exclude)
        for path in _walk(self.directory):
            if spec.match_file(path) is bool(self.include):
                yield path


@dataclass(frozen=True, slots=True)
class SiteContent:
    """The files of a site at a moment: `manifest` is JSON, `files` are by their keys."""

    manifest: str
    files: dict[str, Path]


def _walk(directory: Path) -> Iterator[str]:
    for parent, folders, names in os.walk(directory):
        folders[:] = sorted(name for name in _shown(folders) if name != _LEFT_OUT)
        for name in sorted(_shown(names)):
            file = Path(parent, name)
            if file.is_file():
                yield file.relative_to(directory).as_posix()


def _shown(names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if not name.startswith(".") or name == _NOT_HIDDEN)


def _key(path: str, state: str) -> str:
    """A key that changes with the file: what is cached under another is not asked for then."""
    told = f"{path} {state}".encode("utf-8", "surrogateescape")
    digits = hashlib.sha256(told).hexdigest()[:_HASH_DIGITS]
    suffix = PurePosixPath(path).suffix
    return f"{path.removesuffix(suffix)}.{digits}{suffix}"
