"""Queues of processes that are killed while they send and deliver."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.serving import HoldfastProcess, free_ports

pytestmark = pytest.mark.slow

SOURCE = """
import { DurableObject } from "cloudflare:workers";
export class Log extends DurableObject {
  add(bodies) {
    for (const body of bodies) {
      this.ctx.storage.kv.put(body, (this.ctx.storage.kv.get(body) ?? 0) + 1);
    }
  }
  seen() { return Object.fromEntries(this.ctx.storage.kv.list()); }
}
const log = (env) => env.Log.getByName("log");
export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/seen") return Response.json(await log(env).seen());
    if (pathname === "/backlog") {
      const all = await Promise.all([env.JOBS.metrics(), env.DEAD.metrics()]);
      return Response.json(all.map(({ backlogCount }) => backlogCount));
    }
    await env.JOBS.send(searchParams.get("body"));
    return new Response("sent");
  },
  async queue(batch, env) {
    const bodies = batch.messages.map(({ body }) => body);
    if (batch.queue === "dead") return log(env).add(bodies.map((body) => `dead-${body}`));
    await scheduler.wait(5);
    await log(env).add(bodies.filter((body) => !body.endsWith("7")));
    for (const message of batch.messages) if (message.body.endsWith("7")) message.retry();
  },
};
"""
CONSUMER = {"queue": "jobs", "max_batch_timeout": 0, "max_retries": 1, "dead_letter_queue": "dead"}
CONFIGURATION = {
    "name": "main",
    "main": "main.mjs",
    "compatibility_date": "2026-01-01",
    "durable_objects": {"bindings": [{"name": "Log", "class_name": "Log"}]},
    "migrations": [{"tag": "1", "new_sqlite_classes": ["Log"]}],
    "queues": {
        "producers": [{"binding": "JOBS", "queue": "jobs"}, {"binding": "DEAD", "queue": "dead"}],
        "consumers": [CONSUMER, {"queue": "dead", "max_batch_timeout": 0}],
    },
}
KILLS = 4
SENDERS = 8


class Site:
    def __init__(self, folder: Path, workers: int) -> None:
        (folder / "main.mjs").write_text(SOURCE)
        (folder / "wrangler.json").write_text(json.dumps(CONFIGURATION))
        [self.port] = free_ports(1)
        self._folder = folder
        self._workers = workers

    def start(self) -> HoldfastProcess:
        arguments = ["run", "--port", str(self.port), "--workers", str(self._workers)]
        return HoldfastProcess(arguments, [self.port], self._folder)

    async def ask(self, session: aiohttp.ClientSession, path: str) -> Any:
        async with session.get(f"http://127.0.0.1:{self.port}{path}") as response:
            assert response.status == 200
            return await response.json(content_type=None)


async def send(site: Site, number: int, sent: set[str]) -> None:
    """Send until the process is gone; what was acknowledged is added to `sent`."""
    async with aiohttp.ClientSession() as session:
        while True:
            body = f"{number}-{len(sent)}"
            url = f"http://127.0.0.1:{site.port}/?body={body}"
            try:
                async with session.get(url) as response:
                    assert response.status == 200
                    await response.read()
            except (aiohttp.ClientError, OSError):
                return
            sent.add(body)


@pytest.mark.parametrize("workers", [1, 2])
async def test_nothing_acknowledged_is_lost_and_nothing_comes_for_ever(
    tmp_path: Path, workers: int
) -> None:
    site, sent = Site(tmp_path, workers), set[str]()
    for kill in range(KILLS):
        process = site.start()
        wanted = len(sent) + 100 * (kill + 1)
        senders = [asyncio.ensure_future(send(site, n, sent)) for n in range(SENDERS)]
        async with asyncio.timeout(60):
            while len(sent) < wanted:
                await asyncio.sleep(0)
        process.kill()
        await asyncio.gather(*senders)
    process = site.start()
    try:
        async with aiohttp.ClientSession() as session, asyncio.timeout(60):
            while await site.ask(session, "/backlog") != [0, 0]:
                pass
            seen = await site.ask(session, "/seen")
        # What two kills have cut short has failed too often, too: it is a dead letter.
        dead = {body for body in sent if f"dead-{body}" in seen}
        lost = {body for body in sent - dead if body.endswith("7") or body not in seen}
        assert lost == set()
        # Each kill may have had a batch delivered again, of those that were under way.
        again = sum(count > 1 for count in seen.values())
        assert again <= KILLS * 100
        process.stop()
        process = site.start()
        async with aiohttp.ClientSession() as session:
            assert await site.ask(session, "/backlog") == [0, 0]
            assert await site.ask(session, "/seen") == seen
    finally:
        process.kill()
