"""The past of D1 databases: when it is marked, and going back to it."""

import logging
import os
import shutil
import sqlite3

import apsw
import pytest

from holdfast.storage import StorageError, history
from holdfast.storage.bookmarks import INTERVAL_MS
from holdfast.storage.d1 import (
    D1Database,
    D1Databases,
    D1Error,
    D1Limits,
    Pasts,
    Query,
    past,
    pasts,
)
from holdfast.storage.d1.expiry import remove_ended
from holdfast.storage.d1.registry import FILE_NAME, Created, D1Registry
from holdfast.storage.errors import BookmarkInvalid
from holdfast.storage.history import History, history_path

DAY_MS = 86_400_000
MINUTE_MS = 60_000


class Calendar:
    """It turns when a test says so."""

    def __init__(self):
        self.now = 1_800_000_000_000.0

    def pasts(self, retention_days=30):
        return Pasts(retention_days, lambda: self.now)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """No power is lost."""
    for level in ("_ASKED", "_UNASKED"):
        monkeypatch.setattr(history, level, "OFF")


@pytest.fixture
def calendar():
    return Calendar()


@pytest.fixture
def database(tmp_path, calendar):
    opened = another(tmp_path, calendar)
    yield opened
    opened.close()


def another(tmp_path, calendar, **options):
    """Another one who has the file open, such as another process."""
    return D1Database(tmp_path / "d1" / "db.sqlite", pasts=calendar.pasts(), **options)


def put(database, value):
    texts = ("CREATE TABLE IF NOT EXISTS t (a)", f"INSERT INTO t VALUES ({value})")
    database.write([Query(text) for text in texts])


def held(database):
    [rows] = [one.rows for one in database.read([Query("SELECT a FROM t")]).outcomes]
    return [value for (value,) in rows]


def marks(database):
    database.close()
    with sqlite3.connect(history_path(database.path)) as db:
        found = db.execute("SELECT since_ms, until_ms, asked FROM marks ORDER BY id").fetchall()
    db.close()
    return found


def put_later(database, calendar, value, ms=INTERVAL_MS):
    calendar.now += ms
    put(database, value)


# ---- going back -------------------------------------------------------------------------


def test_a_database_goes_back_to_a_time_and_that_is_undone(database, calendar):
    put(database, 1)
    written = calendar.now
    put_later(database, calendar, 2)
    there = database.bookmark(written + 5 * MINUTE_MS)
    previous = database.restore(there)
    assert held(database) == [1]
    put(database, 3)
    assert held(database) == [1, 3]
    assert database.restore(previous) != previous
    assert held(database) == [1, 2]


def test_a_bookmark_of_now_leads_to_exactly_that(database, calendar):
    put(database, 1)
    there = database.bookmark()
    put(database, 2)
    database.restore(there)
    assert held(database) == [1]


def test_bookmarks_grow_and_those_of_what_is_the_same_are(database, calendar):
    put(database, 1)
    first = database.bookmark()
    calendar.now += MINUTE_MS
    assert database.bookmark() == first
    put(database, 2)
    assert database.bookmark() > first


def test_a_bookmark_that_is_asked_for_again_reads_nothing_anew(database, calendar, monkeypatch):
    put(database, 1)
    first = database.bookmark()
    held_until = calendar.now + 20 * DAY_MS
    calendar.now = held_until
    read = []
    add_pages = History._add_pages
    monkeypatch.setattr(History, "_add_pages", lambda *a: read.append(1) or add_pages(*a))
    assert database.bookmark() == first and not read
    calendar.now += 20 * DAY_MS
    database.restore(first)  # it was so until then, and is to be had for as long from then on
    assert held(database) == [1]


def test_what_others_have_written_since_a_bookmark_has_another(database, calendar, tmp_path):
    put(database, 1)
    first = database.bookmark()
    other = another(tmp_path, calendar)
    put(other, 2)
    other.close()
    second = database.bookmark()
    assert second > first
    with sqlite3.connect(database.path) as db:  # who does not count what it writes
        db.execute("INSERT INTO t VALUES (3)")
    db.close()
    third = database.bookmark()
    assert third > second
    database.restore(second)
    assert held(database) == [1, 2]


def test_all_who_have_it_open_see_what_came_back(database, calendar, tmp_path):
    other = another(tmp_path, calendar)
    put(database, 1)
    there = database.bookmark()
    database.write([Query("ALTER TABLE t RENAME TO u")])
    database.write([Query("CREATE TABLE t (a, b)")])
    assert other.read([Query("SELECT * FROM t")]).outcomes[0].columns == ("a", "b")
    put_two = Query("INSERT INTO t VALUES (1, 2)")
    other.write([put_two])
    database.restore(there)
    for one in (database, other):
        assert held(one) == [1]
        with pytest.raises(D1Error, match=r"has 1 columns? but 2 values"):
            one.write([put_two])
    other.close()


def test_who_reads_goes_on_with_what_there_was(database):
    put(database, 1)
    there = database.bookmark()
    put(database, 2)
    with database._reading() as reader, reader.transaction(writes=False):
        assert len(reader.run("SELECT a FROM t", ()).rows) == 2
        database.restore(there)
        assert len(reader.run("SELECT a FROM t", ()).rows) == 2
    assert held(database) == [1]


def test_sessions_bookmarks_grow_when_it_goes_back(database):
    put(database, 1)
    there = database.bookmark()
    put(database, 2)
    before = database.read([Query("SELECT 1")]).writes
    database.restore(there)
    assert database.read([Query("SELECT 1")]).writes > before


def test_what_came_back_is_what_there_was_at_a_time_after_that(database, calendar):
    put(database, 1)
    there = database.bookmark()
    put_later(database, calendar, 2)
    calendar.now += MINUTE_MS
    database.restore(there)
    calendar.now += MINUTE_MS
    assert database.restore(database.bookmark(calendar.now - 1))
    assert held(database) == [1]


def test_large_and_shrinking_databases_come_back_whole(database):
    put(database, 1)
    small = database.bookmark()
    blobs = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 12)"
    database.write([Query(f"CREATE TABLE big AS {blobs} SELECT randomblob(100000) AS b FROM n")])
    query = Query("SELECT group_concat(hex(substr(b, 50000, 100))) FROM big")
    [(content,)] = database.read([query]).outcomes[0].rows
    large = database.restore(small)
    with pytest.raises(D1Error, match="no such table"):
        database.read([query])
    database.restore(large)
    assert database.read([query]).outcomes[0].rows == [(content,)]
    with sqlite3.connect(database.path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()


# ---- when marks are made ----------------------------------------------------------------


def test_a_young_database_has_no_file_for_its_past(database, calendar):
    put(database, 1)
    put_later(database, calendar, 2, INTERVAL_MS - 1)
    database.close()
    assert not history_path(database.path).exists()


def test_a_mark_shows_what_stood_until_the_first_write_after_a_while(database, calendar):
    put(database, 1)
    made = calendar.now
    put_later(database, calendar, 2)
    put_later(database, calendar, 3, INTERVAL_MS - 1)
    assert marks(database) == [(made, made + INTERVAL_MS, 0)]
    put_later(database, calendar, 4, 1)
    assert len(marks(database)) == 2


def test_what_only_reads_makes_no_mark(database, calendar):
    put(database, 1)
    calendar.now += INTERVAL_MS
    held(database)
    database.write([Query("SELECT changes()")])
    database.close()
    assert not history_path(database.path).exists()


def test_others_see_that_a_mark_was_made(database, calendar, tmp_path):
    other = another(tmp_path, calendar)
    put(database, 1)
    put(other, 2)
    put_later(database, calendar, 3)
    database.close()  # SQLite dates the file by another calendar
    put_later(other, calendar, 4, 1)
    other.close()
    assert len(marks(database)) == 1


def test_a_database_that_does_not_tell_when_it_was_made_is_marked_at_once(tmp_path, calendar):
    path = tmp_path / "d1" / "db.sqlite"
    path.parent.mkdir()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE t (a)")
        db.execute("INSERT INTO t VALUES (1)")
    db.close()
    os.utime(path, (1_700_000_000, 1_700_000_000))
    database = another(tmp_path, calendar)
    put(database, 2)
    [(_, until, _)] = marks(database)
    assert until == calendar.now
    database.restore(database.bookmark(calendar.now - MINUTE_MS))
    assert held(database) == [1]
    database.close()


def test_a_clock_that_was_ahead_does_not_keep_it_from_being_marked(database, calendar):
    put(database, 1)
    put_later(database, calendar, 2, 300 * DAY_MS)
    calendar.now -= 299 * DAY_MS
    put(database, 3)
    database.close()
    found = marks(database)
    assert found[-1][1] == calendar.now


def test_a_large_database_is_marked_less_often(database, calendar, monkeypatch):
    monkeypatch.setattr(past, "MARKING_MS_PER_BYTE", INTERVAL_MS / 100 / 4096)
    put(database, 1)
    database.close()  # has the file grow
    put_later(database, calendar, 2)
    database.close()
    assert not history_path(database.path).exists()


def test_where_too_many_wait_a_mark_is_put_off(database, calendar, monkeypatch, caplog):
    put(database, 1)
    with monkeypatch.context() as patch:
        patch.setattr(pasts, "MAX_WAITING", 0)
        put_later(database, calendar, 2)
    assert "too many wait" in caplog.text
    put_later(database, calendar, 3, 1)
    assert [until for _, until, _ in marks(database)] == [calendar.now]


# ---- what is refused --------------------------------------------------------------------


def test_times_and_bookmarks_that_lead_nowhere_are_refused(database, calendar):
    put(database, 1)
    with pytest.raises(BookmarkInvalid, match="in the future"):
        database.bookmark(calendar.now + 1)
    with pytest.raises(BookmarkInvalid, match="within the last 30 days"):
        database.bookmark(calendar.now - 30 * DAY_MS - 1)
    with pytest.raises(BookmarkInvalid, match="before the database was made, at 2027-01-15T08"):
        database.bookmark(calendar.now - 1)
    with pytest.raises(BookmarkInvalid, match="no bookmark '0-0'"):
        database.restore("0-0")
    old = database.bookmark()
    put_later(database, calendar, 2)
    calendar.now += 30 * DAY_MS + 1
    with pytest.raises(BookmarkInvalid, match="not any more"):
        database.restore(old)


def test_no_past_is_kept_where_that_is_switched_off(tmp_path, calendar):
    database = D1Database(tmp_path / "d1" / "db.sqlite", pasts=calendar.pasts(0))
    put(database, 1)
    put_later(database, calendar, 2)
    for ask in (database.bookmark, lambda: database.bookmark(1.0), lambda: database.restore("x")):
        with pytest.raises(BookmarkInvalid, match="--history-days is 0"):
            ask()
    database.close()
    assert not history_path(database.path).exists()


def test_who_waits_too_long_for_another_process_is_told_so(tmp_path, calendar):
    database = another(tmp_path, calendar, limits=D1Limits(request_s=0.05))
    other = another(tmp_path, calendar)
    put(other, 1)
    put(database, 1)
    there = database.bookmark()
    with (
        other._writer.transaction(writes=True),
        pytest.raises(D1Error, match="Requests queued for too long"),
    ):
        database.restore(there)
    database.restore(there)
    for one in (database, other):
        one.close()


def test_a_past_that_is_damaged_is_put_aside_and_changes_nothing(database, calendar, caplog):
    put(database, 1)
    there = database.bookmark()
    put(database, 2)
    with sqlite3.connect(history_path(database.path)) as db:
        db.execute("UPDATE pages SET content = x'00'")
    db.close()
    with pytest.raises(StorageError, match="damaged"):
        database.restore(there)
    assert held(database) == [1, 2]
    assert database.bookmark()


# ---- crashes ----------------------------------------------------------------------------


def test_a_crash_at_any_moment_leaves_what_was_there_or_what_comes_back(
    database, tmp_path, monkeypatch
):
    put(database, 1)
    database.write([Query("CREATE TABLE big AS SELECT randomblob(60000) AS b FROM t")])
    there = database.bookmark()
    put(database, 2)
    seen = []

    def look(_past):
        """What is on the disk now is what a process finds that comes after a crash."""
        crashed = tmp_path / f"crashed-{len(seen)}"
        shutil.copytree(tmp_path / "d1", crashed)
        (crashed / "db.sqlite-shm").unlink()
        found = D1Database(crashed / "db.sqlite")
        seen.append(held(found))
        assert found.read([Query("SELECT * FROM big")]).outcomes[0].rows
        found.close()

    monkeypatch.setattr(past, "_PAGES_AT_ONCE", 4)
    monkeypatch.setattr(past.Past, "_look", look)
    database.restore(there)
    look(None)
    assert len(seen) > 4
    assert seen[-1] == [1]
    assert all(one == [1, 2] for one in seen[:-1])


def test_one_that_is_stopped_changes_nothing(database, monkeypatch):
    put(database, 1)
    there = database.bookmark()
    put(database, 2)
    looks = 0

    def count(_past):
        nonlocal looks
        looks += 1
        if looks == last:
            raise pasts.Ended("stopped")

    monkeypatch.setattr(past, "_PAGES_AT_ONCE", 1)
    monkeypatch.setattr(past.Past, "_look", count)
    last = -1
    database.restore(database.restore(there))
    looks, last = 0, looks // 2 - 1  # one step before it is done
    with pytest.raises(pasts.Ended):
        database.restore(there)
    assert held(database) == [1, 2]
    put(database, 3)


# ---- the end ----------------------------------------------------------------------------


async def test_a_database_that_is_deleted_takes_its_past_with_it(tmp_path, calendar):
    databases = D1Databases(tmp_path, pasts=calendar.pasts())
    databases.registry.add(Created("db", "shop", "2026-01-01T00:00:00Z"))
    other = D1Database(
        tmp_path / "d1" / "db.sqlite",
        pasts=calendar.pasts(),
        is_deleted=lambda: databases.registry.is_deleted("db"),
    )
    put(other, 1)
    put_later(other, calendar, 2)
    other.close()
    assert await databases.bookmark("db")
    await databases.delete("db")
    assert [*(tmp_path / "d1").iterdir()] == []
    databases.close()
    other.close()


def test_a_mark_that_is_stored_when_its_database_is_deleted_is_removed(tmp_path, calendar):
    gone = []
    database = another(tmp_path, calendar, is_deleted=lambda: bool(gone))
    put(database, 1)
    calendar.now += INTERVAL_MS
    put_back = history_path(database.path)
    with database._writer.transaction(writes=True):
        gone.append(True)
        database._writer.run("INSERT INTO t VALUES (2)", ())
    database.close()
    assert not put_back.exists()


def test_a_past_that_has_ended_is_emptied_and_goes_on(tmp_path, database, calendar):
    put(database, 1)
    put_later(database, calendar, 2)
    database.close()
    file = history_path(database.path)
    changed = file.stat().st_mtime
    remove_ended(tmp_path, calendar.now - 1)
    assert len(marks(database)) == 1
    remove_ended(tmp_path, calendar.now + 1)
    assert marks(database) == []
    assert file.stat().st_mtime == changed
    put_later(database, calendar, 3)
    database.restore(database.bookmark(calendar.now - 1))
    assert held(database) == [1, 2]


def test_what_a_deleted_database_has_left_is_removed(tmp_path, database, calendar):
    put(database, 1)
    put_later(database, calendar, 2)
    database.close()
    registry = D1Registry(tmp_path / FILE_NAME)
    registry.add(Created("db", "shop", "2026-01-01T00:00:00Z"))
    registry.delete("db")
    registry.close()
    remove_ended(tmp_path, 0.0)
    assert not history_path(database.path).exists()


def test_the_end_gives_up_marks_that_take_long(tmp_path, calendar, caplog, monkeypatch):
    pasts = calendar.pasts()
    database = D1Database(tmp_path / "d1" / "db.sqlite", pasts=pasts)
    put(database, 1)
    monkeypatch.setattr(History, "mark", _until_ended)
    caplog.set_level(logging.WARNING)
    put_later(database, calendar, 2)
    pasts.close(patience_s=0.0)
    assert "could not be stored: The process ends" in caplog.text
    database.close()


def _until_ended(history, snapshot, **_):
    try:
        while True:
            history.look()
    finally:
        snapshot.close()


def test_a_mark_that_fails_is_told_and_the_write_goes_on(database, calendar, caplog, monkeypatch):
    put(database, 1)

    def fail(_history, snapshot, **_):
        snapshot.close()
        raise apsw.FullError("database or disk is full")

    monkeypatch.setattr(History, "mark", fail)
    put_later(database, calendar, 2)
    assert held(database) == [1, 2]
    database.close()
    assert "could not be stored: database or disk is full" in caplog.text
