"""The facets of one object: further databases beside its own, found by a tree of names.

A facet has a number, by which its file is called: `<id>.<number>.sqlite`; that of the object is 0.
`<id>.facets` has the names: which facet of which is called what. Both are workerd's layout:
https://github.com/cloudflare/workerd/blob/main/src/workerd/server/facet-tree-index.h

A number is never given twice, so the index only grows. Its entry is durable before the first
round of the facet is: else another facet could be given the number, and find what was
stored. What a power loss has left of an entry at the end belonged to no round, and is cut off. An
index whose sync has failed, or that was there before, is written anew before a sync of it counts.
"""

import asyncio
import logging
import os
import struct
import threading
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from holdfast.storage.disk import Folder, Fsync, write_all
from holdfast.storage.errors import StorageError
from holdfast.storage.names import FACETS_SUFFIX

if TYPE_CHECKING:
    from holdfast.storage.storage import Storage
    from holdfast.storage.store import ObjectStore, OnBroken, OnDurable

MAX_FACETS = 65_535

log = logging.getLogger(__name__)

_MAGIC = 0xC4CD_CE5B_C5B0_EF57.to_bytes(8, "little")
_HEADER = struct.Struct("<HH")  # the parent's number, how many bytes the name has


def entry_of(parent: int, name: bytes) -> bytes:
    """What an index has of a facet."""
    return _HEADER.pack(parent, len(name)) + name


def content_of(entries: Iterable[tuple[int, bytes]]) -> bytes:
    """An index with these entries."""
    return _MAGIC + b"".join(entry_of(parent, name) for parent, name in entries)


def read_entries(content: bytes) -> list[tuple[int, bytes]]:
    """The entries of an index, as far as they are sound: parent and name of facet 1 and so on."""
    entries: dict[tuple[int, bytes], None] = {}
    end = len(_MAGIC)
    while len(content) >= end + _HEADER.size:
        parent, length = _HEADER.unpack_from(content, end)
        name = content[end + _HEADER.size : end + _HEADER.size + length]
        is_sound = 0 < length == len(name) and parent <= len(entries)
        if not is_sound or (parent, name) in entries:
            break
        entries[parent, name] = None
        end += _HEADER.size + length
    return [*entries]


class FacetIndex:
    """Which facets an object has ever had. On the loop's thread, but for `sync`."""

    def __init__(self, folder: Folder, object_id: str) -> None:
        """Read the index. Blocks. Raises StorageError."""
        self.object_id = object_id
        self.unique_key = folder.path.name
        self.path = folder.path / (object_id + FACETS_SUFFIX)
        self._folder = folder
        self._entries: list[tuple[int, bytes]] = []  # the first has the number 1
        self._numbers: dict[tuple[int, bytes], int] = {}
        self._end = 0  # of what is sound in the file
        self._synced = 0
        self._lock = threading.Lock()  # held while syncing
        self._read()
        self.in_doubt = self._end > 0  # whoever wrote it may not have synced it

    def _read(self) -> None:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._failure("read", error) from error
        if not any(content):
            return  # it was never synced: a file system may leave zeros for that
        if len(content) > len(_MAGIC) and not content.startswith(_MAGIC):
            raise self._failure("read", "it is no index of facets") from None
        for parent, name in read_entries(content):
            self._note(parent, name)
        self._end = len(self.content()) if self._entries else 0

    def _failure(self, done: str, why: OSError | str) -> StorageError:
        """What scripts are told, and not where it lies."""
        log.warning("the names of facets in %s cannot be %s: %s", self.path, done, why)
        reason = why.strerror if isinstance(why, OSError) else why
        return StorageError(f"The storage of this Durable Object failed: {reason}")

    def _note(self, parent: int, name: bytes) -> int:
        self._entries.append((parent, name))
        self._numbers[parent, name] = number = len(self._entries)
        return number

    def __len__(self) -> int:
        return len(self._entries)

    def content(self) -> bytes:
        """The index as a file."""
        return content_of(self._entries)

    def find(self, parent: int, name: str) -> int | None:
        """The number of a facet; None if there never was one of this name."""
        return self._numbers.get((parent, name.encode()))

    def number(self, parent: int, name: str) -> int:
        """The number of a facet, given to it now where it has none. Raises StorageError."""
        encoded = name.encode()
        found = self._numbers.get((parent, encoded))
        if found is not None:
            return found
        if not encoded:
            raise StorageError("Facet name cannot be empty.")
        if len(self._entries) == MAX_FACETS:
            raise StorageError(f"A Durable Object has {MAX_FACETS} facets at most, ever.")
        entry = entry_of(parent, encoded)
        try:
            self._append(entry if self._end else _MAGIC + entry)
        except OSError as error:
            raise self._failure("written", error) from error
        return self._note(parent, encoded)

    def _append(self, content: bytes) -> None:
        self._folder.ensure()
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            os.ftruncate(fd, self._end)
            os.lseek(fd, self._end, os.SEEK_SET)
            write_all(fd, content)
        finally:
            os.close(fd)
        self._end += len(content)

    def children(self, parent: int) -> list[tuple[int, str]]:
        """Number and name of each facet of a facet, of any time."""
        return [
            (number, name.decode("utf-8", "replace"))
            for number, (above, name) in enumerate(self._entries, 1)
            if above == parent
        ]

    def below(self, number: int) -> list[int]:
        """The numbers of all facets inside of a facet; those that others are in come first."""
        inside = {number}
        for found, (above, _) in enumerate(self._entries, 1):
            if above in inside:
                inside.add(found)
        return sorted(inside - {number})

    def doubt(self) -> None:
        """See disk.Companion."""
        with self._lock:
            self.in_doubt = True

    def sync(self, fsync: Fsync) -> None:
        """See disk.Companion. The caller syncs the folder."""
        wanted = self._end
        with self._lock:
            if self._synced >= wanted:
                return
            is_doubtful, self.in_doubt = self.in_doubt, True
            covered = self._end
            fd = os.open(self.path, os.O_WRONLY | os.O_CLOEXEC)
            try:
                if is_doubtful:  # what is appended meanwhile comes behind that
                    write_all(fd, self.content())
                fsync(fd)
            finally:
                os.close(fd)
            self.in_doubt = False
            self._synced = covered


class Facets:
    """The databases of an object's facets, for the object's owner. On the loop's thread only.

    Every method raises StorageError.
    """

    def __init__(self, storage: "Storage", index: FacetIndex, *, use_sqlite: bool) -> None:
        self._storage = storage
        self._use_sqlite = use_sqlite
        self._index = index
        self._settling: set[asyncio.Future[None]] = set()

    def open(
        self, parent: int, name: str, *, on_durable: "OnDurable", on_broken: "OnBroken"
    ) -> "tuple[int, ObjectStore]":
        """The number of a facet, and its storage; see Storage.open."""
        number = self._index.number(parent, name)
        store = self._storage.open_facet(
            self._index,
            number,
            use_sqlite=self._use_sqlite,
            on_durable=on_durable,
            on_broken=on_broken,
        )
        return number, store

    def erase(self, parent: int, name: str | None = None) -> None:
        """Remove what a facet holds, and what those inside of it do; or those alone, by no name.

        Whoever has one of them open loses it. It is durable when `settled` returns.
        """
        if name is None:
            self._erase(self._index.below(parent))
        elif number := self._index.find(parent, name):
            self._erase([number, *self._index.below(number)])

    def _erase(self, numbers: list[int]) -> None:
        for number in numbers:
            with _Brief(self, number) as store:
                store.delete_all(with_alarm=True)

    def clone(self, parent: int, source: str, target: str) -> None:
        """Have a facet hold what another one has committed, and so those inside of them.

        Copies at once, each facet in one commit. It is durable when `settled` returns.
        """
        found = self._index.find(parent, source)
        if found:
            self._clone(found, parent, target)
        else:
            self.erase(parent, target)

    def _clone(self, source: int, parent: int, target: str) -> None:
        number = self._index.number(parent, target)
        snapshot_of = self._storage.facet_snapshot
        with snapshot_of(self._index, source) as snapshot, _Brief(self, number) as store:
            if snapshot is None:
                store.delete_all(with_alarm=True)
            else:
                store.adopt(snapshot)
        children = self._index.children(source)
        names = {name for _, name in children}
        for child, name in self._index.children(number):
            if name not in names:
                self._erase([child, *self._index.below(child)])
        for child, name in children:
            self._clone(child, number, name)

    @property
    def is_settling(self) -> bool:
        """True while something that was erased or cloned is not durable."""
        return any(not done.done() for done in self._settling)

    async def settled(self) -> None:
        """Return once all that was erased and cloned is durable. Raises StorageError."""
        if self._settling:
            await asyncio.gather(*self._settling)

    def _ended(self, done: "asyncio.Future[None]") -> None:
        self._settling.discard(done)
        if not done.cancelled():
            done.exception()  # who does not ask for `settled` does not mind

    def brief_store(self, number: int) -> "tuple[ObjectStore, asyncio.Future[None]]":
        """A facet's storage for one change, and what is told when that is durable."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._settling.add(done)
        done.add_done_callback(self._ended)
        store = self._storage.open_facet(
            self._index,
            number,
            use_sqlite=self._use_sqlite,
            on_durable=lambda finished: _settle(done, store, finished),
            on_broken=partial(_fail, done),
        )
        return store, done


class _Brief:
    """A facet's storage for the length of a block, and not for longer."""

    def __init__(self, facets: Facets, number: int) -> None:
        self._store, self._done = facets.brief_store(number)

    def __enter__(self) -> "ObjectStore":
        return self._store

    def __exit__(self, *_: object) -> None:
        self._store.flush()
        _settle(self._done, self._store, self._store.durable)
        self._store.close()


def _settle(done: "asyncio.Future[None]", store: "ObjectStore", finished: int) -> None:
    if finished >= store.written and not done.done():
        done.set_result(None)


def _fail(done: "asyncio.Future[None]", error: BaseException) -> None:
    if not done.done():
        done.set_exception(error)
