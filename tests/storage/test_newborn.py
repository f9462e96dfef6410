"""From an object's first write to its file."""

import asyncio
import errno
import os
import shutil
import threading
from pathlib import Path

import pytest

from holdfast.storage import LocalBarrier, Storage, StoreBroken, lifecycle, whole
from holdfast.storage.barrier import MIN_SHARED
from holdfast.storage.newborn import Newborn
from holdfast.storage.nursery import Nursery
from tests.patience import PATIENCE_S
from tests.storage.conftest import UNIQUE_KEY, Owner, Shard, object_id


async def in_flight(shard: Shard) -> Owner:
    """An owner whose first round has started, on a disk that holds it back."""
    owner = shard.owner()
    shard.disk.hold()
    owner.store.put("first", b"1")
    for _ in range(5):
        await asyncio.sleep(0)
    return owner


async def found(shard: Shard, tmp_path: Path) -> list[str]:
    """The keys that another process would find, if this one ended now."""
    copy = tmp_path / "copy"
    shutil.copytree(shard.folder, copy)
    other = Shard(copy)
    keys = [key for key, _ in other.owner().store.list()]
    await other.storage.aclose()
    return keys


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
    assert shard.path().exists()
    owner.store.put("third", b"3")
    await owner.durable()
    assert shard.path(suffix="-wal").exists()
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


async def test_an_open_transaction_keeps_the_object_in_memory(shard: Shard, tmp_path: Path) -> None:
    owner = await in_flight(shard)
    owner.store.put("second", b"2")
    owner.store.begin()
    owner.store.put("third", b"3")
    shard.disk.release()
    await owner.durable(2)
    assert await found(shard, tmp_path) == ["first", "second"]
    owner.store.begin()
    owner.store.put("undone", b"4")
    owner.store.rollback()
    await owner.durable(owner.store.commit())
    owner.store.put("fourth", b"5")
    await owner.durable()
    await shard.reopen()
    names = [key for key, _ in shard.owner().store.list()]
    assert names == ["first", "fourth", "second", "third"]


async def test_an_image_never_holds_what_is_not_committed(shard: Shard, tmp_path: Path) -> None:
    owner = shard.owner()
    owner.store.put("committed", b"1")
    owner.store.begin()
    owner.store.put("open", b"2")
    await owner.durable(1)
    assert await found(shard, tmp_path) == ["committed"]
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


async def test_an_object_that_is_reset_before_it_has_committed_has_no_file(shard: Shard) -> None:
    owner = shard.owner()
    owner.store.put("dropped", b"1")
    owner.store.supersede(RuntimeError("reset"))
    await owner.store.close()
    assert shard.files() == []
    assert shard.owner().store.list() == []


async def test_memory_is_given_up_for_others_once_the_file_is_there(tmp_path: Path) -> None:
    shard = Shard(tmp_path / "objects", max_open=1)
    owners = [shard.owner(number) for number in range(3)]
    for owner in owners:
        owner.store.put("a", b"1")
        await owner.durable()
    assert shard.storage.statistics().open_connections == 1
    for owner in owners:
        owner.store.put("b", b"2")
        assert owner.store.get("a") == b"1"
        await owner.durable()
    await shard.reopen()
    for number in range(3):
        assert shard.owner(number).store.list() == [("a", b"1"), ("b", b"2")]
    await shard.storage.aclose()


async def test_what_an_ended_process_has_staged_is_swept(shard: Shard) -> None:
    shard.owner(1).store.put("a", b"1")
    await shard.storage.aclose()
    left = shard.path(2, ".new-7")
    left.write_bytes(b"half a fi")
    await shard.reopen()
    assert shard.owner(2).store.list() == []
    shard.owner(2).store.put("a", b"1")
    await shard.storage.aclose()
    assert shard.files() == [shard.path(number).name for number in (1, 2)]


@pytest.mark.parametrize("held", [True, False])
async def test_an_object_that_grows_large_goes_over_to_its_file(shard: Shard, held: bool) -> None:
    owner = shard.owner()
    owner.store.put("first", b"1")
    if held:
        shard.disk.hold()
    for _ in range(5):
        await asyncio.sleep(0)
    owner.store.begin()
    owner.store.put_many((f"key {number:04}", bytes(5000)) for number in range(100))
    owner.store.commit()
    owner.store.put("last", b"1")
    assert shard.path(suffix="-wal").stat().st_size > 500_000
    shard.disk.release()
    await owner.durable()
    await shard.reopen()
    assert len(shard.owner().store.list()) == 102
    assert len(shard.files()) == 2


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


async def test_a_name_that_may_not_be_durable_is_given_anew_with_a_new_file(shard: Shard) -> None:
    newborn = Newborn(shard.storage._folder(UNIQUE_KEY), shard.path().stem, Nursery(1000), 0.0)
    newborn.capture()
    assert newborn.stage() and not newborn.publish()
    inode = shard.path().stat().st_ino
    # The shared sync failed: now the file is synced by itself, and its pages written again.
    synced: list[int] = []
    shard.disk.on_sync = lambda fd: synced.append(os.fstat(fd).st_ino)
    newborn.sync(shard.disk.sync)
    assert shard.path().stat().st_ino in synced and inode not in synced
    assert newborn.has_file
    newborn.abandon()


class Lost:
    """A companion that cannot be synced."""

    in_doubt = True

    def doubt(self) -> None:
        pass

    def sync(self, _fsync: object) -> None:
        raise OSError(errno.EIO, "the list's disk has failed")


def staged_newborn(shard: Shard) -> Newborn:
    newborn = Newborn(shard.storage._folder(UNIQUE_KEY), shard.path().stem, Nursery(1000), 0.0)
    newborn.capture()
    assert newborn.stage()
    assert len(shard.files()) == 1, "it is whole, and would be named after a crash"
    return newborn


async def test_a_round_that_fails_leaves_nothing_that_would_be_taken_for_newer(
    shard: Shard,
) -> None:
    newborn = staged_newborn(shard)
    newborn.companion = Lost()
    with pytest.raises(OSError, match="the list's disk"):
        newborn.sync(shard.disk.sync)
    assert shard.files() == []
    newborn.abandon()


async def test_an_object_that_is_given_up_leaves_nothing_that_would_be_taken_for_newer(
    shard: Shard,
) -> None:
    newborn = staged_newborn(shard)
    newborn.abandon()
    assert shard.files() == []
    assert newborn.publish() is False
    assert newborn.stage() is False
    assert shard.files() == []


async def test_an_object_whose_list_cannot_be_synced_gets_no_file(tmp_path: Path) -> None:
    local = LocalBarrier(asyncio.get_running_loop(), sync_all=lambda: None)
    storage = Storage(tmp_path, barrier=local)
    owners = [Owner(storage, UNIQUE_KEY, object_id(number)) for number in range(MIN_SHARED)]
    for owner in owners:
        owner.store.put("a", b"1")
    owners[0].store.flush()
    session = owners[0].store._database.session
    assert isinstance(session, Newborn)
    session.companion = Lost()
    await owners[0].failure()
    await owners[1].durable()
    names = sorted(path.name for path in tmp_path.glob("*/*"))
    assert names == [f"{object_id(number)}.sqlite" for number in range(1, MIN_SHARED)]
    await storage.aclose()


async def test_a_shared_sync_that_fails_leaves_nothing_half_made(tmp_path: Path) -> None:
    failures = iter([OSError(errno.EIO, "Input/output error")])

    def sync_all() -> None:
        for error in failures:
            raise error

    loop = asyncio.get_running_loop()
    folder = tmp_path / "objects"
    storage = Storage(folder, barrier=LocalBarrier(loop, sync_all=sync_all))
    owners = [Owner(storage, UNIQUE_KEY, object_id(number)) for number in range(8)]
    for owner in owners:
        owner.store.put("a", b"1")
    for owner in owners:
        await owner.durable()
    names = sorted(path.name for path in folder.glob("*/*"))
    assert names == [f"{object_id(number)}.sqlite" for number in range(8)]
    await storage.aclose()


async def test_a_file_that_is_outgrown_during_a_shared_sync_is_synced_before_its_round_counts(
    tmp_path: Path,
) -> None:
    entered, leave = threading.Semaphore(0), threading.Semaphore(0)
    logs: list[bool] = []  # whether the large object's was there, when each sync began

    def sync_all() -> None:
        logs.append(large.exists())
        entered.release()
        assert leave.acquire(timeout=PATIENCE_S)

    folder = tmp_path / "objects"
    large = folder / UNIQUE_KEY / f"{object_id(0)}.sqlite-wal"
    local = LocalBarrier(asyncio.get_running_loop(), sync_all=sync_all)
    storage = Storage(folder, barrier=local)
    owners = [Owner(storage, UNIQUE_KEY, object_id(number)) for number in range(MIN_SHARED)]
    for owner in owners[1:]:  # these have their names already, and nothing to publish
        owner.store.put("a", b"1")
    leave.release(len(owners))
    for owner in owners[1:]:
        await owner.durable()
    while entered.acquire(blocking=False):
        pass
    while leave.acquire(blocking=False):
        pass
    logs.clear()
    for owner in owners:
        owner.store.put("b", b"2")
    assert await asyncio.to_thread(entered.acquire, timeout=PATIENCE_S)
    owners[0].store.begin()
    owners[0].store.put_many((f"key {number:04}", bytes(5000)) for number in range(100))
    owners[0].store.commit()
    leave.release(100)
    await owners[0].durable(1)
    assert logs == [False, True]
    await storage.aclose()


# ---- SQL -------------------------------------------------------------------------------


async def test_a_table_that_is_made_during_the_first_round_is_found_in_the_file(
    shard: Shard,
) -> None:
    owner = await in_flight(shard)
    sql = owner.store.sql(bool)
    sql.execute("CREATE TABLE numbers (n INTEGER PRIMARY KEY, name TEXT UNIQUE)", [])
    shard.disk.release()
    for number in range(50):
        sql.execute("INSERT INTO numbers VALUES (?, ?)", [number, f"name {number}"])
        await owner.durable()
    await shard.reopen()
    sql = shard.owner().store.sql(bool)
    assert sql.execute("SELECT count(*), sum(n) FROM numbers", []).rows == [(50, 1225)]


async def test_a_cursor_goes_on_while_its_object_gets_a_file(shard: Shard) -> None:
    owner = shard.owner()
    owner.store.put_many((f"key {number:04}", bytes(2000)) for number in range(100))
    await owner.durable()
    sql = owner.store.sql(bool)
    sql.execute("CREATE TABLE numbers (n INTEGER)", [])
    sql.execute("INSERT INTO numbers SELECT value FROM json_each('[1,2,3,4,5,6,7,8,9]')", [])
    answer = sql.execute("SELECT n FROM numbers", [])
    numbers = [row[0] for row in answer.rows]
    for _ in range(3):
        rows, more = sql.fetch(answer.cursor, 2)
        numbers += [row[0] for row in rows]
        owner.store.put("large", bytes(400_000))
        await owner.durable()
    while more:
        rows, more = sql.fetch(answer.cursor, 2)
        numbers += [row[0] for row in rows]
    assert numbers == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    await owner.grow_up()
    await shard.reopen()
    assert len(shard.owner().store.list()) == 102


async def test_of_many_that_are_made_only_the_newest_stay_in_memory(
    shard: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "MAX_IN_MEMORY", 2)
    owners = [shard.owner(number) for number in range(5)]
    for owner in owners:
        owner.store.put("a", b"1")
        await owner.durable()
    assert shard.storage.statistics().open_connections == 2
    owners[0].store.put("b", b"2")
    await owners[0].durable()
    await shard.reopen()
    assert shard.owner(0).store.list() == [("a", b"1"), ("b", b"2")]
    assert [shard.owner(number).store.get("a") for number in range(5)] == [b"1"] * 5


async def test_an_object_that_emptied_itself_leaves_no_file_though_others_are_made(
    shard: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "MAX_IN_MEMORY", 1)
    empty = shard.owner(0)
    empty.store.put("a", b"1")
    empty.store.delete("a")
    await empty.durable()
    for number in (1, 2):
        other = shard.owner(number)
        other.store.put("a", b"1")
        await other.durable()
    await empty.store.close()
    assert not shard.path(0).exists()
    assert shard.path(1).exists()


async def test_an_object_that_was_removed_is_not_looked_at_when_others_are_made(
    shard: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "MAX_IN_MEMORY", 1)
    failures: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    removed = shard.owner(0)
    removed.store.put("a", b"1")
    await removed.durable()
    shard.storage.delete_namespace(UNIQUE_KEY)
    for number in (1, 2, 3):
        other = shard.owner(number, "another-namespace")
        other.store.put("a", b"1")
        await other.durable()
    assert failures == []
    assert shard.storage.statistics().open_connections == 1


async def test_nobody_looks_for_the_file_of_an_id_that_was_just_made(shard: Shard) -> None:
    await written(shard, 1)
    shard.path(2).write_bytes(shard.path(1).read_bytes())  # which cannot be there
    shard.storage.expect(UNIQUE_KEY, object_id(2))
    first = shard.owner(2)
    assert first.store.get("k") is None
    await first.store.close()
    assert shard.owner(2).store.get("k") == b"1"  # only the first owner's id was new


async def test_ids_that_nobody_opens_are_forgotten(shard: Shard) -> None:
    await written(shard, 1)
    shard.storage.expect(UNIQUE_KEY, object_id(1))
    for number in range(1000):
        shard.storage.expect(UNIQUE_KEY, object_id(number + 2))
    assert shard.owner(1).store.get("k") == b"1"


async def written(shard: Shard, number: int) -> None:
    owner = shard.owner(number)
    owner.store.put("k", b"1")
    await owner.durable()
    await owner.store.close()


async def test_the_loop_goes_on_while_objects_are_listed(
    shard: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [shard.owner(number) for number in (2, 3)]
    for other in others:
        other.store.put("first", b"1")
        await other.durable()
    born = await in_flight(shard)
    reading, may_go_on = threading.Event(), threading.Event()
    names = shard.files()

    def slow(_path: Path) -> list[str]:
        reading.set()
        assert may_go_on.wait(PATIENCE_S)
        return names

    monkeypatch.setattr(whole, "names_in", slow)
    listing = asyncio.create_task(shard.storage.list_objects_in_time(UNIQUE_KEY, limit=10))
    await asyncio.to_thread(reading.wait, PATIENCE_S)
    shard.disk.release()
    await born.durable()  # its file is made behind the look at the folder
    may_go_on.set()
    assert await listing == sorted(object_id(number) for number in (1, 2, 3))
    monkeypatch.undo()
    assert (
        await shard.storage.list_objects_in_time(UNIQUE_KEY, limit=2)
        == sorted(object_id(number) for number in (1, 2, 3))[:2]
    )
