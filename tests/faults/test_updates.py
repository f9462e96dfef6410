"""New code under load: it takes over without a request that fails otherwise than documented."""

import asyncio
from pathlib import Path

import pytest

from tests.faults.counting import COUNTER, Load, Tally, check_all
from tests.faults.site import DEADLINE_S, Site
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.slow

VERSIONS = 20
INTERVAL_S = 0.1
MAX_GROWTH_MB = 25
RESET = "Durable Object reset because its code was updated."


def version(number: int) -> str:
    """The counter, which tells of the one error that its callers may meet."""
    told = """
    try {
      return await env.Counted.get(id).fetch(request);
    } catch (error) {
      return new Response(`${error.message} ${error.durableObjectReset}`, { status: 409 });
    }
    """
    handler = "return env.Counted.get(id).fetch(request);"
    source = COUNTER.replace(handler, told).replace(
        "fetch(request, env)", "async fetch(request, env)"
    )
    assert source.count("409") == 1
    # Each version is heavy enough for a leak to show.
    return f"{source}\nglobalThis.weight = new Uint8Array(2_000_000).fill({number});"


async def settled_mb(site: Site, limit: float) -> float:
    """The process's memory once it is below the limit, or after a while."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while site.resident_mb() > limit:
                await asyncio.sleep(0.05)
    except TimeoutError:
        pass
    return site.resident_mb()


async def test_updates_under_load_lose_no_write_and_no_memory(tmp_path: Path) -> None:
    paths = [f"/{n}" for n in range(12)]
    tally = Tally()
    async with Site(tmp_path) as site:
        async with asyncio.timeout(DEADLINE_S):
            assert await site.deploy("counter", version(0), "Counted") == 200
            load = Load(site, tally, paths, clients=8)
            loop = asyncio.get_running_loop()
            before = 0.0
            for number in range(1, VERSIONS + 1):
                due = loop.time() + INTERVAL_S
                assert await site.deploy("counter", version(number), "Counted") == 200
                await load.until_answered(10)
                if number == 5:
                    before = site.resident_mb()
                await asyncio.sleep(due - loop.time())
            await load.stop()
        assert {*tally.refused} <= {(409, f"{RESET} true")}, tally.refused
        await check_all(site, tally, paths)
        after = await settled_mb(site, before + MAX_GROWTH_MB)
        assert after <= before + MAX_GROWTH_MB, f"{before:.0f} MB grew to {after:.0f} MB"
