"""Alarms that a power loss has left without their entry in the list."""

import logging
import shutil
from pathlib import Path

import pytest

from holdfast.storage.recovery import recover
from holdfast.storage.staged import staged_name
from tests.storage.conftest import UNIQUE_KEY, Owner, Shard, object_id

FAR_MS = 4_000_000_000_000


async def armed(owner: Owner, time_ms: int = FAR_MS) -> None:
    owner.store.set_alarm(time_ms)
    await owner.durable()


async def as_left(shard: Shard, target: Path, *, with_list: bool = False) -> Shard:
    """What is left of a shard after a power loss that took the list, or some of it."""
    left = () if with_list else ("metadata.sqlite*",)
    shutil.copytree(shard.folder, target, ignore=shutil.ignore_patterns(*left))
    await shard.storage.aclose()
    return Shard(target, journal="0")


async def listed(shard: Shard, number: int = 1) -> int | None:
    found = shard.storage.alarm_list(UNIQUE_KEY).get(object_id(number))
    await shard.storage.aclose()
    return found


async def test_the_first_alarm_makes_sure_that_the_next_start_looks(tmp_path: Path) -> None:
    shard = Shard(tmp_path, journal="0")
    owner = shard.owner()
    await owner.grow_up()
    assert [*tmp_path.glob(".journal*")] == []
    owner.store.set_alarm(FAR_MS)
    owner.store.flush()
    assert [*tmp_path.glob(".journal*")] != [], "before the commit, and not with its round"
    await owner.durable()
    await shard.storage.aclose()
    assert [*tmp_path.glob(".journal*")] == []


async def test_an_alarm_in_a_log_is_listed_at_the_next_start(tmp_path: Path) -> None:
    shard = Shard(tmp_path / "before", journal="0")
    owner = shard.owner()
    await owner.grow_up()
    await armed(owner)
    assert await listed(await as_left(shard, tmp_path / "after")) == FAR_MS


async def test_an_alarm_of_a_file_that_has_no_name_yet_is_listed(tmp_path: Path) -> None:
    shard = Shard(tmp_path / "before", journal="0")
    await armed(shard.owner())
    file = shard.path()
    file.rename(staged_name(str(file), 1, file.read_bytes()))
    assert await listed(await as_left(shard, tmp_path / "after")) == FAR_MS


async def test_an_alarm_that_is_listed_for_later_is_brought_forward(tmp_path: Path) -> None:
    shard = Shard(tmp_path / "before", journal="0")
    owner = shard.owner()
    await owner.grow_up()
    await armed(owner)
    shard.storage.alarm_list(UNIQUE_KEY).move(object_id(), FAR_MS + 10)
    assert await listed(await as_left(shard, tmp_path / "after", with_list=True)) == FAR_MS


async def test_the_object_is_called_by_its_name(tmp_path: Path) -> None:
    shard = Shard(tmp_path / "before", journal="0")
    shard.storage.names(UNIQUE_KEY).note(object_id(), "ann")
    owner = shard.owner()
    await owner.grow_up()
    await armed(owner)
    shard.storage.write_names()
    await shard.storage.idle()
    after = await as_left(shard, tmp_path / "after")
    [found] = after.storage.alarm_list(UNIQUE_KEY).first(9)
    assert (found.time_ms, found.name) == (FAR_MS, "ann")
    await after.storage.aclose()


async def test_looking_changes_no_object(tmp_path: Path) -> None:
    shard = Shard(tmp_path / "before", journal="0")
    owner, without_log = shard.owner(), shard.owner(2)
    await owner.grow_up()
    await armed(owner)
    await armed(without_log)
    shutil.copytree(shard.folder, tmp_path / "after")
    await shard.storage.aclose()
    folder = tmp_path / "after" / UNIQUE_KEY
    before = {path: path.read_bytes() for path in folder.glob(f"{'0' * 60}*")}
    assert len(before) == 3, "two files and a log"
    recover(tmp_path / "after")
    assert {path: path.read_bytes() for path in folder.glob(f"{'0' * 60}*")} == before


async def test_a_file_that_cannot_be_read_is_told_of_and_left(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shard = Shard(tmp_path / "before", journal="0")
    for number in (1, 2):
        owner = shard.owner(number)
        await owner.grow_up()
        await armed(owner)
    shutil.copytree(shard.folder, tmp_path / "after")
    await shard.storage.aclose()
    folder = tmp_path / "after" / UNIQUE_KEY
    for path in folder.glob("metadata.sqlite*"):
        path.unlink()
    (folder / f"{object_id(1)}.sqlite").write_bytes(b"nonsense" * 1000)
    (folder / f"{object_id(1)}.sqlite-wal").write_bytes(b"nonsense" * 1000)
    (folder / f"{object_id(3)}.sqlite-wal").write_bytes(b"of a file that is gone")
    with caplog.at_level(logging.WARNING):
        after = Shard(tmp_path / "after", journal="0")
    assert "whether" in caplog.text
    assert object_id(1) in caplog.text
    assert await listed(after, 2) == FAR_MS


async def test_a_list_that_cannot_be_read_keeps_nobody_from_starting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shard = Shard(tmp_path / "before", journal="0")
    owner = shard.owner()
    await owner.grow_up()
    await armed(owner)
    shutil.copytree(shard.folder, tmp_path / "after")
    await shard.storage.aclose()
    for path in (tmp_path / "after" / UNIQUE_KEY).glob("metadata.sqlite*"):
        path.write_bytes(b"nonsense" * 1000)
    with caplog.at_level(logging.ERROR):
        recover(tmp_path / "after")
    assert "may be missing from its list" in caplog.text
    assert [*(tmp_path / "after").glob(".journal*")] != [], "the next start looks again"
