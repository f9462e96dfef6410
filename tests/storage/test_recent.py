"""Writes that the journal has and SQLite has not: what goes where, and that nothing is lost."""

import asyncio
import contextlib
import errno
import random
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from holdfast.storage import StorageError, StoreBroken, StoreClosed, journaling
from holdfast.storage.catching_up import catch_up
from holdfast.storage.recent import MAX_ENTRIES, MAX_VALUE_BYTES, Recent, packed, puts_of
from holdfast.storage.session import Session
from tests.patience import PATIENCE_S
from tests.storage.conftest import UNIQUE_KEY, Clock, Owner, Shard, object_id
from tests.storage.test_journaling import JournaledShard, found, journaled, journals, write
from tests.storage.test_sql import sql_of

KEPT = {"grown up": b"1", "value": b"recent"}


@pytest.fixture
async def shard(tmp_path: Path) -> AsyncIterator[JournaledShard]:
    opened = JournaledShard(tmp_path / "objects")
    yield opened
    opened.storage.before_commit(None)
    opened.disk.release()
    await opened.storage.aclose()


def session_of(owner: Owner) -> Session:
    session = owner.store._database.session
    assert isinstance(session, Session)
    return session


def refuse(*_: str) -> None:
    raise OSError(errno.EIO, "Input/output error")


async def lagging(shard: Shard, number: int = 1) -> Owner:
    """An owner of an object whose value is "recent", which only the journal has."""
    owner = shard.owner(number)
    await owner.grow_up()
    for value in (b"synced", b"recent"):
        await write([owner], value)
    assert session_of(owner).recent.kept["value"] == b"recent"
    return owner


async def broken(shard: Shard, owner: Owner) -> None:
    """Have the object's storage fail with a commit, so that its connection is given up."""
    shard.storage.before_commit(refuse)
    owner.store.put("value", b"never committed")
    owner.store.flush()
    await owner.failure()
    shard.storage.before_commit(None)


# ---- by itself -------------------------------------------------------------------------


def test_what_was_written_last_is_found_wherever_it_is_on_its_way() -> None:
    recent = Recent()
    assert not recent
    for value in (b"", b"1", b"2", b"3"):
        recent.fresh["a"] = value
        assert (recent.get("a"), recent.get("b")) == (value, None)
        recent.commit()
        assert recent.get("a") == value
        recent.begin_round()
        assert (recent.get("a"), recent.committed) == (value, {"a": value})
        recent.round_ended()
        assert recent.get("a") == value
        assert recent
    recent.settled()
    assert not recent


def test_a_round_is_given_what_was_committed_since_the_last_one() -> None:
    recent = Recent()
    recent.fresh = {"a": b"1", "b": b"2"}
    recent.commit()
    recent.fresh = {"a": b"3"}
    assert [*puts_of(recent.begin_round())] == [("a", b"1"), ("b", b"2")]
    recent.commit()
    recent.round_ended()
    assert recent.kept == {"a": b"1", "b": b"2"}
    assert [*puts_of(recent.begin_round())] == [("a", b"3")]
    assert recent.begin_round() == b""
    recent.round_ended()
    assert recent.kept == {"a": b"3", "b": b"2"}


def test_what_is_not_durable_ends_with_its_connection() -> None:
    recent = Recent()
    for value in (b"kept", b"in flight", b"committed", b"fresh"):
        recent.fresh["a"] = value
        if value != b"fresh":
            recent.commit()
        if value in {b"kept", b"in flight"}:
            recent.begin_round()
        if value == b"kept":
            recent.round_ended()
    assert recent.get("a") == b"fresh"
    recent.break_down()
    assert (recent.get("a"), recent.committed) == (b"kept", {"a": b"kept"})


def test_any_key_and_value_come_back_as_they_were() -> None:
    values = {"": b"", "\0": b"\0", "ключ 🔑": bytes(1024), "k" * 256: b"v"}
    assert dict(puts_of(packed(values))) == values


@pytest.mark.parametrize(
    ("key", "size"), [("k", MAX_VALUE_BYTES + 1), ("k" * 257, 1), ("\ud800", 1)]
)
def test_what_is_large_or_no_text_has_no_room(key: str, size: int) -> None:
    assert Recent().has_room([("k" * 256, bytes(MAX_VALUE_BYTES))])
    assert not Recent().has_room([("k", b""), (key, bytes(size))])


# ---- what SQLite is told of ------------------------------------------------------------


async def test_small_writes_reach_the_log_together(shard: JournaledShard) -> None:
    owner = await lagging(shard)
    session = session_of(owner)
    frames = session.wal_pages
    for number in range(5):
        owner.store.put_many([("value", b"%d" % number), (f"key {number}", b"")])
        await owner.durable()
    assert owner.store.get("value") == b"4"
    assert session.wal_pages == frames
    assert [key for key, _ in owner.store.list(prefix="key")] == [f"key {n}" for n in range(5)]
    assert session.wal_pages == frames
    owner.store.delete("missing")
    assert session.wal_pages > frames
    assert not session.recent
    assert session.lags, "nobody has synced that"


async def test_there_are_never_more_than_fit(shard: JournaledShard) -> None:
    owner = await lagging(shard)
    for number in range(3 * MAX_ENTRIES):
        owner.store.put(f"{number}", b"x")
        await owner.durable()
        assert len(session_of(owner).recent.kept) <= MAX_ENTRIES
    assert len(owner.store.list()) == 3 * MAX_ENTRIES + 2


@pytest.mark.parametrize("key", ["value", "\ud800"])
@pytest.mark.parametrize("size", [1, 2000])
async def test_whatever_follows_in_the_same_turn_is_undone_with_it(
    shard: JournaledShard, key: str, size: int
) -> None:
    owner = await lagging(shard)
    owner.store.put("value", b"undone")
    owner.store.put(key, bytes(size))
    owner.store.supersede(RuntimeError("reset"))
    owner = shard.owner()
    assert owner.store.get("value") == b"recent"
    assert dict(owner.store.list()) == {"grown up": b"1", "value": b"recent"}
    assert owner.store.written == owner.store.durable


async def test_transactions_see_what_is_recent_and_undo_nothing_else(
    shard: JournaledShard,
) -> None:
    owner = await lagging(shard)
    owner.store.put("value", b"before")
    owner.store.begin()
    assert owner.store.get("value") == b"before"
    owner.store.put("value", b"undone")
    owner.store.rollback()
    assert owner.store.get("value") == b"before"
    owner.store.put("value", b"of this turn")
    owner.store.save()
    owner.store.put("value", b"undone")
    owner.store.release(undo=True)
    assert owner.store.get("value") == b"of this turn"
    await owner.durable()
    await owner.store.close()
    assert shard.owner().store.get("value") == b"of this turn"


async def test_a_setting_that_lasts_until_a_commit_outlasts_what_is_recent(
    shard: JournaledShard,
) -> None:
    owner = await lagging(shard)
    sql = sql_of(owner)
    sql.execute("CREATE TABLE parent(id INTEGER PRIMARY KEY)", ())
    sql.execute("CREATE TABLE child(parent REFERENCES parent(id))", ())
    for number in range(3):
        await owner.durable()
        await write([owner], b"%d" % number)
        sql.execute("PRAGMA defer_foreign_keys=ON", ())
        sql.execute("INSERT INTO child VALUES (?)", (number,))
        sql.execute("INSERT INTO parent VALUES (?)", (number,))
    await owner.durable()


async def test_closing_leaves_nothing_to_the_journal(shard: JournaledShard) -> None:
    owner = await lagging(shard)
    await owner.store.close()
    shutil.copytree(shard.folder, copy := shard.folder.with_name("copy"))
    for path in journals(copy):
        path.unlink()
    async with found(copy) as after:
        assert after.owner().store.get("value") == b"recent"


async def test_more_objects_than_connections_lose_nothing(tmp_path: Path) -> None:
    shard = Shard(tmp_path / "objects", journal="0", max_open=2)
    owners = [await lagging(shard, number) for number in range(1, 6)]
    assert shard.storage.statistics().open_connections < 5
    assert [owner.store.get("value") for owner in owners] == [b"recent"] * 5
    await shard.reopen()
    assert journals(shard.folder) == []
    assert [shard.owner(n).store.get("value") for n in range(1, 6)] == [b"recent"] * 5
    await shard.storage.aclose()


KEYS = ["", "a", "aa", "ab", "b", "b\0", "ключ", "\uffff", "🔑", "\ud800", "z" * 300]
RANGES: list[dict[str, Any]] = [
    {},
    {"prefix": "a"},
    {"start": "aa", "end": "\uffff"},
    {"start_after": "b"},
    {"end": "b"},
    {"prefix": "🔑"},
    {"start": "\ud800"},
]


@pytest.mark.parametrize("seed", range(5))
async def test_a_list_has_what_sqlite_has_and_what_is_recent(
    shard: JournaledShard, seed: int
) -> None:
    chance = random.Random(seed)
    owner = await lagging(shard)
    owner.store.put_many([(key, b"old") for key in KEYS if chance.random() < 0.5])
    await owner.durable()
    for value in (b"kept", b"fresh"):
        entries = [(key, value) for key in KEYS[:-2] if chance.random() < 0.5]
        for key, _ in entries:
            owner.store.put(key, value)
        if value == b"kept":
            await owner.durable()
    assert session_of(owner).recent.kept and session_of(owner).recent.fresh
    asked = [
        {**bounds, "reverse": reverse, "limit": limit}
        for bounds in RANGES
        for reverse in (False, True)
        for limit in (None, 0, 1, 3, 100)
    ]
    found = [owner.store.list(**options) for options in asked]
    assert session_of(owner).recent.kept and session_of(owner).recent.fresh, "SQLite was not told"
    owner.store.delete("missing")
    assert not session_of(owner).recent
    assert found == [owner.store.list(**options) for options in asked]
    await owner.durable()


# ---- a disk without room ---------------------------------------------------------------


@contextlib.contextmanager
def no_room(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """SQLite finds the disk full whenever it is told of what was recent."""

    def fail(*_: object, **__: object) -> None:
        raise apsw.FullError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Session, "begin_with", fail)
        yield


async def test_who_only_reads_notices_no_full_disk(
    shard: JournaledShard, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await lagging(shard)
    with no_room(monkeypatch):
        catch_up(owner.store._database, shard.storage._shard)
        assert owner.store.get("value") == b"recent"
        owner.store.put("other", b"taken")  # by the journal, which has room
        await owner.durable()
        assert [key for key, _ in owner.store.list()] == ["grown up", "other", "value"]
        assert sql_of(owner).execute("SELECT 1", ()).rows == [(1,)]
        assert not owner.broken
        with pytest.raises(StoreBroken):
            sql_of(owner).execute("CREATE TABLE t(v)", ())
        owner = shard.owner()
        with pytest.raises(StoreBroken):
            owner.store.delete("value")
        for _ in range(2):
            owner = shard.owner()
            assert owner.store.get("value") == b"recent"
            assert dict(owner.store.list()) == {**KEPT, "other": b"taken"}
            assert not owner.broken
            with pytest.raises(StoreBroken):
                owner.store.put("value", b"refused")
        owner = shard.owner()
        assert owner.store.get("other") == b"taken"
    await write([owner], b"newer")
    await broken(shard, owner)
    assert dict(shard.owner().store.list()) == {**KEPT, "value": b"newer", "other": b"taken"}


async def test_who_is_copied_notices_no_full_disk(
    shard: JournaledShard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    owner = await lagging(shard)
    target = tmp_path / "copy.sqlite"
    with no_room(monkeypatch):
        with pytest.raises(StorageError, match="cannot be copied before its disk has room"):
            await shard.storage.copy(UNIQUE_KEY, object_id(1), target)
        with pytest.raises(StorageError, match="cannot be copied before its disk has room"):
            owner.store.current_bookmark()
        assert not owner.broken and not target.exists()
        owner.store.put("other", b"taken")
        await owner.durable()
    await shard.storage.copy(UNIQUE_KEY, object_id(1), target)
    with contextlib.closing(apsw.Connection(str(target))) as copy:
        rows = copy.execute("SELECT key, value FROM _cf_KV").fetchall()
    assert dict(rows) == {**KEPT, "other": b"taken"}


async def test_what_an_heir_only_reads_is_told_once_there_is_room(
    shard: JournaledShard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    owner = await lagging(shard)
    with no_room(monkeypatch):
        await broken(shard, owner)
        owner = shard.owner()
        assert owner.store.get("value") == b"recent"
    assert await freed(journal_of(shard))
    assert not session_of(owner).lags
    assert not owner.broken
    await write([owner], b"newer")
    async with found(shard.power_loss(tmp_path / "left")) as after:
        assert after.owner().store.get("value") == b"newer"


async def test_nobody_reads_what_was_not_durable_when_its_connection_broke(
    shard: JournaledShard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    owner = await lagging(shard)
    await put_in_flight(shard, owner)
    with no_room(monkeypatch):
        await broken(shard, owner)
        assert shard.owner().store.get("value") == b"recent"
    shard.disk.release()
    await shard.owner().durable()
    await shard.storage.idle()
    assert shard.owner().store.get("value") == b"recent"
    async with found(shutil.copytree(shard.folder, tmp_path / "killed")) as after:
        # The write has failed: whether it was made nobody was told.
        assert after.owner().store.get("value") in {b"recent", b"in flight"}


async def test_a_process_that_ends_on_a_full_disk_leaves_the_rest_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard = JournaledShard(tmp_path / "objects")
    await lagging(shard)
    broke = await lagging(shard, 2)
    with no_room(monkeypatch):
        await broken(shard, broke)
        assert shard.owner(2).store.get("value") == b"recent"
        await asyncio.wait_for(shard.storage.aclose(), PATIENCE_S)
    assert journals(shard.folder)
    async with found(shard.folder) as after:
        assert [after.owner(n).store.get("value") for n in (1, 2)] == [b"recent"] * 2


# ---- connections that are given up -----------------------------------------------------


async def test_whoever_goes_on_finds_what_a_broken_connection_had(shard: JournaledShard) -> None:
    owner = await lagging(shard)
    await broken(shard, owner)
    assert shard.owner().store.get("value") == b"recent"


async def test_an_owner_who_asks_for_nothing_leaves_the_log_that_the_journal_belongs_to(
    shard: JournaledShard, tmp_path: Path
) -> None:
    (owner,) = await journaled(shard)
    await shard.reopen()  # the folder has files that are made durable before they are read
    owner = await lagging(shard)
    await broken(shard, owner)
    successor = shard.owner()
    await successor.store.opened()
    await successor.store.close()
    killed = shutil.copytree(shard.folder, tmp_path / "killed")
    async with found(killed) as after:
        assert after.owner().store.get("value") == b"recent"


async def test_what_was_written_after_it_was_told_stays_when_its_heir_breaks_too(
    shard: JournaledShard,
) -> None:
    owner = await lagging(shard)
    await broken(shard, owner)
    heir = shard.owner()
    heir.store.begin()
    heir.store.put("value", b"newer")
    heir.store.put("other", b"newer")
    shard.disk.error = OSError(errno.EIO, "Input/output error")
    heir.store.commit()
    await heir.failure()
    shard.disk.error = None
    store = shard.owner().store
    assert (store.get("value"), store.get("other")) in {(b"newer", b"newer"), (b"recent", None)}


async def test_an_object_that_goes_back_does_not_find_what_its_broken_connection_had(
    tmp_path: Path, clock: Clock
) -> None:
    shard = Shard(tmp_path / "objects", journal="0", bookmarking=clock)
    owner = shard.owner()
    await owner.grow_up()
    bookmark = await owner.store.current_bookmark()
    await write([owner], b"bad")
    undo = await owner.store.restore_at_next_opening(bookmark)
    await write([owner], b"worse")
    await write([owner], b"worst")
    assert session_of(owner).recent.kept
    await broken(shard, owner)
    owner = shard.owner()
    await owner.store.opened()
    assert owner.store.get("value") is None
    await owner.store.restore_at_next_opening(undo)
    owner.store.supersede(RuntimeError("reset"))
    owner = shard.owner()
    await owner.store.opened()
    assert owner.store.get("value") == b"worst"
    await shard.storage.aclose()
    assert journals(shard.folder) == []


# ---- the journal's life ----------------------------------------------------------------


async def freed(journal: "journaling.Journaling[Session]") -> bool:
    """Retire the file that is written to; true once no log depends on it."""
    assert journal._retire()
    is_free = asyncio.Event()
    with pytest.MonkeyPatch.context() as patch:
        free = journaling._File.free
        patch.setattr(journaling._File, "free", lambda file: (free(file), is_free.set()))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(is_free.wait(), PATIENCE_S)
    return is_free.is_set()


def journal_of(shard: Shard) -> "journaling.Journaling[Session]":
    journal = shard.barrier._journaling
    assert journal
    return journal  # type: ignore[return-value]


async def put_in_flight(shard: JournaledShard, owner: Owner) -> None:
    """Write a value, and have its batch wait for the disk until that is released."""
    shard.disk.hold()
    owner.store.put("value", b"in flight")
    owner.store.flush()
    while not journal_of(shard)._file.under_way:
        await asyncio.sleep(0)


async def test_a_file_of_the_journal_is_free_once_the_logs_have_caught_up(
    shard: JournaledShard, tmp_path: Path
) -> None:
    owners = [await lagging(shard, number) for number in (1, 2, 3)]
    assert await freed(journal_of(shard))
    assert not any(session_of(owner).lags for owner in owners)
    killed = shard.power_loss(tmp_path / "killed")
    async with found(killed) as after:
        assert [after.owner(n).store.get("value") for n in (1, 2, 3)] == [b"recent"] * 3


async def test_entries_that_are_found_again_are_old_though_sqlite_had_nothing_to_change(
    shard: JournaledShard, tmp_path: Path
) -> None:
    owner = await lagging(shard)
    old = {path.name: path.read_bytes() for path in journals(shard.folder)}
    await write([owner], b"synced")  # which SQLite has
    assert await freed(journal_of(shard))
    killed = shutil.copytree(shard.folder, tmp_path / "killed")
    for name, content in old.items():  # newer batches are written over others than these
        (killed / name).write_bytes(content)
    async with found(killed) as after:
        assert after.owner().store.get("value") == b"synced"


async def test_a_transaction_that_is_open_for_long_keeps_no_file_of_the_journal(
    shard: JournaledShard, tmp_path: Path
) -> None:
    owner = await lagging(shard)
    owner.store.begin()
    owner.store.put("value", b"not committed")
    assert await freed(journal_of(shard))
    async with found(shard.power_loss(tmp_path / "left")) as after:
        assert after.owner().store.get("value") == b"recent"
    owner.store.commit()
    await owner.durable()


async def test_a_file_of_the_journal_is_free_though_a_connection_has_failed(
    shard: JournaledShard,
) -> None:
    owner = await lagging(shard)
    await broken(shard, owner)
    assert await freed(journal_of(shard))
    assert shard.owner().store.get("value") == b"recent"


async def test_what_was_given_up_while_a_batch_was_under_way_keeps_no_journal(
    tmp_path: Path,
) -> None:
    shard = JournaledShard(tmp_path / "objects")
    owner = await lagging(shard)
    await put_in_flight(shard, owner)
    shard.storage.delete_namespace(UNIQUE_KEY)
    shard.disk.release()
    with pytest.raises(StoreClosed):
        owner.store.get("value")
    await shard.storage.aclose()
    assert journals(shard.folder) == []


async def test_a_journal_that_has_more_than_the_logs_stays_for_the_next_process(
    tmp_path: Path,
) -> None:
    shard = JournaledShard(tmp_path / "objects")
    owner = await lagging(shard)
    await broken(shard, owner)
    await shard.storage.aclose()
    assert journals(shard.folder)
    async with found(shard.folder) as after:
        assert journals(shard.folder) == []
        assert after.owner().store.get("value") == b"recent"
