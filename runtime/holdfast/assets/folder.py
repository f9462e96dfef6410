"""`AssetFolder`: the files of a directory, as they are now.

A file is looked at whenever it is asked for, so that a change is seen at once. What lies outside
of the directory is not served, wherever a link in it leads.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.assets.asset import MAX_ASSET_BYTES, MAX_ASSETS, Asset
from holdfast.assets.configuration import AssetsInvalid
from holdfast.assets.content_types import content_type
from holdfast.dataclass import dataclass

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".assetsignore"
HEADERS_FILE = "_headers"
REDIRECTS_FILE = "_redirects"
RULE_FILES = (f"/{IGNORE_FILE}", f"/{HEADERS_FILE}", f"/{REDIRECTS_FILE}")
PAGES_WORKER = "_worker.js"
ETAG_DIGITS = 32
REMEMBERED = 4_096  # files, of which is known what they were when they were last asked for

# https://developers.cloudflare.com/workers/static-assets/binding/#ignoring-assets
_NO_PATTERNS = ""


State = tuple[int, int, int, int]
"""What of a file changes with it: time of modification, size, inode and device."""


def _stat(file: str) -> os.stat_result:
    """Of a file, whose name is made without a Path: that would take five times as long."""
    return os.stat(file)  # noqa: PTH116


def _state_of(found: os.stat_result) -> State:
    return (found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev)


@dataclass(slots=True)
class _Text:
    """A file that is read again when it has changed."""

    file: str
    text: str | None = None
    state: State | None = None

    def read(self) -> str | None:
        """What is in it now; None where there is no file."""
        try:
            state = _state_of(_stat(self.file))
            if state != self.state:
                self.text, self.state = Path(self.file).read_text("utf-8", "replace"), state
        except OSError:
            self.text = self.state = None
        return self.text


@dataclass(frozen=True, slots=True)
class AssetFolder:
    """A directory whose files are served, but for those that its `.assetsignore` names."""

    directory: Path

    def open(self) -> "OpenFolder":
        """What finds its files."""
        return OpenFolder(self.directory)

    def files(self) -> Iterator[Asset]:
        """All files that are served. Blocks. Raises AssetsInvalid and OSError."""
        return (asset for _, asset in self.listing())

    def listing(self) -> Iterator[tuple[str, Asset]]:
        """All files that are served, with their paths. Blocks. Raises AssetsInvalid, OSError."""
        folder = self.open()
        count = 0
        for parent, folders, names in os.walk(self.directory):
            folders.sort()
            for name in sorted(names):
                file = Path(parent, name)
                path = f"/{file.relative_to(self.directory).as_posix()}"
                asset = folder.find(path)
                if asset is None:
                    continue
                folder.refuse_pages_worker(path)
                count += 1
                _check(asset, count, self.directory)
                yield path, asset


def _check(asset: Asset, count: int, directory: Path) -> None:
    if asset.size > MAX_ASSET_BYTES:
        raise AssetsInvalid(
            f"Asset too large: a file has at most {MAX_ASSET_BYTES >> 20} MiB, and {asset.file} "
            f"has {asset.size / (1 << 20):.1f} MiB. {IGNORE_FILE} can leave it out"
        )
    if count > MAX_ASSETS:
        raise AssetsInvalid(
            f"Maximum number of assets exceeded: {directory} has more than {MAX_ASSETS:,} files"
        )


@dataclass(slots=True)
class OpenFolder:
    """Finds the files of a directory (site.AssetFiles)."""

    directory: Path
    _prefix: str = field(init=False)
    _root: str = field(init=False)
    _known: dict[str, tuple[State, Asset]] = field(default_factory=dict)
    _ignore: _Text = field(init=False)
    _headers: _Text = field(init=False)
    _redirects: _Text = field(init=False)
    _patterns: str = _NO_PATTERNS
    _spec: "GitIgnoreSpec | None" = None

    def __post_init__(self) -> None:
        self._prefix = str(self.directory).rstrip("/")
        self._root = os.path.realpath(self.directory).rstrip("/")
        self._ignore = _Text(f"{self._prefix}/{IGNORE_FILE}")
        self._headers = _Text(f"{self._prefix}/{HEADERS_FILE}")
        self._redirects = _Text(f"{self._prefix}/{REDIRECTS_FILE}")

    def find(self, path: str) -> Asset | None:
        """See AssetFiles. It blocks for as long as the file system takes to tell of a file."""
        if not _may_be(path):
            return None
        file = f"{self._prefix}{path}"
        try:
            found = _stat(file)
        except (OSError, ValueError):  # there is none, or it could not be
            return None
        self._read_patterns()
        state = _state_of(found)
        known = self._known.get(path)
        if known is not None and known[0] == state:
            return known[1]
        if not stat.S_ISREG(found.st_mode) or self._is_ignored(path):
            return None
        if not os.path.realpath(file).startswith(f"{self._root}/"):
            return None
        told = f"{file} {state}".encode("utf-8", "surrogateescape")
        etag = hashlib.sha256(told).hexdigest()[:ETAG_DIGITS]
        asset = Asset(etag, content_type(path), found.st_size, file)
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[path] = state, asset
        return asset

    def rule_files(self) -> tuple[str | None, str | None]:
        """See AssetFiles."""
        return self._headers.read(), self._redirects.read()

    def refuse_pages_worker(self, path: str) -> None:
        """Raises AssetsInvalid for what may be a script's source, unless somebody says it is not.

        https://developers.cloudflare.com/workers/static-assets/migration-guides/migrate-from-pages/
        """
        if path.startswith(f"/{PAGES_WORKER}") and self._ignore.read() is None:
            raise AssetsInvalid(
                f"{self.directory / PAGES_WORKER} is the script of a Pages project, which would be "
                f"public as an asset. Remove it, or name it in {self.directory / IGNORE_FILE}; to "
                "upload it all the same, leave that file empty"
            )

    def _read_patterns(self) -> None:
        patterns = self._ignore.read() or _NO_PATTERNS
        if patterns != self._patterns:
            self._patterns, self._spec = patterns, _spec_of(patterns)
            self._known.clear()

    def _is_ignored(self, path: str) -> bool:
        if path in RULE_FILES:
            return True
        return self._spec is not None and self._spec.match_file(path[1:])


def _may_be(path: str) -> bool:
    """Whether a path is one that a listing of the directory could have."""
    if not path.startswith("/") or "\0" in path:
        return False
    return not any(part in ("", ".", "..") for part in path[1:].split("/"))


def _spec_of(patterns: str) -> "GitIgnoreSpec | None":
    if not patterns.strip():
        return None
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns.splitlines())
