"""What one shard asks of another that ends meanwhile, or whose disk fails."""

import errno
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from holdfast.api import envelope
from holdfast.server.object_files import LocalFiles, OwnerLost
from holdfast.server.runtime import Runtime
from holdfast.server.shards.errands import Clerk, SpreadFiles
from holdfast.server.shards.neighbours import Neighbours
from holdfast.server.shards.tails import ask_who_listens
from holdfast.server.tails import Tails
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


class Joined:
    """One of several shards in this process, whose clerks reach each other at once."""

    def __init__(self, index: int, clerks: dict[int, Clerk]) -> None:
        self.index = index
        self._clerks = clerks
        self.tails = Tails(lambda _script: None, lambda: 0.0)
        runtime = SimpleNamespace(
            tails=self.tails,
            **dict.fromkeys(("storage", "directory", "reroute", "retail")),
            **dict.fromkeys(("renew_previews", "forget_namespace")),
        )
        clerks[index] = Clerk(cast("Runtime", runtime), cast("Neighbours", self))

    def link(self, place: int) -> Any:
        return SimpleNamespace(ask=self._clerks[place])


async def test_a_shard_that_takes_the_place_of_another_hears_who_listens() -> None:
    clerks: dict[int, Clerk] = {}
    first, _, third = (Joined(index, clerks) for index in range(3))
    first.tails.listen("counter", lambda _frame: None)
    await ask_who_listens(cast("Neighbours", third))
    assert third.tails.scripts == ["counter"]
