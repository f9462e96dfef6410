"""The databases of an object's facets: numbers, names, files, and what is erased or copied."""

import asyncio
import contextlib
import errno
import os
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from holdfast.storage import Facets, StorageError
from holdfast.storage.disk import Folder, fsync
from holdfast.storage.facets import FacetIndex
from holdfast.storage.template import read_birth_ms
from tests.patience import PATIENCE_S
from tests.storage.conftest import UNIQUE_KEY, Clock, Owner, Shard, descriptor_path, object_id

# As workerd writes it, least significant byte first.
MAGIC = bytes.fromhex("57efb0c55bcecdc4")


class Facet(Owner):
    """The owner of a facet."""

    def __init__(self, facets: Facets, name: str, parent: int = 0) -> None:
        self.rounds: list[int] = []
        self.broken: list[BaseException] = []
        self._changed = asyncio.Event()
        self.number, self.store = facets.open(
            parent, name, on_durable=self._on_durable, on_broken=self._on_broken
        )

    async def put(self, value: bytes) -> None:
        self.store.put("key", value)
        await self.durable()


@pytest.fixture
async def facets(shard: Shard) -> Facets:
    return shard.storage.facets(UNIQUE_KEY, object_id())


def entry(parent: int, name: bytes) -> bytes:
    return struct.pack("<HH", parent, len(name)) + name


# ---- the index --------------------------------------------------------------------------


def index_of(tmp_path: Path, content: bytes | None = None) -> FacetIndex:
    if content is not None:
        (tmp_path / f"{object_id()}.facets").write_bytes(content)
    return FacetIndex(Folder(tmp_path), object_id())


def test_facets_get_numbers_in_order_and_keep_them(tmp_path: Path) -> None:
    index = index_of(tmp_path)
    assert [index.number(0, "a"), index.number(0, "é"), index.number(1, "a")] == [1, 2, 3]
    assert [index.number(1, "a"), index.number(0, "a")] == [3, 1]
    content = MAGIC + entry(0, b"a") + entry(0, "é".encode()) + entry(1, b"a")
    assert index.path.read_bytes() == content
    again = index_of(tmp_path)
    assert (again.find(0, "é"), again.find(1, "a"), again.find(2, "a")) == (2, 3, None)
    assert again.number(2, "a") == 4


def test_what_is_inside_of_a_facet_is_found_however_deep(tmp_path: Path) -> None:
    content = entry(0, b"a") + entry(1, b"b") + entry(0, b"c") + entry(2, b"d") + entry(3, b"e")
    index = index_of(tmp_path, MAGIC + content)
    assert [index.below(number) for number in (0, 1, 2, 3, 4)] == [
        [1, 2, 3, 4, 5],
        [2, 4],
        [4],
        [5],
        [],
    ]
    assert index.children(0) == [(1, "a"), (3, "c")]


@pytest.mark.parametrize(
    "tail",
    [
        b"\0",
        struct.pack("<HH", 0, 5) + b"four",
        struct.pack("<HH", 0, 0),
        entry(9, b"from nowhere"),
        entry(0, b"a"),
    ],
    ids=["a part of a header", "a part of a name", "no name", "no parent", "a name twice"],
)
def test_what_a_power_loss_has_left_at_the_end_is_cut_off(tmp_path: Path, tail: bytes) -> None:
    index = index_of(tmp_path, MAGIC + entry(0, b"a") + tail)
    assert len(index) == 1
    assert index.number(0, "b") == 2
    assert index.path.read_bytes() == MAGIC + entry(0, b"a") + entry(0, b"b")


def test_what_may_not_be_on_the_disk_is_written_anew_before_a_sync_of_it_counts(
    tmp_path: Path,
) -> None:
    def fail(_fd: int) -> None:
        raise OSError(errno.EIO, "the disk has failed")

    def is_rewritten_by(sync: Callable[[int], None]) -> bool:
        os.utime(index.path, (0, 0))
        with contextlib.suppress(OSError):
            index.sync(sync)
        return index.path.stat().st_mtime > 0

    index = index_of(tmp_path)
    index.number(0, "a")
    assert not is_rewritten_by(fail)
    assert is_rewritten_by(fsync), "the kernel has forgotten what it could not write"
    index.number(0, "b")
    assert not is_rewritten_by(fsync)
    index.number(0, "c")
    index.doubt()
    assert is_rewritten_by(fsync)
    content = index.path.read_bytes()
    with index.path.open("ab") as file:
        file.write(b"half an entry")
    index = index_of(tmp_path)
    assert is_rewritten_by(fsync), "who has written it may have been killed before it was synced"
    assert index.path.read_bytes().startswith(content)
    assert index.number(0, "d") == 4


@pytest.mark.parametrize("content", [b"", b"\0\0\0", bytes(13), MAGIC])
def test_an_index_that_was_never_written_in_full_begins_anew(
    tmp_path: Path, content: bytes
) -> None:
    index = index_of(tmp_path, content)
    assert index.number(0, "a") == 1
    assert index.path.read_bytes() == MAGIC + entry(0, b"a")


def test_another_file_is_not_taken_for_an_index(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no index of facets"):
        index_of(tmp_path, b"something else")


def test_an_index_takes_no_empty_name(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be empty"):
        index_of(tmp_path).number(0, "")


def test_an_entry_is_synced_once(tmp_path: Path) -> None:
    index = index_of(tmp_path)
    synced: list[int] = []
    index.sync(synced.append)
    index.number(0, "a")
    for _ in range(2):
        index.sync(lambda fd: (synced.append(fd), fsync(fd))[1])
    assert len(synced) == 1


# ---- databases --------------------------------------------------------------------------


async def test_a_facet_has_a_file_of_its_own(shard: Shard, facets: Facets) -> None:
    facet, inner = Facet(facets, "a"), Facet(facets, "a", parent=1)
    await facet.put(b"outside")
    await inner.put(b"inside")
    folder = shard.folder / UNIQUE_KEY
    assert {path.name for path in folder.iterdir()} >= {
        f"{object_id()}.facets",
        f"{object_id()}.1.sqlite",
        f"{object_id()}.2.sqlite",
    }
    assert (facet.store.get("key"), inner.store.get("key")) == (b"outside", b"inside")
    await shard.reopen()
    again = shard.storage.facets(UNIQUE_KEY, object_id())
    assert Facet(again, "a", parent=1).store.get("key") == b"inside"


async def test_an_entry_is_durable_before_its_facet_is(shard: Shard, facets: Facets) -> None:
    facet = Facet(facets, "a")
    shard.disk.error = OSError("the disk is gone")
    facet.store.put("key", b"value")
    await facet.failure()
    assert not (shard.folder / UNIQUE_KEY / f"{object_id()}.1.sqlite").exists()


async def test_what_was_erased_is_gone_with_all_inside_of_it(shard: Shard, facets: Facets) -> None:
    owners = [Facet(facets, "a"), Facet(facets, "b", parent=1), Facet(facets, "c")]
    for owner in owners:
        await owner.put(b"value")
    facets.erase(0, "a")
    assert facets.is_settling
    await facets.settled()
    assert not facets.is_settling
    assert Facet(facets, "a").store.list() == []
    assert Facet(facets, "b", parent=1).store.list() == []
    assert owners[2].store.get("key") == b"value"
    await shard.reopen()
    left = {path.name for path in (shard.folder / UNIQUE_KEY).glob("*.sqlite")}
    assert left == {f"{object_id()}.3.sqlite"}


async def test_a_power_loss_after_erasing_brings_nothing_back(shard: Shard, facets: Facets) -> None:
    facet = Facet(facets, "a")
    await facet.put(b"value")
    facets.erase(0)
    await facets.settled()
    shard.storage.abandon()
    await shard.reopen()
    again = shard.storage.facets(UNIQUE_KEY, object_id())
    assert Facet(again, "a").store.list() == []


async def test_erasing_what_never_was_does_nothing(shard: Shard, facets: Facets) -> None:
    facets.erase(0, "a")
    facets.erase(0)
    facets.clone(0, "a", "b")
    assert not facets.is_settling
    await facets.settled()
    assert not (shard.folder / UNIQUE_KEY).exists()


async def test_a_failing_disk_is_told_to_who_waits_for_an_erasure(
    shard: Shard, facets: Facets
) -> None:
    facet = Facet(facets, "a")
    await facet.put(b"value")
    shard.disk.error = OSError("the disk is gone")
    facets.erase(0, "a")
    with pytest.raises(StorageError, match="the disk is gone"):
        await facets.settled()


async def test_who_waits_for_an_erasure_hears_that_the_files_were_taken_away(
    shard: Shard, facets: Facets
) -> None:
    facet = Facet(facets, "a")
    await facet.grow_up()
    shard.disk.hold()
    facets.erase(0, "a")
    waiting = asyncio.create_task(facets.settled())
    await asyncio.sleep(0)
    shard.storage.release_namespace(UNIQUE_KEY)
    shard.disk.release()
    with pytest.raises(StorageError, match="was deleted"):
        await asyncio.wait_for(waiting, PATIENCE_S)


async def test_a_number_whose_file_a_killed_process_has_made_is_durable_before_what_it_holds(
    shard: Shard, facets: Facets
) -> None:
    await Facet(facets, "a").grow_up()
    await shard.reopen()  # for all that is known, nothing of it was synced
    synced: list[str] = []
    shard.disk.on_sync = lambda fd: synced.append(descriptor_path(fd).name)
    facet = Facet(shard.storage.facets(UNIQUE_KEY, object_id()), "a")
    await facet.put(b"x")
    index, log = f"{object_id()}.facets", f"{object_id()}.1.sqlite-wal"
    assert synced.index(index) < synced.index(log)
    await facet.put(b"y")
    assert synced.count(index) == 1, "once is enough"


@pytest.mark.parametrize("size", [10, 400_000], ids=["small", "large"])
@pytest.mark.parametrize("is_grown", [False, True], ids=["in memory", "in a file"])
async def test_a_clone_holds_what_its_source_does_and_goes_its_own_way(
    shard: Shard, facets: Facets, size: int, is_grown: bool
) -> None:
    source, inner = Facet(facets, "a"), Facet(facets, "inner", parent=1)
    if is_grown:
        await source.grow_up()
    await source.put(b"1" * size)
    await inner.put(b"2" * size)
    source.store.put("key", b"3" * size)  # not durable, nor committed
    facets.clone(0, "a", "b")
    await facets.settled()
    copy = Facet(facets, "b")
    assert copy.store.get("key") == b"3" * size
    assert Facet(facets, "inner", parent=copy.number).store.get("key") == b"2" * size
    await copy.put(b"4")
    assert source.store.get("key") == b"3" * size
    await source.durable()
    await shard.reopen()
    again = shard.storage.facets(UNIQUE_KEY, object_id())
    assert Facet(again, "a").store.get("key") == b"3" * size
    assert Facet(again, "b").store.get("key") == b"4"


async def test_a_clone_of_a_file_may_be_written_to_at_once(shard: Shard, facets: Facets) -> None:
    source = Facet(facets, "a")
    await source.grow_up()
    facets.clone(0, "a", "b")
    copy = Facet(facets, "b")  # while it is in memory alone
    for number in range(3):
        await copy.put(b"%d" % number)
    await shard.reopen()
    again = shard.storage.facets(UNIQUE_KEY, object_id())
    assert Facet(again, "b").store.get("key") == b"2"


async def test_a_clone_that_a_crash_cuts_short_leaves_what_was_there(
    shard: Shard, facets: Facets
) -> None:
    source, target = Facet(facets, "a"), Facet(facets, "b")
    for owner in (source, target):
        await owner.put(owner.number.to_bytes(1, "big"))
    shard.disk.hold()
    facets.clone(0, "a", "b")
    shard.storage.abandon()
    shard.disk.release()
    await shard.reopen()
    again = shard.storage.facets(UNIQUE_KEY, object_id())
    assert Facet(again, "b").store.get("key") in {b"\1", b"\2"}


async def test_a_large_clone_is_made_without_all_of_it_in_memory(facets: Facets) -> None:
    source = Facet(facets, "a")
    source.store.put_many((f"key {number}", bytes(100_000)) for number in range(50))
    await source.durable()
    tracemalloc.start()
    try:
        facets.clone(0, "a", "b")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000
    await facets.settled()
    assert len(Facet(facets, "b").store.list()) == 50


async def test_a_facet_that_is_cloned_while_it_is_being_closed_is_closed(
    shard: Shard, facets: Facets
) -> None:
    source = Facet(facets, "a")
    await source.grow_up()
    closed = source.store.close()
    facets.clone(0, "a", "b")
    await asyncio.wait_for(closed, PATIENCE_S)
    assert Facet(facets, "b").store.get("grown up") == b"1"


async def test_a_clone_replaces_what_was_there_with_all_inside_of_it(facets: Facets) -> None:
    await Facet(facets, "a").put(b"new")
    target, inner = Facet(facets, "b"), Facet(facets, "inner", parent=2)
    await target.grow_up()
    await target.put(b"old")
    await inner.put(b"old")
    facets.clone(0, "a", "b")
    await facets.settled()
    assert Facet(facets, "b").store.list() == [("key", b"new")]
    assert Facet(facets, "inner", parent=2).store.list() == []


@pytest.mark.parametrize("size", [10, 400_000], ids=["small", "large"])
async def test_a_clone_over_what_is_there_does_not_change_when_that_was_made(
    tmp_path: Path, size: int
) -> None:
    clock = Clock()
    shard = Shard(tmp_path / "objects", bookmarking=clock)
    facets = shard.storage.facets(UNIQUE_KEY, object_id())
    source = Facet(facets, "a")
    await source.put(b"1" * size)
    made_ms = clock.now = clock.now + 86_400_000
    target = Facet(facets, "b")
    await target.grow_up()
    await target.put(b"2")
    clock.now += 1000
    facets.clone(0, "a", "b")
    await facets.settled()
    await shard.storage.aclose()
    copy = apsw.Connection(str(shard.folder / UNIQUE_KEY / f"{object_id()}.2.sqlite"))
    assert read_birth_ms(copy.cursor()) == made_ms
    assert copy.execute("SELECT length(value) FROM _cf_KV").get == size
    copy.close()


async def test_a_clone_has_nothing_of_an_open_transaction(facets: Facets) -> None:
    source = Facet(facets, "a")
    await source.grow_up()
    await source.put(b"committed")
    source.store.begin()
    source.store.put("key", b"perhaps")
    facets.clone(0, "a", "b")
    assert Facet(facets, "b").store.get("key") == b"committed"
    source.store.rollback()
    assert source.store.get("key") == b"committed"
    await facets.settled()
