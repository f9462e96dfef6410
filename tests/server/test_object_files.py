"""Files put in the place of objects, and the list of alarms."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from holdfast.objects import ObjectDirectory
from holdfast.server import object_files
from holdfast.server.object_files import LocalFiles
from holdfast.storage import portable
from tests.storage.conftest import UNIQUE_KEY, Shard, descriptor_path, object_id

FAR_MS = 4_000_000_000_000


@pytest.fixture
async def shard(tmp_path: Path) -> AsyncIterator[Shard]:
    opened = Shard(tmp_path / "objects")
    yield opened
    await opened.storage.aclose()


class Directory:
    """Resets nobody, and notes what is listed when it is asked to."""

    def __init__(self, shard: Shard) -> None:
        self._alarms = shard.storage.alarm_list(UNIQUE_KEY)
        self.listed: list[int | None] = []

    def displace(self, object_id: str, _reason: str) -> None:
        self.listed.append(self._alarms.get(object_id))


async def test_the_alarm_of_an_import_is_listed_before_the_file_is_there(
    shard: Shard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = shard.owner(2)
    owner.store.set_alarm(FAR_MS)
    await owner.durable()
    await shard.storage.copy(UNIQUE_KEY, object_id(2), tmp_path / "exported.sqlite")
    portable.make_ready(tmp_path / "exported.sqlite", tmp_path / "ready.sqlite")
    synced: list[bool] = []  # whether the file was there, when the list was synced

    def fsync(fd: int) -> None:
        if descriptor_path(fd).name == "metadata.sqlite-wal":
            synced.append(shard.path().exists())
        os.fsync(fd)

    monkeypatch.setattr(object_files, "fsync", fsync)
    directory = Directory(shard)
    files = LocalFiles(shard.storage, cast("ObjectDirectory", directory))
    ready = tmp_path / "ready.sqlite"
    await files.replace(UNIQUE_KEY, object_id(), ready, FAR_MS, "why", use_sqlite=True)
    assert directory.listed == [None, FAR_MS], "the second time right before the file comes"
    assert synced == [False, True]
    assert shard.owner().store.get_alarm() == FAR_MS
