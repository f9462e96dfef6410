"""A process that is killed in the middle of writing, again and again."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.storage.conftest import UNIQUE_KEY, Shard, object_id

OBJECTS = 5

# Writes pairs of keys in one turn, and says what is durable as soon as it is told.
WRITER = """
import asyncio, os, pathlib, sys
from holdfast.storage import LocalBarrier, Storage, lifecycle

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
    folder, unique_key, *ids = sys.argv[1:]
    loop = asyncio.get_running_loop()
    storage = Storage(pathlib.Path(folder), barrier=LocalBarrier(loop), max_open=3)
    await asyncio.gather(*(write(storage, unique_key, i, n) for n, i in enumerate(ids)))

asyncio.run(main())
"""


def run_and_kill(folder: Path, lines: int) -> dict[int, int]:
    """The last number that each object said was durable, before the kill."""
    ids = [object_id(number) for number in range(OBJECTS)]
    command = [sys.executable, "-c", WRITER, str(folder), UNIQUE_KEY, *ids]
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
    for lines in (1, 40, 300, 700):
        said = run_and_kill(folder, lines)
        asyncio.run(check(folder, said))


async def check(folder: Path, said: dict[int, int]) -> None:
    shard = Shard(folder)
    for number, last in said.items():
        store = shard.owner(number).store
        left, right = store.get("left"), store.get("right")
        assert left == right, "a turn's writes are one transaction"
        assert left is not None
        assert int(left) >= last
    await shard.storage.aclose()
