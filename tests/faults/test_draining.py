"""SIGTERM while events are under way that no client waits for."""

import json
import os
import signal
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.serving import HoldfastProcess, free_ports

pytestmark = pytest.mark.slow

SOURCE = """
const late = (env) => env.Late.get(env.Late.idFromName("x"));

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === "/done") return await late(env).fetch(request);
    ctx.waitUntil(note(env, "the request"));
    await env.JOBS.send("a message");
    return await late(env).fetch(request);
  },
  async queue(batch, env) {
    await note(env, `delivery ${batch.messages[0].attempts}`);
  },
};

const note = (env, what) => late(env).fetch("http://late/note", { method: "POST", body: what });

export class Late {
  constructor(state) {
    this.state = state;
    this.storage = state.storage;
    this.begun = [];
  }

  async fetch(request) {
    switch (new URL(request.url).pathname) {
      case "/done":
        return Response.json([...(await this.storage.list()).keys()]);
      case "/note":
        await this.note(await request.text());
        return new Response("noted");
    }
    await this.storage.setAlarm(Date.now());
    this.state.waitUntil(this.note("the object"));
    while (this.begun.length < 4) await scheduler.wait(10);
    return Response.json(this.begun.sort());
  }

  async alarm() {
    await this.note("the alarm");
  }

  async note(what) {
    this.begun.push(what);
    await scheduler.wait(700);
    await this.storage.put(what, true);
  }
}
"""
CONFIGURATION = {
    "name": "main",
    "main": "main.mjs",
    "compatibility_date": "2026-01-01",
    "durable_objects": {"bindings": [{"name": "Late", "class_name": "Late"}]},
    "migrations": [{"tag": "1", "new_sqlite_classes": ["Late"]}],
    "queues": {
        "producers": [{"binding": "JOBS", "queue": "jobs"}],
        "consumers": [{"queue": "jobs", "max_batch_timeout": 0}],
    },
}
EVENTS = ["delivery 1", "the alarm", "the object", "the request"]


def test_events_that_nobody_waits_for_end_well(tmp_path: Path) -> None:
    (tmp_path / "main.mjs").write_text(SOURCE)
    (tmp_path / "wrangler.json").write_text(json.dumps(CONFIGURATION))
    [port] = free_ports(1)
    options = ["run", "--port", str(port), "--workers", "2"]

    def ask(path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as response:
            return json.load(response)

    process = HoldfastProcess(options, [port], tmp_path)
    try:
        assert ask("/") == EVENTS
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(20) == 0
        process = HoldfastProcess(options, [port], tmp_path)
        assert ask("/done") == EVENTS
    finally:
        process.kill()
