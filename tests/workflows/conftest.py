"""What the tests of Workflows share: a script whose Workflows do what a test says."""

from typing import Any

import pytest

from holdfast.testing import Harness, Worker

SCRIPT = """
import { DurableObject, WorkflowEntrypoint } from "cloudflare:workers";
import { NonRetryableError } from "cloudflare:workflows";

const NO_RETRY = { retries: { limit: 0, delay: 0 } };
const told = (error) => `${error.name}: ${error.message}`;

// What steps do outside of their instance.
export class Diary extends DurableObject {
  async note(text) {
    await this.ctx.storage.put("notes", [...(await this.notes()), text]);
  }

  async notes() {
    return (await this.ctx.storage.get("notes")) ?? [];
  }
}

export class Flow extends WorkflowEntrypoint {
  run(event, step) {
    return this[event.payload.kind](event, step);
  }

  note(text) {
    return this.env.Diary.getByName("diary").note(text);
  }

BODY
}

export default {
  async fetch(request, env) {
    const [id, method, ...args] = await request.json();
    try {
      const target = id === null ? env.Flow : await env.Flow.get(id);
      const result = await target[method](...args);
      const shown = Array.isArray(result) ? result.map((one) => one.id) : (result?.id ?? result);
      return Response.json({ result: shown ?? null });
    } catch (error) {
      return Response.json({ error: told(error) });
    }
  },
};
"""


class Flows:
    """The Workflow `Flow`, whose class has the methods in `body`."""

    def __init__(self, holdfast: Harness, body: str, **env: Any) -> None:
        self.clock = holdfast.clock
        script = SCRIPT.replace("BODY", body)
        self.worker: Worker = holdfast.worker({"flow.mjs": script}, env=env)

    def call(self, instance: str | None, method: str, *arguments: Any) -> Any:
        """Call the binding, or one of its instances; an error as text."""
        told = self.worker.fetch("/", json=[instance, method, *arguments]).json()
        return told.get("error", told.get("result"))

    def start(self, kind: str, **params: Any) -> None:
        """Create an instance that is called as its kind, and let it run until it rests."""
        assert self.call(None, "create", {"id": kind, "params": {"kind": kind, **params}}) == kind
        self.clock.advance(0.001)

    def status(self, instance: str) -> Any:
        """What the binding tells of it."""
        return self.call(instance, "status")

    def output(self, instance: str) -> Any:
        """What it has returned."""
        status = self.status(instance)
        assert status["status"] == "complete", status
        return status["output"]

    @property
    def notes(self) -> list[Any]:
        """What its steps have noted."""
        noted: list[Any] = self.worker.object("Diary", name="diary").call("notes")
        return noted


@pytest.fixture
def flows(holdfast: Harness) -> Any:
    """Makes `Flows`, from the methods of the class and bindings."""
    return lambda body, **env: Flows(holdfast, body, **env)
