"""Alarms of objects in a running server."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from holdfast.objects.capability import IsolateObjects
from tests.inprocess import Server
from tests.objects.test_calls import FORWARD
from tests.patience import PATIENCE_S

# What an alarm's handler sees and does is in tests/differential/fixtures/objects/alarms-run.mjs.
SCRIPT = (
    FORWARD
    + """
export class Thing {
  constructor(state) { this.state = state; this.storage = state.storage; }
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const { storage } = this;
    if (pathname === "/set") await storage.setAlarm(Date.now() + Number(searchParams.get("ms")));
    if (pathname === "/abort") { storage.put("x", 1); storage.setAlarm(1); this.state.abort("no"); }
    if (pathname === "/all") { await storage.setAlarm(4e12); await storage.deleteAll(); }
    return Response.json([(await storage.get("runs")) ?? [], await storage.getAlarm()]);
  }
  async alarm({ retryCount }) {
    await this.storage.put("runs", [...((await this.storage.get("runs")) ?? []), this.state.id.name]);
    if (globalThis.HANG) for (;;);
  }
}
"""
)


async def until(server: Server, expected: str, path: str = "/") -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await server.text(path) != expected:
            await asyncio.sleep(0.01)


async def test_an_alarm_wakes_its_object(server: Server) -> None:
    server.add("main", SCRIPT)
    await server.text("/set?ms=1")
    await until(server, '[["A"],null]')


async def test_an_alarm_wakes_an_object_that_was_evicted(tmp_path: Path) -> None:
    async with Server(tmp_path, idle_seconds=0.1) as server:
        server.add("main", SCRIPT)
        await server.text("/set?ms=800")
        async with asyncio.timeout(PATIENCE_S):
            while len(server.runtime.directory):
                await asyncio.sleep(0.01)
        await until(server, '[["A"],null]')


async def test_what_was_due_while_nothing_ran_runs_at_the_next_start(tmp_path: Path) -> None:
    async with Server(tmp_path) as server:
        server.add("main", SCRIPT)
        await server.text("/set?ms=150")
        await server.text("/set?ms=150&name=B")
    await asyncio.sleep(0.2)
    async with Server(tmp_path) as server:
        server.add("main", SCRIPT)
        server.runtime.worker("main")
        async with asyncio.timeout(PATIENCE_S):
            while server.runtime.alarms.running or not len(server.runtime.directory):
                await asyncio.sleep(0.01)
        await until(server, '[["A"],null]')
        await until(server, '[["B"],null]', "/?name=B")


async def test_an_alarm_that_was_set_in_a_turn_that_is_undone_never_runs(server: Server) -> None:
    server.add("main", SCRIPT)
    assert (await server.fetch("/abort")).status == 500
    assert await server.text() == "[[],null]"
    assert server.runtime.alarms.running == 0


async def test_deleting_everything_spares_the_alarm_before_2026_02_24(server: Server) -> None:
    server.add("main", SCRIPT, compatibility_date="2026-02-23")
    assert await server.text("/all") == "[[],4000000000000]"
    server.add("main", SCRIPT, compatibility_date="2026-02-24")
    assert await server.text("/all") == "[[],null]"


async def test_a_handler_that_never_ends_is_stopped_and_run_again(server: Server) -> None:
    server.add("main", "globalThis.HANG = true;" + SCRIPT)
    await server.text("/set?ms=200")
    async with asyncio.timeout(PATIENCE_S):
        while not any("stopped" in line for line in server.lines):
            await asyncio.sleep(0.01)
    server.add("main", SCRIPT)
    await until(server, '[["A"],null]')


async def test_a_script_that_is_gone_does_not_stop_other_alarms(server: Server) -> None:
    server.add("main", SCRIPT)
    server.add("other", SCRIPT)
    await server.text("/set?ms=50")
    await server.text("/set?ms=60", script="other")
    del server.sources.scripts["main"]
    server.runtime.remove("main")
    async with asyncio.timeout(PATIENCE_S):
        while await server.text(script="other") != '[["A"],null]':
            await asyncio.sleep(0.01)


async def test_an_alarm_that_is_set_while_its_object_is_called_in_vain_is_kept(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add("main", SCRIPT)
    assert await server.text() == "[[],null]"
    [object_id] = server.runtime.directory.ids("main-Thing")
    record = server.runtime.directory.find(object_id)
    assert record, "it was called just now"
    listed = server.runtime.storage.alarm_list(record.namespace.unique_key)
    told, ended = IsolateObjects.alarm_ended, asyncio.Event()

    def set_at_once(objects: IsolateObjects, *arguments: Any, **options: Any) -> None:
        """The object has told that it has no alarm, and sets one in the same breath."""
        told(objects, *arguments, **options)
        record.store.set_alarm(4_000_000_000_000)
        record.store.flush()
        asyncio.get_running_loop().call_soon(ended.set)

    monkeypatch.setattr(IsolateObjects, "alarm_ended", set_at_once)
    listed.arm(record.id, 1, None)
    await asyncio.wait_for(ended.wait(), PATIENCE_S)
    assert listed.get(record.id) == 4_000_000_000_000
    assert await server.text() == "[[],4000000000000]"
