"""What storage costs, without a script in sight: `python -m benchmarks.storage_micro`.

Prints one line per figure. The folder of the data decides about the disk that is measured:
`--folder` chooses it. Unlike the other benchmarks this one looks inside Holdfast.
"""

import argparse
import asyncio
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import uvloop

from holdfast.storage import LocalBarrier, ObjectStore, Storage
from holdfast.storage.template import template

UNIQUE_KEY = "benchmark-Counter"
KEY = "value"
REPEATS = 5
SLOW_FSYNC_S = 0.005


class Counter:
    """An object that counts, and whoever waits for its rounds."""

    def __init__(self, storage: Storage, number: int) -> None:
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._loop = asyncio.get_running_loop()
        self.store: ObjectStore = storage.open(
            UNIQUE_KEY, f"{number:064x}", on_durable=self._on_durable, on_broken=_stop
        )

    def increment(self) -> "asyncio.Future[None]":
        """Count one up; resolves when that is durable."""
        count = int(self.store.get(KEY) or b"0") + 1
        future = self._loop.create_future()
        self._waiting.append((self.store.put(KEY, b"%d" % count), future))
        return future

    def _on_durable(self, round_number: int) -> None:
        waiting, self._waiting = self._waiting, []
        for wanted, future in waiting:
            if wanted <= round_number:
                future.set_result(None)
            else:
                self._waiting.append((wanted, future))


def _stop(error: BaseException) -> None:
    raise SystemExit(f"the storage failed: {error}")


@contextmanager
def fresh_folder(below: Path) -> Iterator[Path]:
    """A folder for one measurement's data, removed after it."""
    folder = Path(tempfile.mkdtemp(prefix="storage-micro-", dir=below))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def show(name: str, figure: float, unit: str) -> None:
    """Print one figure."""
    print(f"{name:<52} {figure:10,.1f} {unit}")


def best(operation: Callable[[], object], count: int = 5000) -> float:
    """Microseconds per call, of the best of some runs."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        for _ in range(count):
            operation()
        times.append((time.perf_counter() - start) / count * 1e6)
    return min(times)


async def single(folder: Path) -> None:
    """Calls on one open store, none of which waits for the disk."""
    storage = Storage(folder, barrier=LocalBarrier(asyncio.get_running_loop()))
    counter = Counter(storage, 1)
    store = counter.store
    await _open([counter])
    show("get of a small value", best(lambda: store.get(KEY)), "µs")
    show("get of a key that is missing", best(lambda: store.get("missing")), "µs")
    store.put_many((f"key {number:03}", b"x" * 100) for number in range(100))
    show("list of 100 keys", best(lambda: store.list(prefix="key"), 500), "µs")
    show("put in an open transaction", best(lambda: store.put(KEY, b"1")), "µs")

    def commit() -> None:
        store.begin()
        store.put(KEY, b"1")
        store.commit()

    show("begin, put, commit (no sync)", best(commit, 500), "µs")
    await storage.aclose()


async def increments(folder: Path, counters: int, count: int, in_flight: int) -> float:
    """Durable increments per second, over stores that are open."""
    storage = Storage(
        folder, barrier=LocalBarrier(asyncio.get_running_loop()), max_open=counters + 1, journal="0"
    )
    objects = [Counter(storage, number) for number in range(counters)]
    await _open(objects)
    rate = await _run(lambda number: objects[number % counters].increment(), count, in_flight)
    await storage.aclose()
    return rate


async def slow_increments(folder: Path, counters: int, count: int) -> float:
    """The same on a disk whose every sync takes 5 ms."""
    barrier = LocalBarrier(asyncio.get_running_loop(), fsync=lambda _: time.sleep(SLOW_FSYNC_S))
    storage = Storage(folder, barrier=barrier, max_open=counters + 1, journal="0")
    objects = [Counter(storage, number) for number in range(counters)]
    await _open(objects)
    rate = await _run(lambda number: objects[number % counters].increment(), count, counters)
    await storage.aclose()
    return rate


async def creations(folder: Path, count: int, in_flight: int) -> float:
    """Fresh objects per second, each with one durable write."""
    barrier = LocalBarrier(asyncio.get_running_loop())
    storage = Storage(folder, barrier=barrier, max_open=count, journal="0")
    objects: list[Counter] = []

    def create(number: int) -> "asyncio.Future[None]":
        objects.append(Counter(storage, number))
        return objects[-1].increment()

    rate = await _run(create, count, in_flight)
    await storage.aclose()
    return rate


async def _open(counters: list[Counter]) -> None:
    """Have the counters' files open, which they are from the second write on."""
    for _ in range(2):
        await asyncio.gather(*(counter.increment() for counter in counters))


async def _run(operation: Callable[[int], Awaitable[None]], count: int, in_flight: int) -> float:
    numbers = iter(range(count))

    async def client() -> None:
        for number in numbers:
            await operation(number)

    start = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(in_flight)))
    return count / (time.perf_counter() - start)


async def memory(folder: Path, count: int) -> float:
    """Kilobytes that an open store occupies."""
    storage = Storage(folder, barrier=LocalBarrier(asyncio.get_running_loop()), max_open=count)
    warm = Counter(storage, count)
    await warm.increment()
    before = _resident()
    objects = [Counter(storage, number) for number in range(count)]
    await _open(objects)
    after = _resident()
    await storage.aclose()
    return (after - before) / count / 1024


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def locking(folder: Path) -> None:
    """Why the VFS is `unix-excl`: the alternatives on the same statements."""
    for vfs, mode in (("unix", "normal"), ("unix", "exclusive"), ("unix-excl", "normal")):
        path = folder / f"{vfs}-{mode}.sqlite"
        path.write_bytes(template())
        connection = apsw.Connection(str(path), vfs=vfs)
        connection.wal_autocheckpoint(0)
        connection.execute(f"PRAGMA synchronous=OFF; PRAGMA locking_mode={mode}")
        cursor = connection.cursor()
        insert = "INSERT OR REPLACE INTO _cf_KV VALUES(?,?)"
        select = "SELECT value FROM _cf_KV WHERE key=?"

        def commit(cursor: apsw.Cursor = cursor, insert: str = insert) -> None:
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute(insert, (KEY, b"1"))
            cursor.execute("COMMIT")

        def get(cursor: apsw.Cursor = cursor, select: str = select) -> object:
            return cursor.execute(select, (KEY,)).get

        show(f"SQLite, VFS {vfs}, locking {mode}: commit", best(commit, 500), "µs")
        show(f"SQLite, VFS {vfs}, locking {mode}: get", best(get), "µs")
        connection.close()


async def main(folder: Path) -> None:
    """Measure everything once, with the data below `folder`."""
    with fresh_folder(folder) as data:
        locking(data)
    with fresh_folder(folder) as data:
        await single(data)
    with fresh_folder(folder) as data:
        show("open store, resident", await memory(data, 500), "kB")
    with fresh_folder(folder) as data:
        rate = await increments(data, 1000, 20_000, 256)
        show("durable increments, 1,000 stores, 256 in flight", rate, "/s")
    with fresh_folder(folder) as data:
        rate = await slow_increments(data, 1000, 8000)
        show("the same, every sync takes 5 ms, 1,000 in flight", rate, "/s")
    for in_flight in (32, 128):
        with fresh_folder(folder) as data:
            rate = await creations(data, 2000, in_flight)
            show(f"fresh objects with a durable write, {in_flight} in flight", rate, "/s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(), help="where the data goes")
    uvloop.run(main(parser.parse_args().folder))
