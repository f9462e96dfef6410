"""A real server of one process or two, which gets more than it can carry, and then no more."""

import asyncio
from itertools import islice
from pathlib import Path

import aiohttp
import pytest

from tests.cli.running import Running
from tests.gate import Gate

BOUND = 40
OFFERED = 10 * BOUND

SCRIPT = """
import { DurableObject } from "cloudflare:workers";
export class Box extends DurableObject {
  fetch(request) {
    const gate = request.headers.get("x-gate");
    return gate ? fetch(gate) : new Response("at once");
  }
}
export default {
  fetch(request, env) {
    const name = new URL(request.url).pathname;
    return name === "/" ? new Response("at once") : env.Box.get(env.Box.idFromName(name)).fetch(request);
  },
};
"""


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
async def test_ten_times_what_an_object_carries_is_refused_and_all_that_was_taken_is_answered(
    tmp_path: Path, workers: int
) -> None:
    (tmp_path / "box.mjs").write_text(SCRIPT)
    options = [
        "--workers",
        str(workers),
        "--max-object-calls",
        str(BOUND),
        "--allow-private-egress",
    ]
    # More in all than each process takes of one script, so that only the object's bound counts.
    connector = aiohttp.TCPConnector(limit=0)
    with Running("run", "box.mjs", "--port", "0", *options, folder=tmp_path) as server:
        url = server.ready()
        async with Gate() as gate, aiohttp.ClientSession(connector=connector) as session:

            async def ask(path: str, **headers: str) -> tuple[int, str, bool]:
                async with session.get(url + path, headers=headers) as answer:
                    return answer.status, await answer.text(), "Retry-After" in answer.headers

            through = {"x-gate": gate.url}
            offered = [asyncio.create_task(ask("/box", **through)) for _ in range(OFFERED)]
            for answer in islice(asyncio.as_completed(offered), OFFERED - BOUND):
                status, text, says_when = await answer
                assert (status, says_when) == (503, True) and "overloaded" in text
            await gate.until(BOUND)
            assert await ask("/") == await ask("/another") == (200, "at once", False)
            gate.open()
            accepted = [await task for task in offered if (await task)[0] == 200]
            assert accepted == [(200, "open", False)] * BOUND
            assert (
                await asyncio.gather(*(ask("/box") for _ in range(BOUND)))
                == [(200, "at once", False)] * BOUND
            )
        assert server.stop() == 0
    begun = [line for line in server.err if "what is too much is refused" in line]
    assert 1 <= len(begun) <= workers
