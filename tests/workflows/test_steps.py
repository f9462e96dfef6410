"""Steps as a Workflow's code sees them; what is said of mistakes is what miniflare says.

https://developers.cloudflare.com/workflows/build/workers-api/#workflowstep
"""

from itertools import pairwise
from typing import Any

import pytest

YEAR_S = 36_525 * 864


def test_a_workflow_gets_its_event_and_returns_what_its_steps_came_to(flows: Any) -> None:
    flow = flows("""
      async whole(event, step) {
        const seen = await step.do("look", async (context) => context);
        const names = ["instanceId", "payload", "timestamp", "workflowName"];
        return [names.every((name) => name in event), event.timestamp instanceof Date, seen];
      }
    """)
    flow.start("whole")
    config = {
        "retries": {"limit": 5, "delay": 1000, "backoff": "exponential"},
        "timeout": "10 minutes",
    }
    seen = {"step": {"name": "look", "count": 1}, "attempt": 1, "config": config}
    assert flow.output("whole") == [True, True, seen]


def test_steps_run_side_by_side_and_count_those_of_the_same_name(flows: Any) -> None:
    flow = flows("""
      many(event, step) {
        const one = (n) => step.do("one", async ({ step: { count } }) => [n, count]);
        return Promise.all([1, 2, 3].map(one));
      }
    """)
    flow.start("many")
    assert flow.output("many") == [[1, 1], [2, 2], [3, 3]]


def test_steps_may_be_taken_within_steps(flows: Any) -> None:
    flow = flows("""
      nested(event, step) {
        return step.do("outer", async () => [
          await step.do("inner", async () => 1),
          await step.do("inner", async () => 2),
        ]);
      }
    """)
    flow.start("nested")
    assert flow.output("nested") == [1, 2]


def test_the_methods_of_a_step_may_be_taken_off_it(flows: Any) -> None:
    flow = flows("async taken(event, { do: perform }) { return perform('a', async () => 5); }")
    flow.start("taken")
    assert flow.output("taken") == 5


def test_a_sleep_of_a_year_costs_no_time_and_its_instance_leaves_memory(flows: Any) -> None:
    flow = flows("""
      async long(event, step) {
        await step.do("before", () => this.note("before"));
        await step.sleep("a year", "1 year");
        await step.do("after", () => this.note("after"));
      }
    """)
    flow.start("long")
    assert flow.status("long")["status"] == "waiting"
    flow.clock.advance(YEAR_S - 10)
    assert not flow.worker.workflow("Flow", "long").is_live
    assert flow.notes == ["before"]
    flow.clock.advance(20)
    assert flow.notes == ["before", "after"]
    assert flow.status("long")["status"] == "complete"


def test_a_sleep_until_a_time_that_has_passed_is_refused_once_only(flows: Any) -> None:
    flow = flows("""
      async until(event, step) {
        await step.sleepUntil("soon", new Date(Date.now() + 60_000));
        await step.sleep("long", "1 day");
        return step.sleepUntil("past", new Date(0)).catch(told);
      }
    """)
    flow.start("until")
    flow.clock.advance(2 * 86_400)
    assert flow.output("until") == "Error: You can't sleep until a time in the past, time-traveler"


@pytest.mark.parametrize(
    ("backoff", "waits"),
    [("constant", [10, 10, 10]), ("linear", [10, 20, 30]), ("exponential", [10, 20, 40])],
)
def test_a_failed_step_is_tried_again_after_longer_and_longer(
    flows: Any, backoff: str, waits: list[int]
) -> None:
    flow = flows("""
      async retried({ payload }, step) {
        const retries = { limit: 3, delay: "10 seconds", backoff: payload.backoff };
        return step.do("fail", { retries }, async ({ attempt }) => {
          await this.note(Date.now());
          throw new RangeError(`attempt ${attempt}`);
        }).catch(told);
      }
    """)
    flow.start("retried", backoff=backoff)
    flow.clock.advance(sum(waits) + 1)
    assert flow.output("retried") == "RangeError: attempt 4"
    times = flow.notes
    gaps = [round((later - time) / 1000) for time, later in pairwise(times)]
    assert gaps == waits


def test_a_delay_may_be_a_function_of_the_error(flows: Any) -> None:
    flow = flows("""
      async delayed(event, step) {
        const delay = ({ ctx, error }) => (error.message === "once" ? ctx.attempt * 100 : -1);
        const config = { retries: { limit: 3, delay, backoff: "constant" } };
        return step.do("fail", config, async ({ attempt }) => {
          await this.note(attempt);
          throw new Error(attempt === 1 ? "once" : "twice");
        }).catch(told);
      }
    """)
    flow.start("delayed")
    flow.clock.advance(1)
    assert flow.notes == [1, 2]
    assert "NonRetryableDelayError: The delay function for step" in flow.output("delayed")


def test_a_step_that_takes_too_long_has_failed(flows: Any) -> None:
    flow = flows("""
      async slow(event, step) {
        const config = { timeout: "1 minute", retries: { limit: 0, delay: 0 } };
        return step.do("never", config, () => new Promise(() => {})).catch(told);
      }
    """)
    flow.start("slow")
    flow.clock.advance(61)
    assert flow.output("slow") == "Error: WorkflowTimeoutError: Execution timed out after 60000ms"


def test_an_error_that_is_not_to_be_retried_ends_the_instance_unless_it_is_caught(
    flows: Any,
) -> None:
    flow = flows("""
      async final(event, step) {
        await step.do("no", async () => { throw new NonRetryableError("never again"); });
      }

      async named(event, step) {
        const error = new NonRetryableError("never", "Mine");
        return step.do("no", () => Promise.reject(error)).catch(told);
      }
    """)
    flow.start("final")
    flow.start("named")
    error = {"name": "NonRetryableError", "message": "never again"}
    assert flow.status("final") == {"status": "errored", "output": None, "error": error}
    assert flow.output("named") == "Error: Mine: never"


def test_an_error_of_run_is_the_instances(flows: Any) -> None:
    flow = flows("""
      async failing() {
        throw Object.assign(new Error("no"), { name: "MyError" });
      }
    """)
    flow.start("failing")
    error = {"name": "Error", "message": "MyError: no"}
    assert flow.status("failing") == {"status": "errored", "output": None, "error": error}


def test_what_cannot_be_stored_ends_the_instance(flows: Any) -> None:
    flow = flows("""
      async unstorable(event, step) {
        await step.do("function", async () => ({ run() {} })).catch(() => {});
      }
    """)
    flow.start("unstorable")
    told = (
        "The execution of the Workflow instance was terminated, as the step "
        '"function" returned a value which is not serialisable'
    )
    assert flow.status("unstorable")["error"] == {"name": "WorkflowFatalError", "message": told}


MISTAKES = [
    ('step.do("x")', 'Step "x" requires a callback function'),
    (
        r'step.do("a\u0001", async () => 1)',
        'Step name "a\x01" exceeds max length (256 chars) or invalid characters found',
    ),
    ('step.do("x", { retries: { limit: -1, delay: 1 } }, async () => 1)', "Step config"),
    ('step.do("x", { timeout: 0 }, async () => 1)', "Step config"),
    ('step.do("x", { timeout: "soon" }, async () => 1)', "Step config"),
    ('step.do("x", { wrong: 1 }, async () => 1)', "Step config"),
    ('step.sleep("x", "366 days")', '"x" is to wait for longer than a year'),
    ('step.sleepUntil("x", Date.now() + 4e10)', '"x" is to wait for longer than a year'),
    ('step.waitForEvent("x", { type: "t", timeout: "2 years" })', '"x" is to wait for longer'),
    ('step.sleep("x", "soon")', 'Sleep "x" has an invalid duration: soon'),
]


@pytest.mark.parametrize(("code", "words"), MISTAKES)
def test_mistakes_are_told(flows: Any, code: str, words: str) -> None:
    flow = flows(f"async wrong(event, step) {{ return {code}.then(() => 'fine', told); }}")
    flow.start("wrong")
    assert flow.output("wrong").startswith(f"Error: WorkflowFatalError: {words}")


@pytest.mark.parametrize("value", ["text", "{ text, list: [1] }", "new Map([[1, text]])"])
def test_a_result_of_more_than_a_mebibyte_is_refused(flows: Any, value: str) -> None:
    flow = flows(f"""
      large(event, step) {{
        const text = "x".repeat(1_500_000);
        return step.do("big", NO_RETRY, async () => ({value})).then(() => "fine", told);
      }}
    """)
    flow.start("large")
    assert "Step big-1 output is too large. Maximum allowed size is 1MiB." in flow.output("large")


def test_parameters_and_events_of_more_than_a_mebibyte_are_refused(flows: Any) -> None:
    flow = flows("""
      wait(event, step) {
        return step.waitForEvent("it", { type: "it" }).then(({ payload }) => payload.length);
      }
    """)
    too_large = "is too large. Maximum allowed size is 1MiB."
    params = {"kind": "wait", "text": "x" * 1_100_000}
    assert too_large in flow.call(None, "create", {"id": "wait", "params": params})
    flow.start("wait", text="x" * 1_000_000)
    told = flow.call("wait", "sendEvent", {"type": "it", "payload": "x" * 1_100_000})
    assert f'Error: WorkflowError: The payload of an event "it" {too_large}' == told
    flow.call("wait", "sendEvent", {"type": "it", "payload": "x" * 1_000_000})
    flow.clock.advance(1)
    assert flow.output("wait") == 1_000_000


@pytest.mark.parametrize("kind", ["a.b", "", "-a", "x" * 101, None, 5])
def test_an_event_has_a_type_that_cloudflare_takes(flows: Any, kind: Any) -> None:
    flow = flows("""
      wait(event, step) {
        return step.waitForEvent("it", { type: event.payload.type }).catch(told);
      }
    """)
    flow.start("wait", type=kind)
    assert "WorkflowFatalError: (workflow.invalid_event_type)" in flow.output("wait")
    told = flow.call("wait", "sendEvent", {"type": kind, "payload": 1})
    assert told.startswith("Error: WorkflowError: (workflow.invalid_event_type) The type of an")


def test_errors_of_any_length_are_kept_by_their_beginning(flows: Any) -> None:
    flow = flows("""
      long(event, step) {
        const fail = async () => { throw new RangeError("y".repeat(1_000_000)); };
        return step.do("fails", fail).catch(({ name, message }) => [name, message.length]);
      }
    """)
    flow.start("long")
    flow.clock.advance(3_600)
    assert flow.output("long") == ["RangeError", 10_001]


@pytest.mark.parametrize(
    ("characters", "attempts", "kept"),
    [pytest.param(10, 110, 100, marks=pytest.mark.slow), (20_000, 15, 11)],
)
def test_of_very_many_attempts_the_last_are_kept(
    flows: Any, characters: int, attempts: int, kept: int
) -> None:
    flow = flows("""
      endless({ payload }, step) {
        const retries = { limit: Infinity, delay: 1_000, backoff: "constant" };
        return step.do("fails", { retries }, async ({ attempt }) => {
          if (attempt < payload.attempts) throw new RangeError("y".repeat(payload.characters));
          return attempt;
        });
      }
    """)
    flow.start("endless", characters=characters, attempts=attempts)
    flow.clock.advance(attempts)
    assert flow.output("endless") == attempts
    [step] = flow.worker.workflow("Flow", "endless").steps()
    assert len(step["attempts"]) == kept and step["attempts"][-1]["success"]


@pytest.mark.slow
def test_a_delay_that_grows_is_a_year_at_most(flows: Any) -> None:
    flow = flows("""
      slow(event, step) {
        const retries = { limit: 60, delay: "200 days", backoff: "exponential" };
        return step.do("fails", { retries }, async ({ attempt }) => {
          if (attempt < 3) throw new RangeError("no");
          return attempt;
        });
      }
    """)
    flow.start("slow")
    flow.clock.advance(200 * 86_400 + YEAR_S + 60)
    assert flow.output("slow") == 3


def test_what_fails_is_on_the_console(flows: Any) -> None:
    flow = flows("""
      async failing(event, step) {
        await step.do("no", NO_RETRY, async () => { throw new RangeError("too much"); });
      }
    """)
    flow.start("failing")
    (attempt, whole) = [line for line in flow.worker.logs if "Flow" in line.text]
    place = "Workflow Flow, instance failing: "
    assert attempt.level == "warn"
    assert attempt.text.startswith(f'{place}attempt 1 of step "no" failed: RangeError: too much')
    assert whole.level == "error"
    assert whole.text.startswith(f"{place}run() failed: RangeError: too much")


def test_a_step_that_ends_its_isolate_is_not_tried_for_ever(flows: Any) -> None:
    flow = flows("""
      ending(event, step) {
        const retries = { limit: 1, delay: 0 };
        return step.do("end", { retries }, async () => {
          await this.note("begins");
          this.ctx.abort("enough");
        }).catch(told);
      }

      async hopeless() {
        this.ctx.abort("enough");
      }
    """)
    flow.start("ending")
    flow.start("hopeless")
    flow.clock.advance(1_000)
    assert flow.notes == ["begins", "begins"]
    error = "Error: WorkflowInternalError: Attempt failed due to internal workflows error"
    assert flow.output("ending") == error
    assert flow.status("hopeless")["error"]["name"] == "WorkflowInternalError"


def test_the_code_of_a_step_that_nobody_awaits_begins(flows: Any) -> None:
    flow = flows("""
      async hasty(event, step) {
        step.do("first", () => this.note("first"));
        step.do("second", () => this.note("second"));
      }
    """)
    flow.start("hasty")
    assert flow.status("hasty")["status"] == "complete"
    assert flow.notes == ["first", "second"]


def test_an_output_that_cannot_be_kept_is_an_error(flows: Any) -> None:
    flow = flows("""
      async huge() {
        return "x".repeat(3_000_000);
      }
    """)
    flow.start("huge")
    assert "Values cannot be larger than" in flow.status("huge")["error"]["message"]


def test_of_a_large_buffer_a_step_keeps_what_its_views_show(flows: Any) -> None:
    flow = flows("""
      async views(event, step) {
        const large = new Uint8Array(5 << 20).fill(7);
        const map = new Map([["a", new DataView(large.buffer, 1, 2)]]);
        const made = { list: [large.subarray(2, 5)], map };
        made.self = made;
        const kept = await step.do("views", NO_RETRY, async () => made);
        const { list: [bytes], self } = kept;
        const view = kept.map.get("a");
        const sizes = [bytes.buffer.byteLength, view.buffer.byteLength];
        return [[...bytes], sizes, view.getUint8(1), self.list[0] === bytes];
      }
      large(event, step) {
        return step.do("large", NO_RETRY, async () => new Uint8Array(2 << 20));
      }
    """)
    flow.start("views")
    assert flow.output("views") == [[7, 7, 7], [3, 2], 7, True]
    flow.start("large")
    assert "output is too large" in flow.status("large")["error"]["message"]
