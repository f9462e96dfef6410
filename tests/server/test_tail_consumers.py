"""Tail Workers of scripts that were uploaded."""

import asyncio
import json
from typing import Any

import pytest

from holdfast.host.constants import MAX_CALL_DEPTH
from holdfast.server import tail_consumers
from tests.patience import PATIENCE_S
from tests.server.deployment import Deployment
from tests.server.test_tails import frame, tail

PRODUCER = """
export default {
  async fetch(request, env, ctx) {
    ctx.waitUntil(scheduler.wait(1).then(() => console.log("late")));
    return new Response("ok");
  },
};
"""
# Answers requests with what it was told: paths by calls.
CONSUMER = """
const calls = [];
let isClosed = false;
export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname !== "/") isClosed = pathname === "/close";
    return Response.json(calls);
  },
  async tail(events) {
    calls.push(events.map(({ scriptName, event, logs }) => [
      scriptName, new URL(event.request.url).pathname, ...logs.map(({ message }) => message[0]),
    ]));
    while (isClosed) await scheduler.wait(1);
  },
};
"""
TAILED = {"tail_consumers": [{"service": "consumer"}]}


async def told(deployment: Deployment, calls: int = 1, script: str = "consumer") -> Any:
    """What the consumer was told, once it was called so often."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = json.loads((await deployment.text(script)).removeprefix("200 "))
            if len(found) >= calls:
                return found
            await asyncio.sleep(0.002)


async def test_a_consumer_is_told_of_each_event_once_it_has_ended(deployment: Deployment) -> None:
    await deployment.upload("consumer", CONSUMER)
    await deployment.upload("producer", PRODUCER, **TAILED)
    async with tail(deployment, "producer") as socket:
        for path in ("/one", "/two"):
            await deployment.text("producer", path)
            await frame(socket)
    calls = await told(deployment, 2)
    assert calls == [[["producer", "/one", "late"]], [["producer", "/two", "late"]]]
    shown = (await deployment.api("GET", "scripts/producer/settings"))["result"]
    assert shown["tail_consumers"] == TAILED["tail_consumers"]
    # The consumer itself has none, and so is not traced.
    assert deployment.runtime.worker("consumer").host.tracer is None


async def test_consumers_are_set_without_an_upload_and_end_with_one_that_names_none(
    deployment: Deployment,
) -> None:
    await deployment.upload("consumer", CONSUMER)
    await deployment.upload("producer", PRODUCER)
    assert deployment.runtime.worker("producer").host.tracer is None
    patched = await deployment.api(
        "PATCH", "scripts/producer/script-settings", data=json.dumps(TAILED)
    )
    assert patched["result"]["tail_consumers"] == TAILED["tail_consumers"]
    await deployment.text("producer", "/seen")
    assert await told(deployment) == [[["producer", "/seen", "late"]]]
    await deployment.upload("producer", PRODUCER)
    assert deployment.runtime.worker("producer").host.tracer is None


@pytest.mark.parametrize(
    ("consumers", "why"),
    [
        ([{"service": "nobody"}], 'names the Worker "nobody", which does not exist'),
        ("consumer", "must be a list"),
        ([{"environment": "x"}], 'must be an object with "service"'),
        ([{"service": "a", "environment": 5}], "must be strings"),
    ],
)
async def test_a_consumer_that_cannot_be_is_refused(
    deployment: Deployment, consumers: Any, why: str
) -> None:
    await deployment.upload("producer", PRODUCER)
    fields = {"tail_consumers": consumers}
    refused = await deployment.upload("producer", "export default { fetch() {} }", **fields)
    patched = await deployment.api(
        "PATCH", "scripts/producer/script-settings", data=json.dumps(fields)
    )
    for answer in (refused, patched):
        assert answer["errors"][0]["code"] == 10021
        assert why in answer["errors"][0]["message"]
    assert await deployment.text("producer") == "200 ok"


async def test_streaming_consumers_are_refused(deployment: Deployment) -> None:
    fields = {"streaming_tail_consumers": [{"service": "producer"}]}
    refused = await deployment.upload("producer", PRODUCER, **fields)
    assert "does not support metadata.streaming_tail" in refused["errors"][0]["message"]


async def test_a_consumer_is_not_deleted_under_its_producers(deployment: Deployment) -> None:
    await deployment.upload("consumer", CONSUMER)
    await deployment.upload("producer", PRODUCER, **TAILED)
    producers = (await deployment.api("GET", "tails/by-consumer/consumer"))["result"]
    assert [entry["producer"]["service"] for entry in producers] == ["producer"]
    refused = await deployment.api("DELETE", "scripts/consumer")
    assert "is the Tail Worker of other Workers: producer" in refused["errors"][0]["message"]
    assert (await deployment.api("DELETE", "scripts/consumer?force=true"))["success"]
    assert await deployment.text("producer") == "200 ok"


async def test_workers_that_tail_each_other_are_told_of_each_once(deployment: Deployment) -> None:
    source = CONSUMER.replace("new URL(event.request.url).pathname", "Object.keys(event)[0]")
    await deployment.upload("consumer", source)
    both = {"tail_consumers": [{"service": "consumer"}, {"service": "producer"}]}
    await deployment.upload("producer", source, **both)
    await deployment.upload("consumer", source, **both)
    await deployment.text("producer", "/one")
    calls = await told(deployment, 2)
    assert sorted(calls[:2]) == [[["producer", "consumedEvents"]], [["producer", "response"]]]
    assert len(deployment.runtime.tails.scripts) == 0


async def test_a_consumer_that_calls_its_producer_ends(
    deployment: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    await deployment.upload("consumer", CONSUMER)
    await deployment.upload("producer", PRODUCER, **TAILED)
    calls_back = CONSUMER.replace(
        "while", 'await env.PRODUCER.fetch("http://producer/again");while'
    )
    service = {"type": "service", "name": "PRODUCER", "service": "producer"}
    source = calls_back.replace("tail(events)", "tail(events, env)")
    await deployment.upload("consumer", source, bindings=[service])
    await deployment.text("producer", "/first")
    await told(deployment, MAX_CALL_DEPTH // 2)
    while "its calls lead back" not in caplog.text:
        await asyncio.sleep(0.002)
    assert len(await told(deployment)) == MAX_CALL_DEPTH // 2


async def test_a_consumer_that_is_slow_is_told_together_what_has_waited(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail_consumers, "MAX_CALLS", 2)
    monkeypatch.setattr(tail_consumers, "MAX_WAITING", 3)
    await deployment.upload("consumer", CONSUMER)
    await deployment.text("consumer", "/close")
    await deployment.upload("producer", "export default { fetch: () => new Response() }", **TAILED)
    for number in range(8):
        await deployment.text("producer", f"/{number}")
    assert [len(call) for call in await told(deployment, 2)] == [1, 1]
    await deployment.text("consumer", "/open")
    paths = [path for call in await told(deployment, 3) for _, path in call]
    assert paths == ["/0", "/1", "/2", "/3", "/4"]


async def test_a_consumer_that_fails_fails_alone(deployment: Deployment) -> None:
    await deployment.upload("consumer", "export default { tail() { throw new Error('no') } }")
    await deployment.upload("producer", PRODUCER, **TAILED)
    assert await deployment.text("producer") == "200 ok"
    async with asyncio.timeout(PATIENCE_S):
        while not any("in the tail of producer" in line for line in deployment.lines):
            await asyncio.sleep(0.002)
    [line] = [line for line in deployment.lines if line.startswith("consumer error")]
    assert line.startswith("consumer error: Uncaught (in the tail of producer) Error: no")
