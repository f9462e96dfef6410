"""Workflows whose code comes at runtime.

https://developers.cloudflare.com/dynamic-workers/usage/dynamic-workflows/
"""

from typing import Any

from holdfast.testing import Harness

TENANTS = """
  tenant(event, step) {
    const code = `
      import { exports, WorkflowEntrypoint } from "cloudflare:workers";

      export class Tenant extends WorkflowEntrypoint {
        async run({ payload }, step) {
          const note = payload.note.dup(); // which lasts longer than the call of run()
          const greet = async ({ attempt }) => {
            if (attempt === 1) throw new Error("not yet");
            return "Hello, " + payload.name;
          };
          const rollback = async ({ output, error }) => note([output, error.message]);
          const retries = { limit: 1, delay: 0 };
          const greeting = await step.do("greet", { retries }, greet, { rollback });
          await step.sleep("nap", "1 hour");
          const { payload: said } = await step.waitForEvent("word", { type: "word" });
          if (said === "no") throw new RangeError(said);
          return [greeting, said, Object.keys(exports)];
        }
      }`;
    const worker = this.env.LOADER.get("tenant", () => ({
      compatibilityDate: "2026-01-01",
      mainModule: "main.js",
      modules: { "main.js": code },
    }));
    const payload = { ...event.payload, note: (said) => this.note(said) };
    return worker.getEntrypoint("Tenant").run({ ...event, payload }, step);
  }
"""


def begun(flows: Any, holdfast: Harness) -> Any:
    flow = flows(TENANTS, LOADER=holdfast.loader())
    flow.start("tenant", name="Ada")
    assert flow.status("tenant")["status"] == "waiting"
    flow.clock.advance(3600)
    return flow


def test_a_workflow_hands_its_steps_to_a_worker_that_is_loaded_at_runtime(
    flows: Any, holdfast: Harness
) -> None:
    flow = begun(flows, holdfast)
    flow.call("tenant", "sendEvent", {"type": "word", "payload": "yes"})
    flow.clock.advance(0.001)
    assert flow.output("tenant") == ["Hello, Ada", "yes", []]


def test_what_such_a_worker_has_said_of_undoing_outlives_its_step(
    flows: Any, holdfast: Harness
) -> None:
    flow = begun(flows, holdfast)
    flow.call("tenant", "sendEvent", {"type": "word", "payload": "no"})
    flow.clock.advance(0.001)
    status = flow.status("tenant")
    assert (status["status"], status["rollback"]["outcome"]) == ("errored", "complete")
    assert flow.notes == [["Hello, Ada", "no"]]


def test_an_instance_whose_steps_are_asked_for_elsewhere_leaves_memory_as_it_rests(
    flows: Any, holdfast: Harness
) -> None:
    flow = begun(flows, holdfast)
    flow.worker.workflow("Flow", "tenant").evict()
    flow.call("tenant", "sendEvent", {"type": "word", "payload": "late"})
    flow.clock.advance(0.001)
    assert flow.output("tenant") == ["Hello, Ada", "late", []]
