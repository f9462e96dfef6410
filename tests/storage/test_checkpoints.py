"""The log stays short while objects are written without a pause."""

import asyncio
from pathlib import Path

import apsw
import pytest

from holdfast.storage import StoreBroken, lifecycle
from holdfast.storage.session import checkpoint
from tests.patience import PATIENCE_S
from tests.storage.conftest import Owner, Shard


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "SOFT_LIMIT_PAGES", 40)
    monkeypatch.setattr(lifecycle, "HARD_LIMIT_PAGES", 160)


async def write(owner: Owner, count: int) -> None:
    """Commit `count` times, each as soon as the one before is durable."""
    for number in range(count):
        owner.store.put(f"key {number % 50}", number.to_bytes(4, "big") * 300)
        await owner.durable()


@pytest.mark.usefixtures("small_limits")
async def test_the_log_is_emptied_while_every_round_follows_another(shard: Shard) -> None:
    owner = shard.owner()
    await owner.grow_up()
    log = shard.path(suffix="-wal")
    number = emptied = size = 0
    async with asyncio.timeout(PATIENCE_S):
        while emptied < 5:
            number += 1
            owner.store.put(f"key {number % 50}", number.to_bytes(4, "big") * 300)
            owner.store.flush()
            owner.store.put("never quiet", b"x")
            await owner.durable(owner.store.durable + 1)
            before, size = size, log.stat().st_size
            emptied += size < before
    await owner.durable()
    await shard.reopen()
    stored = dict(shard.owner().store.list())
    assert stored[f"key {number % 50}"] == number.to_bytes(4, "big") * 300


@pytest.mark.usefixtures("small_limits")
async def test_the_log_is_emptied_in_a_quiet_moment(shard: Shard) -> None:
    owner = shard.owner()
    await write(owner, 60)
    log = shard.path(suffix="-wal")
    async with asyncio.timeout(PATIENCE_S):
        while log.stat().st_size:
            await asyncio.sleep(0.002)  # a thread is at work, and nothing else to wait for
    await write(owner, 60)
    assert owner.store.get("key 9")


@pytest.mark.usefixtures("small_limits")
async def test_a_checkpoint_leaves_a_transaction_alone(shard: Shard) -> None:
    owner = shard.owner()
    await write(owner, 30)
    owner.store.put_many((f"many {number}", b"x" * 3000) for number in range(60))
    owner.store.begin()
    owner.store.put("inside", b"1")
    await owner.durable()
    for _ in range(50):
        await asyncio.sleep(0.001)
    assert owner.store.get("inside") == b"1"
    owner.store.rollback()
    assert owner.store.get("inside") is None
    await write(owner, 100)


@pytest.mark.usefixtures("small_limits")
async def test_a_checkpoint_that_cannot_write_loses_nothing(
    shard: Shard, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(path: Path) -> tuple[int, int]:
        raise apsw.FullError("database or disk is full")

    monkeypatch.setattr(lifecycle, "checkpoint", full)
    owner = shard.owner()
    await write(owner, 60)
    assert "cannot be shortened" in caplog.text
    assert owner.store.get("key 1")


@pytest.mark.usefixtures("small_limits")
async def test_a_checkpoint_that_meets_a_failing_disk_breaks_the_store(
    shard: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(path: Path) -> tuple[int, int]:
        raise apsw.IOError("disk I/O error")

    owner = shard.owner()
    await write(owner, 10)
    monkeypatch.setattr(lifecycle, "checkpoint", failing)
    owner.store.put_many((f"many {number}", b"x" * 3000) for number in range(60))
    assert isinstance(await owner.failure(), StoreBroken)
    monkeypatch.undo()
    assert shard.owner().store.get("key 1")


async def test_a_checkpoint_runs_beside_reads_and_writes(shard: Shard) -> None:
    owner = shard.owner()
    await write(owner, 20)
    owner.store.put("open", b"1")
    total, copied = await asyncio.to_thread(checkpoint, shard.path())
    assert total == copied > 20
    assert owner.store.get("open") == b"1"
    await owner.durable()
