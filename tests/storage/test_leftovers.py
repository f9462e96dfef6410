"""Logs that eviction leaves when it is busy, and their end when it is not."""

import asyncio
from typing import Any

import pytest

from holdfast.storage import leftovers, lifecycle
from tests.patience import PATIENCE_S
from tests.storage.conftest import UNIQUE_KEY, Shard


@pytest.fixture
async def busy(shard: Shard, monkeypatch: pytest.MonkeyPatch) -> Shard:
    """A shard that has evicted ten objects at a busy time."""
    monkeypatch.setattr(leftovers, "QUIET_S", 0.05)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(lifecycle, "BUSY_FILES", 0)
        # However slow the machine is, no quiet moment comes before the tenth.
        meanwhile.setattr(leftovers.Leftovers, "_wait", lambda _: None)
        for number in range(10):
            owner = shard.owner(number)
            await owner.grow_up()
            await owner.store.close()
    assert len(list(shard.folder.glob("*/*-wal"))) == 10
    shard.storage._shard.leftovers._wait()
    return shard


async def until_only(shard: Shard, logs: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while len(list(shard.folder.glob("*/*-wal"))) > logs:
            await asyncio.sleep(0.01)


async def test_logs_that_were_left_are_gone_after_a_quiet_moment(busy: Shard) -> None:
    await until_only(busy, 0)
    assert len(busy.files()) == 10
    for number in range(10):
        assert busy.owner(number).store.get("grown up") == b"1"


async def test_nothing_is_done_about_them_while_others_write(
    busy: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard = busy.storage._shard
    looked_at = [0.0]

    def quiet_s(self: Any) -> float:
        looked_at.append(self.loop.time() - self._newest_round_s)
        return looked_at[-1]

    monkeypatch.setattr(type(shard), "quiet_s", property(quiet_s))
    owner = busy.owner(99)
    for number in range(100):
        owner.store.put("a", b"%d" % number)
        await owner.durable()
        await asyncio.sleep(0)
    # On a slow machine a write may take as long as a quiet moment.
    assert len(shard.leftovers) == 10 or max(looked_at) >= leftovers.QUIET_S
    await until_only(busy, 1)  # of the object that is open


async def test_an_object_that_comes_back_meanwhile_loses_nothing(busy: Shard) -> None:
    for number in range(200):
        owner = busy.owner(number % 10)
        value = owner.store.get("count")
        owner.store.put("count", b"%d" % (int(value or b"0") + 1))
        await asyncio.sleep(0.002)  # so that some are met while a thread has their file
        if number % 3:
            owner.store.close()
        else:
            await owner.store.close()
    for number in range(10):
        assert busy.owner(number).store.get("count") == b"20"


async def test_an_object_that_stores_nothing_goes_with_its_log(
    shard: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard.storage._shard.max_open = 1
    owner = shard.owner()
    await owner.grow_up()
    owner.store.delete_all()
    await owner.durable()
    await shard.owner(2).grow_up()  # which parks the first
    await owner.store.close()
    assert shard.storage.list_objects(UNIQUE_KEY) == [shard.path(2).stem]
    assert not shard.path().exists()


async def test_the_end_leaves_them_to_the_next_process(busy: Shard) -> None:
    await busy.reopen()
    assert len(list(busy.folder.glob("*/*-wal"))) == 10
    for number in range(10):
        assert busy.owner(number).store.get("grown up") == b"1"
