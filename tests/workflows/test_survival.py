"""Workflows through the ends of processes, isolates and versions.

A step begins once the one before it is on the disk. So of what steps note elsewhere none may come
behind what a later one has noted: a step whose result was kept is not run again.
"""

import json
import time
import urllib.request
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from holdfast.testing import Harness
from tests.patience import PATIENCE_S
from tests.serving import HoldfastProcess, free_ports

STEPS = 12
LONG = f"""
  async long(event, step) {{
    for (let i = 0; i < {STEPS}; i++) {{
      await step.do(`step ${{i}}`, {{ retries: {{ limit: 0, delay: 0 }} }}, async () => {{
        await this.note(i);
        await scheduler.wait(40);
        return i;
      }});
      if (i % 3 === 2) await step.sleep("a while", 100);
    }}
    return "done";
  }}
"""


def check(notes: list[int]) -> None:
    assert {*notes} == {*range(STEPS)}
    assert all(later - earlier in (0, 1) for earlier, later in pairwise(notes)), notes


@pytest.mark.slow
@pytest.mark.parametrize("gap_ms", [13, 90])
def test_a_loss_of_power_runs_no_step_again_whose_result_was_kept(
    holdfast: Harness, flows: Any, gap_ms: int
) -> None:
    flow = flows(LONG)
    flow.start("long")
    for _ in range(25):
        flow.clock.advance(gap_ms / 1000)
        holdfast.crash()
        assert flow.status("long")["status"] != "errored"
    flow.clock.advance(10)
    assert flow.output("long") == "done"
    check(flow.notes)


def test_new_code_goes_on_with_a_step_that_ends_in_the_old_one(
    holdfast: Harness, flows: Any
) -> None:
    flow = flows("""
      slow(event, step) {
        return step.do("slow", async () => {
          await scheduler.wait(1_000);
          return "done";
        });
      }
    """)
    flow.start("slow")
    holdfast.runtime.remove(flow.worker.name)  # the next event loads it anew
    flow.clock.advance(6)
    assert flow.output("slow") == "done"


SERVED = """
import { DurableObject, WorkflowEntrypoint } from "cloudflare:workers";

export class Diary extends DurableObject {
  async note(text) {
    this.ctx.storage.kv.put("notes", [...this.notes(), text]);
  }

  notes() {
    return this.ctx.storage.kv.get("notes") ?? [];
  }
}

export class Flow extends WorkflowEntrypoint {
  note(text) {
    return this.env.Diary.getByName(this.id).note(text);
  }

  async run(event, step) {
    this.id = event.instanceId;
    return this.long(event, step);
  }

BODY
}

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const ids = [...Array(+searchParams.get("count")).keys()].map((n) => `i${n}`);
    if (pathname === "/create") {
      await env.Flow.createBatch(ids.map((id) => ({ id })));
      return Response.json(ids);
    }
    const look = async (id) => ({
      notes: await env.Diary.getByName(id).notes(),
      status: (await (await env.Flow.get(id)).status()).status,
    });
    return Response.json(await Promise.all(ids.map(look)));
  },
};
"""
UPDATED = """
import { WorkflowEntrypoint } from "cloudflare:workers";

export class Flow extends WorkflowEntrypoint {
  async run(event, step) {
    const first = await step.do("first", async () => VERSION);
    const second = await step.do("second", async () => {
      await scheduler.wait(VERSION === 1 ? 600_000 : 1);
      return VERSION;
    });
    return [first, second];
  }
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/create") await env.Flow.create({ id: "one" });
    return Response.json([VERSION, await (await env.Flow.get("one")).status()]);
  },
};
"""
INSTANCES = 12
KILLS = 6


def ask(port: int, path: str) -> Any:
    url = f"http://127.0.0.1:{port}{path}?count={INSTANCES}"
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_kill_9_in_the_middle_runs_no_step_again_whose_result_was_kept(
    tmp_path: Path, workers: str
) -> None:
    script = tmp_path / "flow.mjs"
    script.write_text(SERVED.replace("BODY", LONG))
    (port,) = free_ports(1)
    arguments = ["run", str(script), "--port", str(port), "--host", "127.0.0.1"]
    arguments += ["--data", str(tmp_path / "data"), "--workers", workers]
    process = HoldfastProcess(arguments, [port], tmp_path)
    deadline = time.monotonic() + PATIENCE_S
    try:
        ask(port, "/create")
        seen = 0
        for _ in range(KILLS):
            wanted = seen + INSTANCES
            while seen < wanted and time.monotonic() < deadline:
                seen = sum(len(one["notes"]) for one in ask(port, "/look"))
            process.kill()
            process = HoldfastProcess(arguments, [port], tmp_path)
        while time.monotonic() < deadline:
            told = ask(port, "/look")
            if all(one["status"] == "complete" for one in told):
                break
        assert [one["status"] for one in told] == ["complete"] * INSTANCES
        for one in told:
            check(one["notes"])
    finally:
        process.kill()


@pytest.mark.slow
def test_new_code_takes_over_in_the_middle_of_a_step(tmp_path: Path) -> None:
    script = tmp_path / "flow.mjs"
    script.write_text(UPDATED.replace("VERSION", "1"))
    (port,) = free_ports(1)
    arguments = ["dev", str(script), "--port", str(port), "--host", "127.0.0.1"]
    process = HoldfastProcess([*arguments, "--data", str(tmp_path / "data")], [port], tmp_path)
    deadline = time.monotonic() + PATIENCE_S
    try:
        ask(port, "/create")
        while ask(port, "/")[1]["status"] != "running" and time.monotonic() < deadline:
            pass
        script.write_text(UPDATED.replace("VERSION", "2"))
        while time.monotonic() < deadline:
            version, status = ask(port, "/")
            if status["status"] == "complete":
                break
        assert (version, status["output"]) == (2, [1, 2])
    finally:
        process.kill()
