"""Workflows in tests."""

import pytest

from holdfast.testing import HarnessError, JavaScriptError

ORDER = """
import { WorkflowEntrypoint } from "cloudflare:workers";

export class Order extends WorkflowEntrypoint {
  async run({ payload }, step) {
    const paid = await step.do("charge", async () => {
      const answer = await fetch("https://bank.example/charge", { method: "POST" });
      if (!answer.ok) throw new Error(`the bank answers ${answer.status}`);
      return answer.text();
    });
    await step.sleep("a month", "30 days");
    const { payload: rating } = await step.waitForEvent("rating", { type: "rated" });
    return { item: payload.item, paid, rating };
  }
}

export default { fetch: () => new Response() };
"""


def test_a_month_passes_at_once(holdfast):
    holdfast.outbound.answer("https://bank.example/charge", body="5 EUR", method="POST")
    order = holdfast.worker(ORDER).workflow("Order", "one")
    order.create({"item": "tea"})
    order.send_event("rated", 5)
    begun = holdfast.clock.now
    assert order.wait() == {"item": "tea", "paid": "5 EUR", "rating": 5}
    assert (holdfast.clock.now - begun).days == 30
    assert order.status() == "complete"
    assert [step["name"] for step in order.steps()] == ["charge-1", "a month-1", "rating-1"]
    with pytest.raises(HarnessError, match="created before"):
        order.create()


def test_a_step_may_be_replaced(holdfast):
    worker = holdfast.worker(ORDER)
    order = worker.workflow("Order", "one")
    order.replace_step("charge", result="nothing")
    order.create({"item": "tea"})
    order.send_event("rated", 1)
    assert order.wait()["paid"] == "nothing"

    failing = worker.workflow("Order", "two")
    failing.replace_step("charge", error="no money")
    failing.create({"item": "tea"})
    with pytest.raises(JavaScriptError, match="no money"):
        failing.wait()


def test_of_a_step_the_first_attempts_may_fail(holdfast):
    bank = holdfast.outbound.answer("https://bank.example/charge", body="5 EUR", method="POST")
    order = holdfast.worker(ORDER).workflow("Order", "one")
    order.replace_step("charge", error="no line", times=2)
    order.create({"item": "tea"})
    order.send_event("rated", 5)
    assert order.wait()["paid"] == "5 EUR"
    attempts = order.steps()[0]["attempts"]
    assert [attempt["success"] for attempt in attempts] == [False, False, True]
    assert attempts[1]["error"] == {"name": "Error", "message": "no line"}
    assert len(bank.calls) == 1


def test_after_attempts_that_fail_a_step_comes_to_the_result_that_is_given(holdfast):
    order = holdfast.worker(ORDER).workflow("Order", "one")
    order.replace_step("charge", error="no line", times=2, result="6 EUR")
    order.create({"item": "tea"})
    assert order.wait_for_step("charge") == "6 EUR"
    assert [one["success"] for one in order.steps()[0]["attempts"]] == [False, False, True]
    with pytest.raises(HarnessError, match="times=2"):
        order.replace_step("charge", error="no line", result="6 EUR")


def test_a_step_is_replaced_of_all_instances_also_after_a_crash(holdfast):
    worker = holdfast.worker(ORDER)
    worker.replace_step("Order", "charge", result="nothing")
    worker.run("async (env) => { await env.Order.createBatch([{}, { id: 'own' }]); }")
    worker.workflow("Order", "own").replace_step("charge", result="its own")
    holdfast.crash()
    paid = {order.wait_for_step("charge") for order in worker.workflows("Order")}
    assert paid == {"nothing", "its own"}


def test_an_instance_is_looked_at_on_its_way_and_begun_anew(holdfast):
    order = holdfast.worker(ORDER).workflow("Order", "one")
    order.replace_step("charge", result="nothing")
    order.create({"item": "tea"})
    begun = holdfast.clock.now
    assert order.wait_for_step("charge") == "nothing"
    assert (order.status(), (holdfast.clock.now - begun).days) == ("waiting", 0)
    order.send_event("rated", 1)
    assert order.wait_for_step("rating")["payload"] == 1
    order.restart()
    assert order.wait_for_step("a month") is None
    with pytest.raises(JavaScriptError, match="timed out"):
        order.wait_for_step("rating")
    with pytest.raises(HarnessError, match="is errored, without the step 'other'"):
        order.wait_for_step("other")


def test_what_does_not_go_on_is_told(holdfast):
    worker = holdfast.worker(ORDER)
    order = worker.workflow("Order", "one")
    order.replace_step("charge", result="nothing")
    order.create()
    holdfast.clock.advance(1)
    order.pause()
    with pytest.raises(HarnessError, match="it is paused"):
        order.wait()
    order.resume()
    with pytest.raises(JavaScriptError, match="timed out"):
        order.wait()
    with pytest.raises(HarnessError, match='no Workflow "Nothing"; it is bound to: Order'):
        worker.workflow("Nothing", "one")


async def test_instances_may_be_awaited(aholdfast):
    worker = aholdfast.worker(ORDER)
    order = worker.workflow("Order", "one")
    await order.replace_step("charge", result="nothing")
    await order.create({"item": "tea"})
    await order.send_event("rated", 1)
    assert (await order.wait())["rating"] == 1


LARGE = """
import { WorkflowEntrypoint } from "cloudflare:workers";

export class Large extends WorkflowEntrypoint {
  async run(_, step) {
    const text = "x".repeat(1_000_000);
    for (let count = 0; count < 11; count++) await step.do("large", async () => text);
  }
}

export default { fetch: () => new Response() };
"""


def test_a_report_has_as_much_of_what_steps_came_to_as_an_isolate_can_hold(holdfast):
    large = holdfast.worker(LARGE).workflow("Large", "one")
    large.create()
    large.wait()
    told = [len(step["output"]) for step in large.steps()]
    assert told == [
        *[1_000_000] * 9,
        *[len("[LEFT OUT: the results before this one fill the report]")] * 2,
    ]


def test_instances_of_random_ids_are_found(holdfast):
    worker = holdfast.worker(ORDER)
    assert worker.workflows("Order") == []
    holdfast.outbound.answer("https://bank.example/charge", body="5 EUR")
    item = "(env, ctx, item) => env.Order.create({ params: { item } }).then((one) => one.id)"
    ids = [worker.run(item, item_name) for item_name in ("tea", "coffee")]
    instances = worker.workflows("Order")
    assert [one.name for one in instances] == sorted(ids)
    for one in instances:
        one.send_event("rated", 5)
    assert sorted(one.wait()["item"] for one in instances) == ["coffee", "tea"]
