"""A file of marks: each is whole, the space bounded, a crash made up for."""

import random
from pathlib import Path

import apsw
import pytest

from holdfast.storage import going_back, history
from holdfast.storage.bookmarks import INTERVAL_MS
from holdfast.storage.disk import Folder
from holdfast.storage.history import LEAST_SPACE_BYTES, SPACE, History
from holdfast.storage.snapshot import Snapshot
from holdfast.storage.thinning import MAX_ASKED
from tests.storage.conftest import Clock
from tests.storage.past import DAY_MS


def test_a_crash_while_going_back_is_made_up_for(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    good = mark(past, content(1), clock.now, asked=True)
    path.write_bytes(content(2))
    folder = Folder(tmp_path)
    undo = going_back.ask(past, good, folder)

    def go_back() -> None:
        going = going_back.GoingBack(past, folder, 0, clock.now_ms, {})
        going.run()
        going.finish()

    def crash(*_: object) -> None:
        path.unlink()
        raise OSError("the power is gone")

    with monkeypatch.context() as patch:
        patch.setattr(going_back, "put_in_place", crash)
        with pytest.raises(OSError, match="power"):
            go_back()
    go_back()
    assert value() == 1
    going_back.ask(past, undo, folder)
    go_back()
    assert value() == 2
    folder.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No power is lost."""
    for level in ("_ASKED", "_UNASKED"):
        monkeypatch.setattr(history, level, "OFF")


def mark(past: History, content: bytes, now: float, *, asked: bool) -> str:
    return past.mark(Snapshot(content), asked=asked, since_ms=now, now_ms=now)


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_old_marks_are_thinned_out_and_their_pages_dropped(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "object.sqlite"
    past = History(path, clock.now_ms, 30)
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE t(k PRIMARY KEY, v)")
    for number in range(40 * 24):
        connection.execute("INSERT OR REPLACE INTO t VALUES (?, ?)", (number % 7, "x" * 3000))
        connection.execute("UPDATE t SET v = v || ? WHERE k = 0", (str(number),))
        mark(past, connection.serialize("main"), clock.now, asked=False)
        clock.now += DAY_MS / 24
    with past._open() as db:
        marks = db.execute("SELECT count(*) FROM marks").get
        pages = db.execute("SELECT count(*) FROM pages").get
    assert 50 <= marks <= 60, "a day's hours and a month's days"
    assert pages < 60 * 20
    assert marks < MAX_ASKED


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_a_past_takes_a_few_times_the_space_of_its_database_and_reaches_far_all_the_same(
    tmp_path: Path, clock: Clock
) -> None:
    path = tmp_path / "object.sqlite"
    past = History(path, clock.now_ms, 30)
    chance = random.Random(1)
    contents, start = {}, clock.now
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE t(v)")
    for _ in range(200):
        connection.execute("DELETE FROM t")
        connection.execute("INSERT INTO t VALUES (?)", (chance.randbytes(20_000),))
        content = contents[clock.now] = connection.serialize("main")
        mark(past, content, clock.now, asked=False)
        clock.now += INTERVAL_MS
    most = max(SPACE * len(content), LEAST_SPACE_BYTES)
    assert (tmp_path / "object.history").stat().st_size <= 1.5 * most
    with past._open() as db:
        marked = [time for (time,) in db.execute("SELECT until_ms FROM marks ORDER BY id")]
    ages = [clock.now - time for time in marked]
    assert ages[0] > (clock.now - start) / 3
    assert all(content_of(past, past.at(time)) == contents[time] for time in marked)


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_each_mark_is_what_it_was_whichever_others_are_given_up(
    tmp_path: Path, clock: Clock
) -> None:
    """Databases that grow and shrink, at random times, against a plain list of them."""
    chance = random.Random(2)
    path = tmp_path / "object.sqlite"
    past = History(path, clock.now_ms, 30)
    connection = apsw.Connection(":memory:")
    connection.execute("PRAGMA auto_vacuum=FULL; CREATE TABLE t(k INTEGER PRIMARY KEY, v)")
    contents: dict[str, bytes] = {}
    for _ in range(150):
        for _ in range(chance.randrange(1, 20)):
            row = (chance.randrange(30), chance.randbytes(chance.randrange(6000)))
            connection.execute("INSERT OR REPLACE INTO t VALUES (?, ?)", row)
        if chance.random() < 0.3:
            connection.execute("DELETE FROM t WHERE k > ?", (chance.randrange(30),))
        content = connection.serialize("main")
        asked = chance.random() < 0.2
        contents[mark(past, content, clock.now, asked=asked)] = content
        clock.now += chance.choice([1_000, INTERVAL_MS, DAY_MS / 10, DAY_MS])
    with past._open() as db:
        kept = [name for (name,) in db.execute("SELECT bookmark FROM marks")]
    assert len(kept) > 10
    assert all(content_of(past, bookmark) == contents[bookmark] for bookmark in kept)


def content_of(past: History, bookmark: str) -> bytes:
    return b"".join(content for _, content in sorted(past.pages(bookmark)))
