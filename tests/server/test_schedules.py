"""Cron triggers: run by the server's clock, and by URL."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from holdfast.api.client import deploy_project
from holdfast.api.session import Session
from holdfast.server.schedules import CronScheduler
from holdfast.workers import NotCompiled, ScriptFailed, Worker
from tests.faults.site import TOKEN, Site
from tests.inprocess import Server
from tests.patience import PATIENCE_S

MINUTE_MS = 60_000

SOURCE = """
const seen = [];
export default {
  fetch: () => Response.json(seen),
  async scheduled(controller, env, ctx) {
    const { cron, scheduledTime, type } = controller;
    controller.noRetry();
    ctx.waitUntil(scheduler.wait(1).then(() => seen.push("waited")));
    if (cron === "fail") throw new RangeError("failed");
    seen.push([cron, scheduledTime, typeof env, String(controller), type]);
  }
};
"""

CLASSIC = """
const seen = [];
addEventListener("fetch", (event) => event.respondWith(Response.json(seen)));
addEventListener("scheduled", (event) => {
  event.waitUntil(Promise.resolve().then(() => seen.push([event.type, event.cron, event.scheduledTime])));
});
"""

ENTRYPOINT = """
import { WorkerEntrypoint } from "cloudflare:workers";
const seen = [];
export default class extends WorkerEntrypoint {
  fetch() { return Response.json(seen); }
  scheduled(controller) { seen.push([controller.cron, typeof this.env]); }
}
"""


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.ms = 0.0

    def now_ms(self) -> float:
        return self.ms

    def monotonic_ms(self) -> float:
        return self.ms


async def seen(server: Server) -> Any:
    return json.loads(await server.text())


async def test_a_modules_handler_is_told_of_the_trigger(server: Server) -> None:
    server.add("main", SOURCE)
    await server.runtime.worker("main").scheduled("* * * * *", 5)
    async with asyncio.timeout(PATIENCE_S):
        while "waited" not in (found := await seen(server)):
            await asyncio.sleep(0)
    assert found == [
        ["* * * * *", 5, "object", "[object ScheduledController]", "scheduled"],
        "waited",
    ]


async def test_listeners_and_entrypoints_are_told_too(server: Server) -> None:
    server.add("main", CLASSIC)
    await server.runtime.worker("main").scheduled("1 * * * *", 7)
    assert await seen(server) == [["scheduled", "1 * * * *", 7]]
    server.add("main", ENTRYPOINT)
    await server.runtime.worker("main").scheduled("2 * * * *", 7)
    assert await seen(server) == [["2 * * * *", "object"]]


async def test_a_handler_that_fails_or_is_missing_is_told_of(server: Server) -> None:
    server.add("main", SOURCE)
    with pytest.raises(ScriptFailed, match="RangeError: failed"):
        await server.runtime.worker("main").scheduled("fail", 5)
    server.add("main", "export default { fetch() {} }")
    with pytest.raises(ScriptFailed, match=r"does not export a scheduled\(\) function"):
        await server.runtime.worker("main").scheduled("* * * * *", 5)


async def test_triggers_run_when_they_are_due_and_what_is_late_is_left_out(
    server: Server,
) -> None:
    server.add("main", SOURCE)
    clock = Hand()
    loop = asyncio.get_running_loop()
    asked: list[str] = []

    def worker_of(name: str) -> Worker:
        asked.append(name)
        return server.runtime.worker(name)

    crons = CronScheduler(worker_of, clock, loop.call_later, server.runtime.tell)
    crons.set([("main", "*/2 * * * *"), ("main", "0 * * * *")])
    for minute in (1, 2, 3, 4, 59, 60, 61, 200):
        clock.ms = minute * MINUTE_MS
        crons.run_due()
    crons.close()
    told = [entry[:2] for entry in await seen(server) if entry != "waited"]
    every_two = [["*/2 * * * *", minute * MINUTE_MS] for minute in (2, 4, 60, 200)]
    # What was due while nobody looked, between 4 and 59 and after 61, has passed.
    assert sorted(told) == sorted([*every_two, ["0 * * * *", 60 * MINUTE_MS]])
    assert asked and set(asked) == {"main"}


async def test_a_trigger_waits_for_its_scripts_code(server: Server) -> None:
    server.add("main", SOURCE)
    clock, loop = Hand(), asyncio.get_running_loop()
    done: asyncio.Future[object] = loop.create_future()

    def worker_of(name: str) -> Worker:
        if done.done():
            return server.runtime.worker(name)
        raise NotCompiled(done)

    crons = CronScheduler(worker_of, clock, loop.call_later, server.runtime.tell)
    crons.set([("main", "* * * * *")])
    clock.ms = MINUTE_MS
    crons.run_due()
    crons.close()
    assert await seen(server) == []
    done.set_result(None)
    await asyncio.sleep(0)
    assert (await seen(server))[0][:2] == ["* * * * *", MINUTE_MS]


async def test_triggers_that_stay_are_due_when_they_were(server: Server) -> None:
    server.add("main", SOURCE)
    clock = Hand()
    loop = asyncio.get_running_loop()
    crons = CronScheduler(server.runtime.worker, clock, loop.call_later, server.runtime.tell)
    crons.set([("main", "* * * * *"), ("main", "*/2 * * * *")])
    clock.ms = MINUTE_MS + 1
    crons.set([("main", "* * * * *"), ("main", "*/3 * * * *")])
    for minute in (1, 2, 3):
        clock.ms = minute * MINUTE_MS + 2
        crons.run_due()
    crons.set([])
    clock.ms = 4 * MINUTE_MS
    crons.run_due()
    told = [entry[:2] for entry in await seen(server) if entry != "waited"]
    every_minute = [["* * * * *", minute * MINUTE_MS] for minute in (1, 2, 3)]
    assert sorted(told) == sorted([*every_minute, ["*/3 * * * *", 3 * MINUTE_MS]])


async def test_who_takes_another_ones_place_goes_on_where_that_has_stopped(server: Server) -> None:
    server.add("main", SOURCE)
    clock = Hand()
    loop = asyncio.get_running_loop()
    word = [0.0]
    clock.ms = 1  # when the first one starts: what was due before that has passed

    def begin() -> CronScheduler:
        crons = CronScheduler(server.runtime.worker, clock, loop.call_later, server.runtime.tell)
        crons.seen = word
        crons.set([("main", "* * * * *"), ("main", "0 * * * *")])
        crons.run_due()
        return crons

    for minute, stopped_for_ms in ((1, 0), (2, 5_000), (3, 5_000), (59, 2 * MINUTE_MS)):
        crons = begin()  # what is due now, and had been due when the one before was killed
        clock.ms = minute * MINUTE_MS
        if not stopped_for_ms:
            crons.run_due()
        crons.close()
        clock.ms += stopped_for_ms or 1
    crons = begin()
    crons.set([("main", "* * * * *"), ("main", "*/61 * * * *")])  # a new one has no past
    crons.close()
    told = [entry[:2] for entry in await seen(server) if entry != "waited"]
    every_minute = [["* * * * *", minute * MINUTE_MS] for minute in (1, 2, 3, 61)]
    # What is too late has passed for them as well.
    assert sorted(told) == sorted(every_minute)


@pytest.mark.slow
async def test_a_project_brings_its_triggers_and_a_crash_loses_none(tmp_path: Path) -> None:
    (tmp_path / "main.mjs").write_text(SOURCE)
    file = tmp_path / "wrangler.json"
    config: dict[str, Any] = {"name": "main", "main": "main.mjs"}
    config["triggers"] = {"crons": ["0 0 * * *"]}
    file.write_text(json.dumps(config))
    async with Site(tmp_path) as site:
        options = {"base_url": f"http://127.0.0.1:{site.api_port}", "token": TOKEN}
        await asyncio.to_thread(deploy_project, file, **options)
        site.crash()
        site.start()
        path = "/workers/scripts/main/schedules"
        session = Session(options["base_url"], TOKEN, "holdfast")
        told = await asyncio.to_thread(session.send, "GET", path)
        assert [entry["cron"] for entry in told["result"]["schedules"]] == ["0 0 * * *"]
        del config["triggers"]
        file.write_text(json.dumps(config))
        await asyncio.to_thread(deploy_project, file, **options)
        told = await asyncio.to_thread(session.send, "GET", path)
        assert told["result"]["schedules"] == []
