"""What one shard asks of another that ends meanwhile, or whose disk fails."""

import errno
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast

import pytest

from holdfast.api import envelope
from holdfast.server.object_files import LocalFiles, OwnerLost
from holdfast.server.shards.errands import SpreadFiles
from holdfast.server.shards.neighbours import Neighbours
from holdfast.storage import StorageError


class Dying:
    """Other shards, and the links to them: none lives long enough to answer."""

    others = (1, 2)

    def is_here(self, _object_id: str) -> bool:
        return False

    def place_of(self, _object_id: str) -> int:
        return 1

    def link(self, _place: int) -> "Dying":
        return self

    async def ask(self, _verb: str, *_arguments: object) -> Any:
        raise ConnectionError("Network connection lost.")


async def test_who_asked_is_told_that_the_owner_has_ended() -> None:
    files = SpreadFiles(cast("LocalFiles", None), cast("Neighbours", Dying()))
    with pytest.raises(OwnerLost) as lost:
        await files.replace("key", "id", Path("ready"), None, "reason", use_sqlite=True)
    with pytest.raises(OwnerLost):
        await files.copy("key", "id", Path("target"))
    answer = envelope.answer(lost.value)
    assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "is done, or is not" in (answer.text or "")


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        StorageError("The storage of this Durable Object failed: No space left on device"),
    ],
)
def test_who_asked_is_told_that_the_disk_is_full(error: Exception) -> None:
    answer = envelope.answer(error)
    assert answer.status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "No space left on device" in (answer.text or "")
