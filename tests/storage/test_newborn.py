"""From an object's first write to its file."""

import asyncio
import errno

import pytest

from holdfast.storage import StoreBroken
from tests.storage.conftest import UNIQUE_KEY, Owner, Shard, object_id


async def in_flight(shard: Shard) -> Owner:
    """An owner whose first round has started, on a disk that holds it back."""
    owner = shard.owner()
    shard.disk.hold()
    owner.store.put("first", b"1")
    for _ in range(5):
        await asyncio.sleep(0)
    return owner


async def test_an_object_has_no_file_before_its_first_round(shard: Shard) -> None:
    owner = await in_flight(shard)
    assert owner.store.list() == [("first", b"1")]
    assert not shard.path().exists()
    assert shard.storage.list_objects(UNIQUE_KEY) == [object_id()]
    shard.disk.release()
    await owner.durable()
    assert shard.files() == [shard.path().name]
    assert shard.storage.list_objects(UNIQUE_KEY) == [object_id()]


async def test_an_object_that_is_written_once_never_has_a_log(shard: Shard) -> None:
    for number in range(20):
        shard.owner(number).store.put("a", b"1")
    await shard.storage.aclose()
    assert len(shard.files()) == 20


async def test_what_is_written_during_the_first_round_goes_on_in_the_file(shard: Shard) -> None:
    owner = await in_flight(shard)
    assert owner.store.put("second", b"2") == 2
    shard.disk.release()
    await owner.durable(1)
    assert shard.path(suffix="-wal").exists()
    owner.store.put("third", b"3")
    await owner.durable()
    await shard.reopen()
    assert [key for key, _ in shard.owner().store.list()] == ["first", "second", "third"]


async def test_a_commit_during_the_first_round_goes_on_in_the_file(shard: Shard) -> None:
    owner = await in_flight(shard)
    owner.store.begin()
    owner.store.put("second", b"2")
    assert owner.store.commit() == 2
    owner.store.put("third", b"3")
    shard.disk.release()
    await owner.durable(2)
    await shard.reopen()
    assert [key for key, _ in shard.owner().store.list()] == ["first", "second", "third"]


async def test_an_open_transaction_keeps_the_object_in_memory(shard: Shard) -> None:
    owner = await in_flight(shard)
    owner.store.put("second", b"2")
    owner.store.begin()
    owner.store.put("third", b"3")
    shard.disk.release()
    await owner.durable(2)
    assert not shard.path(suffix="-wal").exists()
    owner.store.begin()
    owner.store.put("undone", b"4")
    owner.store.rollback()
    await owner.durable(owner.store.commit())
    owner.store.put("fourth", b"5")
    await owner.durable()
    await shard.reopen()
    names = [key for key, _ in shard.owner().store.list()]
    assert names == ["first", "fourth", "second", "third"]


async def test_an_image_never_holds_what_is_not_committed(shard: Shard) -> None:
    owner = shard.owner()
    owner.store.put("committed", b"1")
    owner.store.begin()
    owner.store.put("open", b"2")
    await owner.durable(1)
    second = Shard(shard.folder)
    assert second.owner().store.list() == [("committed", b"1")]
    await second.storage.aclose()
    owner.store.rollback()


async def test_superseding_during_the_first_round_keeps_what_is_committed(shard: Shard) -> None:
    owner = await in_flight(shard)
    owner.store.put("dropped", b"2")
    owner.store.supersede(RuntimeError("reset"))
    second = shard.owner()
    assert second.store.list() == [("first", b"1")]
    second.store.put("second", b"2")
    shard.disk.release()
    await second.durable()
    await shard.reopen()
    assert [key for key, _ in shard.owner().store.list()] == ["first", "second"]


async def test_a_first_round_that_fails_leaves_no_file(shard: Shard) -> None:
    shard.disk.error = OSError(errno.EIO, "Input/output error")
    owner = shard.owner()
    owner.store.put("a", b"1")
    assert isinstance(await owner.failure(), StoreBroken)
    assert shard.files() == []
    shard.disk.error = None
    second = shard.owner()
    assert second.store.get("a") is None
    second.store.put("b", b"2")
    await second.durable()
    assert second.store.list() == [("b", b"2")]


async def test_a_file_that_was_given_up_does_not_replace_its_successor(shard: Shard) -> None:
    await in_flight(shard)
    shard.storage.delete_namespace(UNIQUE_KEY)
    second = shard.owner()
    second.store.put("second", b"2")
    shard.disk.release()
    await second.durable()
    await shard.reopen()
    assert shard.owner().store.list() == [("second", b"2")]


async def test_nothing_of_one_object_is_found_in_another_ones_file(shard: Shard) -> None:
    for number in range(40):
        owner = shard.owner(number)
        owner.store.put(f"key of {number} ", f"secret of {number} ".encode() * (number * 9))
        owner.store.put("then", b"replaced")
        await owner.durable()
        for path in shard.folder.glob("*/*"):
            content, own = path.read_bytes(), int(path.stem, 16)
            assert all(b"of %d " % other not in content for other in range(40) if other != own)


async def test_a_large_first_write_is_one_round_like_others(shard: Shard) -> None:
    owner = shard.owner()
    owner.store.put_many((f"key {number:04}", bytes(5000)) for number in range(1000))
    owner.store.delete("key 0500")
    await owner.durable()
    assert owner.rounds == [1]
    await shard.reopen()
    assert len(shard.owner().store.list()) == 999


@pytest.mark.parametrize("turns", range(8))
async def test_a_hasty_writer_loses_nothing_whenever_the_file_appears(
    shard: Shard, turns: int
) -> None:
    owner = shard.owner()
    for number in range(200):
        owner.store.put(f"key {number}", b"%d" % number)
        if number % 7 == turns:
            owner.store.begin()
            owner.store.put(f"other {number}", b"x")
            await asyncio.sleep(0)
            owner.store.rollback() if number % 2 else owner.store.commit()
        await asyncio.sleep(0)
    stored = owner.store.list()
    assert len([key for key, _ in stored if key.startswith("key")]) == 200
    await shard.reopen()
    assert shard.owner().store.list() == stored
