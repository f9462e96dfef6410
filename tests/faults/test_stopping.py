"""SIGTERM and SIGINT: what is under way ends well, what never ends does not hold up the stop."""

import asyncio
import signal
from pathlib import Path

import pytest

from tests.faults.counting import COUNTER, Load, Tally, check_all
from tests.faults.site import DEADLINE_S, Site

pytestmark = pytest.mark.slow

SLOW = """
export class Slow {
  constructor(state) { this.storage = state.storage; }
  async fetch(request) {
    if (request.method !== "POST") return new Response((await this.storage.get("n")) ?? 0);
    console.log("begun");
    await scheduler.wait(600);
    await this.storage.put("n", 1);
    return new Response("done");
  }
}
export default {
  fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/never") {
      console.log("begun");
      return new Promise(() => setInterval(() => {}, 1000));
    }
    if (pathname === "/endless") {
      const pull = async (controller) => {
        await scheduler.wait(20);
        controller.enqueue(new TextEncoder().encode("more"));
      };
      return new Response(new ReadableStream({ pull }));
    }
    return env.Slow.get(env.Slow.idFromName("x")).fetch(request);
  },
};
"""
SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


async def until_logged(site: Site, text: str) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while text not in site.log:
            await asyncio.sleep(0.01)


async def until_refused(site: Site) -> None:
    """Return once no connection is taken any more, so the stop has begun."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", site.port)
            except OSError:
                return
            writer.close()
            await asyncio.sleep(0.01)


@SIGNALS
async def test_requests_under_way_are_answered(tmp_path: Path, number: signal.Signals) -> None:
    async with Site(tmp_path) as site:
        assert await site.deploy("slow", SLOW, "Slow") == 200
        answer = asyncio.create_task(site.post("slow"))
        await until_logged(site, "begun")
        site.signal(number)
        assert await answer == "done"
        assert await site.ended() == 0
        site.start()
        assert await site.get("slow") == "1"


async def test_a_stop_under_load_loses_nothing(tmp_path: Path) -> None:
    paths = [f"/{n}" for n in range(10)]
    tally = Tally()
    async with Site(tmp_path) as site:
        assert await site.deploy("counter", COUNTER, "Counted") == 200
        load = Load(site, tally, paths)
        await load.until_answered(300)
        site.signal(signal.SIGTERM)
        assert await site.ended() == 0
        await load.stop()
        assert not tally.refused
        site.start()
        await check_all(site, tally, paths)


@SIGNALS
async def test_a_second_signal_ends_at_once(tmp_path: Path, number: signal.Signals) -> None:
    async with Site(tmp_path) as site:
        assert await site.deploy("slow", SLOW, "Slow") == 200
        hanging = asyncio.create_task(site.fetch("slow", "/never"))
        await until_logged(site, "begun")
        site.signal(number)
        await until_refused(site)
        assert not hanging.done()
        site.signal(number)
        assert await site.ended(5) == -number
        await asyncio.gather(hanging, return_exceptions=True)


async def test_an_idle_connection_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    async with Site(tmp_path, "--drain-seconds", "3600") as site:
        _, writer = await asyncio.open_connection("127.0.0.1", site.port)
        _, half_sent = await asyncio.open_connection("127.0.0.1", site.port)
        half_sent.write(b"GET / HTT")
        assert await site.fetch("nobody") == (404, 'There is no Worker named "nobody".\n')
        site.signal(signal.SIGTERM)
        assert await site.ended() == 0  # it does not wait for those who ask for nothing
        writer.close()
        half_sent.close()


async def test_what_never_ends_is_cut_off_after_the_drain_time(tmp_path: Path) -> None:
    async with Site(tmp_path, "--drain-seconds", "0.5") as site:
        assert await site.deploy("slow", SLOW, "Slow") == 200
        hanging = asyncio.create_task(site.fetch("slow", "/never"))
        async with site.request("slow", "/endless") as endless:
            assert await endless.content.read(4) == b"more"
            stalled = await site.request("slow", "/endless")  # nobody reads this one
            await until_logged(site, "begun")
            site.signal(signal.SIGTERM)
            assert await site.ended() == 0
            stalled.close()
        await asyncio.gather(hanging, return_exceptions=True)
