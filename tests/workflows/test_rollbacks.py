"""What undoes steps: https://developers.cloudflare.com/changelog/post/2026-06-05-saga-rollbacks/

What is said of mistakes is what the engine of Cloudflare's workers-sdk says.
"""

from typing import Any

from holdfast.testing import Harness

BOOKED = """
  book(step, name, rollbackConfig) {
    const undo = async ({ ctx, error, output, stepName }) =>
      this.note([stepName, ctx.step.name, ctx.attempt, output ?? null, told(error)]);
    return step.do(name, async () => `${name} booked`, { rollback: undo, rollbackConfig });
  }
"""
TRIP = f"""
  {BOOKED}
  async trip(event, step) {{
    await this.book(step, "flight");
    await this.book(step, "hotel");
    await step.do("car", NO_RETRY, async () => {{ throw new RangeError("sold out"); }}, {{
      rollback: async ({{ output, ctx: {{ step: {{ name }}, config }} }}) =>
        this.note([name, output === undefined, config.retries.limit]),
    }});
  }}
"""


def test_an_instance_that_fails_undoes_its_steps_the_last_one_first(flows: Any) -> None:
    flow = flows(TRIP)
    flow.start("trip")
    error = "RangeError: sold out"
    assert flow.notes == [
        ["car", True, 0],
        ["hotel-1", "hotel", 1, "hotel booked", error],
        ["flight-1", "flight", 1, "flight booked", error],
    ]
    told = {"name": "RangeError", "message": "sold out"}
    rollback = {"outcome": "complete", "error": None}
    assert flow.status("trip") == {
        "status": "errored",
        "output": None,
        "error": told,
        "rollback": rollback,
    }


def test_steps_side_by_side_are_undone_in_the_order_in_which_they_began(flows: Any) -> None:
    flow = flows(f"""
      {BOOKED}
      async aside(event, step) {{
        await Promise.all([this.book(step, "a"), this.book(step, "b"), this.book(step, "b")]);
        throw new Error("no");
      }}
    """)
    flow.start("aside")
    assert [note[0] for note in flow.notes] == ["b-2", "b-1", "a-1"]


def test_nothing_is_undone_where_the_code_goes_on(flows: Any) -> None:
    flow = flows(f"""
      {BOOKED}
      async caught(event, step) {{
        await this.book(step, "flight");
        await step.do("car", NO_RETRY, () => Promise.reject(new Error("sold out"))).catch(() => 1);
        return "walks";
      }}
    """)
    flow.start("caught")
    assert flow.output("caught") == "walks" and flow.notes == []


def test_a_rollback_is_tried_again_and_the_first_that_fails_is_the_last(flows: Any) -> None:
    flow = flows(f"""
      {BOOKED}
      async stuck(event, step) {{
        await this.book(step, "flight");
        await step.do("hotel", async () => 1, {{
          rollback: async () => {{ await this.note("tried"); throw new TypeError("closed"); }},
          rollbackConfig: {{ retries: {{ limit: 1, delay: "1 hour" }} }},
        }});
        throw new Error("no");
      }}
    """)
    flow.start("stuck")
    assert flow.notes == ["tried"] and flow.status("stuck")["status"] == "waiting"
    flow.call("stuck", "pause")
    flow.clock.advance(7_200)
    assert flow.notes == ["tried"] and flow.status("stuck")["status"] == "paused"
    flow.call("stuck", "resume")
    flow.clock.advance(3_600)
    assert flow.notes == ["tried", "tried"]
    status = flow.status("stuck")
    assert (status["status"], status["error"]["message"]) == ("errored", "no")
    assert status["rollback"] == {
        "outcome": "failed",
        "error": {"name": "TypeError", "message": "closed"},
    }


def test_a_loss_of_power_in_between_loses_no_rollback_and_repeats_none_that_was_kept(
    holdfast: Harness, flows: Any
) -> None:
    flow = flows(f"""
      {BOOKED}
      async late(event, step) {{
        await this.book(step, "flight");
        step.do("beside", async () => {{
          await this.note("never undone");
          await scheduler.wait(1e9);
        }});
        await step.do("hotel", async () => 1, {{
          rollback: async () => {{ await this.note("tried"); throw new Error("closed"); }},
          rollbackConfig: {{ retries: {{ limit: 3, delay: "1 hour", backoff: "constant" }} }},
        }});
        await this.book(step, "car");
        throw new Error("no");
      }}
    """)
    flow.start("late")
    assert [note[0] for note in flow.notes[1:]] == ["car-1", "t"]
    for _ in range(2):
        holdfast.crash()
        flow.clock.advance(3_600)
    assert flow.notes[2:] == ["tried"] * 3 and flow.status("late")["status"] == "waiting"
    flow.clock.advance(3_600)
    assert flow.notes[2:] == ["tried"] * 4
    assert flow.status("late")["rollback"]["outcome"] == "failed"


def test_who_terminates_an_instance_may_have_its_steps_undone(flows: Any) -> None:
    flow = flows(f"""
      {BOOKED}
      async asleep(event, step) {{
        await this.book(step, "flight");
        await step.sleep("a while", "1 day");
        await this.book(step, "hotel");
      }}
      async busy(event, step) {{
        await this.book(step, "flight");
        await step.do("wait", async () => scheduler.wait(1e9));
      }}
    """)
    error = "Terminated: Instance terminated during rollback"
    for kind in ("asleep", "busy"):
        flow.start(kind)
        assert flow.call(kind, "terminate", {"rollback": True}) is None
        status = flow.status(kind)
        assert status["status"] == "terminated" and status["rollback"]["outcome"] == "complete"
        assert flow.notes[-1] == ["flight-1", "flight", 1, "flight booked", error]
    assert len(flow.notes) == 2


def test_what_is_paused_or_not_in_memory_is_undone_as_well(holdfast: Harness, flows: Any) -> None:
    flow = flows(f"""
      {BOOKED}
      async paused(event, step) {{
        await this.book(step, "flight");
        await step.sleep("a while", "1 day");
      }}
    """)
    flow.start("paused")
    flow.call("paused", "pause")
    holdfast.crash()
    assert flow.call("paused", "terminate", {"rollback": True}) is None
    assert flow.status("paused")["status"] == "terminated"
    assert [note[0] for note in flow.notes] == ["flight-1"]
    assert flow.call("paused", "restart") is None
    flow.clock.advance(0.001)
    assert "rollback" not in flow.status("paused")


def test_a_rollback_takes_no_steps(flows: Any) -> None:
    flow = flows("""
      async deeper(event, step) {
        await step.do("a", async () => 1, {
          rollback: () => step.do("b", async () => 1),
          rollbackConfig: NO_RETRY,
        });
        throw new Error("no");
      }
    """)
    flow.start("deeper")
    error = flow.status("deeper")["rollback"]["error"]
    assert error["message"].endswith("Cannot execute steps during rollback phase")


def test_mistakes_are_told(flows: Any) -> None:
    flow = flows("""
      async wrong(event, step) {
        const tried = (options) =>
          step.do("a", async () => 1, options).catch((error) => error.message);
        const config = { sensitive: "output" };
        return [
          await tried([]), await tried({}), await tried({ rollback() {}, rollbackConfig: config }),
        ];
      }
    """)
    flow.start("wrong")
    guide = "https://developers.cloudflare.com/workflows/build/sleeping-and-retrying/"
    assert flow.output("wrong") == [
        f"WorkflowFatalError: {what}"
        for what in (
            'Rollback options for "a" must be an object',
            'Rollback for "a" must be a function',
            f'Rollback config for "a" is in a invalid format. See {guide}',
        )
    ]


def test_who_terminates_waits_for_no_attempt_and_a_restart_calls_it_off(flows: Any) -> None:
    flow = flows(f"""
      {BOOKED}
      async closed(event, step) {{
        await this.book(step, "flight");
        await step.do("hotel", async () => 1, {{
          rollback: async () => {{ await this.note("tried"); throw new Error("closed"); }},
          rollbackConfig: {{ retries: {{ limit: 1, delay: "1 hour" }} }},
        }});
        await step.sleep("a while", "1 day");
      }}
    """)
    flow.start("closed")
    assert flow.call("closed", "terminate", {"rollback": True}) is None
    assert flow.status("closed")["status"] == "waiting" and flow.notes == ["tried"]
    assert flow.call("closed", "restart") is None
    flow.clock.advance(7_200)
    assert flow.notes == ["tried"] and flow.status("closed")["status"] == "waiting"
    assert flow.call("closed", "terminate", {"rollback": True}) is None
    flow.clock.advance(3_600)
    status = flow.status("closed")
    assert (status["status"], status["rollback"]["outcome"]) == ("terminated", "failed")
    assert flow.notes == ["tried"] * 3
