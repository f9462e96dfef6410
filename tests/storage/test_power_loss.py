"""Power losses at any moment of a process's life, on a disk that keeps no more than it must.

A real process writes under strace. From the trace, `power.py` makes folders as they could be
found after a power loss; in each, everything that the process had said to be durable must
be there, and nothing may be damaged.
"""

import asyncio
import random
import shutil
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from tests.storage.conftest import UNIQUE_KEY, Shard, object_id
from tests.storage.power import STRACE_OPTIONS, Trace

OBJECTS = 5
STRIKES = 200

# Each object counts up, in two keys of one turn. Now and then it removes everything, or is
# closed and opened again; the last object that is opened parks another one.
WRITER = """
import asyncio, os, pathlib, random, sys
from holdfast.storage import LocalBarrier, Storage, barrier, gathering, lifecycle, newborn

barrier.MIN_SHARED, gathering.MIN_FURTHER, lifecycle.MAX_IN_MEMORY = 2, 2, 1
lifecycle.SOFT_LIMIT_PAGES, lifecycle.HARD_LIMIT_PAGES, lifecycle._RETRY_S = 15, 60, 0.01
newborn.LARGE_BYTES = 25_000

async def write(storage, unique_key, object_id, number, count):
    chance = random.Random(number)
    last, store = 0, None
    for _ in range(count):
        if store is None:
            state, changed = {}, asyncio.Event()
            def durable(round_number, state=state, changed=changed):
                state["durable"] = round_number
                changed.set()
            store = storage.open(unique_key, object_id, on_durable=durable, on_broken=sys.exit)
            assert int(store.get("left") or b"0") in (0, last)
        last += 1
        if chance.random() < 0.5:
            if chance.random() < 0.08:
                store.delete_all()
            store.put("left", b"%d" % last)
            store.put("filler %d" % chance.randrange(8), os.urandom(chance.choice([10, 9000])))
        else:
            store.begin()
            store.put("left", b"%d" % last)
            store.begin()
            store.put("right", b"nonsense")
            store.rollback()
        written = store.put("right", b"%d" % last)
        if store._database.transactions.depth:
            written = store.commit()
        while state.get("durable", 0) < written:
            changed.clear()
            await changed.wait()
        os.write(1, b"%d %d\\n" % (number, last))
        if chance.random() < 0.06:
            if chance.random() < 0.3:
                store.delete_all()
                os.write(1, b"%d -1\\n" % number)  # from now on it may be gone
            closed, store = store.close(), None
            if chance.random() < 0.7:
                await closed

async def main():
    folder, unique_key, count, *ids = sys.argv[1:]
    loop = asyncio.get_running_loop()
    storage = Storage(pathlib.Path(folder), barrier=LocalBarrier(loop), max_open=3)
    await asyncio.gather(
        *(write(storage, unique_key, i, n, int(count)) for n, i in enumerate(ids)))
    await storage.aclose()

asyncio.run(main())
"""


# The same with a journal, whose files are full, or nobody's, after a few batches.
JOURNALED = (
    WRITER.replace("max_open=3)", 'max_open=3, journal="0")')
    .replace(
        "newborn.LARGE_BYTES",
        "journaling.FULL_BYTES, journaling.QUIET_S = 60_000, 0.02\nnewborn.LARGE_BYTES",
    )
    .replace("gathering, lifecycle", "gathering, journaling, lifecycle")
    .replace("0.06", "0.02")
)

# Makes one object after the other, some at a time.
BIRTHS = """
import asyncio, os, pathlib, sys
from holdfast.storage import LocalBarrier, Storage, barrier, gathering

barrier.MIN_SHARED, gathering.MIN_FURTHER = 2, 2

async def make(storage, unique_key, numbers):
    for number in numbers:
        durable = asyncio.Event()
        store = storage.open(
            unique_key, f"{number:064x}",
            on_durable=lambda _: durable.set(), on_broken=sys.exit)
        store.put("left", b"%d" % number)
        store.put("right", b"%d" % number)
        await durable.wait()
        os.write(1, b"%d %d\\n" % (number, number))
        if number % 7 == 0:
            await store.close()

async def main():
    folder, unique_key, count, *ids = sys.argv[1:]
    loop = asyncio.get_running_loop()
    storage = Storage(pathlib.Path(folder), barrier=LocalBarrier(loop), journal="0")
    await asyncio.gather(
        *(make(storage, unique_key, range(n, int(count), len(ids))) for n in range(len(ids))))
    await storage.aclose()

asyncio.run(main())
"""


# Each object sets alarms. Now and then a sync of their list fails, and the object is opened anew
# and says what it finds.
ALARMS = """
import asyncio, errno, os, pathlib, random, sys
from holdfast.storage import LocalBarrier, Storage, StorageError

fate = random.Random(1)

def fsync(fd):
    path = os.readlink(f"/proc/self/fd/{fd}")
    if path.endswith("metadata.sqlite-wal") and fate.random() < 0.2:
        os.write(1, b"failed " + path.encode())
        raise OSError(errno.EIO, "Input/output error")
    os.fdatasync(fd)

async def write(storage, unique_key, object_id, number, count):
    chance = random.Random(number)
    store = None
    for _ in range(count):
        if store is None:
            state, changed = {}, asyncio.Event()
            def durable(round_number, state=state, changed=changed):
                state["durable"] = round_number
                changed.set()
            def broken(_, state=state, changed=changed):
                state["broken"] = True
                changed.set()
            store = storage.open(unique_key, object_id, on_durable=durable, on_broken=broken)
            found = store.get_alarm()
            if found is not None:  # perhaps of a round that has failed
                os.write(1, b"%d %d\\n" % (number, found))
        try:
            alarm = chance.randrange(10**9, 2 * 10**9)
            written = store.set_alarm(alarm)
        except StorageError:
            store = None
            continue
        while state.get("durable", 0) < written and "broken" not in state:
            changed.clear()
            await changed.wait()
        if "broken" in state:
            store = None
        else:
            os.write(1, b"%d %d\\n" % (number, alarm))

async def main():
    folder, unique_key, count, *ids = sys.argv[1:]
    loop = asyncio.get_running_loop()
    storage = Storage(
        pathlib.Path(folder), barrier=LocalBarrier(loop, fsync=fsync), max_open=3, journal="0")
    await asyncio.gather(
        *(write(storage, unique_key, i, n, int(count)) for n, i in enumerate(ids)))
    await storage.aclose()

asyncio.run(main())
"""


# Each object counts up, remembers moments, and goes back to one now and then; it says what it holds
# then, and how far it had counted.
PAST = """
import asyncio, os, pathlib, random, sys
from holdfast.storage import LocalBarrier, Storage

async def write(storage, unique_key, object_id, number, count):
    chance = random.Random(number)
    marks, store = [], None
    for last in range(1, count):
        if store is None:
            state, changed = {}, asyncio.Event()
            def durable(round_number, state=state, changed=changed):
                state["durable"] = round_number
                changed.set()
            store = storage.open(unique_key, object_id, on_durable=durable, on_broken=sys.exit)
            if chance.random() < 0.7:
                await store.opened()
            if marks:
                assert int(store.get("left")) == was
                os.write(1, b"%d %d %d\\n" % (number, was, last - 1))
        store.put("left", b"%d" % last)
        store.put("filler %d" % chance.randrange(8), os.urandom(chance.choice([10, 9000])))
        written = store.put("right", b"%d" % last)
        while state.get("durable", 0) < written:
            changed.clear()
            await changed.wait()
        os.write(1, b"%d %d %d\\n" % (number, last, last))
        if chance.random() < 0.5:
            marks.append((await store.current_bookmark(), last))
            os.write(1, b"mark %d %s %d\\n" % (number, marks[-1][0].encode(), last))
        if marks and chance.random() < 0.3:
            bookmark, was = chance.choice(marks)
            os.write(1, b"%d -1 %d\\n" % (number, last))  # from now on it is one of the two
            marks.append((await store.restore_at_next_opening(bookmark), last))
            store.supersede(RuntimeError("reset"))
            store = None

async def main():
    folder, unique_key, count, *ids = sys.argv[1:]
    loop = asyncio.get_running_loop()
    storage = Storage(pathlib.Path(folder), barrier=LocalBarrier(loop), max_open=3)
    await asyncio.gather(
        *(write(storage, unique_key, i, n, int(count)) for n, i in enumerate(ids)))
    await storage.aclose()

asyncio.run(main())
"""


def traced(tmp_path: Path, writer: str, count: int) -> Trace:
    if not shutil.which("strace"):
        pytest.skip("strace is missing. On Debian or Ubuntu: apt-get install strace")
    folder, output = tmp_path / "objects", tmp_path / "trace"
    folder.mkdir()
    ids = [object_id(number) for number in range(OBJECTS)]
    command = [sys.executable, "-c", writer, str(folder), UNIQUE_KEY, str(count), *ids]
    whole = ["strace", *STRACE_OPTIONS, "-o", str(output), *command]
    done = subprocess.run(whole, capture_output=True, text=True, check=False)
    if "ptrace" in done.stderr and "permitted" in done.stderr:
        pytest.skip("strace may not trace processes here")
    assert done.returncode == 0, done.stderr
    return Trace(output.read_text(), folder)


@pytest.mark.slow
@pytest.mark.parametrize("writer", [WRITER, JOURNALED], ids=["plain", "journaled"])
def test_nothing_durable_is_lost_whenever_the_power_fails(
    writer: str, tmp_path: Path, quick_folder: Path
) -> None:
    trace = traced(tmp_path, writer, 60)
    assert len(trace.said) > 100, "the trace shows what the process said"
    journal = [when for when, path, _ in trace.entries if ".journal-" in path]
    assert bool(journal) == (writer is JOURNALED)
    chance = random.Random(1)
    removals = [when for when, _, file in trace.entries if file is None]
    moments = [chance.randrange(trace.length) for _ in range(STRIKES)]
    moments += chance.sample(removals, min(len(removals), STRIKES // 2))
    for number, moment in enumerate(moments):
        folder = quick_folder / f"after-{number}"
        folder.mkdir()
        trace.strike(moment, folder, chance)
        asyncio.run(check(folder, promised(trace, moment), f"strike {number} at {moment}"))
        shutil.rmtree(folder)


@pytest.mark.slow
def test_no_object_is_lost_that_was_made_whenever_the_power_fails(
    tmp_path: Path, quick_folder: Path
) -> None:
    trace = traced(tmp_path, BIRTHS, 100)
    chance = random.Random(1)
    for number, moment in enumerate(chance.sample(range(trace.length), STRIKES)):
        folder = quick_folder / f"after-{number}"
        folder.mkdir()
        trace.strike(moment, folder, chance)
        said = promised(trace, moment)
        asyncio.run(check(folder, said, f"strike {number} at {moment}", count=100))
        shutil.rmtree(folder)


@pytest.mark.slow
def test_no_alarm_is_missed_though_syncs_of_their_list_have_failed(
    tmp_path: Path, quick_folder: Path
) -> None:
    trace = traced(tmp_path, ALARMS, 40)
    failures = [when for when, text in trace.said if text.startswith(b"failed")]
    assert len(failures) > 10
    assert len(trace.said) > len(failures) + 50, "it went on"
    chance = random.Random(1)
    for number, moment in enumerate(chance.sample(range(trace.length), STRIKES)):
        folder = quick_folder / f"after-{number}"
        folder.mkdir()
        trace.strike(moment, folder, chance)
        asyncio.run(check_alarms(folder, promised(trace, moment), f"strike {number} at {moment}"))
        shutil.rmtree(folder)


@pytest.mark.slow
def test_who_goes_back_is_there_for_good_and_can_go_further_whenever_the_power_fails(
    tmp_path: Path, quick_folder: Path
) -> None:
    trace = traced(tmp_path, PAST, 15)
    assert len([text for _, text in trace.said if b"-1" in text]) > 5, "some went back"
    chance = random.Random(1)
    renames = [when for when, path, file in trace.entries if file and path.endswith(".sqlite")]
    moments = [chance.randrange(trace.length) for _ in range(STRIKES // 2)]
    moments += chance.sample(renames, min(len(renames), STRIKES // 4))
    for number, moment in enumerate(moments):
        folder = quick_folder / f"after-{number}"
        folder.mkdir()
        trace.strike(moment, folder, chance)
        asyncio.run(check_past(folder, trace, moment, f"strike {number} at {moment}"))
        shutil.rmtree(folder)


async def check_past(folder: Path, trace: Trace, moment: int, where: str) -> None:
    said: dict[int, tuple[int, int]] = {}
    marks: dict[int, tuple[str, int]] = {}
    for line in (line for when, text in trace.said if when <= moment for line in text.splitlines()):
        match line.decode().split():
            case ["mark", number, bookmark, held]:
                marks[int(number)] = (bookmark, int(held))
            case [number, held, counted]:
                said[int(number)] = (int(held), int(counted))
    shard = Shard(folder)
    for number, (held, counted) in said.items():
        owner = shard.owner(number)
        left, right = owner.store.get("left"), owner.store.get("right")
        assert left == right, f"{where}: object {number} has half of a transaction"
        found = int(left or b"0")
        assert held < 0 or found == held or found > counted, (
            f"{where}: object {number} has {found} instead of {held}"
        )
        if number in marks:
            bookmark, marked = marks[number]
            await owner.store.restore_at_next_opening(bookmark)
            owner.store.supersede(RuntimeError("reset"))
            found = int(shard.owner(number).store.get("left") or b"0")
            assert found == marked, f"{where}: object {number} went back to {found}, not {marked}"
    await shard.storage.aclose()


async def check_alarms(folder: Path, said: dict[int, int], where: str) -> None:
    """Also those that are there though nobody was told so: the kernel wrote them by itself."""
    shard = Shard(folder, journal="0")
    alarms = shard.storage.alarm_list(UNIQUE_KEY)
    listed = {number: alarms.get(object_id(number)) for number in range(OBJECTS)}
    for number, alarm_ms in listed.items():
        own = shard.owner(number).store.get_alarm()
        assert own is not None or number not in said, f"{where}: object {number} has no alarm"
        assert own is None or (alarm_ms is not None and alarm_ms <= own), (
            f"{where}: object {number} would be called at {alarm_ms}, and not at {own}"
        )
    await shard.storage.aclose()


def promised(trace: Trace, moment: int) -> dict[int, int]:
    """What each object had last said to be durable."""
    said: dict[int, int] = {}
    for when, text in trace.said:
        if when <= moment:
            for line in text.splitlines() if not text.startswith(b"failed") else ():
                number, last = map(int, line.split())
                said[number] = last
    return said


async def check(folder: Path, said: dict[int, int], where: str, *, count: int = OBJECTS) -> None:
    shard = Shard(folder, journal="0")
    for number in range(count):
        store = shard.owner(number).store
        left, right = store.get("left"), store.get("right")
        assert left == right, f"{where}: object {number} has half of a transaction"
        last = said.get(number, -1)
        assert last < 0 or (left is not None and int(left) >= last), (
            f"{where}: object {number} has {left!r} instead of {last}"
        )
    await shard.storage.aclose()
    for path in folder.glob("*/*.sqlite"):
        connection = apsw.Connection(str(path))
        assert connection.pragma("integrity_check") == "ok", f"{where}: {path.name}"
        connection.close()
