"""Points in time: what is marked, what can be gone back to, and what that costs."""

import asyncio
from pathlib import Path

import apsw
import pytest

from holdfast.storage import StorageError
from holdfast.storage.bookmarks import Bookmarking
from holdfast.storage.errors import BookmarkInvalid
from holdfast.storage.history import INTERVAL_MS, MAX_ASKED, History, Snapshot
from tests.storage.conftest import UNIQUE_KEY, Owner, Shard, object_id

DAY_MS = 86_400_000


class Clock(Bookmarking):
    """A calendar that turns when a test says so."""

    def __init__(self) -> None:
        super().__init__(now_ms=lambda: self.now)
        self.now = 1_800_000_000_000.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def marked(tmp_path: Path, clock: Clock) -> Shard:
    return Shard(tmp_path, bookmarking=clock)


async def put(owner: Owner, value: bytes) -> None:
    owner.store.put("k", value)
    owner.store.sql(bool).execute("CREATE TABLE IF NOT EXISTS t(v)", ())
    owner.store.sql(bool).execute("INSERT INTO t VALUES (?)", (value,))
    await owner.durable()


def held(owner: Owner) -> tuple[bytes | None, int]:
    value = owner.store.get("k")
    if value is None:
        return None, 0
    return value, int(owner.store.sql(bool).execute("SELECT count(*) FROM t", ()).rows[0][0])


def files(shard: Shard) -> set[str]:
    return {name.split(".", 1)[1] for name in shard.files()}


async def again(shard: Shard, owner: Owner) -> Owner:
    """The next owner, after the one before was reset."""
    owner.store.supersede(RuntimeError("reset"))
    return shard.owner()


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
    await marked.storage.aclose()


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
    await marked.storage.aclose()


async def test_an_object_that_stored_nothing_can_be_gone_back_to(marked: Shard) -> None:
    owner = marked.owner()
    bookmark = await owner.store.current_bookmark()
    await put(owner, b"x")
    undo = await owner.store.restore_at_next_opening(bookmark)
    owner = await again(marked, owner)
    assert held(owner) == (None, 0)
    await owner.store.restore_at_next_opening(undo)
    assert held(await again(marked, owner)) == (b"x", 1)
    await marked.storage.aclose()


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
    await marked.storage.aclose()


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
    await marked.storage.aclose()


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
    await marked.storage.aclose()


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
    assert await owner.store.bookmark_at(0) == times[b"1"][1], "nothing is known from before"
    await marked.storage.aclose()


async def test_marks_are_made_now_and_then_and_before_idleness(marked: Shard, clock: Clock) -> None:
    owner = marked.owner()
    await owner.store.current_bookmark()
    start = clock.now
    await put(owner, b"early")
    clock.now += INTERVAL_MS
    await put(owner, b"late")
    clock.now += DAY_MS / 12
    await put(owner, b"last")
    idle = clock.now
    await owner.store.close()
    clock.now += DAY_MS / 2
    owner = marked.owner()
    await put(owner, b"disaster")
    for time, value in [(start + INTERVAL_MS, b"late"), (idle, b"last")]:
        bookmark = await owner.store.bookmark_at(time)
        await owner.store.restore_at_next_opening(bookmark)
        owner = await again(marked, owner)
        assert owner.store.get("k") == value
    await marked.storage.aclose()


async def test_an_object_that_asks_for_no_bookmark_has_no_past(marked: Shard) -> None:
    owner = marked.owner()
    await put(owner, b"x")
    await owner.store.close()
    assert "history" not in files(marked)
    await marked.storage.aclose()


@pytest.mark.parametrize("bookmark", ["", "x", "00000001-00000000-00000000-" + "0" * 32])
async def test_a_bookmark_of_nothing_is_refused(marked: Shard, bookmark: str) -> None:
    owner = marked.owner()
    await put(owner, b"x")
    with pytest.raises(BookmarkInvalid):
        await owner.store.restore_at_next_opening(bookmark)
    assert held(await again(marked, owner)) == (b"x", 1)
    await marked.storage.aclose()


async def test_the_past_ends_after_thirty_days(marked: Shard, clock: Clock) -> None:
    owner = marked.owner()
    await put(owner, b"x")
    bookmark = await owner.store.current_bookmark()
    clock.now += 31 * DAY_MS
    with pytest.raises(BookmarkInvalid):
        await owner.store.restore_at_next_opening(bookmark)
    await marked.storage.aclose()


async def test_a_disk_that_fails_is_told_and_the_object_goes_on(marked: Shard) -> None:
    owner = marked.owner()
    await put(owner, b"x")
    (marked.folder / UNIQUE_KEY / f"{object_id()}.history").mkdir()
    with pytest.raises(StorageError, match="cannot be kept"):
        await owner.store.current_bookmark()
    await put(owner, b"y")
    assert held(owner) == (b"y", 2)
    await marked.storage.aclose()


async def test_a_past_that_is_damaged_does_not_keep_the_object_from_going_on(
    marked: Shard,
) -> None:
    owner = marked.owner()
    await put(owner, b"x")
    bookmark = await owner.store.current_bookmark()
    await marked.reopen()
    file = marked.folder / UNIQUE_KEY / f"{object_id()}.history"
    file.write_bytes(b"nonsense" * 1000)
    owner = marked.owner()
    assert held(owner) == (b"x", 1)
    with pytest.raises(BookmarkInvalid):
        await owner.store.restore_at_next_opening(bookmark)
    assert {"history", "damaged"} <= files(marked)
    await marked.storage.aclose()


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
    await marked.storage.aclose()


async def test_an_end_in_the_middle_of_a_mark_waits_for_it(marked: Shard) -> None:
    owner = marked.owner()
    await put(owner, b"x" * 1_000_000)
    first, second = owner.store.current_bookmark(), owner.store.current_bookmark()
    await marked.storage.aclose()
    for mark in (first, second):
        assert mark.done()
        assert mark.exception() is None or isinstance(mark.exception(), StorageError)


def test_a_crash_while_going_back_is_made_up_for(tmp_path: Path, clock: Clock) -> None:
    from holdfast.storage.disk import Folder

    path = tmp_path / "object.sqlite"

    def content(value: int) -> bytes:
        connection = apsw.Connection(":memory:")
        connection.execute("CREATE TABLE t(v)")
        connection.execute("INSERT INTO t VALUES (?)", (value,))
        return connection.serialize("main")

    def value() -> int:
        connection = apsw.Connection(str(path))
        found: int = connection.execute("SELECT v FROM t").get
        connection.close()
        return found

    past = History(path, clock.now_ms, 30)
    good = past.mark(Snapshot(content(1)), asked=True)
    path.write_bytes(content(2))
    undo = past.restore_at_next_opening(good)
    folder = Folder(tmp_path)
    real = past._put_in_place

    def crash(*_: object) -> None:
        path.unlink()
        raise OSError("the power is gone")

    past._put_in_place = crash  # type: ignore[method-assign, assignment]
    with pytest.raises(OSError, match="power"):
        past.restore(folder)
    past._put_in_place = real  # type: ignore[method-assign]
    past.restore(folder)
    assert value() == 1
    past.restore_at_next_opening(undo)
    past.restore(folder)
    assert value() == 2
    folder.close()


def test_old_marks_are_thinned_out_and_their_pages_dropped(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "object.sqlite"
    past = History(path, clock.now_ms, 30)
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE t(k PRIMARY KEY, v)")
    for number in range(40 * 24):
        connection.execute("INSERT OR REPLACE INTO t VALUES (?, ?)", (number % 7, "x" * 3000))
        connection.execute("UPDATE t SET v = v || ? WHERE k = 0", (str(number),))
        past.mark(Snapshot(connection.serialize("main")), asked=False)
        clock.now += DAY_MS / 24
    with past._open() as db:
        marks = db.execute("SELECT count(*) FROM marks").get
        pages = db.execute("SELECT count(*) FROM pages").get
    assert 50 <= marks <= 60, "a day's hours and a month's days"
    assert pages < 60 * 20
    assert marks < MAX_ASKED


async def test_marks_on_threads_do_not_hold_up_the_object(marked: Shard) -> None:
    owner = marked.owner()
    await put(owner, b"x")
    marks = []
    for number in range(20):
        await put(owner, b"%d" % number)
        marks.append(owner.store.current_bookmark())
    assert len(set(await asyncio.gather(*marks))) == 20
    assert held(owner) == (b"19", 21)
    await marked.storage.aclose()
