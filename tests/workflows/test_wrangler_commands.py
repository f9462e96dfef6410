"""Wrangler's `workflows` commands, unmodified, against `holdfast serve`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_wrangler import Project
from tests.peers import wrangler_binary
from tests.serving import Platform

pytestmark = pytest.mark.slow

WORKER = """
import { WorkflowEntrypoint } from "cloudflare:workers";

export class Order extends WorkflowEntrypoint {
  async run({ payload }, step) {
    const total = await step.do("add up", async () => payload.amounts.reduce((a, b) => a + b));
    const { payload: by } = await step.waitForEvent("approval", { type: "approved" });
    return { total, by: by.by };
  }
}

export default {
  async fetch(request, env) {
    const instance = await env.ORDERS.create({ params: { amounts: [1] } });
    return Response.json(await instance.status());
  },
};
"""
CONFIGURATION = {
    "name": "shop",
    "main": "worker.js",
    "compatibility_date": "2026-06-01",
    "workflows": [{"name": "orders", "binding": "ORDERS", "class_name": "Order"}],
}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Any]:
    wrangler_binary()
    for name in ("platform", "project"):
        (tmp_path / name).mkdir()
    (tmp_path / "project" / "worker.js").write_text(WORKER)
    (tmp_path / "project" / "wrangler.json").write_text(json.dumps(CONFIGURATION))
    platform = Platform(tmp_path / "platform")
    yield Project(tmp_path / "project", platform)
    platform.process.stop()


def test_wrangler_triggers_instances_and_sees_how_they_end(project: Any) -> None:
    assert "workflow: orders" in project.run("deploy")
    assert "orders" in project.run("workflows", "list")
    assert "Order" in project.run("workflows", "describe", "orders")
    instances = ("workflows", "instances")
    for name in ("one", "two", "three"):
        project.run("workflows", "trigger", "orders", '{"amounts": [2, 3]}', "--id", name)
    again = project.attempt("workflows", "trigger", "orders", "{}", "--id", "one")
    assert again.returncode != 0
    assert 'has an instance "one"' in again.stdout + again.stderr

    project.run(
        *instances,
        "send-event",
        "orders",
        "one",
        "--type",
        "approved",
        "--payload",
        '{"by": "Ada"}',
    )
    told = project.run(*instances, "describe", "orders", "one")
    assert "Completed" in told
    assert "add up-1" in told
    assert "Output:    5" in told

    project.run(*instances, "pause", "orders", "two")
    assert "Paused" in project.run(*instances, "list", "orders", "--status", "paused")
    project.run(*instances, "resume", "orders", "two")
    project.run(*instances, "terminate", "orders", "two")
    assert "Terminated" in project.run(*instances, "describe", "orders", "two")
    project.run(*instances, "restart", "orders", "two")
    listed = project.run(*instances, "list", "orders")
    assert all(name in listed for name in ("one", "two", "three"))
    none = project.attempt(*instances, "describe", "orders", "nobody")
    assert none.returncode != 0
    assert 'has no instance "nobody"' in none.stdout + none.stderr

    project.run("deploy")  # which changes nothing of them
    assert "Completed" in project.run(*instances, "describe", "orders", "one")
    project.run("workflows", "delete", "orders")
    assert "There are no deployed Workflows" in project.attempt("workflows", "list").stderr
