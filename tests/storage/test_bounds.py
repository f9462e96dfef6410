"""Objects that may not grow any further: nothing is lost, and deleting makes room."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from holdfast.storage import StoreBroken
from holdfast.storage.errors import DatabaseFull
from holdfast.storage.recent import MAX_ENTRIES
from tests.storage.conftest import UNIQUE_KEY, Owner, Shard, object_id

MEGABYTE = 1_000_000
FULL = "^database or disk is full: SQLITE_FULL$"


@pytest.fixture
async def small(tmp_path: Path) -> Shard:
    return Shard(tmp_path, max_object_bytes=MEGABYTE)


def insert(owner: Owner, size: int) -> None:
    owner.store.sql(bool).execute("INSERT INTO t(v) VALUES (zeroblob(?))", (size,))


def rows(owner: Owner) -> int:
    return int(owner.store.sql(bool).execute("SELECT count(*) FROM t", ()).rows[0][0])


async def table(owner: Owner) -> None:
    owner.store.sql(bool).execute("CREATE TABLE t(k INTEGER PRIMARY KEY, v)", ())
    await owner.durable()


async def test_a_turn_that_is_too_much_is_undone_and_the_object_goes_on(small: Shard) -> None:
    owner = small.owner()
    await table(owner)
    insert(owner, MEGABYTE // 2)
    await owner.durable()
    insert(owner, MEGABYTE // 4)
    with pytest.raises(StoreBroken, match=FULL):
        insert(owner, MEGABYTE // 2)
    assert str(await owner.failure()) == "database or disk is full: SQLITE_FULL"
    owner = small.owner()
    assert rows(owner) == 1
    owner.store.sql(bool).execute("DELETE FROM t", ())
    await owner.durable()
    insert(owner, MEGABYTE * 3 // 4)
    await owner.durable()
    assert rows(owner) == 1
    await small.storage.aclose()


async def test_a_statement_that_is_undone_by_itself_leaves_the_rest_of_its_turn(
    small: Shard,
) -> None:
    owner = small.owner()
    await table(owner)
    insert(owner, 1000)
    many = (
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 200)"
        " INSERT INTO t(v) SELECT zeroblob(10000) FROM c"
    )
    with pytest.raises(DatabaseFull, match=FULL):
        owner.store.sql(bool).execute(many, ())
    insert(owner, 1000)
    await owner.durable()
    assert rows(owner) == 2 and not owner.broken
    await small.storage.aclose()


@pytest.mark.parametrize("size", [MEGABYTE // 100, MEGABYTE // 2])
async def test_a_fresh_object_is_bounded_in_its_first_turn(small: Shard, size: int) -> None:
    owner = small.owner()
    entries = [(f"k{number}", bytes(size)) for number in range(200)]
    with pytest.raises(StoreBroken, match=FULL):
        owner.store.put_many(entries)
    owner = small.owner()
    assert owner.store.get("k0") is None
    owner.store.put("k", b"v")
    await owner.durable()
    await small.reopen()
    assert small.owner().store.get("k") == b"v"
    await small.storage.aclose()


async def test_an_object_of_a_class_without_sql_may_grow(small: Shard) -> None:
    for turns in (1, 3):  # in memory; in its file
        owner = Owner(small.storage, UNIQUE_KEY, object_id(turns), use_sqlite=False)
        for turn in range(turns):
            owner.store.put(f"k{turn}", bytes(2 * MEGABYTE))
            await owner.durable()
    other = small.owner(9)
    with pytest.raises(StoreBroken, match=FULL):
        other.store.put("k", bytes(2 * MEGABYTE))
    await small.storage.aclose()


async def test_one_that_is_larger_already_can_be_read_and_emptied(tmp_path: Path) -> None:
    shard = Shard(tmp_path)
    owner = shard.owner()
    owner.store.put("k", bytes(3 * MEGABYTE))
    await owner.durable()
    await shard.storage.aclose()
    small = Shard(tmp_path, max_object_bytes=MEGABYTE)
    owner = small.owner()
    assert owner.store.get("k") == bytes(3 * MEGABYTE)
    with pytest.raises(StoreBroken, match=FULL):
        owner.store.put("l", bytes(MEGABYTE))
    owner = small.owner()
    owner.store.delete("k")
    owner.store.put("l", bytes(MEGABYTE))
    await owner.durable()
    await small.storage.aclose()


async def full(shard: Shard) -> Owner:
    """An object that keeps as much as it may, and has written before."""
    owner = shard.owner()
    await owner.grow_up()
    number = 0
    while not owner.broken:
        with contextlib.suppress(StoreBroken):
            owner.store.put(f"filler {number}", bytes(4000))
            await owner.durable()
        await asyncio.sleep(0)
        number += 1
    owner = shard.owner()
    owner.store.put("grown up", b"2")
    await owner.durable()
    return owner


async def put_small_ones(shard: Shard, owner: Owner, prefix: str, count: int) -> int:
    """How many small values the object has taken, each in a turn of its own."""
    taken = 0
    for number in range(count):
        try:
            owner.store.put(f"{prefix} {number}", bytes(1000))
            await owner.durable()
        except StoreBroken:
            assert str(await owner.failure()) == "database or disk is full: SQLITE_FULL"
            owner = shard.owner()
        else:
            taken += 1
    found = len(owner.store.list(prefix=prefix))
    assert found == taken
    return found


async def test_small_writes_that_come_late_do_not_make_an_object_larger_and_larger(
    tmp_path: Path,
) -> None:
    small = Shard(tmp_path, journal="0", max_object_bytes=MEGABYTE // 10)
    await full(small)
    taken = 0
    for life in range(5):
        await small.reopen()
        owner = small.owner()
        owner.store.put("grown up", b"%d" % life)  # which takes no room
        await owner.durable()
        taken += await put_small_ones(small, owner, f"{life}:", MAX_ENTRIES + 5)
    assert taken <= MAX_ENTRIES + 5
    owner = small.owner()
    for key, _ in owner.store.list():
        owner.store.delete(key)
    await owner.durable()
    assert await put_small_ones(small, owner, "third", 20) == 20, "deleting makes room"
    await small.storage.aclose()


async def test_what_was_accepted_is_kept_on_a_disk_with_little_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Shard(tmp_path, journal="0", max_object_bytes=MEGABYTE // 10)
    owner = await full(small)
    monkeypatch.setattr("holdfast.storage.errors._LITTLE_BYTES", 1 << 62)
    for number in range(MAX_ENTRIES // 2):
        owner.store.put(f"small {number}", bytes(1000))
        await owner.durable()
    assert len(owner.store.list(prefix="small")) == MAX_ENTRIES // 2
    await small.storage.aclose()
