"""A power loss at any answer: it takes what was not synced, and that was promised to nobody.

The server runs under strace. From what it did to its files, each moment's disk is built anew,
and Holdfast started on that: see disk_model.py.
"""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from holdfast.catalog import Catalog
from holdfast.server import CatalogSource, Runtime, Settings
from holdfast.server.opening import open_storage
from tests.faults import tracing
from tests.faults.disk_model import Disk, Fate
from tests.faults.site import DEADLINE_S, Site
from tests.faults.tracing import Event

pytestmark = pytest.mark.slow

# The client says which number to store, since /cleared forgets it every third time.
WRITER = """
export class Written {
  constructor(state) { this.storage = state.storage; }
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (request.method !== "POST") {
      const found = (await this.storage.get("n")) ?? 0;
      return new Response(searchParams.has("told") ? `stored ${pathname} ${found}` : found);
    }
    const n = Number(searchParams.get("n"));
    if (pathname.startsWith("/cleared") && n % 3 === 0) await this.storage.deleteAll();
    else await this.storage.put("n", n);
    if (pathname === "/big") await this.storage.put(`filler${n % 8}`, "x".repeat(120_000));
    return new Response(`stored ${pathname} ${n}`);
  }
}
export default {
  fetch(request, env) {
    const id = env.Written.idFromName(new URL(request.url).pathname);
    return env.Written.get(id).fetch(request);
  },
};
"""
SMALL = [f"/{n}" for n in range(6)] + [f"/cleared/{n}" for n in range(3)]
STORED = re.compile(rb"stored (\S+) (\d+)$")
UPLOADED = re.compile(rb'"startup_time_ms"')
EVERY = [*SMALL, "/big"]
SECOND = 100  # the first number of the second life
MOMENTS = 10


@dataclass(frozen=True)
class Trace:
    """All that one life of a server did to its disk and told its clients."""

    name: str
    events: list[Event]


def version(number: int) -> str:
    return f"export default {{ fetch() {{ return new Response({number}); }} }};"


def value(path: str, n: int) -> int:
    """What an object answers after write number `n`."""
    return 0 if path.startswith("/cleared") and n % 3 == 0 else n


def possible(path: str, n: int) -> set[int]:
    """What it may answer if `n` was answered: that, or the write that was under way."""
    return {value(path, n), value(path, n + 1), value(path, max(n, SECOND))}


async def write(site: Site, path: str, first: int, last: int) -> None:
    for n in range(first, last + 1):
        assert await site.post("writer", f"{path}?n={n}") == f"stored {path} {n}"


async def upload(site: Site, first: int, last: int) -> None:
    for number in range(first, last + 1):
        assert await site.deploy("main", version(number)) == 200


async def first_life(site: Site) -> None:
    """Write to everything, twice, with time to evict objects between."""
    assert await site.deploy("writer", WRITER, "Written") == 200
    for part in range(2):
        first, last = part * 8 + 1, part * 8 + 8
        await asyncio.gather(
            upload(site, first, last),
            write(site, "/big", part * 40 + 1, part * 40 + 40),
            *(write(site, path, first, last) for path in SMALL),
        )
        await site.until_evicted()
    await asyncio.gather(*(write(site, path, 17, 19) for path in SMALL))


async def second_life(site: Site) -> None:
    """Take up what a crash has left; what is told of that is a promise as well."""
    await asyncio.gather(*(site.get("writer", f"{path}?told") for path in EVERY))
    await asyncio.gather(*(write(site, path, SECOND, SECOND + 2) for path in EVERY))
    await site.until_evicted()
    await asyncio.gather(*(write(site, path, SECOND + 3, SECOND + 4) for path in SMALL))


async def live(folder: Path, root: Path, life: Callable[[Site], Awaitable[None]]) -> Trace:
    """A server's life on `<root>/data`, ended by a crash; strace's record of it."""
    record = folder / life.__name__
    options = ("--idle-seconds", "0.2")
    async with Site(folder, *options, data=root / "data", prefix=tracing.command(record)) as site:
        await life(site)
        site.crash()
        async with asyncio.timeout(DEADLINE_S):
            while not tracing.is_complete(record, site.process.pid):
                await asyncio.sleep(0.01)
    return Trace(life.__name__, [*tracing.events(record)])


def note(answer: bytes, stored: Counter[str]) -> None:
    """Remember what an answer has promised; uploads count under the empty path."""
    if found := STORED.search(answer):
        path = found[1].decode()
        stored[path] = max(stored[path], int(found[2]))
    elif UPLOADED.search(answer):
        stored[""] += 1


def power_losses(
    disk: Disk, trace: Trace, answers: set[int], stored: Counter[str], folder: Path
) -> Iterator[Path]:
    """Disks as they would be after a power loss at some answers; keeps `stored` up to date."""
    chance = random.Random(0)
    for number, answer in enumerate(disk.answers(trace.events)):
        note(answer, stored)
        if number in answers:
            for fate in (Fate.LOST, Fate.TORN):
                target = folder / f"{trace.name}-{number}-{fate.value}"
                disk.restore(target, fate, chance)
                yield target / "data"


def crash_with_most_unsafe(trace: Trace, root: Path, pattern: str) -> tuple[Disk, Counter[str]]:
    """The disk at that event of a life which leaves most such files unsafe; what was told."""
    disk = Disk(root)
    most, last = 0, 0
    for number, event in enumerate(trace.events):
        disk.follow(event)
        if event.name in ("openat", "rename") and disk.unsafe_names(pattern) >= max(most, 1):
            most, last = disk.unsafe_names(pattern), number
    assert most, "there is always a moment between making a name and syncing it"
    disk, stored = Disk(root), Counter[str]()
    for event in trace.events[: last + 1]:
        if answer := disk.follow(event):
            note(answer, stored)
    return disk, stored


async def check(data: Path, stored: Counter[str]) -> None:
    """What was promised is there: the newest answered write, or the one that was under way."""
    loop = asyncio.get_running_loop()
    settings = Settings(data=data)
    lines: list[str] = []
    catalog = Catalog(data / "catalog.sqlite")
    runtime = Runtime(
        settings,
        CatalogSource(catalog),
        open_storage(settings, loop),
        console=lambda *line: lines.append(" ".join(line)),
        loop=loop,
    )

    async def ask(script: str, path: str) -> int:
        answer = await runtime.worker(script).fetch("GET", f"http://{script}{path}", "", None)
        assert answer.status == 200 and isinstance(answer.body, bytes), lines
        return int(answer.body)

    try:
        for path, n in stored.items():
            if path:
                assert await ask("writer", path) in possible(path, n), path
            elif n > 1:  # the first upload was the writer
                assert await ask("main", "/") in (n - 1, n)
    finally:
        await runtime.aclose()
        catalog.close()


@pytest.mark.skipif(not tracing.works(), reason="strace is missing or not allowed to trace")
async def test_a_power_loss_takes_nothing_that_was_answered(
    tmp_path: Path, quick_folder: Path
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    trace = await live(tmp_path, root, first_life)
    count = sum(1 for _ in Disk(root).answers(trace.events))
    chosen = {*random.Random(0).sample(range(count), MOMENTS), 0, count - 1}
    stored: Counter[str] = Counter()
    for data in power_losses(Disk(root), trace, chosen, stored, quick_folder):
        await check(data, stored)
    assert stored["/big"] == 80

    # A crash leaves files without their names, names that are not synced, logs that are not:
    # they are taken up, and then the power fails.
    for number, pattern in enumerate(("*.sqlite.new-*", "*.sqlite", "*.sqlite-wal")):
        disk, stored = crash_with_most_unsafe(trace, root, pattern)
        folder = tmp_path / f"second-{number}"
        folder.mkdir()
        (quick_folder / folder.name).mkdir()
        second_root = folder / "root"
        disk.restore(second_root, Fate.KEPT, random.Random(0))
        disk.continue_at(second_root)
        second = await live(folder, second_root, second_life)
        for data in power_losses(disk, second, {2, 9, 25, 40}, stored, quick_folder / folder.name):
            await check(data, stored)
        assert stored[SMALL[0]] == SECOND + 4
        assert not [*second_root.rglob("*.new-*")], "what was left half made is swept"
