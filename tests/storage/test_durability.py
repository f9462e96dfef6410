"""When a round is durable, what it covers, and what happens if it cannot be."""

import asyncio
import errno
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast.storage import ObjectStore, StoreBroken, StoreClosed
from tests.storage.conftest import UNIQUE_KEY, Shard, descriptor_path, object_id


async def ticks(count: int = 5) -> None:
    """Let the loop run what is due."""
    for _ in range(count):
        await asyncio.sleep(0)


# ---- rounds ----------------------------------------------------------------------------


async def test_writes_of_one_turn_are_one_round_and_one_sync(shard: Shard) -> None:
    owner = shard.owner()
    await owner.grow_up()
    before = shard.disk.syncs
    rounds = {owner.store.put(str(number), b"x") for number in range(50)}
    await owner.durable()
    assert rounds == {3}
    assert owner.rounds == [1, 2, 3]
    assert shard.disk.syncs == before + 1


async def test_turns_before_the_round_starts_share_it(shard: Shard) -> None:
    owner = shard.owner()
    loop = asyncio.get_running_loop()
    rounds: list[int] = []
    for number in range(3):
        loop.call_soon(lambda number=number: rounds.append(owner.store.put(str(number), b"")))
    await ticks()
    await owner.durable()
    assert rounds == [1, 1, 1]
    assert owner.rounds == [1]


async def test_what_is_written_while_a_round_is_in_flight_waits_for_the_next(
    shard: Shard,
) -> None:
    owner = shard.owner()
    shard.disk.hold()
    assert owner.store.put("a", b"1") == 1
    await ticks()
    assert [owner.store.put("b", b"2"), owner.store.put("c", b"3")] == [2, 2]
    await ticks()
    assert owner.rounds == []
    assert owner.store.durable == 0
    shard.disk.release()
    await owner.durable()
    assert owner.rounds == [1, 2]


async def test_a_slow_round_of_one_store_holds_up_no_other(shard: Shard) -> None:
    slow, quick = shard.owner(1), shard.owner(2)
    held = asyncio.get_running_loop().create_future()
    let_go = threading.Event()

    def hold_first(fd: int) -> None:
        if object_id(1) in str(descriptor_path(fd)) and not let_go.is_set():
            held.get_loop().call_soon_threadsafe(held.set_result, None)
            assert let_go.wait(20)

    await quick.grow_up()
    shard.disk.on_sync = hold_first
    slow.store.put("a", b"1")
    await held
    quick.store.put("a", b"2")
    await quick.durable()
    assert slow.rounds == []
    let_go.set()
    await slow.durable()


async def test_flush_commits_at_once(shard: Shard) -> None:
    owner = shard.owner()
    await owner.grow_up()
    owner.store.put("a", b"1")
    wal = shard.path(suffix="-wal")
    before = wal.stat().st_size
    assert owner.store.flush() == 3
    assert wal.stat().st_size > before
    await owner.durable(3)


async def test_reads_and_idle_turns_start_no_round(shard: Shard) -> None:
    owner = shard.owner()
    owner.store.put("a", b"1")
    await owner.durable()
    before = shard.disk.syncs
    owner.store.get("a")
    owner.store.flush()
    await ticks()
    assert owner.store.written == owner.store.durable == 1
    assert shard.disk.syncs == before


async def test_a_fresh_object_syncs_its_file_before_its_name_and_then_its_folders(
    shard: Shard,
) -> None:
    synced: list[str] = []
    shard.disk.on_sync = lambda fd: synced.append(descriptor_path(fd).name)
    owner = shard.owner()
    owner.store.put("a", b"1")
    await owner.durable()
    file = f"{object_id()}.sqlite"
    assert synced[0].startswith(f"{file}.new-")
    assert synced[1:] == [shard.folder.name, UNIQUE_KEY]
    owner.store.put("a", b"2")
    await owner.durable()
    assert synced[3:] == [file, f"{file}-wal", UNIQUE_KEY]
    owner.store.put("a", b"3")
    await owner.durable()
    assert synced[6:] == [f"{file}-wal"]


async def test_objects_made_together_share_the_sync_of_their_folder(shard: Shard) -> None:
    synced: list[str] = []
    shard.disk.on_sync = lambda fd: synced.append(descriptor_path(fd).name)
    owners = [shard.owner(number) for number in range(30)]
    for owner in owners:
        owner.store.put("a", b"1")
    for owner in owners:
        await owner.durable()
    assert synced.count(UNIQUE_KEY) < 30


async def test_a_new_owner_continues_the_rounds_that_are_outstanding(shard: Shard) -> None:
    first = shard.owner()
    shard.disk.hold()
    first.store.put("a", b"1")
    first.store.flush()
    first.store.supersede(RuntimeError("reset"))
    second = shard.owner()
    assert second.store.get("a") == b"1"
    assert (second.store.written, second.store.durable) == (1, 0)
    shard.disk.release()
    await second.durable()
    assert first.rounds == second.rounds == [1]


# ---- power loss ------------------------------------------------------------------------


class PowerLoss:
    """Knows what would be on the disk: each file as it was when it was last synced."""

    def __init__(self, shard: Shard) -> None:
        self._root = shard.folder
        self._contents: dict[Path, bytes] = {}
        self._entries: dict[Path, set[Path]] = {}
        shard.disk.on_sync = self._on_sync

    def _on_sync(self, fd: int) -> None:
        # The file may have grown since the sync; what it had before it is what counts, and
        # the barrier promises no more than what was committed before it was asked.
        path = descriptor_path(fd)
        if path.is_dir():
            self._entries[path] = set(path.iterdir())
        else:
            self._contents[path] = path.read_bytes()

    def strike(self, copy: Path, tail: Callable[[bytes], bytes] = lambda _: b"") -> Path:
        """A folder as it is found after the power came back.

        `tail` makes what is found after the synced part of a log from what was there.
        """
        for folder, entries in self._entries.items():
            target = copy / folder.relative_to(self._root)
            target.mkdir(parents=True, exist_ok=True)
            for path in entries & self._contents.keys():
                content = self._contents[path]
                if path.suffix.endswith("-wal"):
                    content += tail(path.read_bytes()[len(content) :])
                (target / path.name).write_bytes(content)
        return copy


@pytest.mark.parametrize(
    "tail",
    [lambda rest: b"", lambda rest: rest[: len(rest) // 2], lambda rest: b"\0" * len(rest)],
    ids=["cut off", "torn", "zeros"],
)
async def test_every_acknowledged_write_is_there_after_a_power_loss(
    shard: Shard, tmp_path: Path, tail: Callable[[bytes], bytes]
) -> None:
    power = PowerLoss(shard)
    owners = [shard.owner(number) for number in range(3)]
    acknowledged: list[dict[str, bytes]] = [{} for _ in owners]
    for step in range(12):
        for number, owner in enumerate(owners):
            owner.store.put(f"key {step}", bytes([number, step]) * 700)
        if step % 3:
            for number, owner in enumerate(owners):
                await owner.durable()
                acknowledged[number] = dict(owner.store.list())
        else:
            owners[step % 2].store.flush()  # commits what no sync has covered
        found = power.strike(tmp_path / f"after-{step}", tail)
        restarted = Shard(found)
        for number in range(len(owners)):
            kept = dict(restarted.owner(number).store.list())
            missing = acknowledged[number].items() - kept.items()
            assert not missing, f"step {step}, object {number}"
        await restarted.storage.aclose()
        shutil.rmtree(found, ignore_errors=True)


async def test_an_empty_file_is_a_fresh_object(shard: Shard) -> None:
    owner = shard.owner()
    owner.store.put("a", b"1")
    await owner.durable()
    await shard.storage.aclose()
    shard.path().write_bytes(b"")
    shard.storage = shard._open()
    owner = shard.owner()
    assert owner.store.list() == []
    owner.store.put("b", b"2")
    await owner.durable()
    await shard.reopen()
    assert shard.owner().store.list() == [("b", b"2")]


async def test_a_log_without_its_file_is_nobodys(shard: Shard) -> None:
    owner = shard.owner()
    await owner.grow_up()
    log = shard.path(suffix="-wal").read_bytes()
    owner.store.delete_all()
    await owner.store.close()
    assert shard.files() == []
    shard.path(suffix="-wal").write_bytes(log)
    owner = shard.owner()
    owner.store.put("b", b"2")
    assert owner.store.list() == [("b", b"2")]
    await owner.durable()
    assert not shard.path(suffix="-wal").exists()
    await shard.reopen()
    assert shard.owner().store.list() == [("b", b"2")]


# ---- failure ---------------------------------------------------------------------------


async def test_a_failed_sync_is_never_reported_as_durable(shard: Shard) -> None:
    owner = shard.owner()
    owner.store.put("kept", b"1")
    await owner.durable()
    shard.disk.error = OSError(errno.EIO, "Input/output error")
    owner.store.put("lost", b"2")
    error = await owner.failure()
    assert isinstance(error, StoreBroken)
    assert isinstance(error.__cause__, OSError)
    await ticks()
    assert owner.rounds == [1]
    assert len(owner.broken) == 1


async def test_a_broken_store_refuses_every_access(shard: Shard) -> None:
    owner = shard.owner()
    shard.disk.error = OSError(errno.EIO, "Input/output error")
    owner.store.put("a", b"1")
    await owner.failure()
    for access in every_access(owner.store):
        with pytest.raises(StoreBroken, match="Input/output error"):
            access()
    owner.store.flush()
    await owner.store.close()
    assert len(owner.broken) == 1


async def test_after_a_failed_sync_the_log_is_rewritten_before_it_is_read(shard: Shard) -> None:
    owner = shard.owner()
    owner.store.put("kept", b"1")
    await owner.durable()
    await owner.grow_up()
    log = shard.path(suffix="-wal")
    inode = log.stat().st_ino
    shard.disk.error = OSError(errno.EIO, "Input/output error")
    owner.store.put("uncertain", b"2")
    await owner.failure()
    shard.disk.error = None
    second = shard.owner()
    assert second.store.get("kept") == b"1"
    assert log.stat().st_ino != inode
    second.store.put("new", b"3")
    await second.durable()
    await shard.reopen()
    assert shard.owner().store.get("new") == b"3"


async def test_what_is_written_after_the_failed_round_is_dropped(shard: Shard) -> None:
    owner = shard.owner()
    owner.store.put("kept", b"1")
    await owner.durable()
    shard.disk.hold()
    shard.disk.error = OSError(errno.EIO, "Input/output error")
    owner.store.put("uncertain", b"2")
    await ticks()
    owner.store.put("dropped", b"3")
    shard.disk.release()
    await owner.failure()
    shard.disk.error = None
    assert shard.owner().store.get("dropped") is None


async def test_one_stores_failure_leaves_the_others_alone(shard: Shard) -> None:
    one, other = shard.owner(1), shard.owner(2)
    one.store.put("a", b"1")
    other.store.put("a", b"1")
    await one.durable()
    await other.durable()
    shard.disk.error = OSError(errno.EIO, "Input/output error")
    one.store.put("a", b"2")
    await one.failure()
    shard.disk.error = None
    other.store.put("a", b"2")
    await other.durable()


async def test_a_callback_that_raises_is_reported_and_stops_nothing(shard: Shard) -> None:
    reported: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: reported.append(context["exception"]))
    owner = shard.owner()
    told = owner.store.on_durable

    def fail(round_number: int) -> None:
        told(round_number)
        raise ValueError("callback")

    owner.store.on_durable = fail
    owner.store.put("a", b"1")
    await owner.durable()
    owner.store.put("a", b"2")
    await owner.durable()
    assert [str(error) for error in reported] == ["callback"] * 2


# ---- fencing off -----------------------------------------------------------------------


def every_access(store: ObjectStore) -> list[Callable[[], object]]:
    return [
        lambda: store.get("a"),
        lambda: store.get_many(["a"]),
        lambda: store.list(),
        lambda: store.put("a", b"1"),
        lambda: store.put_many([("a", b"1")]),
        lambda: store.delete("a"),
        lambda: store.delete_many(["a"]),
        lambda: store.delete_all(),
        lambda: store.begin(),
        lambda: store.commit(),
        lambda: store.rollback(),
    ]


async def test_a_superseded_store_lets_nothing_through(shard: Shard) -> None:
    class Superseded(Exception):
        pass

    owner = shard.owner()
    owner.store.put("kept", b"1")
    owner.store.flush()
    owner.store.put("dropped", b"2")
    owner.store.begin()
    owner.store.rollback()
    owner.store.supersede(Superseded("new code"))
    second = shard.owner()
    second.store.put("other", b"3")
    for access in every_access(owner.store):
        with pytest.raises(Superseded, match="new code"):
            access()
    await second.durable()
    assert [key for key, _ in second.store.list()] == ["dropped", "kept", "other"]


async def test_superseding_drops_what_is_not_committed(shard: Shard) -> None:
    owner = shard.owner()
    owner.store.put("kept", b"1")
    owner.store.flush()
    owner.store.put("dropped", b"2")
    owner.store.supersede(RuntimeError("reset"))
    assert [key for key, _ in shard.owner().store.list()] == ["kept"]


async def test_superseding_drops_an_explicit_transaction(shard: Shard) -> None:
    owner = shard.owner()
    owner.store.begin()
    owner.store.put("a", b"1")
    owner.store.begin()
    owner.store.put("b", b"1")
    owner.store.supersede(RuntimeError("reset"))
    second = shard.owner()
    assert second.store.list() == []
    assert second.store.put("c", b"1") == 1
    await second.durable()


async def test_a_superseded_owner_still_hears_of_its_rounds(shard: Shard) -> None:
    owner = shard.owner()
    shard.disk.hold()
    owner.store.put("a", b"1")
    written = owner.store.flush()
    owner.store.supersede(RuntimeError("reset"))
    owner.store.close()
    shard.disk.release()
    await owner.durable(written)
    assert owner.store.written == 1


async def test_opening_anew_takes_the_file_from_an_owner_that_forgot_to_close(
    shard: Shard,
) -> None:
    first = shard.owner()
    first.store.put("a", b"1")
    second = shard.owner()
    assert second.store.get("a") == b"1"
    with pytest.raises(StoreClosed):
        first.store.put("a", b"2")
    await second.durable()
