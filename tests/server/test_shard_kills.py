"""What was acknowledged survives the death of any shard, at any time, under load.

CI kills a dozen; `HOLDFAST_KILLS=200 pytest tests/server/test_shard_kills.py` kills more.
"""

import asyncio
import os
import random
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.server.shard_process import Sharded, kill

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="shards are found in /proc"),
]

KILLS = int(os.environ.get("HOLDFAST_KILLS", "12"))
OBJECTS = [f"object {number}" for number in range(40)]
CLIENTS = 12
SEED = 6


class Load:
    """Clients that increment counters and keep what was acknowledged to them."""

    def __init__(self, server: Sharded, session: aiohttp.ClientSession) -> None:
        self._server = server
        self._session = session
        self._random = random.Random(SEED)
        self.acknowledged: dict[str, list[int]] = defaultdict(list)
        self.refusals: list[dict[str, Any]] = []
        self.over = False

    async def client(self) -> None:
        while not self.over:
            name = self._random.choice(OBJECTS)
            try:
                async with self._session.post(self._server.url("/", name)) as response:
                    answer = await response.json(content_type=None)
            except aiohttp.ClientError:  # the shard that had the connection has died
                continue
            if response.status == 200:
                self.acknowledged[name].append(answer)
            else:
                self.refusals.append(answer)

    @property
    def total(self) -> int:
        return sum(map(len, self.acknowledged.values()))


async def test_kills_lose_nothing_and_no_object_lives_twice(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    with Sharded(tmp_path, 3) as server:
        server.all_shards()
        connector = aiohttp.TCPConnector(force_close=True)
        async with aiohttp.ClientSession(connector=connector) as session:
            load = Load(server, session)
            clients = [asyncio.ensure_future(load.client()) for _ in range(CLIENTS)]
            for _ in range(KILLS):
                wanted = load.total + chance.randrange(20, 120)
                while load.total < wanted:
                    await asyncio.sleep(0.001)
                kill(chance.choice(await asyncio.to_thread(server.all_shards)))
            wanted = load.total + 200
            while load.total < wanted:  # and it goes on
                await asyncio.sleep(0.001)
            load.over = True
            await asyncio.gather(*clients)
            for name in OBJECTS:
                async with session.post(server.url("/read", name)) as response:
                    stored = await response.json(content_type=None)
                numbers = load.acknowledged[name]
                assert len(numbers) == len(set(numbers)), "two instances counted"
                assert stored >= max(numbers, default=0), "something acknowledged is lost"
        told = {(answer["message"], answer.get("retryable")) for answer in load.refusals}
        assert told <= {("Network connection lost.", True)}
        assert server.log.read_text().count("by signal 9") == KILLS
