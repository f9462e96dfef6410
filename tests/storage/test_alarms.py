"""An object's alarm and the list of its namespace: which of them knows what, and when."""

import errno
import os
import sqlite3
from pathlib import Path

import apsw
import pytest

from holdfast.storage import StoreBroken, listed_alarm
from holdfast.storage.alarms import AlarmList
from tests.storage.conftest import UNIQUE_KEY, Owner, Shard, descriptor_path, object_id

FAR_MS = 4_000_000_000_000


def listed(shard: Shard) -> AlarmList:
    return shard.storage.alarm_list(UNIQUE_KEY)


async def test_an_alarm_is_what_the_object_says_and_is_listed(owner: Owner, shard: Shard) -> None:
    assert owner.store.get_alarm() is None
    owner.store.set_alarm(FAR_MS)
    assert owner.store.get_alarm() == FAR_MS
    await owner.durable()
    assert listed(shard).get(object_id()) == FAR_MS
    owner.store.set_alarm(None)
    await owner.durable()
    assert (owner.store.get_alarm(), listed(shard).get(object_id())) == (None, None)


async def test_setting_what_is_set_writes_nothing(owner: Owner) -> None:
    assert owner.store.set_alarm(None) == 0
    written = owner.store.set_alarm(FAR_MS)
    await owner.durable()
    assert owner.store.set_alarm(FAR_MS) == written == owner.store.durable


async def test_the_list_is_written_before_a_commit_that_brings_an_alarm_forward(
    owner: Owner, shard: Shard
) -> None:
    shard.disk.hold()
    owner.store.set_alarm(FAR_MS)
    assert listed(shard).get(object_id()) is None
    owner.store.flush()
    assert listed(shard).get(object_id()) == FAR_MS
    owner.store.set_alarm(FAR_MS - 1)
    owner.store.begin()  # commits
    assert listed(shard).get(object_id()) == FAR_MS - 1
    owner.store.rollback()
    shard.disk.release()
    await owner.durable()


async def test_the_list_is_written_after_what_puts_an_alarm_off_is_durable(
    owner: Owner, shard: Shard
) -> None:
    owner.store.set_alarm(FAR_MS)
    await owner.durable()
    for later in (FAR_MS + 5, None):
        before = listed(shard).get(object_id())
        shard.disk.hold()
        owner.store.set_alarm(later)
        owner.store.flush()
        assert listed(shard).get(object_id()) == before
        shard.disk.release()
        await owner.durable()
        assert listed(shard).get(object_id()) == later


async def test_an_older_round_does_not_put_off_a_younger_alarm(owner: Owner, shard: Shard) -> None:
    owner.store.set_alarm(FAR_MS)
    await owner.durable()
    shard.disk.hold()
    owner.store.set_alarm(FAR_MS + 10)
    first = owner.store.flush()
    owner.store.begin()
    owner.store.set_alarm(FAR_MS - 10)
    owner.store.commit()
    shard.disk.release()
    await owner.durable(first)
    assert listed(shard).get(object_id()) == FAR_MS - 10
    await owner.durable()
    assert listed(shard).get(object_id()) == FAR_MS - 10


@pytest.mark.parametrize("rounds", [0, 1, 2])
async def test_a_round_is_durable_when_the_list_is(owner: Owner, shard: Shard, rounds: int) -> None:
    for number in range(rounds):
        owner.store.put("a", b"%d" % number)
        await owner.durable()
    synced: list[str] = []
    shard.disk.on_sync = lambda fd: synced.append(Path(f"/proc/self/fd/{fd}").readlink().name)
    owner.store.set_alarm(FAR_MS)
    await owner.durable()
    [first, *_] = [number for number, name in enumerate(synced) if object_id() in name]
    assert synced.index("metadata.sqlite-wal") < first


async def test_an_alarm_and_a_write_of_one_turn_are_there_together_or_not_at_all(
    owner: Owner, shard: Shard
) -> None:
    owner.store.put("k", b"v")
    owner.store.set_alarm(FAR_MS)
    owner.store.supersede(RuntimeError("gone"))
    again = shard.owner()
    assert (again.store.get("k"), again.store.get_alarm()) == (None, None)
    assert listed(shard).get(object_id()) is None


async def test_an_alarm_in_a_transaction_is_undone_with_it(owner: Owner, shard: Shard) -> None:
    owner.store.begin()
    owner.store.set_alarm(FAR_MS)
    owner.store.rollback()
    owner.store.save()
    owner.store.set_alarm(FAR_MS)
    owner.store.release(undo=True)
    assert owner.store.get_alarm() is None
    await owner.durable()
    assert listed(shard).get(object_id()) is None


async def test_a_list_that_cannot_be_written_fails_the_commit(owner: Owner, shard: Shard) -> None:
    owner.store.put("k", b"before")
    await owner.durable()
    (shard.folder / UNIQUE_KEY / "metadata.sqlite").mkdir()
    owner.store.put("k", b"after")
    owner.store.set_alarm(FAR_MS)
    owner.store.flush()
    assert isinstance(await owner.failure(), StoreBroken)
    assert shard.owner().store.get("k") == b"before"


async def test_an_object_that_has_an_alarm_alone_keeps_its_file(owner: Owner, shard: Shard) -> None:
    owner.store.set_alarm(FAR_MS)
    await owner.store.close()
    again = shard.owner()
    assert again.store.get_alarm() == FAR_MS
    again.store.set_alarm(None)
    await again.store.close()
    assert shard.files() == ["metadata.sqlite", "metadata.sqlite-wal"]


async def test_the_layout_is_workerds(shard: Shard) -> None:
    owner = Owner(shard.storage, UNIQUE_KEY, object_id())
    owner.store.name = "its name"
    owner.store.set_alarm(FAR_MS)
    await owner.durable()
    await shard.storage.aclose()
    with sqlite3.connect(shard.path()) as file:
        assert file.execute("SELECT key, value FROM _cf_METADATA").fetchall() == [
            (1, FAR_MS * 1_000_000)
        ]
    file.close()
    with sqlite3.connect(shard.folder / UNIQUE_KEY / "metadata.sqlite") as file:
        assert file.execute("SELECT * FROM _cf_ALARM").fetchall() == [
            (object_id(), FAR_MS * 1_000_000, "its name")
        ]
    file.close()


async def test_a_list_of_an_older_workerd_has_no_names(shard: Shard, tmp_path: Path) -> None:
    folder = shard.folder / UNIQUE_KEY
    folder.mkdir()
    connection = apsw.Connection(str(folder / "metadata.sqlite"))
    connection.execute(
        "CREATE TABLE _cf_ALARM (actor_id TEXT PRIMARY KEY, scheduled_time INTEGER) WITHOUT ROWID;"
        "INSERT INTO _cf_ALARM VALUES ('old', 5000000)"
    )
    connection.close()
    assert listed(shard).first(9) == [("old", 5, None)]


@pytest.mark.parametrize("with_alarm", [True, False])
async def test_deleting_everything_may_spare_the_alarm(owner: Owner, with_alarm: bool) -> None:
    owner.store.set_alarm(FAR_MS)
    owner.store.put("k", b"v")
    owner.store.delete_all(with_alarm=with_alarm)
    assert owner.store.get("k") is None
    assert owner.store.get_alarm() == (None if with_alarm else FAR_MS)
    await owner.durable()


async def test_a_namespace_takes_its_alarms_along(owner: Owner, shard: Shard) -> None:
    owner.store.set_alarm(FAR_MS)
    await owner.durable()
    shard.storage.delete_namespace(UNIQUE_KEY)
    assert listed(shard).first(9) == []


async def test_an_alarm_that_no_list_has_is_listed_when_its_object_is_opened(shard: Shard) -> None:
    owner = shard.owner()
    owner.store.set_alarm(FAR_MS)
    await owner.durable()
    await shard.storage.aclose()
    for file in (shard.folder / UNIQUE_KEY).glob("metadata.sqlite*"):
        file.unlink()
    await shard.reopen()
    assert listed(shard).get(object_id()) is None
    assert shard.owner().store.get_alarm() == FAR_MS
    assert listed(shard).get(object_id()) == FAR_MS


async def test_an_alarm_whose_round_failed_is_durable_in_the_list_before_anybody_reads_it(
    owner: Owner, shard: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    await owner.grow_up()

    def fail(fd: int) -> None:
        if descriptor_path(fd).name == "metadata.sqlite-wal":
            raise OSError(errno.EIO, "Input/output error")

    shard.disk.on_sync = fail
    owner.store.set_alarm(FAR_MS)
    await owner.failure()
    shard.disk.on_sync = None
    synced: list[str] = []

    def fsync(fd: int) -> None:
        synced.append(descriptor_path(fd).name)
        os.fsync(fd)

    monkeypatch.setattr(listed_alarm, "fsync", fsync)
    assert shard.owner().store.get_alarm() == FAR_MS, "its own log was made durable"
    assert synced[0] == "metadata.sqlite-wal"
    assert listed(shard).get(object_id()) == FAR_MS


async def test_a_sync_does_not_count_what_is_written_to_the_list_while_it_runs(
    owner: Owner, shard: Shard
) -> None:
    owner.store.set_alarm(FAR_MS)
    await owner.durable()
    alarms, synced = listed(shard), 0

    def fsync(_: int) -> None:
        nonlocal synced
        synced += 1

    alarms.sync(fsync)
    assert alarms._connection
    # In the middle of the write, as a thread may come in while SQLite works.
    alarms._connection.set_commit_hook(lambda: bool(alarms.sync(fsync)))
    alarms.arm(object_id(), FAR_MS - 1, None)
    alarms._connection.set_commit_hook(None)
    synced = 0
    alarms.sync(fsync)
    assert synced
