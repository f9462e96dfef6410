"""One sync after another fails, in every place where there is one; nothing durable is lost."""

import asyncio
import errno
from pathlib import Path

import pytest

from holdfast.storage import ObjectStore, StorageError, lifecycle
from tests.storage.conftest import Owner, Shard

OBJECTS = 3
STEPS = 12


class Life:
    """Objects that count, each write awaited; who fails begins again where it finds itself."""

    def __init__(self, shard: Shard) -> None:
        self.shard = shard
        self.confirmed = [0] * OBJECTS
        self.failures = 0
        self._owners: list[Owner | None] = [None] * OBJECTS

    def _store(self, number: int) -> tuple[Owner, ObjectStore]:
        owner = self._owners[number]
        if owner is None or owner.broken:
            owner = self._owners[number] = self.shard.owner(number)
        return owner, owner.store

    async def step(self, number: int, step: int) -> None:
        owner, store = self._store(number)
        try:
            left = int(store.get("left") or b"0")
            assert left == int(store.get("right") or b"0"), "a turn's writes are one"
            assert left >= self.confirmed[number], "what was confirmed is there"
            if step % 3 == 2:
                store.begin()
            store.put("left", b"%d" % (left + 1))
            if step % 5 == 4:
                store.put("large", bytes(300_000))
            written = store.put("right", b"%d" % (left + 1))
            if step % 3 == 2:
                written = store.commit()
        except StorageError:
            self.failures += 1
            self._owners[number] = None
            return
        if await told(owner, written):
            self.confirmed[number] = left + 1
        else:
            self.failures += 1
        if step % 4 == 3 and not owner.broken:
            await store.close()
            self._owners[number] = None


async def told(owner: Owner, round_number: int) -> bool:
    """True once the round is durable, false once it never will be."""
    while not owner.broken and (not owner.rounds or owner.rounds[-1] < round_number):
        await owner._next()
    return not owner.broken


@pytest.mark.slow
@pytest.mark.parametrize("lasting", [1, 3], ids=["once", "three times"])
async def test_whichever_sync_fails_nothing_confirmed_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lasting: int
) -> None:
    monkeypatch.setattr(lifecycle, "SOFT_LIMIT_PAGES", 20)
    monkeypatch.setattr(lifecycle, "HARD_LIMIT_PAGES", 60)
    failed = syncs = 0
    first = 0
    while True:
        shard = Shard(tmp_path / f"{first}", max_open=2)

        def fail(_: int, first: int = first, shard: Shard = shard) -> None:
            if first < shard.disk.syncs <= first + lasting:
                raise OSError(errno.EIO, "Input/output error")

        shard.disk.on_sync = fail
        life = Life(shard)
        for step in range(STEPS):
            await asyncio.gather(*(life.step(number, step) for number in range(OBJECTS)))
        syncs = shard.disk.syncs
        shard.disk.on_sync = None
        await shard.reopen()
        for number in range(OBJECTS):
            store = shard.owner(number).store
            left = int(store.get("left") or b"0")
            assert left == int(store.get("right") or b"0")
            assert life.confirmed[number] <= left <= STEPS
        await shard.storage.aclose()
        failed += life.failures
        if first >= syncs:
            break
        first += 1
    assert first > 20, "there were syncs to fail"
    assert failed >= first / 2, "whoever waited for one that failed was told"
