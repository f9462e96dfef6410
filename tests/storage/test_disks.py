"""Disks that are full, cannot be written, or are used by another process as well."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from holdfast.storage import (
    StorageReadOnly,
    StoreBroken,
    StoreLocked,
    TransactionConflict,
)
from tests.storage.conftest import Shard

MIB = 1 << 20


def mount(*options: str) -> None:
    if os.geteuid() != 0 or sys.platform != "linux" or not shutil.which("mount"):
        pytest.skip("mounting a small file system needs root on Linux")
    done = subprocess.run(["mount", *options], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount("-t", "tmpfs", "-o", f"size={MIB}", "tmpfs", str(folder))
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(path: Path) -> None:
    """Take all the space that is left on the disk of `path`."""
    with path.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while filler.write(bytes(4096)):
            pass


async def test_a_full_disk_breaks_the_store_and_loses_nothing_durable(small_disk: Path) -> None:
    shard = Shard(small_disk / "objects")
    owner = shard.owner()
    owner.store.put("kept", b"x" * 50_000)
    await owner.durable()
    fill(small_disk / "filler")
    owner.store.put("lost", b"x" * 50_000)
    error = await owner.failure()
    assert "FULL" in str(error)
    second = shard.owner()
    assert second.store.list() == [("kept", b"x" * 50_000)]
    (small_disk / "filler").unlink()
    second.store.put("more", b"x" * 50_000)
    await second.durable()
    assert owner.broken == [error]
    await shard.reopen()
    assert [key for key, _ in shard.owner().store.list()] == ["kept", "more"]
    await shard.storage.aclose()


async def test_a_transaction_that_a_full_disk_interrupts_is_undone_as_a_whole(
    small_disk: Path,
) -> None:
    shard = Shard(small_disk / "objects")
    owner = shard.owner()
    await owner.grow_up()
    kept = owner.store.list()
    owner.store.begin()
    # More than SQLite holds in memory, and more than the disk takes.
    entries = [(f"key {number}", b"x" * 20_000) for number in range(100)]
    with pytest.raises(StoreBroken, match="full"):
        owner.store.put_many(entries)
    assert shard.owner().store.list() == kept
    await shard.storage.aclose()


async def test_a_first_transaction_that_no_disk_would_hold_leaves_nothing(
    small_disk: Path,
) -> None:
    shard = Shard(small_disk / "objects")
    owner = shard.owner()
    owner.store.begin()
    owner.store.put_many((f"key {number}", b"x" * 20_000) for number in range(100))
    with pytest.raises(StoreBroken, match="FULL"):
        owner.store.commit()
    second = shard.owner()
    assert second.store.list() == []
    second.store.put("small", b"1")
    await second.durable()
    await shard.reopen()
    assert shard.owner().store.list() == [("small", b"1")]
    await shard.storage.aclose()


async def test_a_full_disk_refuses_a_fresh_object_and_leaves_no_trace_of_it(
    small_disk: Path,
) -> None:
    shard = Shard(small_disk / "objects")
    first = shard.owner(1)
    first.store.put("a", b"1")
    await first.durable()
    fill(small_disk / "filler")
    owner = shard.owner(2)
    owner.store.put("a", b"1")
    assert "space" in str(await owner.failure())
    assert shard.files() == [path.name for path in (shard.path(1),)]
    (small_disk / "filler").unlink()
    owner = shard.owner(2)
    owner.store.put("a", b"1")
    await owner.durable()
    await shard.storage.aclose()


@pytest.fixture
def remount(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount("-t", "tmpfs", "tmpfs", str(folder))
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


async def test_a_folder_that_cannot_be_written_can_be_read(remount: Path) -> None:
    shard = Shard(remount / "objects")
    shard.owner().store.put("a", b"1")
    await shard.storage.aclose()
    subprocess.run(["mount", "-o", "remount,ro", remount], check=True)
    shard.storage = shard._open()
    owner = shard.owner()
    assert owner.store.get("a") == b"1"
    assert owner.store.list() == [("a", b"1")]
    assert shard.owner(2).store.get("a") is None
    for write in (lambda: owner.store.put("b", b"2"), lambda: owner.store.delete("a")):
        with pytest.raises(StorageReadOnly, match="cannot be written") as told:
            write()
        assert str(remount) not in str(told.value), "it is a script that is told"
    with pytest.raises(StorageReadOnly):
        shard.owner(2).store.put("b", b"2")
    assert owner.store.get("a") == b"1"
    assert owner.broken == []
    await shard.storage.aclose()


# ---- other processes -------------------------------------------------------------------

HOLDER = """
import sys, apsw
connection = apsw.Connection(sys.argv[1])
connection.execute("BEGIN; SELECT * FROM _cf_KV")
connection.execute("SELECT count(*) FROM _cf_KV").fetchall()
print("ready", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
async def held(shard: Shard) -> AsyncIterator["subprocess.Popen[bytes]"]:
    """Another process that reads the object's file."""
    owner = shard.owner()
    owner.store.put("a", b"1")
    await owner.store.close()
    command = [sys.executable, "-c", HOLDER, str(shard.path())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"ready\n"
        yield holder
        holder.kill()


async def test_a_file_that_another_process_holds_is_locked_not_broken(
    shard: Shard, held: "subprocess.Popen[bytes]"
) -> None:
    owner = shard.owner()
    with pytest.raises(StoreLocked, match="another process"):
        owner.store.get("a")
    with pytest.raises(StoreLocked):
        owner.store.put("a", b"2")
    held.communicate(b"\n")
    assert owner.store.get("a") == b"1"
    owner.store.put("a", b"2")
    await owner.durable()
    assert owner.broken == []


async def test_a_transaction_meets_another_process_as_a_conflict_and_can_run_again(
    shard: Shard, held: "subprocess.Popen[bytes]"
) -> None:
    owner = shard.owner()
    owner.store.begin()
    with pytest.raises(TransactionConflict):
        owner.store.put("a", b"2")
    owner.store.rollback()
    held.communicate(b"\n")
    owner.store.begin()
    owner.store.put("a", b"2")
    await_round = owner.store.commit()
    await owner.durable(await_round)
    assert owner.store.get("a") == b"2"


async def test_no_other_process_gets_at_an_object_that_has_an_owner(shard: Shard) -> None:
    owner = shard.owner()
    await owner.grow_up()
    code = "import sys, apsw; apsw.Connection(sys.argv[1]).execute('SELECT * FROM _cf_KV')"
    command = [sys.executable, "-c", code, str(shard.path())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "BusyError" in done.stderr
    owner.store.put("a", b"2")
    await owner.durable()
