"""Another database in the place of an object's: on a thread, while the loop goes on."""

import asyncio
import threading
from functools import partial
from pathlib import Path

import pytest

from holdfast.storage import StorageError, StoreClosed, portable, whole
from holdfast.storage.facets import content_of
from tests.storage.conftest import UNIQUE_KEY, Owner, Shard, object_id

NEW = bytes.fromhex("FF0F4902")  # a number, in V8's format


@pytest.fixture
async def ready(shard: Shard, tmp_path: Path) -> Path:
    """A file to import, with one key."""
    other = shard.owner(2)
    other.store.put("k", NEW)
    await other.durable()
    exported = tmp_path / "exported.sqlite"
    await shard.storage.copy(UNIQUE_KEY, object_id(2), exported)
    target = tmp_path / "ready.sqlite"
    portable.make_ready(exported, target)
    return target


class Held:
    """Holds a thread back where it puts a database in place."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: OSError | None = None) -> None:
        self.begun, self.release = threading.Event(), threading.Event()
        self.thread = ""
        real = whole.leave_no_log

        def held(*arguments: object) -> None:
            self.thread = threading.current_thread().name
            self.begun.set()
            assert self.release.wait(20)
            if error:
                raise error
            real(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(whole, "leave_no_log", held)


async def replace(shard: Shard, ready: Path | None) -> None:
    await shard.storage.put_in_place(UNIQUE_KEY, object_id(), ready, "replaced")


async def grown(shard: Shard) -> Owner:
    owner = shard.owner()
    await owner.grow_up()
    owner.store.put("k", b"old")
    await owner.durable()
    return owner


async def test_a_copy_that_is_cut_off_begins_anew(shard: Shard, tmp_path: Path) -> None:
    database = (await grown(shard)).store._database
    go_on = threading.Event()
    database.keep_past()._run(lambda: str(go_on.wait(20)))  # a thread has something else to do
    target = tmp_path / "copy.sqlite"
    copying = asyncio.ensure_future(shard.storage.copy(UNIQUE_KEY, object_id(), target))
    await asyncio.sleep(0)
    go_on.set()
    database.give_up(StoreClosed("replaced"))
    await copying
    assert portable.describe(target).keys == 2


async def test_the_loop_goes_on_while_a_thread_replaces_an_object(
    shard: Shard, ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await grown(shard)
    held = Held(monkeypatch)
    replacing = asyncio.create_task(replace(shard, ready))
    while not held.begun.is_set():
        await asyncio.sleep(0)
    assert held.thread != threading.current_thread().name
    other = shard.owner(3)
    other.store.put("k", b"v")
    await other.durable()
    held.release.set()
    await replacing
    assert shard.owner().store.get("k") == NEW


async def test_who_calls_the_object_meanwhile_waits_and_finds_what_has_come(
    shard: Shard, ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await grown(shard)
    held = Held(monkeypatch)
    replacing = asyncio.create_task(replace(shard, ready))
    while not held.begun.is_set():
        await asyncio.sleep(0)
    with pytest.raises(StorageError, match="replaced"):
        old.store.get("k")
    asyncio.get_running_loop().run_in_executor(None, held.release.set)
    owner = shard.owner()
    assert owner.store.get("k") == NEW
    await replacing
    owner.store.put("k", b"newer")
    await owner.durable()
    await owner.store.close()
    assert shard.owner().store.get("k") == b"newer"


async def test_who_asks_for_facets_meanwhile_waits_and_finds_what_has_come(
    shard: Shard, ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await grown(shard)
    ready.with_suffix(".facets").write_bytes(content_of([(0, b"a"), (0, b"b")]))
    held = Held(monkeypatch)
    replacing = asyncio.create_task(replace(shard, ready))
    while not held.begun.is_set():
        await asyncio.sleep(0)
    asyncio.get_running_loop().run_in_executor(None, held.release.set)
    facets = shard.storage.facets(UNIQUE_KEY, object_id())
    assert shard.storage._databases[UNIQUE_KEY, object_id()].job is None
    number, _ = facets.open(0, "c", on_durable=lambda _: None, on_broken=lambda _: None)
    assert number == 3
    await replacing


async def test_where_no_thread_is_free_it_is_done_at_once(shard: Shard, ready: Path) -> None:
    await grown(shard)
    free = threading.Event()
    for _ in range(8):
        shard.storage._shard.workers.submit(partial(free.wait, 20), lambda _: None)
    duties = [asyncio.ensure_future(replace(shard, None))]
    await asyncio.sleep(0)
    assert shard.owner().store.get("k") is None, "it was removed here and now"
    free.set()
    await asyncio.gather(*duties)
    await replace(shard, ready)
    assert shard.owner().store.get("k") == NEW


async def test_a_failure_is_told_and_leaves_what_was_there(
    shard: Shard, ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await grown(shard)
    held = Held(monkeypatch, OSError("no"))
    held.release.set()
    with pytest.raises(OSError, match="no"):
        await replace(shard, ready)
    assert shard.owner().store.get("k") == b"old"


async def test_an_end_in_the_middle_waits_for_it(
    shard: Shard, ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await grown(shard)
    held = Held(monkeypatch)
    replacing = asyncio.create_task(replace(shard, ready))
    while not held.begun.is_set():
        await asyncio.sleep(0)
    closing = asyncio.create_task(shard.reopen())
    await asyncio.sleep(0)
    held.release.set()
    await closing
    await replacing
    assert shard.owner().store.get("k") == NEW


async def test_what_is_put_under_an_id_that_was_just_made_is_found(
    shard: Shard, ready: Path
) -> None:
    shard.storage.expect(UNIQUE_KEY, object_id())
    await replace(shard, ready)
    assert shard.owner().store.get("k") == NEW
