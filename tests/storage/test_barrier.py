"""The local barrier's choice between syncing one by one and syncing together."""

import asyncio
import errno
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast.storage import LocalBarrier, Storage, barrier, gathering
from holdfast.storage.disk import shared_sync
from tests.patience import PATIENCE_S
from tests.storage.conftest import UNIQUE_KEY, Owner, Shard, object_id

Task = asyncio.Task[list[BaseException | None]]


class Log:
    """A log that notes how it was made durable."""

    unique_key, object_id = UNIQUE_KEY, object_id()
    is_new = False
    companion: "Index | None" = None

    def __init__(self, error: OSError | None = None) -> None:
        self.error = error
        self.how: list[str] = []
        self.outcome: asyncio.Future[BaseException | None] = (
            asyncio.get_running_loop().create_future()
        )

    def sync(self, fsync: Callable[[int], None]) -> None:
        self.how.append("alone")
        if self.error:
            raise self.error

    def synced(self) -> None:
        self.how.append("together")


async def sync_all(barrier: LocalBarrier, logs: list[Log]) -> list[BaseException | None]:
    for log in logs:
        barrier.make_durable(log, log.outcome.set_result)
    return await asyncio.gather(*(log.outcome for log in logs))


@pytest.fixture
def together() -> list[str]:
    return []


async def test_a_few_logs_are_synced_each_by_itself(together: list[str]) -> None:
    local = LocalBarrier(asyncio.get_running_loop(), sync_all=lambda: together.append("x"))
    logs = [Log() for _ in range(barrier.MIN_SHARED - 1)]
    assert await sync_all(local, logs) == [None] * len(logs)
    assert [log.how for log in logs] == [["alone"]] * len(logs)
    assert together == []
    await local.aclose()


async def test_many_logs_are_synced_by_one_call(together: list[str]) -> None:
    local = LocalBarrier(asyncio.get_running_loop(), sync_all=lambda: together.append("x"))
    logs = [Log() for _ in range(100)]
    assert await sync_all(local, logs) == [None] * 100
    assert [log.how for log in logs] == [["together"]] * 100
    assert len(together) == 1
    await local.aclose()


class Index:
    """A companion that notes what was done with it."""

    in_doubt = False

    def __init__(self, *, in_doubt: bool) -> None:
        self.in_doubt = in_doubt
        self.how: list[str] = []
        self.error: OSError | None = None

    def doubt(self) -> None:
        self.in_doubt = True

    def sync(self, fsync: Callable[[int], None]) -> None:
        self.how.append("anew" if self.in_doubt else "synced")
        if self.error:
            raise self.error
        self.in_doubt = False


async def test_a_companion_in_doubt_is_synced_by_itself_and_fails_its_own_log() -> None:
    failed = OSError(errno.EIO, "that file's disk has failed")
    sound, doubtful, lost = Index(in_doubt=False), Index(in_doubt=True), Index(in_doubt=True)
    lost.error = failed
    logs = [Log() for _ in range(10)]
    for log, companion in zip(logs, (sound, doubtful, doubtful, lost), strict=False):
        log.companion = companion
    local = LocalBarrier(asyncio.get_running_loop(), sync_all=lambda: None)
    assert await sync_all(local, logs) == [None, None, None, failed, *[None] * 6]
    assert (sound.how, doubtful.how, lost.how) == ([], ["anew"], ["anew"])
    await local.aclose()


async def test_after_a_shared_sync_that_has_failed_companions_are_in_doubt() -> None:
    def fail() -> None:
        raise OSError(errno.EIO, "some disk has failed")

    index = Index(in_doubt=False)
    logs = [Log() for _ in range(10)]
    logs[0].companion = index
    local = LocalBarrier(asyncio.get_running_loop(), sync_all=fail)
    assert await sync_all(local, logs) == [None] * 10
    assert [log.how for log in logs] == [["alone"]] * 10
    assert index.in_doubt, "the log's own sync writes it anew"
    await local.aclose()


class UnreadableLog(Log):
    """A log that cannot be opened, as where the process has as many files open as it may."""

    def unkept(self) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    def settle_in_round(self) -> None:
        self.how.append("settled")


async def test_a_log_that_the_journal_cannot_read_is_synced(tmp_path: Path) -> None:
    local = LocalBarrier(asyncio.get_running_loop())
    local.keep_journal(tmp_path, "0")
    logs = [UnreadableLog(), UnreadableLog(OSError(errno.EMFILE, "Too many open files"))]
    assert await sync_all(local, [*logs]) == [None, logs[1].error]
    assert [log.how for log in logs] == [["settled", "alone"]] * 2
    await local.aclose()


async def test_a_callback_that_fails_stops_no_other() -> None:
    failures: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: failures.append(context["exception"]))
    local = LocalBarrier(loop, sync_all=lambda: None)
    mistake = RuntimeError("of the first log's owner")

    def fail(_: BaseException | None) -> None:
        raise mistake

    local.make_durable(Log(), fail)
    logs = [Log() for _ in range(10)]
    assert await sync_all(local, logs) == [None] * 10
    assert failures == [mistake]
    await local.aclose()


class HeldSync:
    """Shared syncs that end when they are told to."""

    def __init__(self) -> None:
        self.entered, self.leave = threading.Semaphore(0), threading.Event()
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1
        self.entered.release()
        assert self.leave.wait(20)

    async def under_way(self) -> None:
        """One more has begun."""
        assert await asyncio.to_thread(self.entered.acquire, timeout=PATIENCE_S)


async def ask(local: LocalBarrier, count: int, waiting: list[Task]) -> None:
    """Have the barrier decide about logs; `waiting` gets who waits for them."""
    waiting.append(asyncio.create_task(sync_all(local, [Log() for _ in range(count)])))
    for _ in range(3):
        await asyncio.sleep(0)


async def test_shared_syncs_run_side_by_side() -> None:
    held = HeldSync()
    local = LocalBarrier(asyncio.get_running_loop(), sync_all=held)
    waiting: list[Task] = []
    for _ in range(gathering.MAX_AT_ONCE):
        await ask(local, 10, waiting)
        await held.under_way()
    held.leave.set()
    await asyncio.gather(*waiting)
    assert held.calls == gathering.MAX_AT_ONCE
    await local.aclose()


@pytest.mark.parametrize(
    ("running", "further"), [(1, gathering.MIN_FURTHER - 1), (gathering.MAX_AT_ONCE, 10)]
)
async def test_what_is_not_worth_another_shared_sync_waits_for_the_next(
    running: int, further: int
) -> None:
    held = HeldSync()
    local = LocalBarrier(asyncio.get_running_loop(), sync_all=held)
    waiting: list[Task] = []
    for _ in range(running):
        await ask(local, 10, waiting)
        await held.under_way()
    await ask(local, further, waiting)
    assert held.calls == running
    held.leave.set()
    await asyncio.gather(*waiting)
    assert held.calls == running + 1
    await local.aclose()


async def test_a_failed_shared_sync_blames_only_the_log_that_failed() -> None:
    def fail() -> None:
        raise OSError(errno.EIO, "of another program's file")

    local = LocalBarrier(asyncio.get_running_loop(), sync_all=fail)
    mine = OSError(errno.EIO, "of this log")
    logs = [Log() for _ in range(9)] + [Log(mine)]
    assert await sync_all(local, logs) == [None] * 9 + [mine]
    assert {how for log in logs for how in log.how} == {"alone"}
    await local.aclose()


async def test_after_a_slow_shared_sync_logs_are_synced_one_by_one(
    together: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(barrier, "SLOW_S", -1.0)
    local = LocalBarrier(asyncio.get_running_loop(), sync_all=lambda: together.append("x"))
    await sync_all(local, [Log() for _ in range(10)])
    logs = [Log() for _ in range(10)]
    await sync_all(local, logs)
    assert len(together) == 1
    assert [log.how for log in logs] == [["alone"]] * 10
    monkeypatch.setattr(barrier, "BACK_OFF_S", 0.0)
    local._share_from = 0.0
    await sync_all(local, [Log() for _ in range(10)])
    assert len(together) == 2
    await local.aclose()


async def test_an_injected_fsync_is_never_bypassed(shard: Shard) -> None:
    owners = [shard.owner(number) for number in range(20)]
    for owner in owners:
        owner.store.put("a", b"1")
    for owner in owners:
        await owner.durable()
    assert shard.barrier.shared_syncs == 0
    assert shard.disk.syncs > 20


async def test_the_file_systems_own_sync_is_used_where_it_is_as_good(tmp_path: Path) -> None:
    sync_all = shared_sync(tmp_path)
    if sync_all is None:
        pytest.skip("only for ext4 on Linux since 5.8")
    sync_all.close()
    descriptors = [*Path("/dev/fd").iterdir()]
    local = LocalBarrier(asyncio.get_running_loop())
    storage = Storage(tmp_path / "objects", barrier=local)
    owners = [Owner(storage, UNIQUE_KEY, object_id(number)) for number in range(20)]
    for owner in owners:
        owner.store.put("a", b"1")
    for owner in owners:
        await owner.durable()
    assert local.shared_syncs == 1
    await storage.aclose()
    assert len([*Path("/dev/fd").iterdir()]) == len(descriptors)


def test_other_file_systems_are_synced_file_by_file() -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir():
        pytest.skip("there is no /dev/shm")
    assert shared_sync(memory) is None


async def test_slow_disks_are_waited_for_side_by_side(tmp_path: Path) -> None:
    """With a disk of 5 ms, a thousand stores must not wait for each other."""
    shard = Shard(tmp_path / "objects")
    together = threading.Barrier(16)
    owners = [shard.owner(number) for number in range(16)]
    for owner in owners:
        await owner.grow_up()
    # Each of the sixteen waits for all others: this ends only if they run side by side.
    shard.disk.on_sync = lambda _: together.wait(20) and None
    for owner in owners:
        owner.store.put("a", b"2")
    for owner in owners:
        await owner.durable()
    shard.disk.on_sync = None
    await shard.storage.aclose()
