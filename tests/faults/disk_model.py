"""A disk that loses power: which files a data folder would hold, as POSIX promises it.

What was written to a file survives once a sync of that file has begun after it and ended; that
a name was given, changed or removed, once a sync of its folder has. Whatever is younger may
survive or not: `Fate.LOST` is the disk that had it all in its cache, `Fate.TORN` one that had
written some of it, in any order within a file, in order within a folder.
"""

import enum
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from tests.faults.tracing import Event

_HTTP = b"HTTP/1.1 "
_SYNCS = ("fsync", "fdatasync", "sync", "syncfs")


class Fate(enum.Enum):
    """What becomes of that which was not synced; a mere crash of the process keeps it."""

    KEPT = "kept"
    LOST = "lost"
    TORN = "torn"


@dataclass(slots=True, eq=False)
class File:
    """The content that is safe, and what was done since: (offset, bytes) or (size, None)."""

    safe: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    made_safe: int = 0
    size: int = 0

    def change(self, offset: int, data: bytes | None) -> None:
        self.pending.append((offset, data))
        self.size = offset if data is None else max(self.size, offset + len(data))

    @property
    def total(self) -> int:
        """How many changes there have been."""
        return self.made_safe + len(self.pending)

    def synced(self, total: int) -> None:
        count = max(total - self.made_safe, 0)
        for change in self.pending[:count]:
            _apply(self.safe, *change)
        del self.pending[:count]
        self.made_safe += count

    def after(self, fate: Fate, chance: random.Random) -> bytes:
        content = bytearray(self.safe)
        for change in self.pending:
            if fate is Fate.KEPT or (fate is Fate.TORN and chance.random() < 0.5):
                _apply(content, *change)
        return bytes(content)


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    end = offset + len(data or b"")
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    if data is None:
        del content[offset:]
    else:
        content[offset:end] = data


@dataclass(slots=True, eq=False)
class Folder:
    """The entries that are safe, and what was done since: name to entry, or to None."""

    now: "dict[str, File | Folder]" = field(default_factory=dict)
    safe: "dict[str, File | Folder]" = field(default_factory=dict)
    pending: "list[dict[str, File | Folder | None]]" = field(default_factory=list)
    made_safe: int = 0

    def change(self, entries: "dict[str, File | Folder | None]") -> None:
        """All of `entries` change at once, as in a rename."""
        self.pending.append(entries)
        _update(self.now, entries)

    @property
    def total(self) -> int:
        """How many changes there have been."""
        return self.made_safe + len(self.pending)

    def synced(self, total: int) -> None:
        count = max(total - self.made_safe, 0)
        for entries in self.pending[:count]:
            _update(self.safe, entries)
        del self.pending[:count]
        self.made_safe += count

    def after(self, fate: Fate, chance: random.Random) -> "dict[str, File | Folder]":
        if fate is Fate.KEPT:
            return self.now
        entries = dict(self.safe)
        if fate is Fate.TORN:
            for change in self.pending[: chance.randint(0, len(self.pending))]:
                _update(entries, change)
        return entries


def _update(entries: "dict[str, File | Folder]", change: "dict[str, File | Folder | None]") -> None:
    for name, entry in change.items():
        if entry is None:
            entries.pop(name, None)
        else:
            entries[name] = entry


@dataclass(slots=True)
class Open:
    """An open file or folder, and where its next `write` goes."""

    node: File | Folder
    position: int = 0
    appends: bool = False


class Disk:
    """Follows a process's calls below one folder, which is safe and empty at the start."""

    def __init__(self, root: Path) -> None:
        self._root = PurePosixPath(root)
        self._top = Folder()
        self._open: dict[int, Open] = {}
        self._syncing: dict[bytes, list[tuple[File | Folder, int]]] = {}

    def answers(self, events: Iterable[Event]) -> Iterator[bytes]:
        """Follow the events; yields what an HTTP response consists of before it leaves."""
        for event in events:
            if answer := self.follow(event):
                yield answer

    def follow(self, event: Event) -> bytes | None:
        """One event; what an HTTP response consists of, if it is one that is about to leave."""
        if event.result is None:
            return self._begun(event)
        if event.result >= 0:
            self._ended(event, event.result)
        return None

    def unsafe_names(self, pattern: str) -> int:
        """How many files have such a name, which a power loss might take from them."""
        return sum(
            fnmatch(name, pattern) and folder.safe.get(name) is not entry
            for folder in _all_below(self._top)
            if isinstance(folder, Folder)
            for name, entry in folder.now.items()
        )

    def continue_at(self, root: Path) -> None:
        """The process was killed; the next one works on a copy of what it has left.

        What was not synced is still in the kernel's memory, and still not safe.
        """
        self._root = PurePosixPath(root)
        self._open.clear()
        self._syncing.clear()

    def restore(self, folder: Path, fate: Fate, chance: random.Random) -> None:
        """Write what a power loss now would leave of the root to `folder`."""
        _restore(self._top, folder, fate, chance)

    def _begun(self, event: Event) -> bytes | None:
        fd = _number(event.arguments[0])
        match event.name:
            case "write" | "writev" | "sendto" | "sendmsg" if fd not in self._open:
                data = b"".join(event.strings)
                return data if data.startswith(_HTTP) else None
            case "close":
                self._open.pop(fd, None)
            case "fsync" | "fdatasync" if fd in self._open:
                self._begin_sync(event.thread, [self._open[fd].node])
            case "sync" | "syncfs":
                self._begin_sync(event.thread, [*_all_below(self._top)])
        return None

    def _begin_sync(self, thread: bytes, nodes: "list[File | Folder]") -> None:
        self._syncing[thread] = [(node, node.total) for node in nodes]

    def _ended(self, event: Event, result: int) -> None:
        if event.name in ("openat", "mkdir", "rename", "unlink"):
            handle: Callable[[Event, int], None] = getattr(self, f"_{event.name}")
            handle(event, result)
            return
        if event.name in _SYNCS:
            for node, total in self._syncing.pop(event.thread, ()):
                node.synced(total)
            return
        target = self._open.get(_number(event.arguments[0]))
        if target is None or event.name == "close":
            return
        assert isinstance(target.node, File), f"{event.name} on a folder"
        match event.name:
            case "write":
                if target.appends:
                    target.position = target.node.size
                target.node.change(target.position, event.strings[0][:result])
                target.position += result
            case "pwrite64":
                offset = _number(event.arguments[3])
                target.node.change(offset, event.strings[0][:result])
            case "ftruncate":
                target.node.change(_number(event.arguments[1]), None)
            case "lseek":
                target.position = result
            case _:
                raise AssertionError(f"{event.name} is not modelled")

    def _openat(self, event: Event, fd: int) -> None:
        self._open.pop(fd, None)
        place = self._place(event.strings[0])
        if place is None:
            return
        folder, name = place
        node = folder.now.get(name) if name else self._top
        if node is None:
            assert "O_CREAT" in event.arguments[2], f"{name} came from nowhere"
            node = File()
            folder.change({name: node})
        if isinstance(node, File) and "O_TRUNC" in event.arguments[2]:
            node.change(0, None)
        self._open[fd] = Open(node, appends="O_APPEND" in event.arguments[2])

    def _mkdir(self, event: Event, _: int) -> None:
        if place := self._place(event.strings[0]):
            place[0].change({place[1]: Folder()})

    def _unlink(self, event: Event, _: int) -> None:
        if place := self._place(event.strings[0]):
            place[0].change({place[1]: None})

    def _rename(self, event: Event, _: int) -> None:
        source, target = map(self._place, event.strings)
        if source is None or target is None:
            return
        assert source[0] is target[0], "a rename from folder to folder is not modelled"
        source[0].change({target[1]: source[0].now[source[1]], source[1]: None})

    def _place(self, path: bytes) -> tuple[Folder, str] | None:
        """The folder and the name in it; None for what is not below the root."""
        full = PurePosixPath(path.decode())
        if not full.is_relative_to(self._root):
            return None
        *inner, last = full.relative_to(self._root).parts or ("",)
        folder = self._top
        for part in inner:
            entry = folder.now[part]
            assert isinstance(entry, Folder), f"{full} leads through a file"
            folder = entry
        return folder, last


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return -1  # AT_FDCWD


def _all_below(folder: Folder) -> "Iterator[File | Folder]":
    yield folder
    for entry in folder.now.values():
        if isinstance(entry, File):
            yield entry
        else:
            yield from _all_below(entry)


def _restore(folder: Folder, path: Path, fate: Fate, chance: random.Random) -> None:
    path.mkdir()
    for name, entry in folder.after(fate, chance).items():
        if isinstance(entry, File):
            (path / name).write_bytes(entry.after(fate, chance))
        else:
            _restore(entry, path / name, fate, chance)
