"""A list of alarms that is damaged is made anew from what the objects say."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast.storage import StoreBroken, mending
from holdfast.storage.mending import mend
from tests.storage.conftest import UNIQUE_KEY, Owner, Shard, object_id

FAR_MS = 4_000_000_000_000
OBJECTS = 300  # so many that the list has pages below its root


def nonsense(path: Path) -> None:
    path.write_bytes(b"nonsense" * 1000)


def cut_short(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def without_its_inner_pages(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    path.write_bytes(content)


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A namespace's, with alarms, in an orderly state."""
    shard = Shard(tmp_path)
    alarms = shard.storage.alarm_list(UNIQUE_KEY)
    shard.storage.names(UNIQUE_KEY).note(object_id(1), "ann")
    for number in (1, 2, 3):
        owner = shard.owner(number)
        owner.store.put("a", b"1")
        owner.store.set_alarm(FAR_MS + number if number < 3 else None)
        await owner.durable()
    for number in range(4, OBJECTS):  # that are gone
        alarms.arm(object_id(number), FAR_MS, None)
    await shard.storage.aclose()
    return tmp_path / UNIQUE_KEY


async def alarms_in(folder: Path) -> list[tuple[str, int, str | None]]:
    shard = Shard(folder.parent)
    found = [tuple(each) for each in shard.storage.alarm_list(UNIQUE_KEY).first(9)]
    await shard.storage.aclose()
    return found  # type: ignore[return-value]


ALL = [(object_id(1), FAR_MS + 1, "ann"), (object_id(2), FAR_MS + 2, None)]


@pytest.mark.parametrize("harm", [nonsense, cut_short, without_its_inner_pages])
async def test_it_has_the_alarms_of_all_objects(
    harm: Callable[[Path], None], folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    harm(folder / "metadata.sqlite")
    damaged = (folder / "metadata.sqlite").read_bytes()
    with caplog.at_level(logging.WARNING):
        mend(folder.parent)
    assert await alarms_in(folder) == ALL
    assert (folder / "metadata.damaged").read_bytes() == damaged
    assert "made anew from its 3 objects" in caplog.text
    assert "2 alarms" in caplog.text
    assert not (folder / "metadata.unsound").exists()


async def test_a_sound_list_is_left_alone(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    mend(folder.parent)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


async def test_what_was_begun_is_ended_at_the_next_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nonsense(folder / "metadata.sqlite")
    with monkeypatch.context() as context:
        context.setattr(mending, "enlist", lambda *_: None)
        mend(folder.parent)
    assert await alarms_in(folder) == []
    mend(folder.parent)
    assert await alarms_in(folder) == ALL


async def test_damage_that_is_met_later_is_mended_at_the_next_start(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shard = Shard(folder.parent)
    nonsense(folder / "metadata.sqlite")
    owner = Owner(shard.storage, UNIQUE_KEY, object_id(2))
    owner.store.set_alarm(FAR_MS)
    with caplog.at_level(logging.ERROR):
        assert isinstance(await owner.failure(), StoreBroken)
    assert "is made anew at the next start" in caplog.text
    assert (folder / "metadata.unsound").exists()
    await shard.storage.aclose()
    mend(folder.parent)
    assert await alarms_in(folder) == ALL
