"""A process that is killed in the middle of writing, again and again."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import apsw
import pytest

from holdfast.storage.history import History
from holdfast.storage.template import settle
from tests.storage.conftest import UNIQUE_KEY, Shard, object_id

OBJECTS = 5

# Writes pairs of keys in one turn, and says what is durable as soon as it is told. A minute
# passes in each millisecond, so that marks of the past are made all the time.
WRITER = """
import asyncio, os, pathlib, sys, time
from holdfast.storage import Bookmarking, LocalBarrier, Storage, lifecycle

lifecycle.SOFT_LIMIT_PAGES, lifecycle.HARD_LIMIT_PAGES = 30, 100

async def write(storage, unique_key, object_id, number):
    state = {}
    changed = asyncio.Event()
    def durable(round_number):
        state["durable"] = round_number
        changed.set()
    store = storage.open(unique_key, object_id, on_durable=durable, on_broken=sys.exit)
    last = int(store.get("left") or b"0")
    while True:
        last += 1
        store.put("left", b"%d" % last)
        store.put("filler %d" % (last % 20), os.urandom(2000))
        written = store.put("right", b"%d" % last)
        while state.get("durable", 0) < written:
            changed.clear()
            await changed.wait()
        os.write(1, b"%d %d\\n" % (number, last))

async def main():
    start, folder, unique_key, *ids = sys.argv[1:]
    loop = asyncio.get_running_loop()
    days = Bookmarking(30, lambda: (int(start) + (time.time() - int(start)) * 60_000) * 1000)
    storage = Storage(
        pathlib.Path(folder), barrier=LocalBarrier(loop), max_open=3, bookmarking=days
    )
    await asyncio.gather(*(write(storage, unique_key, i, n) for n, i in enumerate(ids)))

asyncio.run(main())
"""


def run_and_kill(folder: Path, lines: int, start: int) -> dict[int, int]:
    """The last number that each object said was durable, before the kill."""
    ids = [object_id(number) for number in range(OBJECTS)]
    command = [sys.executable, "-c", WRITER, str(start), str(folder), UNIQUE_KEY, *ids]
    said: dict[int, int] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        for _ in range(lines):
            line = writer.stdout.readline()
            assert line, "the writer ended by itself"
            number, last = map(int, line.split())
            said[number] = last
        os.kill(writer.pid, signal.SIGKILL)
        for line in writer.stdout:
            number, last = map(int, line.split())
            said[number] = last
    return said


@pytest.mark.slow
def test_what_was_said_to_be_durable_survives_kill_9(tmp_path: Path) -> None:
    folder = tmp_path / "objects"
    start = int(time.time())
    for lines in (1, 40, 300, 700):
        said = run_and_kill(folder, lines, start)
        asyncio.run(check(folder, said))
    for number in range(OBJECTS):
        assert check_past(folder / UNIQUE_KEY / f"{object_id(number)}.sqlite") > 1


async def check(folder: Path, said: dict[int, int]) -> None:
    shard = Shard(folder)
    for number, last in said.items():
        store = shard.owner(number).store
        left, right = store.get("left"), store.get("right")
        assert left == right, "a turn's writes are one transaction"
        assert left is not None
        assert int(left) >= last
    await shard.storage.aclose()


def check_past(path: Path) -> int:
    """How many marks there are, each of which is whole, and in the order of time."""
    past = History(path, lambda: 0.0, 30)
    with past._open() as db:
        marks = [name for (name,) in db.execute("SELECT bookmark FROM marks ORDER BY since_ms")]
    values = [0]
    for bookmark in marks:
        if content := b"".join(page for _, page in sorted(past.pages(bookmark))):
            copy = path.with_name("copy")
            copy.write_bytes(content)
            settle(copy)
            connection = apsw.Connection(str(copy))
            assert connection.execute("PRAGMA integrity_check").get == "ok"
            found = dict(connection.execute("SELECT key, value FROM _cf_KV").fetchall())
            connection.close()
            assert found["left"] == found["right"]
            values.append(int(found["left"]))
    assert values == sorted(values)
    return len(marks)
