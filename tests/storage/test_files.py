"""The files of objects: when they appear, when they go, who has them open."""

import asyncio
import threading
from pathlib import Path

import pytest

from holdfast.storage import InvalidName, LocalBarrier, Storage, StoreClosed, lifecycle, opening
from holdfast.storage.session import Session
from tests.storage.conftest import UNIQUE_KEY, Shard, object_id


async def test_an_object_that_stored_nothing_leaves_nothing(shard: Shard) -> None:
    owner = shard.owner()
    owner.store.get("a")
    owner.store.begin()
    owner.store.list()
    owner.store.commit()
    await owner.store.close()
    assert list(shard.folder.iterdir()) == []


async def test_closing_leaves_the_database_alone_with_all_that_was_written(shard: Shard) -> None:
    owner = shard.owner()
    owner.store.put("a", b"1")
    await owner.store.close()
    assert shard.files() == [f"{object_id()}.sqlite"]
    assert owner.rounds == [1]
    assert shard.storage.statistics().stores == 0
    assert shard.owner().store.get("a") == b"1"


@pytest.mark.parametrize("how", ["delete_all", "delete", "rolled back"])
async def test_an_object_that_stores_nothing_any_more_leaves_nothing(
    shard: Shard, how: str
) -> None:
    owner = shard.owner()
    if how == "rolled back":
        owner.store.begin()
    owner.store.put("a", b"1")
    if how == "rolled back":
        owner.store.rollback()
    else:
        await owner.durable()
        owner.store.delete_all() if how == "delete_all" else owner.store.delete("a")
    assert shard.storage.list_objects(UNIQUE_KEY) == []
    await owner.store.close()
    assert shard.files() == []


async def test_closing_undoes_an_open_transaction(shard: Shard) -> None:
    owner = shard.owner()
    owner.store.put("kept", b"1")
    owner.store.begin()
    owner.store.put("undone", b"2")
    await owner.store.close()
    assert shard.owner().store.list() == [("kept", b"1")]


async def test_closing_twice_and_without_awaiting_is_harmless(shard: Shard) -> None:
    owner = shard.owner()
    owner.store.put("a", b"1")
    owner.store.close()
    await owner.store.close()
    await owner.store.close()
    with pytest.raises(StoreClosed):
        owner.store.get("a")


async def test_an_object_opened_again_before_it_was_closed_stays_open(shard: Shard) -> None:
    first = shard.owner()
    first.store.put("a", b"1")
    closed = first.store.close()
    second = shard.owner()
    assert second.store.get("a") == b"1"
    await closed
    second.store.put("a", b"2")
    await second.durable()
    assert second.store.get("a") == b"2"


async def test_an_object_opened_while_a_thread_closes_it_waits_for_the_thread(
    shard: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    closing, go_on = threading.Event(), threading.Event()
    close_settled = opening.close_settled

    def slowly(session: Session) -> None:
        closing.set()
        assert go_on.wait(20)
        close_settled(session)

    owner = shard.owner()
    await owner.grow_up()
    owner.store.put("a", b"1")
    await owner.durable()
    monkeypatch.setattr(opening, "close_settled", slowly)
    closed = owner.store.close()
    assert closing.wait(20)
    second = shard.owner()
    threading.Timer(0.05, go_on.set).start()
    assert second.store.get("a") == b"1"  # blocks until the thread has let go
    monkeypatch.undo()
    await closed
    second.store.put("a", b"2")
    await second.durable()
    assert second.store.get("a") == b"2"


async def test_an_object_opened_before_the_thread_began_keeps_its_connection(
    shard: Shard,
) -> None:
    await shard.owner().grow_up()
    for step in range(20):
        owner = shard.owner()
        owner.store.put("step", b"%d" % step)
        await owner.durable(owner.store.written)
        owner.store.close()
        assert shard.owner().store.get("step") == b"%d" % step


async def test_removal_and_return_of_an_object_many_times(shard: Shard) -> None:
    for step in range(20):
        owner = shard.owner()
        assert owner.store.list() == []
        owner.store.put("step", b"%d" % step)
        owner.store.delete_all()
        closed = owner.store.close()
        if step % 3 == 0:
            await closed
        elif step % 3 == 1:
            await asyncio.sleep(0)
    assert shard.owner().store.list() == []


async def test_the_storage_closes_everything_at_its_end(shard: Shard) -> None:
    owners = [shard.owner(number) for number in range(20)]
    for owner in owners:
        owner.store.put("a", b"1")
    for owner in owners[:10]:
        await owner.grow_up()
        owner.store.put("a", b"2")
    await shard.storage.aclose()
    assert all(owner.rounds[-1] == owner.store.written for owner in owners)
    assert all(name.endswith(".sqlite") for name in shard.files())
    assert len(shard.files()) == 20
    await shard.storage.aclose()


# ---- parking ---------------------------------------------------------------------------


async def test_only_so_many_connections_are_open(tmp_path: Path) -> None:
    shard = Shard(tmp_path / "objects", max_open=4)
    owners = [shard.owner(number) for number in range(12)]
    for step in range(3):
        for number, owner in enumerate(owners):
            owner.store.put("number", b"%d %d" % (number, step))
            await owner.durable()
            assert shard.storage.statistics().open_connections <= 4
    for number, owner in enumerate(owners):
        assert owner.store.get("number") == b"%d 2" % number
    await shard.storage.aclose()
    assert len(shard.files()) == 12


async def test_a_connection_with_outstanding_writes_stays_open(tmp_path: Path) -> None:
    shard = Shard(tmp_path / "objects", max_open=2)
    owners = [shard.owner(number) for number in range(6)]
    shard.disk.hold()
    for owner in owners:
        owner.store.put("a", b"1")
    assert shard.storage.statistics().open_connections == 6
    shard.disk.release()
    for owner in owners:
        await owner.durable()
    shard.owner(7).store.put("a", b"1")
    await shard.storage.aclose()


async def test_a_connection_inside_a_transaction_stays_open(tmp_path: Path) -> None:
    shard = Shard(tmp_path / "objects", max_open=1)
    first, second = shard.owner(1), shard.owner(2)
    first.store.begin()
    first.store.put("a", b"1")
    second.store.put("a", b"2")
    await second.durable()
    first.store.commit()
    assert first.store.get("a") == b"1"
    await shard.storage.aclose()


async def test_a_parked_object_is_closed_with_its_log_copied(tmp_path: Path) -> None:
    shard = Shard(tmp_path / "objects", max_open=1)
    first, second = shard.owner(1), shard.owner(2)
    await first.grow_up()
    await second.grow_up()
    assert shard.path(1, "-wal").exists()
    await first.store.close()
    assert not shard.path(1, "-wal").exists()
    await shard.storage.aclose()


async def test_a_log_that_eviction_has_left_is_opened_as_it_is(
    shard: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "BUSY_FILES", 0)
    owner = shard.owner()
    await owner.grow_up()
    owner.store.put("a", b"1")
    await owner.durable()
    await owner.store.close()
    log = shard.path(suffix="-wal")
    inode = log.stat().st_ino
    assert shard.owner().store.get("a") == b"1"
    assert log.stat().st_ino == inode


async def test_a_log_that_another_process_has_left_is_rewritten_first(
    shard: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "BUSY_FILES", 0)
    owner = shard.owner()
    await owner.grow_up()
    owner.store.put("a", b"1")
    await owner.durable()
    await owner.store.close()
    log = shard.path(suffix="-wal")
    content, inode = log.read_bytes(), log.stat().st_ino
    another = Shard(shard.folder)
    monkeypatch.undo()
    store = another.owner().store
    assert store.get("a") == b"1"
    assert log.read_bytes() == content
    assert log.stat().st_ino != inode
    await another.storage.aclose()


async def test_a_folder_that_is_found_is_synced_before_its_files_are_read(shard: Shard) -> None:
    """Whoever made them may have been killed between giving a file its name and syncing that."""
    owner = shard.owner()
    owner.store.put("a", b"1")
    await owner.durable()
    await shard.reopen()
    folder = shard.storage._folder(UNIQUE_KEY)
    assert shard.owner(2).store.get("a") is None
    assert folder.syncs == 0
    assert shard.owner().store.get("a") == b"1"
    assert folder.syncs == 1


async def test_few_file_descriptors_mean_few_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (400, 400))
    shard = Shard(tmp_path / "objects")
    for number in range(60):
        await shard.owner(number).grow_up()
    assert shard.storage.statistics().open_connections == 36
    assert "ulimit -n" in caplog.text
    await shard.storage.aclose()


# ---- namespaces ------------------------------------------------------------------------


async def test_objects_are_listed_in_order_and_by_pages(shard: Shard) -> None:
    for number in (5, 3, 9, 1):
        shard.owner(number).store.put("a", b"1")
    shard.owner(7).store.get("a")
    (shard.folder / UNIQUE_KEY / "metadata.sqlite").touch()
    ids = [object_id(number) for number in (1, 3, 5, 9)]
    listed = shard.storage.list_objects
    assert listed(UNIQUE_KEY) == ids
    assert listed(UNIQUE_KEY, limit=2) == ids[:2]
    assert listed(UNIQUE_KEY, after=ids[1]) == ids[2:]
    assert listed(UNIQUE_KEY, after=ids[3]) == []
    assert listed("another") == []


async def test_deleting_a_namespace_removes_its_objects_only(shard: Shard) -> None:
    here, there = shard.owner(1), shard.owner(1, "another")
    here.store.put("a", b"1")
    there.store.put("a", b"2")
    await here.durable()
    here.store.put("a", b"3")
    shard.storage.delete_namespace(UNIQUE_KEY)
    with pytest.raises(StoreClosed, match="deleted"):
        here.store.get("a")
    assert shard.storage.list_objects(UNIQUE_KEY) == []
    assert there.store.get("a") == b"2"
    again = shard.owner(1)
    assert again.store.get("a") is None
    again.store.put("a", b"4")
    await again.durable()
    await shard.reopen()
    assert shard.owner(1).store.get("a") == b"4"
    assert shard.owner(1, "another").store.get("a") == b"2"
    names = {path.name for path in shard.folder.iterdir()}
    assert names == {UNIQUE_KEY, "another"}


async def test_deleting_a_namespace_that_has_no_objects_is_harmless(shard: Shard) -> None:
    shard.storage.delete_namespace(UNIQUE_KEY)


async def test_deleting_a_namespace_while_a_round_is_in_flight(shard: Shard) -> None:
    owner = shard.owner()
    shard.disk.hold()
    owner.store.put("a", b"1")
    owner.store.flush()
    await asyncio.sleep(0)
    shard.storage.delete_namespace(UNIQUE_KEY)
    shard.disk.release()
    await shard.storage.aclose()
    assert owner.rounds == []
    assert shard.files() == []


async def test_what_a_crash_left_of_a_deletion_is_cleared_away(tmp_path: Path) -> None:
    left = tmp_path / ".deleted-12-1"
    left.mkdir()
    (left / "x.sqlite").touch()
    storage = Storage(tmp_path, barrier=LocalBarrier(asyncio.get_running_loop()))
    await storage.aclose()
    assert not left.exists()


@pytest.mark.parametrize(
    ("unique_key", "name"), [("../x", "a"), ("a/b", "a"), ("", "a"), ("a", "../b"), ("a", "")]
)
async def test_names_that_could_leave_the_folder_are_refused(
    shard: Shard, unique_key: str, name: str
) -> None:
    with pytest.raises(InvalidName):
        shard.storage.open(unique_key, name, on_durable=print, on_broken=print)
