"""What a configuration says of a Workflow besides its class: `schedules` and `limits`."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from holdfast.server.metrics import Metrics
from holdfast.testing import Harness, JavaScriptError
from tests.patience import PATIENCE_S
from tests.server.conftest import deployment
from tests.server.deployment import TOKEN, Deployment

__all__ = ["deployment"]

SOURCE = """
import { WorkflowEntrypoint } from "cloudflare:workers";

const ran = [];
export class Flow extends WorkflowEntrypoint {
  async run(event, step) {
    ran.push({ ...event, timestamp: undefined });
    for (let n = 0; n < (event.payload.steps ?? 0); n++) await step.do(`${n}`, async () => n);
    await step.sleep("rest", 1);
  }
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/ran") return Response.json(ran);
    const [, id, steps] = pathname.split("/");
    if (steps) await env.FLOW.create({ id, params: { steps: Number(steps) } });
    return Response.json(await (await env.FLOW.get(id)).status());
  },
};
"""
WORKFLOW = {"name": "flow", "binding": "FLOW", "class_name": "Flow"}
START = datetime(2026, 3, 1, 11, 58, 30, tzinfo=UTC)
NOON_MS = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp() * 1000


def configure(folder: Path, **fields: Any) -> Path:
    config = {"name": "main", "main": "main.mjs", "workflows": [{**WORKFLOW, **fields}]}
    (folder / "main.mjs").write_text(SOURCE)
    (folder / "wrangler.json").write_text(json.dumps(config))
    return folder


def test_an_instance_is_created_by_each_schedule(holdfast: Harness, tmp_path: Path) -> None:
    holdfast.clock.set(START)
    worker = holdfast.worker(configure(tmp_path, schedules=["0 * * * *", "0 12 * * *"]))
    holdfast.clock.advance(60)
    assert worker.fetch("/ran").json() == []
    holdfast.clock.advance(60)
    ran = worker.fetch("/ran").json()
    assert sorted(event["schedule"]["cron"] for event in ran) == ["0 * * * *", "0 12 * * *"]
    assert {event["schedule"]["scheduledTime"] for event in ran} == {NOON_MS}
    assert all(event["payload"] == {} and event["workflowName"] == "flow" for event in ran)
    assert worker.workflow("flow", ran[0]["instanceId"]).wait() is None


def test_an_instance_has_as_many_steps_as_its_limits_say(holdfast: Harness, tmp_path: Path) -> None:
    worker = holdfast.worker(configure(tmp_path, limits={"steps": 3}))
    for name, steps in (("enough", 3), ("more", 4)):
        worker.workflow("flow", name).create({"steps": steps})
    assert worker.workflow("flow", "enough").wait() is None
    with pytest.raises(JavaScriptError, match="The limit of 3 steps has been reached"):
        worker.workflow("flow", "more").wait()


Put = Callable[..., Any]


@pytest.fixture
def put(deployment: Deployment) -> Put:
    async def put(**fields: Any) -> dict[str, Any]:
        url = f"http://127.0.0.1:{deployment.api_port}/client/v4/accounts/a/workflows/flow"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        body = {"script_name": "main", "class_name": "Flow", **fields}
        async with aiohttp.request("PUT", url, headers=headers, json=body) as response:
            answer: dict[str, Any] = await response.json()
            return answer

    return put


BINDING = {"type": "workflow", "name": "FLOW", "workflow_name": "flow", "class_name": "Flow"}


async def test_limits_and_schedules_are_set_by_the_api(deployment: Deployment, put: Put) -> None:
    crons = [{"cron": "0 * * * *"}, {"cron": "5 * * * *"}]
    await deployment.upload("main", SOURCE, bindings=[BINDING])
    await deployment.text("main", "/before/1")
    shown = (await put(limits={"steps": 2}, schedules=crons))["result"]
    assert (shown["limits"], shown["schedules"]) == ({"steps": 2}, crons)
    assert [cron for _, cron, _ in deployment.catalog.all_triggers()] == ["0 * * * *", "5 * * * *"]

    await deployment.upload("main", SOURCE, bindings=[BINDING])  # says nothing of them
    assert '"status":"' in await deployment.text("main", "/more/3")
    text = await Metrics(deployment.runtime).text()
    assert '{script="main",class="workflow:flow:Flow"} ' in text, "without the number of steps"

    async with asyncio.timeout(PATIENCE_S):
        while "The limit of 2 steps" not in await deployment.text("main", "/more"):
            await asyncio.sleep(0.01)
    shown = (await put())["result"]
    assert (shown["limits"], shown["schedules"]) == ({}, [])
    assert deployment.catalog.all_triggers() == []
    await put(schedules=crons)
    await deployment.api("DELETE", "scripts/main?force=true")
    assert deployment.catalog.all_triggers() == []


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"limits": {"steps": 25_001}}, "25,000 at most"),
        ({"limits": 3}, "must be an object"),
        ({"schedules": [{"cron": "hourly"}]}, "hourly"),
        ({"schedules": {"cron": "0 * * * *"}}, "must be a list"),
        ({"schedules": ["0 * * * *", 5]}, "a string"),
    ],
)
async def test_limits_and_schedules_that_are_none_are_refused(
    deployment: Deployment, put: Put, fields: dict[str, Any], why: str
) -> None:
    await deployment.upload("main", SOURCE, bindings=[BINDING])
    await put(limits={"steps": 7})
    answer = await put(**fields)
    assert why in answer["errors"][0]["message"]
    assert (await put(limits={"steps": 7}))["result"]["limits"] == {"steps": 7}


async def test_a_trigger_that_is_told_twice_creates_one_instance(deployment: Deployment) -> None:
    await deployment.upload("main", SOURCE, bindings=[BINDING])
    runtime = deployment.runtime
    [namespace] = deployment.catalog.namespaces()
    for _ in range(2):
        await runtime.begin_instance(namespace, "0 * * * *", NOON_MS)
    await runtime.begin_instance(namespace, "0 * * * *", NOON_MS + 3_600_000)
    listed = await runtime.files.list(namespace.unique_key, None, 10)
    assert len(listed) == 2
