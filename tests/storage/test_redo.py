"""What the next process does with puts that the journal has and SQLite has not."""

import contextlib
import errno
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from holdfast.storage import StorageError, journal, recovery
from holdfast.storage.disk import sync_path
from holdfast.storage.journal import PUTS, Entry, entries_of, packed, salts_of, set_aside_in
from holdfast.storage.recent import MAX_ENTRIES, MAX_KEY_CHARACTERS, MAX_VALUE_BYTES, puts_of
from holdfast.storage.recent import packed as packed_puts
from holdfast.storage.recovery import recover
from holdfast.storage.session import Session
from holdfast.storage.untold import Untold
from tests.storage.conftest import UNIQUE_KEY, Clock, Shard, object_id
from tests.storage.test_journaling import JournaledShard, found, journals, write
from tests.storage.test_recent import lagging, session_of

KEPT = {"grown up": b"1", "value": b"recent"}


async def killed(tmp_path: Path, count: int = 1) -> Path:
    """A folder as a killed process has left it: the journal has a put that no log has."""
    shard = JournaledShard(tmp_path / "objects")
    owners = [shard.owner(number) for number in range(1, count + 1)]
    for owner in owners:
        owner.store.put("grown up", b"0")
    for owner in owners:
        await owner.durable()
    for value in (b"1", b"synced", b"recent"):
        for owner in owners:
            owner.store.put("grown up" if value == b"1" else "value", value)
        for owner in owners:
            await owner.durable()
    assert all(session_of(owner).recent.kept == {"value": b"recent"} for owner in owners)
    left = shutil.copytree(shard.folder, tmp_path / "killed")
    await shard.storage.aclose()
    assert journals(left)
    return left


def path_of(root: Path, number: int = 1, suffix: str = "") -> Path:
    return root / UNIQUE_KEY / f"{object_id(number)}.sqlite{suffix}"


def put_entry(root: Path, at: int, number: int = 1, **values: bytes) -> Entry:
    """Puts for the log of an object as it is now."""
    log = path_of(root, number, "-wal")
    name = os.fsencode(str(log.relative_to(root)))
    return Entry(name, salts_of(log), PUTS, at, packed_puts(values))


def add_journal(root: Path, *batches: tuple[int, Entry], place: str = "0", number: int = 1) -> None:
    content = b"".join(packed([entry], batch) for batch, entry in batches)
    (root / f".journal-{place}-{number}").write_bytes(content)


def frames(root: Path, number: int = 1) -> int:
    log = path_of(root, number, "-wal")
    return (log.stat().st_size - 32) // (4096 + 24)


def in_sqlite(root: Path, number: int = 1) -> dict[str, bytes]:
    """What a program finds that knows of no journal; read from a copy."""
    with contextlib.ExitStack() as stack:
        copy = root.parent / "copy"
        copy.mkdir()
        stack.callback(shutil.rmtree, copy)
        for suffix in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(path_of(root, number, suffix), copy / f"x.sqlite{suffix}")
        connection = apsw.Connection(str(copy / "x.sqlite"))
        stack.callback(connection.close)
        return dict(connection.execute("SELECT key, value FROM _cf_KV").fetchall())


async def test_sqlite_is_told_and_the_journal_is_gone(tmp_path: Path) -> None:
    left = await killed(tmp_path)
    assert in_sqlite(left) == KEPT | {"value": b"synced"}
    recover(left)
    assert in_sqlite(left) == KEPT
    assert journals(left) == []


async def test_puts_come_in_the_order_of_their_batches_whatever_file_has_them(
    tmp_path: Path,
) -> None:
    left = await killed(tmp_path)
    at = frames(left)
    last = max(number for number, _ in entries_of(journals(left)))
    add_journal(
        left,
        (last + 3, put_entry(left, at, a=b"third", b=b"third")),
        (last + 1, put_entry(left, at, a=b"first", value=b"first", c=b"first")),
        (last + 2, put_entry(left, at, a=b"second", c=b"second")),
    )
    recover(left)
    assert in_sqlite(left) == {
        "grown up": b"1",
        "value": b"first",
        "a": b"third",
        "b": b"third",
        "c": b"second",
    }


@pytest.mark.parametrize("other", [-1, 1, 1000])
async def test_puts_that_come_after_other_frames_are_passed_over(
    tmp_path: Path, other: int
) -> None:
    left = await killed(tmp_path)
    add_journal(left, (1 << 40, put_entry(left, frames(left) + other, value=b"stale", new=b"")))
    recover(left)
    assert in_sqlite(left) == KEPT


async def test_puts_for_what_the_log_was_before_are_passed_over(tmp_path: Path) -> None:
    left = await killed(tmp_path)
    stale = put_entry(left, frames(left), value=b"stale")._replace(salts=b"saltsalt")
    add_journal(left, (1 << 40, stale))
    recover(left)
    assert in_sqlite(left) == KEPT


async def test_a_journal_that_was_used_anew_has_puts_that_sqlite_knows(tmp_path: Path) -> None:
    shard = JournaledShard(tmp_path / "objects")
    owner = await lagging(shard)
    for value in (b"older", b"old"):
        owner.store.delete("missing")
        for _ in ("the log has this", "and not this"):
            await write([owner], value)
    owner.store.delete("value")
    await owner.durable()
    left = shutil.copytree(shard.folder, tmp_path / "killed")
    await shard.storage.aclose()
    puts = [entry for _, entry in entries_of(journals(left)) if entry.kind == PUTS]
    assert len({entry.at for entry in puts}) == len(puts) > 2
    recover(left)
    assert in_sqlite(left) == {"grown up": b"1"}


@pytest.mark.parametrize("has_log", [True, False])
async def test_a_log_that_is_missing_or_empty_was_settled(tmp_path: Path, has_log: bool) -> None:
    left = await killed(tmp_path)
    connection = apsw.Connection(str(path_of(left)))
    connection.execute("PRAGMA wal_checkpoint=TRUNCATE")
    if has_log:
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    connection.close()
    assert path_of(left, suffix="-wal").exists() == has_log
    recover(left)
    assert in_sqlite(left) == KEPT | {"value": b"synced"}
    assert journals(left) == []


async def test_an_object_that_is_gone_stays_gone(tmp_path: Path) -> None:
    left = await killed(tmp_path, 2)
    path_of(left, 1).unlink()
    shutil.rmtree(left / "nobodys", ignore_errors=True)
    add_journal(
        left, (1, Entry(b"nobodys/a.sqlite-wal", b"saltsalt", PUTS, 0, packed_puts({"a": b""})))
    )
    recover(left)
    assert not path_of(left, 1).exists()
    assert not (left / "nobodys").exists()
    assert in_sqlite(left, 2) == KEPT


@pytest.mark.parametrize("name", ["../a.sqlite-wal", "a.sqlite-wal", "x/../../a.sqlite-wal"])
async def test_puts_reach_no_file_outside_of_namespaces(tmp_path: Path, name: str) -> None:
    left = await killed(tmp_path)
    for place in (tmp_path, left):
        for suffix in ("", "-wal"):
            shutil.copy(path_of(left, suffix=suffix), place / f"a.sqlite{suffix}")
    entry = put_entry(left, frames(left), value=b"wrong")._replace(name=name.encode())
    add_journal(left, (1 << 40, entry))
    before = [(place / "a.sqlite-wal").read_bytes() for place in (tmp_path, left)]
    recover(left)
    assert [(place / "a.sqlite-wal").read_bytes() for place in (tmp_path, left)] == before


async def test_a_damaged_database_keeps_no_other_from_what_it_had(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    left = await killed(tmp_path, 3)
    log = path_of(left, 2, "-wal")
    pages = bytearray(log.read_bytes())
    path_of(left, 2).write_bytes(b"no database, for certain" * 400)
    log.write_bytes(pages[: 32 + 24])
    recover(left)
    assert [in_sqlite(left, number) for number in (1, 3)] == [KEPT] * 2
    assert path_of(left, 2).name in caplog.text
    assert journals(left) == []


async def test_journals_of_several_processes_are_each_their_own(tmp_path: Path) -> None:
    left = await killed(tmp_path, 3)
    add_journal(left, (1, put_entry(left, frames(left), other=b"1")), place="1", number=0)
    add_journal(left, (1, put_entry(left, frames(left, 2), 2, other=b"2")), place="10", number=0)
    recover(left, "1")
    assert in_sqlite(left)["other"] == b"1"
    assert "other" not in in_sqlite(left, 2)
    assert [path.name for path in journals(left)] == [".journal-0-0", ".journal-10-0"]
    recover(left)
    assert in_sqlite(left, 2)["other"] == b"2"
    assert in_sqlite(left, 3) == KEPT


async def test_a_thousand_objects_are_told_of_at_once(tmp_path: Path) -> None:
    left = await killed(tmp_path, 30)
    templates = [path_of(left, 1, suffix) for suffix in ("", "-wal")]
    batch = []
    for number in range(31, 1031):
        for suffix, template in zip(("", "-wal"), templates, strict=True):
            shutil.copy(template, path_of(left, number, suffix))
        entry = put_entry(left, frames(left, number), number, value=b"%d" % number)
        batch.append(entry)
    (left / ".journal-1-0").write_bytes(packed(batch, 1))
    recover(left)
    assert journals(left) == []
    for number in (1, 30):
        assert in_sqlite(left, number) == KEPT
    for number in (31, 500, 1030):
        assert in_sqlite(left, number)["value"] == b"%d" % number


async def test_what_is_as_large_and_as_much_as_may_be_comes_back(tmp_path: Path) -> None:
    shard = JournaledShard(tmp_path / "objects")
    owner = await lagging(shard)
    owner.store.delete("missing")
    await write([owner], b"recent")
    largest = {
        f"{number:🔑<{MAX_KEY_CHARACTERS}}": bytes([number]) * MAX_VALUE_BYTES
        for number in range(MAX_ENTRIES)
    }
    owner.store.put_many(largest.items())
    await owner.durable()
    assert session_of(owner).recent.kept == largest, "SQLite was not told"
    left = shutil.copytree(shard.folder, tmp_path / "killed")
    await shard.storage.aclose()
    assert [*largest.items()] in [
        [*puts_of(entry.content)] for _, entry in entries_of(journals(left)) if entry.kind == PUTS
    ]
    async with found(left) as after:
        assert dict(after.owner().store.list()) == KEPT | largest


async def test_values_that_change_nothing_are_no_end(tmp_path: Path) -> None:
    """What was put is what there is: entries that follow must not be taken for these."""
    left = await killed(tmp_path)
    at = frames(left)
    add_journal(left, (1 << 40, put_entry(left, at, value=b"synced")))
    recover(left)
    assert in_sqlite(left)["value"] == b"synced"
    assert frames(left) > at, "so entries from before are known by their number"


# ---- interrupted, and repeated ---------------------------------------------------------


class Interrupted(BaseException):
    """The process ends here."""


class Machine:
    """Processes that recover a folder, one after the other, and what their disk has for certain.

    Each log is synced by itself.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.steps = 0
        self._limit = 0
        self._durable = {path: path.read_bytes() for path in folder.rglob("*-wal")}

    def recover(self, limit: int = 1 << 30) -> None:
        """Run a process that ends before the step that follows so many; True if it did."""
        self.steps, self._limit = 0, limit
        with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Interrupted):
            patch.setattr(recovery, "shared_sync", lambda _: None)
            for owner, name in (
                (journal, "write_at"),
                (journal, "sync_path"),
                (recovery, "sync_path"),
                (Session, "take_over"),
                (Path, "unlink"),
            ):
                patch.setattr(owner, name, self._counted(getattr(owner, name)))
            recover(self.folder)

    def _counted(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any, **named: Any) -> Any:
            if self.steps == self._limit:
                raise Interrupted
            self.steps += 1
            result = real(*arguments, **named)
            if real is sync_path and (log := arguments[0]) in self._durable:
                self._durable[log] = log.read_bytes()
            return result

        return counting

    def lose_power(self) -> None:
        """Journals that were removed stay away, which is the worst."""
        for log, content in self._durable.items():
            log.write_bytes(content)


async def test_a_recovery_may_be_interrupted_anywhere_and_repeated(tmp_path: Path) -> None:
    left = await killed(tmp_path, 2)
    add_journal(
        left,
        (1 << 40, put_entry(left, frames(left), other=b"later")),
        (1 << 41, put_entry(left, frames(left, 2), 2, other=b"later")),
    )
    expected = KEPT | {"other": b"later"}
    whole = Machine(shutil.copytree(left, tmp_path / "whole"))
    whole.recover()
    assert whole.steps == 7, "puts and syncs of two logs, removals of two journals, and a sync"
    for limit in range(whole.steps + 1):
        for loses_power in (False, True):
            machine = Machine(shutil.copytree(left, tmp_path / f"{limit} {loses_power}"))
            machine.recover(limit)
            if loses_power:
                machine.lose_power()
            machine.recover()
            machine.lose_power()
            for number in (1, 2):
                where = f"after {limit} of {whole.steps} steps, {loses_power=}"
                assert in_sqlite(machine.folder, number) == expected, where
            assert journals(machine.folder) == []


async def test_a_log_that_cannot_be_synced_is_told_of_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = await killed(tmp_path, 2)
    before = frames(left), frames(left, 2)

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    for name in ("shared_sync", "sync_logs"):
        with monkeypatch.context() as patch:
            patch.setattr(recovery, "shared_sync", lambda _: None)
            if name == "shared_sync":
                patch.setattr(recovery, name, lambda _: FailingSync())
            else:
                patch.setattr(journal, name, fail)
            with pytest.raises(OSError, match="Input/output"):
                recover(left)
        assert (frames(left), frames(left, 2)) == before, "what is there may count as synced"
        assert journals(left)
    recover(left)
    assert [in_sqlite(left, number) for number in (1, 2)] == [KEPT] * 2


class FailingSync:
    """A file system that cannot be synced."""

    def __call__(self) -> None:
        raise OSError(errno.EIO, "Input/output error")

    def close(self) -> None:
        pass


# ---- what cannot be done yet -----------------------------------------------------------


@contextlib.contextmanager
def no_larger_files_than(size: int) -> Iterator[None]:
    """The kernel refuses to make any file larger, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def in_want_of_room(tmp_path: Path) -> tuple[Path, int]:
    """A folder of two objects, of which the second has a longer log; what its log is long."""
    shard = JournaledShard(tmp_path / "objects")
    owners = [await lagging(shard, number) for number in (1, 2)]
    for number in range(20):
        owners[1].store.delete_all()
        owners[1].store.put_many([("grown up", b"1"), ("value", b"%d" % number)])
        await owners[1].durable()
    await write(owners, b"recent")
    assert session_of(owners[1]).recent.kept == {"value": b"recent"}
    left = shutil.copytree(shard.folder, tmp_path / "killed")
    await shard.storage.aclose()
    return left, path_of(left, 2, "-wal").stat().st_size


async def test_objects_without_room_can_be_read_until_there_is_some(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    left, length = await in_want_of_room(tmp_path)
    with no_larger_files_than(length):
        recover(left)
    assert in_sqlite(left, 1) == KEPT
    assert in_sqlite(left, 2) == KEPT | {"value": b"19"}
    assert "1 objects" in caplog.text and str(left) in caplog.text
    assert journals(left) == set_aside_in(left), "the next one with this place uses it not"
    async with found(left) as after:
        with no_larger_files_than(length):
            for _ in range(2):
                for number in (1, 2):
                    assert after.owner(number).store.get("value") == b"recent"
                with pytest.raises(StorageError):
                    after.owner(2).store.put("value", b"refused")
        assert dict(after.owner(2).store.list()) == KEPT
        await write([after.owner(2)], b"newer")
        again = shutil.copytree(left, tmp_path / "killed again")
    assert set_aside_in(left), "whether others needed it nobody knows before the next start"
    recover(again)
    assert journals(again) == []
    async with found(again) as after:
        assert after.owner(2).store.get("value") == b"newer"


async def test_what_is_set_aside_does_not_pile_up(tmp_path: Path) -> None:
    left, length = await in_want_of_room(tmp_path)
    sizes = set()
    for crash in range(4):
        with no_larger_files_than(length):
            # A process of all places, then that of one of them.
            for place in ("*", "0"):
                recover(left, place)
            (aside,) = journals(left)
            assert [aside] == set_aside_in(left)
            sizes.add(aside.stat().st_size)
        async with found(left) as after:
            owner = after.owner(1)
            for value in (b"synced", b"in the journal", b"%d" % crash):
                await write([owner], value)
            left = shutil.copytree(left, tmp_path / f"killed {crash}")
            assert len(journals(left)) > 1
    assert len(sizes) == 1, "each has what the other object needs, and no more"
    recover(left)
    assert journals(left) == []
    assert in_sqlite(left, 1)["value"] == b"3" and in_sqlite(left, 2) == KEPT


async def test_journals_are_set_aside_as_they_are_where_nothing_can_be_written(
    tmp_path: Path,
) -> None:
    left, _ = await in_want_of_room(tmp_path)
    with no_larger_files_than(0):
        for _ in range(2):
            recover(left)
            assert journals(left) == set_aside_in(left) != []
    recover(left)
    assert journals(left) == []
    assert in_sqlite(left, 1) == in_sqlite(left, 2) == KEPT


async def test_an_object_that_is_to_go_back_is_told_before(tmp_path: Path, clock: Clock) -> None:
    shard = Shard(tmp_path / "objects", journal="0", bookmarking=clock)
    owner = shard.owner()
    await owner.grow_up()
    bookmark = await owner.store.current_bookmark()
    await write([owner], b"synced")
    undo = await owner.store.restore_at_next_opening(bookmark)
    await write([owner], b"recent")
    left = shutil.copytree(shard.folder, tmp_path / "killed")
    await shard.storage.aclose()
    with no_larger_files_than(path_of(left, suffix="-wal").stat().st_size):
        recover(left)
    after = Shard(left, journal="0", bookmarking=clock)
    owner = after.owner()
    await owner.store.opened()
    assert owner.store.get("value") is None
    await owner.store.restore_at_next_opening(undo)
    owner.store.supersede(RuntimeError("reset"))
    owner = after.owner()
    await owner.store.opened()
    assert owner.store.get("value") == b"recent"
    await after.storage.aclose()


async def test_an_object_that_another_program_has_open_fails_alone(tmp_path: Path) -> None:
    left = await killed(tmp_path, 2)
    other = apsw.Connection(str(path_of(left, 2)))
    other.execute("PRAGMA locking_mode=EXCLUSIVE; BEGIN IMMEDIATE")
    try:
        recover(left)
    finally:
        other.close()
    assert in_sqlite(left) == KEPT
    async with found(left) as after:
        assert after.owner(2).store.get("value") == b"recent"


async def test_others_objects_are_left_to_them(tmp_path: Path) -> None:
    left, length = await in_want_of_room(tmp_path)
    with no_larger_files_than(length):
        recover(left)
    for number, expected in (1, []), (2, [path_of(left, 2, "-wal").name]):
        untold = Untold()
        untold.find(left, object_id(number).__eq__)
        assert [Path(name.decode()).name for name in untold._entries] == expected
