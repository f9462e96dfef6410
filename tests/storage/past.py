"""What tests of the past share: what an object holds, and how it goes back."""

import threading
from collections.abc import Generator

import pytest

from holdfast.storage.history import History
from tests.storage.conftest import Owner, Shard

DAY_MS = 86_400_000


async def put(owner: Owner, value: bytes) -> None:
    owner.store.put("k", value)
    owner.store.sql(bool).execute("CREATE TABLE IF NOT EXISTS t(v)", ())
    owner.store.sql(bool).execute("INSERT INTO t VALUES (?)", (value,))
    await owner.durable()


def held(owner: Owner) -> tuple[bytes | None, int]:
    value = owner.store.get("k")
    if value is None:
        return None, 0
    return value, int(owner.store.sql(bool).execute("SELECT count(*) FROM t", ()).rows[0][0])


def files(shard: Shard) -> set[str]:
    return {name.split(".", 1)[1] for name in shard.files()}


async def again(shard: Shard, owner: Owner) -> Owner:
    """The next owner, after the one before was reset."""
    owner.store.supersede(RuntimeError("reset"))
    return shard.owner()


async def back_to(shard: Shard, owner: Owner, time_ms: float) -> Owner:
    """The next owner, after going back to a time."""
    await owner.store.restore_at_next_opening(await owner.store.bookmark_at(time_ms))
    return await again(shard, owner)


class HeldPages:
    """Holds back whoever reads the pages of a mark."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached = threading.Event()
        self.go_on = threading.Event()
        self.threads: set[threading.Thread] = set()
        pages = History.pages

        def held_back(history: History, bookmark: str) -> Generator[tuple[int, bytes], None, None]:
            self.threads.add(threading.current_thread())
            self.reached.set()
            self.go_on.wait(20)
            yield from pages(history, bookmark)

        monkeypatch.setattr(History, "pages", held_back)
