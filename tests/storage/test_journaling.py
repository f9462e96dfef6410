"""Commits that are kept in a journal: how many syncs they take, and what a power loss leaves."""

import asyncio
import errno
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import apsw
import pytest

from holdfast.storage import LocalBarrier, Storage, journaling, lifecycle
from holdfast.storage.session import Session, checkpoint
from holdfast.storage.template import KV_SCHEMA
from tests.patience import PATIENCE_S
from tests.storage.conftest import UNIQUE_KEY, Owner, Shard, object_id
from tests.storage.test_facets import Facet
from tests.storage.test_sql import sql_of


def path_of(fd: int) -> Path:
    return Path(f"/proc/self/fd/{fd}").readlink()


def journals(folder: Path) -> list[Path]:
    return sorted(folder.glob(".journal-*"))


class JournaledShard(Shard):
    """A shard that notes what of each log was synced, and can fail syncs by file."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, journal="0")
        self.synced: dict[Path, bytes] = {}
        self.order: list[Path] = []
        self.failing = ""  # the end of the names of files that cannot be synced
        self.disk.on_sync = self._note

    def _note(self, fd: int) -> None:
        path = path_of(fd)
        self.order.append(path)
        if self.failing and path.name.endswith(self.failing):
            raise OSError(errno.EIO, "Input/output error")
        if path.name.endswith("-wal"):
            self.synced[path] = path.read_bytes()

    def power_loss(self, target: Path) -> Path:
        """A copy of the folder that has of each log what was synced."""
        shutil.copytree(self.folder, target)
        for path in target.glob("*/*-wal"):
            path.write_bytes(self.synced.get(self.folder / path.relative_to(target), b""))
        return target


@pytest.fixture
async def shard(tmp_path: Path) -> AsyncIterator[JournaledShard]:
    journaled = JournaledShard(tmp_path / "objects")
    yield journaled
    await journaled.storage.aclose()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of the journal are full after a few batches."""
    monkeypatch.setattr(journaling, "FULL_BYTES", 50_000)


async def journaled(shard: Shard, count: int = 1) -> list[Owner]:
    """Owners of objects whose log has a beginning that is on the disk."""
    owners = [shard.owner(number) for number in range(1, count + 1)]
    for owner in owners:
        await owner.grow_up()
        owner.store.put("value", b"synced")
        await owner.durable()
    return owners


async def write(owners: list[Owner], value: bytes) -> None:
    """Have each object store this, all of them in one go."""
    for owner in owners:
        owner.store.put("value", value)
    for owner in owners:
        await owner.durable()


async def commit_nothing(owner: Owner) -> None:
    """A round whose transaction has changed nothing, and so has written nothing to the log."""
    sql_of(owner).execute("DELETE FROM empty WHERE 0", ())
    await owner.durable()


@asynccontextmanager
async def found(folder: Path, *, journal: str | None = "0") -> AsyncIterator[Shard]:
    """The shard that the next process has."""
    shard = Shard(folder, journal=journal)
    yield shard
    await shard.storage.aclose()


async def test_what_was_committed_is_there_after_a_power_loss(
    shard: JournaledShard, tmp_path: Path
) -> None:
    owners = await journaled(shard, 3)
    for value in (b"1", b"2", b"3"):
        await write(owners, value)
    owners[0].store.begin()
    owners[0].store.put("value", b"of a transaction")
    owners[0].store.put("other", bytes(20_000))
    owners[0].store.commit()
    await owners[0].durable()
    left = shard.power_loss(tmp_path / "left")
    without = shard.power_loss(tmp_path / "without")
    async with found(without, journal=None) as after:
        assert after.owner(1).store.get("value") == b"synced", "nobody has synced the log since"
    async with found(left) as after:
        assert journals(left) == [], "no log depends on them any more"
        stores = [after.owner(number).store for number in (1, 2, 3)]
        assert [store.get("value") for store in stores] == [b"of a transaction", b"3", b"3"]
        assert stores[0].get("other") == bytes(20_000)


async def test_many_logs_are_kept_with_one_sync(shard: JournaledShard) -> None:
    owners = await journaled(shard, 20)
    shard.order.clear()
    await write(owners, b"new")
    assert [path.name for path in shard.order] == [".journal-0-0"]


async def test_a_journal_that_cannot_be_synced_leaves_it_to_the_logs(
    shard: JournaledShard, tmp_path: Path
) -> None:
    (owner,) = await journaled(shard)
    shard.failing = ".journal-0-0"
    owner.store.put("value", b"new")
    await owner.durable()
    assert not owner.broken
    shard.order.clear()
    owner.store.put("value", b"newer")
    await owner.durable()
    assert [path.suffix for path in shard.order] == [".sqlite-wal"], "it is left alone for a while"
    async with found(shard.power_loss(tmp_path / "left")) as after:
        assert after.owner().store.get("value") == b"newer"


async def test_a_log_that_cannot_be_synced_either_is_given_up(shard: JournaledShard) -> None:
    (owner,) = await journaled(shard)
    shard.disk.error = OSError(errno.EIO, "Input/output error")
    owner.store.put("value", b"new")
    assert "Input/output error" in str(await owner.failure())
    shard.disk.error = None
    assert shard.owner().store.get("value") == b"new", "made durable before it was read"


async def test_a_journal_stays_small_and_whole_however_much_is_written(
    shard: JournaledShard, tmp_path: Path, small: None
) -> None:
    owners = await journaled(shard, 3)
    for number in range(60):
        await write(owners, b"%d" % number)
    assert len(journals(shard.folder)) == 2
    assert all(path.stat().st_size <= 60_000 for path in journals(shard.folder))
    async with found(shard.power_loss(tmp_path / "left")) as after:
        assert [after.owner(n).store.get("value") for n in (1, 2, 3)] == [b"59"] * 3


async def test_a_journal_grows_ahead_of_what_is_written(shard: JournaledShard) -> None:
    (owner,) = await journaled(shard)
    sizes = set()
    for number in range(20):
        await write([owner], b"%d" % number)
        sizes.add(sum(path.stat().st_size for path in journals(shard.folder)))
    assert len(sizes) == 1, "syncs need not tell the file system of a new length"


async def test_logs_that_cannot_be_synced_keep_the_journal_and_are_tried_again(
    shard: JournaledShard, tmp_path: Path, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journaling, "PAUSE_S", 0.0)
    (owner,) = await journaled(shard)
    shard.failing = "-wal"
    shard.order.clear()
    while shard.folder / "script-Counter" / f"{object_id()}.sqlite-wal" not in shard.order:
        owner.store.put("value", b"%d" % len(shard.order))
        await owner.durable()
    assert not owner.broken
    async with found(shard.power_loss(tmp_path / "left")) as after:
        value = owner.store.get("value")
        assert after.owner().store.get("value") == value
    shard.failing = ""


async def test_logs_are_synced_when_nobody_writes(
    shard: JournaledShard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (owner,) = await journaled(shard)
    monkeypatch.setattr(journaling, "QUIET_S", 0.0)
    shard.order.clear()
    owner.store.put("value", b"new")
    synced = asyncio.Event()
    note = shard.disk.on_sync
    assert note
    loop = asyncio.get_running_loop()

    def look(fd: int) -> None:
        note(fd)
        if path_of(fd).name.endswith("-wal"):
            loop.call_soon_threadsafe(synced.set)

    shard.disk.on_sync = look
    await asyncio.wait_for(synced.wait(), PATIENCE_S)
    # What SQLite had yet to be told of goes to the other file of the journal before.
    assert [path.name[-4:] for path in shard.order] == ["-0-0", "-0-1", "-wal"]
    async with found(shard.power_loss(tmp_path / "left"), journal=None) as after:
        assert after.owner().store.get("value") == b"new"


async def test_the_journal_does_not_take_reports_of_failures_from_the_rounds(
    tmp_path: Path,
) -> None:
    used: list[str] = []
    local = LocalBarrier(asyncio.get_running_loop())
    local.share(lambda: used.append("rounds"), lambda: used.append("journal"))
    storage = Storage(tmp_path, barrier=local, journal="0")
    owner = Owner(storage, UNIQUE_KEY, object_id())
    await owner.grow_up()
    for value in (b"synced", b"kept"):
        owner.store.put("value", value)
        await owner.durable()
    assert journals(tmp_path)
    await storage.aclose()
    assert used == ["journal"]


async def test_an_orderly_end_leaves_no_journal(tmp_path: Path) -> None:
    shard = JournaledShard(tmp_path / "objects")
    (owner,) = await journaled(shard)
    owner.store.put("value", b"new")
    await owner.durable()
    assert journals(shard.folder)
    await shard.storage.aclose()
    assert journals(shard.folder) == []


async def test_a_log_that_begins_anew_is_synced_until_it_is_known_again(
    shard: JournaledShard, tmp_path: Path
) -> None:
    (owner,) = await journaled(shard)
    owner.store.put("value", b"1")
    await owner.durable()
    session = owner.store._database.reach()
    assert isinstance(session, Session)
    # As lifecycle.py does it when a transaction keeps it from emptying the log.
    session.guard_restart()
    copied, whole = checkpoint(session.path)
    assert copied == whole
    shard.order.clear()
    for value in (b"2", b"3", b"4"):
        owner.store.put("value", value)
        await owner.durable()
    assert session.wal_pages < whole, "SQLite has begun it anew"
    assert {path.suffix for path in shard.order} == {".sqlite-wal"}
    assert session.truncate()
    for value in (b"5", b"6"):
        owner.store.put("value", value)
        await owner.durable()
    assert shard.order[-1].name == ".journal-0-0"
    async with found(shard.power_loss(tmp_path / "left")) as after:
        assert after.owner().store.get("value") == b"6"


async def test_a_round_without_a_change_does_not_make_a_log_known(
    shard: JournaledShard, tmp_path: Path
) -> None:
    (owner,) = await journaled(shard)
    sql_of(owner).execute("CREATE TABLE empty(a)", ())
    await owner.store.close()
    owner = shard.owner()
    await commit_nothing(owner)
    owner.store.put("value", b"new")
    await owner.durable()
    async with found(shard.power_loss(tmp_path / "left")) as after:
        assert after.owner().store.get("value") == b"new"


async def test_what_a_killed_process_has_left_uncommitted_is_not_taken_for_the_log(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "objects"
    async with found(folder) as before:
        owner = before.owner()
        await owner.grow_up()
        sql_of(owner).execute("CREATE TABLE empty(a)", ())
        await owner.durable()
        left = shutil.copytree(folder, tmp_path / "killed")
    (log,) = left.glob("*/*-wal")
    with log.open("ab") as file:
        file.write(bytes(4 * (4096 + 24)))  # frames of a transaction that was not committed
    shard = JournaledShard(left)
    owner = shard.owner()
    await commit_nothing(owner)
    owner.store.put("value", bytes(20_000))
    await owner.durable()
    owner.store.put("value", b"new")
    await owner.durable()
    async with found(shard.power_loss(tmp_path / "left")) as after:
        assert after.owner().store.get("value") == b"new"
    await shard.storage.aclose()


async def test_a_checkpoint_under_load_loses_nothing(
    shard: JournaledShard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "SOFT_LIMIT_PAGES", 10)
    monkeypatch.setattr(lifecycle, "HARD_LIMIT_PAGES", 30)
    owners = await journaled(shard, 2)
    for number in range(150):
        await write(owners, b"%d" % number)
        if number % 30 == 7:
            async with found(shard.power_loss(tmp_path / f"left-{number}")) as after:
                stores = [after.owner(n).store for n in (1, 2)]
                assert [store.get("value") for store in stores] == [b"%d" % number] * 2


@pytest.mark.parametrize("page_bytes", [512, 65_536])
async def test_files_of_other_tools_are_kept_with_the_pages_that_they_have(
    shard: JournaledShard, tmp_path: Path, page_bytes: int
) -> None:
    path = shard.folder / UNIQUE_KEY / f"{object_id()}.sqlite"
    path.parent.mkdir()
    foreign = apsw.Connection(str(path))
    foreign.execute(f"PRAGMA page_size={page_bytes}; PRAGMA journal_mode=WAL; {KV_SCHEMA}")
    foreign.close()
    owner = shard.owner()
    owner.store.put("value", b"synced")
    await owner.durable()
    shard.order.clear()
    for value in (b"1", b"2", b"3"):
        await write([owner], value)
    assert {path.name for path in shard.order} == {".journal-0-0"}
    async with found(shard.power_loss(tmp_path / "left")) as after:
        assert after.owner().store.get("value") == b"3"


async def test_the_journal_keeps_the_writes_that_follow_an_alarm(
    shard: JournaledShard, tmp_path: Path
) -> None:
    (owner,) = await journaled(shard)
    shard.order.clear()
    owner.store.set_alarm(1_900_000_000_000)
    await owner.durable()
    assert "metadata.sqlite-wal" in {path.name for path in shard.order}
    assert shard.path(suffix="-wal") in shard.order, "the alarm is durable after the list is"
    shard.order.clear()
    await write([owner], b"new")
    assert {path.name for path in shard.order} == {".journal-0-0"}
    async with found(shard.power_loss(tmp_path / "left")) as after:
        store = after.owner().store
        assert (store.get("value"), store.get_alarm()) == (b"new", 1_900_000_000_000)


async def test_an_alarm_that_is_not_durable_keeps_the_object_from_the_journal(
    shard: JournaledShard,
) -> None:
    (owner,) = await journaled(shard)
    shard.disk.hold()
    owner.store.put("value", b"in flight")
    owner.store.flush()
    owner.store.begin()
    owner.store.set_alarm(1_900_000_000_000)
    owner.store.commit()
    shard.order.clear()
    shard.disk.release()
    await owner.durable()
    names = [path.name for path in shard.order]
    assert names.index("metadata.sqlite-wal") < names.index(shard.path(suffix="-wal").name)


async def test_the_journal_keeps_what_facets_write_once_their_names_are_durable(
    shard: JournaledShard,
) -> None:
    facet = Facet(shard.storage.facets(UNIQUE_KEY, object_id()), "a")
    for value in (b"made", b"opened", b"synced"):
        await facet.put(value)
    shard.order.clear()
    await facet.put(b"new")
    assert {path.name for path in shard.order} == {".journal-0-0"}
