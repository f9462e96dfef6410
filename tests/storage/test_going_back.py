"""What takes long before an object is opened: on a thread, while others go on.

That is to go back, whole after any crash; and to make a log durable that a crash has left.
"""

import asyncio
import random
import shutil
import threading
from pathlib import Path

import apsw
import pytest

from holdfast.storage import StoreBroken, going_back, opening
from holdfast.storage.disk import Folder
from tests.storage.conftest import UNIQUE_KEY, Clock, Owner, Shard, object_id
from tests.storage.past import HeldPages, again, held, put


async def to_go_back(shard: Shard, number: int = 1) -> Owner:
    """An owner of an object that goes back from "bad" to "good" when it is opened next."""
    owner = shard.owner(number)
    await put(owner, b"good")
    bookmark = await owner.store.current_bookmark()
    await put(owner, b"bad")
    await owner.store.restore_at_next_opening(bookmark)
    return owner


async def test_others_go_on_while_a_thread_takes_an_object_back(
    marked: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await to_go_back(marked)
    pages = HeldPages(monkeypatch)
    owner = await again(marked, owner)
    assert owner.store.is_opening
    await asyncio.to_thread(pages.reached.wait, 20)
    await put(marked.owner(2), b"meanwhile")
    assert owner.store.is_opening
    pages.go_on.set()
    await owner.store.opened()
    assert not owner.store.is_opening
    assert held(owner) == (b"good", 1)
    assert threading.main_thread() not in pages.threads


async def test_others_go_on_while_a_thread_makes_a_log_durable_that_a_crash_has_left(
    marked: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = marked.owner()
    await owner.grow_up()
    await put(owner, b"x")
    marked.storage.abandon()
    await marked.reopen()
    begun, go_on = threading.Event(), threading.Event()
    heal, threads = opening.heal, []

    def held_back(path: Path, folder: Folder) -> None:
        threads.append(threading.current_thread())
        begun.set()
        go_on.wait(20)
        heal(path, folder)

    monkeypatch.setattr(opening, "heal", held_back)
    owner = marked.owner()
    await asyncio.to_thread(begun.wait, 20)
    await put(marked.owner(2), b"meanwhile")
    assert owner.store.is_opening
    go_on.set()
    await owner.store.opened()
    assert held(owner) == (b"x", 1)
    assert len(threads) == 1 and threads[0] is not threading.main_thread(), "and once is enough"


async def test_who_cannot_wait_finds_it_back_as_well(marked: Shard) -> None:
    owner = await again(marked, await to_go_back(marked))
    assert owner.store.is_opening
    assert held(owner) == (b"good", 1)


async def test_a_copy_of_an_object_that_is_to_go_back_waits_for_that(
    marked: Shard, tmp_path: Path
) -> None:
    await to_go_back(marked)
    await marked.reopen()
    target = tmp_path / "copy.sqlite"
    await marked.storage.copy(UNIQUE_KEY, object_id(), target)
    copy = apsw.Connection(str(target))
    assert copy.execute("SELECT value FROM _cf_KV").get == b"good"
    copy.close()


async def test_a_storage_that_closes_stops_it_and_the_next_one_does_it(
    marked: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await to_go_back(marked)
    with monkeypatch.context() as patch:
        pages = HeldPages(patch)
        owner = await again(marked, owner)
        await asyncio.to_thread(pages.reached.wait, 20)
        closing = asyncio.ensure_future(marked.storage.aclose())
        await asyncio.sleep(0)
        pages.go_on.set()
        await closing
    assert not [name for name in marked.files() if "restored" in name]
    await marked.reopen()
    assert held(marked.owner()) == (b"good", 1)


async def test_a_namespace_that_is_deleted_meanwhile_waits_for_no_more_than_a_page(
    marked: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await to_go_back(marked)
    pages = HeldPages(monkeypatch)
    owner = await again(marked, owner)
    await asyncio.to_thread(pages.reached.wait, 20)
    pages.go_on.set()
    marked.storage.delete_namespace(UNIQUE_KEY)
    assert marked.owner().store.get("k") is None


@pytest.mark.parametrize("size", [4, 300_000])
async def test_a_crash_at_any_step_leaves_the_one_or_the_other_and_it_is_finished(
    tmp_path: Path, clock: Clock, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copies the folder before each system call that changes it, which is what a kill leaves."""
    shard = Shard(tmp_path / "objects", bookmarking=clock)
    owner = shard.owner()
    good, bad = random.Random(1).randbytes(size), random.Random(2).randbytes(size)
    await put(owner, good)
    bookmark = await owner.store.current_bookmark()
    await put(owner, bad)
    undo = await owner.store.restore_at_next_opening(bookmark)
    owner.store.supersede(RuntimeError("reset"))
    copies: list[Path] = []

    def crash(*_: object) -> None:
        copies.append(tmp_path / f"crash-{len(copies)}")
        shutil.copytree(shard.folder, copies[-1])

    for module, name in (
        (going_back, "fsync"),
        (going_back, "leave_no_log"),
        (opening, "remove_stray_log"),
    ):
        before(monkeypatch, module, name, crash)
    for name in ("unlink", "rename"):
        before(monkeypatch, Path, name, crash)
    owner = shard.owner()
    await owner.store.opened()
    assert held(owner) == (good, 1)
    crash()
    monkeypatch.undo()
    await shard.storage.aclose()
    assert len(copies) > 5
    for copy in copies:
        raw = shutil.copytree(copy, copy.with_suffix(".raw")) / UNIQUE_KEY / f"{object_id()}.sqlite"
        found = apsw.Connection(str(raw))
        assert found.execute("SELECT value FROM _cf_KV WHERE key = 'k'").get in (good, bad)
        found.close()
        shard = Shard(copy, bookmarking=clock)
        owner = shard.owner()
        await owner.store.opened()
        assert held(owner) == (good, 1)
        await owner.store.restore_at_next_opening(undo)
        assert held(await again(shard, owner)) == (bad, 2)
        await shard.storage.aclose()


def before(monkeypatch: pytest.MonkeyPatch, place: object, name: str, look: object) -> None:
    original = getattr(place, name)

    def looked_at(*arguments: object, **options: object) -> object:
        look(*arguments)  # type: ignore[operator]
        return original(*arguments, **options)

    monkeypatch.setattr(place, name, looked_at)


async def test_without_room_the_object_fails_and_goes_back_once_there_is_some(
    marked: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await to_go_back(marked)
    with monkeypatch.context() as patch:

        def full(_fd: int, _content: bytes, _offset: int) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr(going_back, "write_at", full)
        owner = await again(marked, owner)
        assert "No space left" in str(await owner.failure())
        with pytest.raises(StoreBroken):
            owner.store.get("k")
        assert not [name for name in marked.files() if "restored" in name], "it takes no room"
    assert held(marked.owner()) == (b"good", 1)


async def test_a_log_that_cannot_be_copied_stays(
    marked: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await to_go_back(marked)
    with monkeypatch.context() as patch:
        patch.setattr(opening, "finish_parked", fail_for_want_of_room)
        owner = await again(marked, owner)
        assert "full" in str(await owner.failure())
    shutil.copytree(marked.folder, marked.folder / "copy")
    raw = apsw.Connection(str(marked.folder / "copy" / marked.path().relative_to(marked.folder)))
    assert raw.execute("SELECT value FROM _cf_KV WHERE key = 'k'").get == b"bad"
    raw.close()
    shutil.rmtree(marked.folder / "copy")
    assert held(marked.owner()) == (b"good", 1)


def fail_for_want_of_room(*_: object) -> None:
    raise apsw.FullError("database or disk is full")


async def test_an_alarm_that_has_come_back_is_called_for_in_time(marked: Shard) -> None:
    owner = marked.owner()
    owner.store.set_alarm(4_000_000_000_000)
    await owner.durable()
    bookmark = await owner.store.current_bookmark()
    owner.store.set_alarm(5_000_000_000_000)
    await owner.durable()
    await owner.store.restore_at_next_opening(bookmark)
    owner = await again(marked, owner)
    await owner.store.opened()
    assert owner.store.get_alarm() == 4_000_000_000_000
    assert marked.storage.alarm_list(UNIQUE_KEY).get(object_id()) == 4_000_000_000_000


async def test_a_damaged_database_goes_back_and_keeps_its_past(marked: Shard) -> None:
    await to_go_back(marked)
    await marked.reopen()
    damaged = b"this is no database" * 1000
    marked.path().write_bytes(damaged)
    owner = marked.owner()
    await owner.store.opened()
    assert held(owner) == (b"good", 1)
    assert marked.path(suffix="-damaged").read_bytes() == damaged
    assert f"{object_id()}.history" in marked.files()
