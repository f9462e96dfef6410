"""Queues of a server: delivered to what is deployed, and copied."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from holdfast.api.client import deploy_project
from holdfast.api.session import Session
from holdfast.server.backup import archive, unpack
from holdfast.server.check import check_folder
from holdfast.server.metrics import Metrics
from holdfast.storage.queue_messages import Terms
from holdfast.storage.queues import QueueStore
from tests.faults.site import TOKEN, Site
from tests.patience import PATIENCE_S
from tests.server.deployment import Deployment

SOURCE = """
const seen = [];
export default {
  async fetch(request, env) {
    const body = new URL(request.url).searchParams.get("send");
    if (body !== null) await env.JOBS.send(body);
    return Response.json(seen);
  },
  queue(batch) { seen.push(...batch.messages.map(({ body }) => VERSION + body)); },
};
"""
BINDING = {"type": "queue", "name": "JOBS", "queue_name": "jobs"}
LATER_MS = 60_000
AT_ONCE = {"max_wait_time_ms": 0}


async def api(deployment: Deployment, method: str, path: str, fields: Any = None) -> Any:
    options = {} if fields is None else {"json": fields}
    answer = await deployment.api(method, f"../queues{path}", **options)
    assert answer["success"], answer
    return answer["result"]


async def upload(deployment: Deployment, version: str = "1") -> None:
    source = SOURCE.replace("VERSION", f'"{version}"')
    answer = await deployment.upload("main", source, bindings=[BINDING])
    assert answer["success"], answer


async def consume(deployment: Deployment) -> None:
    fields = {"type": "worker", "script_name": "main", "settings": AT_ONCE}
    await api(deployment, "POST", "/jobs/consumers", fields)


async def seen(deployment: Deployment, path: str = "/", until: int = 0) -> Any:
    """What the script was told, once that is as much."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            status, _, text = (await deployment.text("main", path)).partition(" ")
            assert status == "200", text
            found = json.loads(text)
            if len(found) >= until:
                return found
            path = "/"


@pytest.fixture
async def jobs(deployment: Deployment) -> Deployment:
    """A server with a script that sends to the queue `jobs`, which nobody consumes."""
    await api(deployment, "POST", "", {"queue_name": "jobs"})
    await upload(deployment)
    return deployment


async def test_messages_wait_for_a_consumer_and_a_new_version_takes_over(jobs: Deployment) -> None:
    await seen(jobs, "/?send=a")
    await consume(jobs)
    assert await seen(jobs, until=1) == ["1a"]
    await upload(jobs, "2")
    assert await seen(jobs, "/?send=b", 1) == ["2b"]


async def test_a_queue_that_is_paused_is_not_delivered(jobs: Deployment) -> None:
    await consume(jobs)
    await api(jobs, "PATCH", "/jobs", {"settings": {"delivery_paused": True}})
    await seen(jobs, "/?send=a")
    assert (await api(jobs, "GET", "/jobs/metrics"))["backlog_count"] == 1
    assert 'holdfast_queue_messages{queue="jobs"} 1\n' in await Metrics(jobs.runtime).text()
    await api(jobs, "PATCH", "/jobs", {"settings": {"delivery_paused": False}})
    assert await seen(jobs, until=1) == ["1a"]


async def test_messages_for_a_script_that_is_deleted_stay(jobs: Deployment) -> None:
    await consume(jobs)
    assert (await jobs.api("DELETE", "scripts/main"))["success"]
    assert await api(jobs, "GET", "/jobs/consumers") == []
    await api(jobs, "POST", "/jobs/messages", {"body": "kept"})
    await upload(jobs, "2")
    await consume(jobs)
    assert await seen(jobs, until=1) == ["2kept"]


async def test_a_queue_that_was_deleted_takes_nothing(jobs: Deployment) -> None:
    await api(jobs, "DELETE", "/jobs")
    assert (await jobs.text("main", "/?send=a")).startswith("500")
    assert 'Queue send failed: there is no queue named "jobs"' in "".join(jobs.lines)


async def test_a_backup_holds_what_is_in_queues_and_what_is_under_way(
    jobs: Deployment, tmp_path: Path
) -> None:
    for body in "ab":
        await api(jobs, "POST", "/jobs/messages", {"body": body})
    terms = Terms(3, None)
    store = jobs.runtime.resources.queues.store
    assert len(store.take("jobs", 1, terms, time.time() * 1000 + LATER_MS).messages) == 1
    file, restored = tmp_path / "backup.tar", tmp_path / "restored"
    with file.open("wb") as content:
        async for piece in archive(jobs.runtime):
            content.write(piece)
    restored.mkdir()
    assert "queues.sqlite" in {*unpack(file, restored)}
    assert not any(finding.problems for finding in check_folder(restored))
    copy = QueueStore(restored / "queues.sqlite")
    copy.release(lambda _: True, time.time() * 1000 + LATER_MS)
    assert [
        m.attempts for m in copy.take("jobs", 9, terms, time.time() * 1000 + LATER_MS).messages
    ] == [1, 2]
    copy.close()


@pytest.mark.slow
async def test_a_project_brings_its_queues_and_a_crash_loses_none(tmp_path: Path) -> None:
    (tmp_path / "main.mjs").write_text(SOURCE.replace("VERSION", '"1"'))
    file = tmp_path / "wrangler.json"
    consumers = [{"queue": "jobs", "max_batch_timeout": 0}, {"queue": "other"}]
    producers = [{"queue": "jobs", "binding": "JOBS"}]
    config: dict[str, Any] = {"name": "main", "main": "main.mjs"}
    file.write_text(json.dumps({**config, "queues": {"producers": producers}}))
    async with Site(tmp_path) as site:
        options = {"base_url": f"http://127.0.0.1:{site.api_port}", "token": TOKEN}
        session = Session(options["base_url"], TOKEN, "holdfast")
        await asyncio.to_thread(deploy_project, file, **options)
        url = f"http://127.0.0.1:{site.port}/"
        headers = {"Host": "main.localhost"}
        async with site.session.get(f"{url}?send=a", headers=headers) as response:
            assert response.status == 200
        queues = {"producers": producers, "consumers": consumers}
        file.write_text(json.dumps({**config, "queues": queues}))
        site.crash()
        site.start()
        await asyncio.to_thread(deploy_project, file, **options)
        async with asyncio.timeout(PATIENCE_S):
            while True:
                async with site.session.get(url, headers=headers) as response:
                    if await response.json() == ["1a"]:
                        break
        del queues["consumers"][1]
        queues["consumers"][0]["max_retries"] = 9
        file.write_text(json.dumps({**config, "queues": queues}))
        await asyncio.to_thread(deploy_project, file, **options)
        told = await asyncio.to_thread(session.send, "GET", "/queues")
        retries = {
            queue["queue_name"]: [one["settings"]["max_retries"] for one in queue["consumers"]]
            for queue in told["result"]
        }
        assert retries == {"jobs": [9], "other": []}
