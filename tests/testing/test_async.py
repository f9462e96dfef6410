"""The same in a loop that runs already."""

import asyncio

from holdfast.testing import Harness
from tests.testing.conftest import COUNTER


async def test_everything_that_takes_time_is_awaited(aholdfast):
    counter = aholdfast.worker(COUNTER).object("Counter", name="A")
    assert (await counter.worker.fetch("/", body="x")).text() == "POST x 1"
    assert await counter.call("add", 1) == 2
    assert counter.storage["value"] == 2
    await counter.call("later", 60_000)
    await aholdfast.clock.advance(60)
    assert counter.storage["woken"]
    socket = await counter.websocket("/")
    socket.send("hello")
    assert await socket.receive() == "1 hello"
    await counter.evict()
    await counter.crash()
    assert await counter.run("({ calls }) => calls") == 0


async def test_tasks_of_the_test_share_the_platform(aholdfast):
    counter = aholdfast.worker(COUNTER).object("Counter", name="A")

    async def wait(seconds):
        await counter.run("(i, s, ms) => scheduler.wait(ms)", seconds * 1000)
        return aholdfast.clock.elapsed

    assert await asyncio.gather(wait(2), wait(1)) == [2, 1]
    assert await aholdfast.gather([counter.call("add", 1), counter.call("add", 1)]) == [1, 2]


async def test_one_harness_is_for_both():
    async with Harness(timeout=3) as harness:
        assert await harness.worker(COUNTER).object("Counter", unique=True).call("add", 1) == 1
