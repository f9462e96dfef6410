"""The past of objects that have asked for nothing: what comes back, and what it costs."""

import os
import random
from pathlib import Path

import pytest

from holdfast.storage import bookmarks
from holdfast.storage.bookmarks import INTERVAL_MS
from holdfast.storage.errors import BookmarkInvalid
from holdfast.storage.history import History
from tests.storage.conftest import UNIQUE_KEY, Clock, Owner, Shard, object_id
from tests.storage.past import DAY_MS, back_to, files, held, put


async def test_what_was_there_before_anybody_asked_for_a_bookmark_comes_back(
    marked: Shard, clock: Clock
) -> None:
    made = clock.now
    owner = marked.owner()
    await put(owner, b"good")
    clock.now += INTERVAL_MS
    before = clock.now
    await put(owner, b"disaster")
    clock.now += 5_000
    owner = await back_to(marked, owner, before - 1)
    assert held(owner) == (b"good", 1)
    owner = await back_to(marked, owner, made - 2_000)
    assert held(owner) == (None, 0), "nothing, before it was made"
    owner = await back_to(marked, owner, before + 1)
    assert held(owner) == (b"disaster", 2)


@pytest.mark.parametrize(("writes", "size"), [(1, 4), (3, 4), (1, 300_000)])
async def test_an_object_that_has_left_memory_goes_back_as_well(
    marked: Shard, clock: Clock, writes: int, size: int
) -> None:
    made = clock.now
    owner = marked.owner()
    good = b"good" * (size // 4)
    for _ in range(writes):  # as one file; with a log; too large for memory
        await put(owner, good)
    await marked.reopen()
    clock.now += 5 * DAY_MS
    owner = marked.owner()
    await put(owner, b"disaster")
    await marked.reopen()
    assert "history" in files(marked)
    owner = await back_to(marked, marked.owner(), made + DAY_MS)
    assert held(owner) == (good, writes)
    assert held(await back_to(marked, owner, made - 2_000)) == (None, 0)


async def test_the_time_of_the_last_write_is_known_after_a_restart(
    marked: Shard, clock: Clock
) -> None:
    owner = marked.owner()
    await put(owner, b"first")
    clock.now += DAY_MS
    changed = clock.now
    await put(owner, b"second")
    await marked.reopen()
    os.utime(marked.path(), (changed / 1000, changed / 1000))
    clock.now += DAY_MS
    owner = marked.owner()
    await put(owner, b"third")
    owner = await back_to(marked, owner, changed + 1_000)
    assert owner.store.get("k") == b"second"
    assert (await back_to(marked, owner, changed - 1_000)).store.get("k") == b"first"


@pytest.mark.parametrize("opened_anew", [False, True])
async def test_an_object_younger_than_ten_minutes_has_no_file_for_its_past(
    marked: Shard, clock: Clock, opened_anew: bool
) -> None:
    owner = marked.owner()
    for number in range(5):
        await put(owner, b"%d" % number)
        if opened_anew:
            await marked.reopen()
            owner = marked.owner()
        clock.now += 100_000
    clock.now += 30 * DAY_MS
    assert owner.store.get("k") == b"4"
    await owner.store.close()
    assert "history" not in files(marked), "nor has one that is only read"


async def test_an_object_that_is_written_all_the_time_is_marked_every_ten_minutes(
    marked: Shard, clock: Clock
) -> None:
    owner = marked.owner()
    start, times = clock.now, {}
    for number in range(240):
        times[clock.now] = b"%d" % number
        owner.store.put("k", b"%d" % number)
        await owner.durable()
        clock.now += 10_000
    await marked.reopen()  # when all marks are made
    owner = marked.owner()
    with History(marked.path(), clock.now_ms, 30)._open() as db:
        marks = db.execute("SELECT count(*) FROM marks").get
    assert 4 <= marks <= 6, "and one of before it was made"
    middle = start + 1_200_000
    value = (await back_to(marked, owner, middle)).store.get("k")
    found = next(time for time, stored in times.items() if stored == value)
    assert middle - INTERVAL_MS <= found <= middle


async def test_a_transaction_is_marked_before_and_not_in_its_middle(
    marked: Shard, clock: Clock
) -> None:
    owner = marked.owner()
    await put(owner, b"good")
    clock.now += INTERVAL_MS
    before = clock.now
    owner.store.begin()
    owner.store.put("k", b"half")
    owner.store.begin()
    owner.store.put("l", b"half")
    owner.store.commit()
    owner.store.commit()
    await owner.durable()
    clock.now += 1
    owner = await back_to(marked, owner, before - 1)
    assert (owner.store.get("k"), owner.store.get("l")) == (b"good", None)


@pytest.mark.parametrize("age_ms", [0, INTERVAL_MS])
async def test_what_a_script_has_set_for_its_transaction_outlives_a_mark(
    marked: Shard, clock: Clock, age_ms: float
) -> None:
    owner = marked.owner()
    tables = "CREATE TABLE a(k PRIMARY KEY); CREATE TABLE b(k REFERENCES a)"
    owner.store.sql(bool).execute(tables, ())
    await owner.durable()
    await marked.reopen()
    clock.now += age_ms
    owner = marked.owner()
    sql = owner.store.sql(bool)
    sql.execute("PRAGMA defer_foreign_keys=ON", ())
    sql.execute("INSERT INTO b VALUES (1)", ())
    sql.execute("INSERT INTO a VALUES (1)", ())
    await owner.durable()
    await marked.reopen()
    assert ("history" in files(marked)) == bool(age_ms)


async def test_a_deletion_of_everything_is_gone_back_behind(marked: Shard, clock: Clock) -> None:
    owner = marked.owner()
    await put(owner, b"good")
    clock.now += INTERVAL_MS
    before = clock.now
    owner.store.delete_all()
    await owner.durable()
    await owner.store.close()
    assert files(marked) == {"history"}
    clock.now += DAY_MS
    owner = marked.owner()
    await put(owner, b"another")
    clock.now += 1
    owner = await back_to(marked, owner, before + DAY_MS / 2)
    assert held(owner) == (None, 0), "there was nothing then"
    assert held(await back_to(marked, owner, before - 1)) == (b"good", 1)


async def test_a_large_database_is_marked_as_well(marked: Shard, clock: Clock) -> None:
    owner = marked.owner()
    content = random.Random(1).randbytes(1_500_000)
    for value in (content, b"gone"):
        owner.store.put("large", value)
        await owner.durable()
        clock.now += INTERVAL_MS
    owner = await back_to(marked, owner, clock.now - INTERVAL_MS - 1)
    assert owner.store.get("large") == content
    assert "marking" not in files(marked)


async def test_where_threads_cannot_keep_up_marks_are_put_off(
    marked: Shard, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = marked.owner()
    await put(owner, b"good")
    clock.now += INTERVAL_MS
    monkeypatch.setattr(bookmarks, "MAX_WAITING_BYTES", 0)
    await put(owner, b"next")
    assert "history" not in files(marked)
    monkeypatch.undo()
    clock.now += 1_000
    await put(owner, b"last")
    owner = await back_to(marked, owner, clock.now - 1)
    assert owner.store.get("k") == b"next"


async def test_a_class_without_sql_has_no_past(marked: Shard, clock: Clock) -> None:
    owner = Owner(marked.storage, UNIQUE_KEY, object_id(), use_sqlite=False)
    for value in (b"1", b"2"):
        owner.store.put("k", value)
        await owner.durable()
        clock.now += DAY_MS
    await owner.store.close()
    assert "history" not in files(marked)


async def test_no_past_is_kept_for_no_days(tmp_path: Path) -> None:
    clock = Clock(retention_days=0)
    shard = Shard(tmp_path, bookmarking=clock)
    owner = shard.owner()
    for value in (b"1", b"2"):
        await put(owner, value)
        clock.now += DAY_MS
    with pytest.raises(BookmarkInvalid, match="switched off"):
        owner.store.current_bookmark()
    with pytest.raises(BookmarkInvalid, match="switched off"):
        owner.store.bookmark_at(clock.now)
    await owner.store.close()
    assert "history" not in files(shard)
    await shard.storage.aclose()


async def test_a_clock_that_was_years_ahead_for_a_while_does_no_lasting_harm(
    marked: Shard, clock: Clock
) -> None:
    owner = marked.owner()
    await put(owner, b"before")
    year = 365 * DAY_MS
    clock.now += year
    await put(owner, b"ahead")
    await owner.store.current_bookmark()
    clock.now -= year
    times = {}
    for value in (b"1", b"2", b"3"):
        clock.now += INTERVAL_MS
        await put(owner, value)
        times[value] = clock.now
    owner = await back_to(marked, owner, times[b"2"] + 1)
    assert owner.store.get("k") == b"2"
    assert (await back_to(marked, owner, times[b"1"] + 1)).store.get("k") == b"1"


async def test_what_a_killed_process_has_left_of_a_mark_is_removed(
    marked: Shard, clock: Clock
) -> None:
    await marked.owner(1).grow_up()
    await marked.reopen()
    left = [marked.path(2).with_suffix(suffix) for suffix in (".marking", ".restored")]
    for path in left:
        path.write_bytes(b"half a database")
    clock.now += INTERVAL_MS
    await put(marked.owner(1), b"x")
    await marked.reopen()
    assert not [path for path in left if path.exists()]


async def test_a_past_that_has_ended_is_removed(marked: Shard, clock: Clock) -> None:
    used, left = marked.owner(1), marked.owner(2)
    for owner in (used, left):
        await put(owner, b"x")
        await owner.store.current_bookmark()
    await left.store.close()
    clock.now += 29 * DAY_MS
    await marked.storage.remove_ended_pasts()
    assert len([name for name in marked.files() if "history" in name]) == 2
    clock.now += 2 * DAY_MS
    await marked.storage.remove_ended_pasts()
    left_over = [name for name in marked.files() if "history" in name]
    assert left_over == [f"{object_id(1)}.history"], "its object is in use"


async def test_a_past_of_another_process_is_its_to_remove(tmp_path: Path, clock: Clock) -> None:
    here = {object_id(1)}
    shard = Shard(tmp_path, bookmarking=clock, is_here=lambda found: found in here)
    for number in (1, 2):
        owner = shard.owner(number)
        await put(owner, b"x")
        await owner.store.current_bookmark()
        await owner.store.close()
    clock.now += 31 * DAY_MS
    await shard.storage.remove_ended_pasts()
    left = [name for name in shard.files() if "history" in name]
    assert left == [f"{object_id(2)}.history"]
    await shard.storage.aclose()
