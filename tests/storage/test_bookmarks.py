"""Points in time: what is marked, what can be gone back to, and what that costs."""

import asyncio
import random
from pathlib import Path

import pytest

from holdfast.storage import StorageError
from holdfast.storage.errors import BookmarkInvalid
from tests.storage.conftest import UNIQUE_KEY, Clock, Shard, object_id
from tests.storage.past import DAY_MS, again, back_to, files, held, put


async def test_an_object_goes_back_to_a_bookmark_and_forth_again(marked: Shard) -> None:
    owner = marked.owner()
    await put(owner, b"good")
    bookmark = await owner.store.current_bookmark()
    await put(owner, b"bad")
    undo = await owner.store.restore_at_next_opening(bookmark)
    assert held(owner) == (b"bad", 2), "this owner goes on"
    await put(owner, b"worse")
    owner = await again(marked, owner)
    assert held(owner) == (b"good", 1)
    await put(owner, b"better")
    await owner.store.restore_at_next_opening(undo)
    owner = await again(marked, owner)
    assert held(owner) == (b"worse", 3)


async def test_a_connection_that_was_closed_to_save_memory_goes_on(
    tmp_path: Path, clock: Clock
) -> None:
    shard = Shard(tmp_path, bookmarking=clock, max_open=16)
    owner = shard.owner(1)
    await put(owner, b"good")
    bookmark = await owner.store.current_bookmark()
    await put(owner, b"bad")
    await owner.store.restore_at_next_opening(bookmark)
    for number in range(2, 40):
        await put(shard.owner(number), b"other")
    assert held(owner) == (b"bad", 2)
    assert held(await again(shard, owner)) == (b"good", 1)
    await shard.storage.aclose()


async def test_it_goes_back_after_a_restart_too(marked: Shard) -> None:
    owner = marked.owner()
    await put(owner, b"good")
    bookmark = await owner.store.current_bookmark()
    await put(owner, b"bad")
    await owner.store.restore_at_next_opening(bookmark)
    await marked.reopen()
    owner = marked.owner()
    assert held(owner) == (b"good", 1)
    await put(owner, b"next")
    await marked.reopen()
    assert held(marked.owner()) == (b"next", 2), "once is enough"


async def test_an_object_that_stored_nothing_can_be_gone_back_to(marked: Shard) -> None:
    owner = marked.owner()
    bookmark = await owner.store.current_bookmark()
    await put(owner, b"x")
    undo = await owner.store.restore_at_next_opening(bookmark)
    owner = await again(marked, owner)
    assert held(owner) == (None, 0)
    await owner.store.restore_at_next_opening(undo)
    assert held(await again(marked, owner)) == (b"x", 1)


async def test_what_was_deleted_altogether_can_be_gone_back_to(marked: Shard) -> None:
    owner = marked.owner()
    await put(owner, b"x")
    bookmark = await owner.store.current_bookmark()
    owner.store.delete_all()
    await owner.durable()
    await owner.store.close()
    assert files(marked) == {"history"}
    owner = marked.owner()
    await owner.store.restore_at_next_opening(bookmark)
    assert held(await again(marked, owner)) == (b"x", 1)


async def test_a_mark_holds_what_was_committed_when_it_was_asked_for(marked: Shard) -> None:
    owner = marked.owner()
    for round_ in range(3):  # in memory first, then in a file, then in its log
        await put(owner, b"before")
        bookmark = owner.store.current_bookmark()
        owner.store.put("k", b"after")
        owner.store.flush()
        await owner.store.restore_at_next_opening(await bookmark)
        owner = await again(marked, owner)
        assert held(owner) == (b"before", round_ + 1)


async def test_a_past_that_is_damaged_in_its_middle_is_put_aside_and_begun_anew(
    marked: Shard,
) -> None:
    owner = marked.owner()
    for number in range(40):
        owner.store.put(f"{number}", random.Random(number).randbytes(2_000))
    await put(owner, b"x")
    await owner.store.current_bookmark()
    history = marked.path().with_suffix(".history")
    content = history.read_bytes()
    history.write_bytes(content[:1024] + b"\xaa" * (len(content) - 1024))
    await put(owner, b"y")
    with pytest.raises(StorageError, match="past of this Durable Object cannot be kept"):
        await owner.store.current_bookmark()
    assert {"history", "damaged"} & files(marked) == {"damaged"}
    bookmark = await owner.store.current_bookmark()
    await put(owner, b"z")
    await owner.store.restore_at_next_opening(bookmark)
    assert held(await again(marked, owner)) == (b"y", 2)


async def test_bookmarks_ascend_and_stay_where_nothing_changes(marked: Shard, clock: Clock) -> None:
    owner = marked.owner()
    bookmarks = []
    for number in range(12):
        await put(owner, b"%d" % number)
        clock.now += 1
        bookmarks.append(await owner.store.current_bookmark())
    assert bookmarks == sorted(bookmarks)
    assert len(set(bookmarks)) == 12
    assert await owner.store.current_bookmark() == bookmarks[-1]


async def test_a_time_has_the_mark_before_it(marked: Shard, clock: Clock) -> None:
    owner = marked.owner()
    times = {}
    for value in (b"1", b"2", b"3"):
        await put(owner, value)
        times[value] = (clock.now, await owner.store.current_bookmark())
        clock.now += 5_000
    for at, bookmark in times.values():
        assert await owner.store.bookmark_at(at) == bookmark
        assert await owner.store.bookmark_at(at + 4_999) == bookmark


@pytest.mark.parametrize("bookmark", ["", "x", "00000001-00000000-00000000-" + "0" * 32])
async def test_a_bookmark_of_nothing_is_refused(marked: Shard, bookmark: str) -> None:
    owner = marked.owner()
    await put(owner, b"x")
    with pytest.raises(BookmarkInvalid):
        await owner.store.restore_at_next_opening(bookmark)
    assert held(await again(marked, owner)) == (b"x", 1)


async def test_the_past_ends_after_thirty_days(marked: Shard, clock: Clock) -> None:
    owner = marked.owner()
    await put(owner, b"x")
    bookmark = await owner.store.current_bookmark()
    clock.now += 31 * DAY_MS
    with pytest.raises(BookmarkInvalid):
        await owner.store.restore_at_next_opening(bookmark)


async def test_a_disk_that_fails_is_told_and_the_object_goes_on(marked: Shard) -> None:
    owner = marked.owner()
    await put(owner, b"x")
    (marked.folder / UNIQUE_KEY / f"{object_id()}.history").mkdir()
    with pytest.raises(StorageError, match="cannot be kept"):
        await owner.store.current_bookmark()
    await put(owner, b"y")
    assert held(owner) == (b"y", 2)


@pytest.mark.parametrize("asks_before", [False, True])
async def test_a_past_that_is_damaged_does_not_keep_the_object_from_going_on(
    marked: Shard, asks_before: bool
) -> None:
    owner = marked.owner()
    await put(owner, b"x")
    bookmark = await owner.store.current_bookmark()
    if asks_before:
        await owner.store.restore_at_next_opening(bookmark)
    await marked.reopen()
    file = marked.folder / UNIQUE_KEY / f"{object_id()}.history"
    file.write_bytes(b"nonsense" * 1000)
    owner = marked.owner()
    assert held(owner) == (b"x", 1)
    with pytest.raises(BookmarkInvalid):
        await owner.store.restore_at_next_opening(bookmark)
    assert "damaged" in files(marked)
    assert held(await back_to(marked, owner, 1e15)) == (b"x", 1), "and begins anew"


async def test_a_mark_that_is_to_be_gone_back_to_is_kept(marked: Shard, clock: Clock) -> None:
    owner = marked.owner()
    await put(owner, b"good")
    bookmark = await owner.store.current_bookmark()
    await put(owner, b"bad")
    await owner.store.restore_at_next_opening(bookmark)
    clock.now += 40 * DAY_MS
    await put(owner, b"worse")
    await owner.store.current_bookmark()
    assert held(await again(marked, owner)) == (b"good", 1)


async def test_an_end_in_the_middle_of_a_mark_waits_for_it(marked: Shard) -> None:
    owner = marked.owner()
    await put(owner, b"x" * 1_000_000)
    first, second = owner.store.current_bookmark(), owner.store.current_bookmark()
    await marked.storage.aclose()
    for mark in (first, second):
        assert mark.done()
        assert mark.exception() is None or isinstance(mark.exception(), StorageError)


async def test_marks_on_threads_do_not_hold_up_the_object(marked: Shard) -> None:
    owner = marked.owner()
    await put(owner, b"x")
    marks = []
    for number in range(20):
        await put(owner, b"%d" % number)
        marks.append(owner.store.current_bookmark())
    assert len(set(await asyncio.gather(*marks))) == 20
    assert held(owner) == (b"19", 21)
