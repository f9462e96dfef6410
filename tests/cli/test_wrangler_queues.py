"""Cloudflare's own Wrangler, unmodified: queues of `holdfast serve`."""

import json
import time
from typing import Any

import pytest

from tests.cli.test_wrangler import Project, project
from tests.patience import PATIENCE_S
from tests.serving import TOKEN, curl

__all__ = ["project"]

pytestmark = pytest.mark.slow

# Delivered in one process, asked in any: what was seen is kept by an object.
WORKER = """
import { DurableObject } from "cloudflare:workers";
export class Log extends DurableObject {
  add(line) { this.ctx.storage.kv.put("lines", [...this.lines(), line]); }
  lines() { return this.ctx.storage.kv.get("lines") ?? []; }
}
export default {
  async fetch(request, env) {
    const { searchParams } = new URL(request.url);
    if (searchParams.has("send")) await env.JOBS.send(searchParams.get("send"));
    return Response.json(await env.LOG.getByName("log").lines());
  },
  async queue(batch, env) {
    for (const { body } of batch.messages) {
      await env.LOG.getByName("log").add(`${batch.queue}: ${body}`);
    }
  },
};
"""
SETTINGS = {
    "name": "worker",
    "durable_objects": {"bindings": [{"name": "LOG", "class_name": "Log"}]},
    "migrations": [{"tag": "v1", "new_sqlite_classes": ["Log"]}],
    "triggers": {},
    "queues": {
        "producers": [{"binding": "JOBS", "queue": "jobs"}],
        "consumers": [
            {"queue": "jobs", "max_batch_timeout": 0, "max_retries": 7, "dead_letter_queue": "dead"}
        ],
    },
}


def ask(project: Project, path: str = "/", until: int = 0) -> list[str]:
    """What was seen; until it is as much."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        answer = project.platform.ask("worker", path)
        assert answer.status == 200, answer.text
        seen: list[str] = json.loads(answer.text)
        if len(seen) >= until or time.monotonic() > deadline:
            return seen
        path = "/"


def call(project: Project, path: str, body: Any = None) -> Any:
    sent = () if body is None else ("--json", json.dumps(body))
    url = f"{project.platform.api}/accounts/local/queues/{path}"
    answer = curl("--header", f"X-Auth-Key: {TOKEN}", *sent, url)
    assert answer.status == 200, answer.text
    return json.loads(answer.text)["result"]


def test_wrangler_makes_queues_and_deploys_who_sends_and_consumes(project: Project) -> None:
    project.write(1, **SETTINGS)
    (project.folder / "worker.js").write_text(WORKER)
    refused = project.attempt("deploy")
    assert 'Queue "jobs" does not exist' in refused.stdout + refused.stderr

    project.run("queues", "create", "jobs", "--delivery-delay-secs", "0")
    taken = project.attempt("queues", "create", "jobs")
    assert "11009" in taken.stdout + taken.stderr
    printed = project.run("deploy")
    assert "Consumer for jobs" in printed
    assert ask(project, "/?send=a", until=1) == ["jobs: a"]
    project.run("deploy")  # the consumer is known
    told = project.run("queues", "info", "jobs")
    assert "Producers: worker:worker" in told and "Consumers: worker:worker" in told
    listed = project.run("queues", "list")
    assert "jobs" in listed and "dead" in listed

    project.run("queues", "pause-delivery", "jobs")
    assert ask(project, "/?send=b") == ["jobs: a"]
    assert call(project, "jobs/metrics")["backlog_count"] == 1
    project.run("queues", "resume-delivery", "jobs")
    assert ask(project, until=2) == ["jobs: a", "jobs: b"]

    project.run("queues", "update", "jobs", "--message-retention-period-secs", "600")
    assert call(project, "jobs")["settings"]["message_retention_period"] == 600
    project.run("queues", "consumer", "worker", "remove", "jobs", "worker")
    project.run("queues", "consumer", "http", "add", "jobs", "--visibility-timeout-secs", "60")
    ask(project, "/?send=c")
    [pulled] = call(project, "jobs/messages/pull", {"batch_size": 5})["messages"]
    assert pulled["attempts"] == 1
    project.run("queues", "purge", "jobs", "--force")
    assert call(project, "jobs/metrics")["backlog_count"] == 0
    project.run("queues", "consumer", "http", "remove", "jobs")
    project.run("queues", "consumer", "add", "jobs", "worker", "--batch-size", "3")
    assert call(project, "jobs")["consumers"][0]["settings"]["batch_size"] == 3
    project.run("queues", "consumer", "remove", "jobs", "worker")
    project.run("queues", "delete", "dead")
    assert "dead" not in project.run("queues", "list")
