"""A shard's storage in a temporary folder, with a disk that can be slow, or fail."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from holdfast.storage import Bookmarking, LocalBarrier, ObjectStore, Storage
from holdfast.storage.disk import fsync as real_fsync
from tests.patience import PATIENCE_S

UNIQUE_KEY = "script-Counter"


def object_id(number: int = 1) -> str:
    return f"{number:064x}"


class Disk:
    """What the barrier syncs with: counts, holds back, and fails when it is told to."""

    def __init__(self) -> None:
        self.syncs = 0
        self.error: OSError | None = None
        self.on_sync: Callable[[int], None] | None = None
        self._open = threading.Event()
        self._open.set()

    def sync(self, fd: int) -> None:
        self._open.wait()
        self.syncs += 1
        if self.error:
            raise self.error
        real_fsync(fd)
        if self.on_sync:
            self.on_sync(fd)

    def hold(self) -> None:
        """Let no sync return until `release`."""
        self._open.clear()

    def release(self) -> None:
        self._open.set()


class Clock(Bookmarking):
    """A calendar that turns when a test says so."""

    def __init__(self, retention_days: float = 30) -> None:
        super().__init__(retention_days, now_ms=lambda: self.now)
        self.now = 1_800_000_000_000.0


class Owner:
    """An owner of one object: its store, and what it has been told."""

    def __init__(
        self, storage: Storage, unique_key: str, object_id: str, *, use_sqlite: bool = True
    ) -> None:
        self.rounds: list[int] = []
        self.broken: list[BaseException] = []
        self._changed = asyncio.Event()
        self.store: ObjectStore = storage.open(
            unique_key,
            object_id,
            use_sqlite=use_sqlite,
            on_durable=self._on_durable,
            on_broken=self._on_broken,
        )

    def _on_durable(self, round_number: int) -> None:
        self.rounds.append(round_number)
        self._changed.set()

    def _on_broken(self, error: BaseException) -> None:
        self.broken.append(error)
        self._changed.set()

    async def durable(self, round_number: int | None = None) -> None:
        """Wait for a round; the newest write's, if none is given."""
        wanted = self.store.written if round_number is None else round_number
        while wanted and (not self.rounds or self.rounds[-1] < wanted):
            assert not self.broken, self.broken
            await self._next()

    async def grow_up(self) -> None:
        """Write until the object has a file and a log, and nothing but the log to sync."""
        for value in (b"0", b"1"):
            self.store.put("grown up", value)
            await self.durable()

    async def failure(self) -> BaseException:
        """Wait until the store is broken."""
        while not self.broken:
            await self._next()
        return self.broken[0]

    async def _next(self) -> None:
        self._changed.clear()
        await asyncio.wait_for(self._changed.wait(), PATIENCE_S)


class Shard:
    """A storage and its disk, which can be closed and opened again."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.folder = folder
        self.disk = Disk()
        self._options = options
        self.storage = self._open()

    def _open(self) -> Storage:
        loop = asyncio.get_running_loop()
        self.barrier = LocalBarrier(loop, fsync=self.disk.sync)
        return Storage(self.folder, barrier=self.barrier, loop=loop, **self._options)  # type: ignore[arg-type]

    def owner(self, number: int = 1, unique_key: str = UNIQUE_KEY) -> Owner:
        return Owner(self.storage, unique_key, object_id(number))

    async def reopen(self) -> None:
        await self.storage.aclose()
        self.storage = self._open()

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*/*"))

    def path(self, number: int = 1, suffix: str = "") -> Path:
        return self.folder / UNIQUE_KEY / f"{object_id(number)}.sqlite{suffix}"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def marked(tmp_path: Path, clock: Clock) -> AsyncIterator[Shard]:
    opened = Shard(tmp_path, bookmarking=clock)
    yield opened
    await opened.storage.aclose()


@pytest.fixture
async def shard(tmp_path: Path) -> AsyncIterator[Shard]:
    opened = Shard(tmp_path / "objects")
    yield opened
    opened.disk.release()
    await opened.storage.aclose()


@pytest.fixture
async def owner(shard: Shard) -> Owner:
    return shard.owner()


def descriptor_path(fd: int) -> Path:
    return Path(f"/proc/self/fd/{fd}").readlink()
