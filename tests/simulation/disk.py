"""A disk that fails and loses power: which bytes below a folder are durable.

A log is as durable as its last sync, at least: the kernel may have written all of it by itself,
before another one that was written earlier. A file's name is durable once its folder was synced
after it was made. SQLite syncs by itself where it copies a log into its database, which happens in
one step here; so where a database has changed since its log was last synced, the log was synced,
too. Torn writes are the concern of tests/storage/power.py.
"""

import errno
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from holdfast.storage.names import JOURNAL_PREFIX

DATABASE, LOG, MEMORY = ".sqlite", ".sqlite-wal", ".sqlite-shm"
_HEADER_BYTES = 32  # of a log, with the salts of its generation
_FAILURES = 0.5
_EARLY = 0.3  # logs that the kernel has written by itself


@dataclass(slots=True)
class _Synced:
    """A log and its database when the log was last synced."""

    log: bytes
    database: bytes


@dataclass(slots=True)
class Disk:
    """What `fsync` of the storage ends at, for the folder `root`."""

    root: Path
    chance: random.Random
    on_failure: Callable[[], None]
    fails: bool = False
    writes_early: bool = True
    syncs: int = 0
    _logs: dict[Path, _Synced] = field(default_factory=dict)
    _journals: dict[Path, bytes] = field(default_factory=dict)
    _names: dict[Path, dict[int, str]] = field(default_factory=dict)  # by inode

    def sync(self, fd: int) -> None:
        """As os.fsync. Raises OSError."""
        self._trouble()
        self.note(Path(f"/proc/self/fd/{fd}").readlink())

    def sync_all(self) -> None:
        """As syncfs. Raises OSError."""
        self._trouble()
        for path in (self.root, *self.root.rglob("*")):
            self.note(path)

    def look(self, _unique_key: str, _object_id: str) -> None:
        """A commit is about to be made. Raises OSError."""
        self._fail()

    def take(self, path: Path) -> None:
        """SQLite is about to be told of what is recent. Raises apsw.FullError."""
        if path.is_relative_to(self.root):  # else of a life that is over
            try:
                self._fail()
            except OSError as error:
                raise apsw.FullError("database or disk is full") from error

    def _trouble(self) -> None:
        self.syncs += 1
        self._fail()

    def _fail(self) -> None:
        if self.fails and self.chance.random() < _FAILURES:
            self.on_failure()
            raise OSError(errno.EIO, "the simulated disk has failed")

    def note(self, path: Path) -> None:
        """This is on the disk now."""
        if path.is_dir():
            self._names[path] = {entry.inode(): entry.name for entry in os.scandir(path)}
        elif path.name.startswith(JOURNAL_PREFIX):
            self._journals[path] = path.read_bytes()
        elif path.name.endswith(LOG) and path.exists() and _database(path).exists():
            self._logs[path] = _Synced(path.read_bytes(), _database(path).read_bytes())

    # ---- power loss ----------------------------------------------------------------

    def lose_power(self, target: Path) -> None:
        """Copy to `target` what is left of the root."""
        target.mkdir(parents=True)
        for path in self.root.glob(f"{JOURNAL_PREFIX}*"):  # whose name is synced once it is there
            (target / path.name).write_bytes(self._journals.get(path, b""))
        for folder in sorted(path for path in self.root.iterdir() if path.is_dir()):
            copy = target / folder.name
            copy.mkdir()
            for path in sorted(folder.iterdir()):
                self._keep(path, copy / path.name)

    def _keep(self, path: Path, copy: Path) -> None:
        if path.name.endswith(MEMORY):
            return
        if path.name.endswith(LOG):
            if not _database(path).exists():  # it is being removed, the log last
                shutil.copyfile(path, copy)
            elif self._name_of(_database(path)) == _database(path).name:
                copy.write_bytes(self._log(path))
        elif not path.name.endswith(DATABASE):
            shutil.copyfile(path, copy)
        elif name := self._name_of(path):
            shutil.copyfile(path, copy.with_name(name))

    def _name_of(self, database: Path) -> str | None:
        """What it was called when its folder was synced; None if it was not there."""
        return self._names.get(database.parent, {}).get(database.stat().st_ino)

    def _log(self, path: Path) -> bytes:
        now, synced = path.read_bytes(), self._logs.get(path)
        if self.writes_early and self.chance.random() < _EARLY:
            return now
        if synced is None or synced.log[:_HEADER_BYTES] != now[:_HEADER_BYTES]:
            return b""  # of a generation that was not synced yet
        return synced.log if synced.database == _database(path).read_bytes() else now


def _database(log: Path) -> Path:
    return log.with_name(log.name.removesuffix("-wal"))
