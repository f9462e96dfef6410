"""Instances of Workflows: how they are created, found, paused, ended and begun anew.

https://developers.cloudflare.com/workflows/build/workers-api/#workflowinstance
"""

from typing import Any

SLEEPING = """
  async sleeping(event, step) {
    await step.do("before", () => this.note("before"));
    await step.sleep("nap", "100 seconds");
    await step.do("after", () => this.note("after"));
    return "done";
  }
"""

WAITING = """
  async waiting(event, step) {
    const { type, payload } = await step.waitForEvent("wait", { type: "go", timeout: "1 hour" });
    return [type, payload];
  }
"""

BUSY = """
  async busy(event, step) {
    await step.do("slow", async () => {
      await this.note("begins");
      await scheduler.wait(60_000);
      await this.note("ends");
    });
    await step.do("next", () => this.note("next"));
  }
"""


def test_an_id_names_one_instance(flows: Any) -> None:
    flow = flows(SLEEPING)
    flow.start("sleeping")
    again = flow.call(None, "create", {"id": "sleeping", "params": {"kind": "sleeping"}})
    assert again == "Error: (instance.already_exists) Instance already exists"
    assert flow.call("nobody", "status") == "Error: instance.not_found"
    bad = "Error: WorkflowError: Workflow instance has invalid id"
    for name in ("a b", "-a", "a" * 101, ""):
        assert flow.call(None, "create", {"id": name}) == bad


def test_a_batch_leaves_out_what_is_there(flows: Any) -> None:
    flow = flows(SLEEPING)
    flow.start("sleeping")
    params = {"kind": "sleeping"}
    batch = [{"id": name, "params": params} for name in ("one", "sleeping", "two")]
    assert flow.call(None, "createBatch", batch) == ["one", "two"]
    assert "at least 1 instance" in flow.call(None, "createBatch", [])


def test_a_batch_that_is_an_object_tells_of_each_that_was_not_created(flows: Any) -> None:
    flow = flows(SLEEPING)
    flow.start("sleeping")
    params = {"kind": "sleeping"}
    names = ("one", "sleeping", "two", "one")
    batch = [{"id": name, "params": params} for name in names]
    told = flow.call(None, "createBatch", {"instances": batch})
    assert [one["id"] for one in told["created"]] == ["one", "two"]
    error = "workflows.api.error.instance."
    assert told["errors"] == [
        {"index": 1, "id": "sleeping", "code": 10405, "message": f"{error}already_exists"},
        {"index": 3, "id": "one", "code": 10415, "message": f"{error}duplicate_in_batch"},
    ]
    told = flow.call(None, "createBatch", {"count": 3, "params": params})
    assert len({one["id"] for one in told["created"]}) == 3 and told["errors"] == []
    for wrong, why in (
        ({"count": 0}, "(body) count must be a positive integer"),
        ({"count": 101}, "(body) batchCreate only supports 100 instances at a time"),
        ({"instances": []}, "(body) Batch size exceeds maximum allowed"),
        ({"instances": [{"id": "batch"}]}, "(instance.invalid_id) Instance ID is invalid"),
        ({}, "(body) Provided argument is invalid"),
    ):
        assert flow.call(None, "createBatch", wrong) == f"Error: WorkflowError: {why}"


def test_a_paused_instance_sleeps_on_for_what_was_left(flows: Any) -> None:
    flow = flows(SLEEPING)
    flow.start("sleeping")
    flow.clock.advance(40)
    flow.call("sleeping", "pause")
    assert flow.status("sleeping")["status"] == "paused"
    flow.clock.advance(1_000)
    flow.call("sleeping", "resume")
    flow.clock.advance(55)
    assert flow.notes == ["before"]
    flow.clock.advance(6)
    assert flow.output("sleeping") == "done"
    assert flow.notes == ["before", "after"]


def test_a_step_that_runs_is_not_cut_off_by_a_pause(flows: Any) -> None:
    flow = flows(BUSY)
    flow.start("busy")
    flow.call("busy", "pause")
    assert flow.status("busy")["status"] == "waitingForPause"
    flow.clock.advance(61)
    assert flow.status("busy")["status"] == "paused"
    assert flow.notes == ["begins", "ends"]
    flow.call("busy", "resume")
    flow.clock.advance(1)
    assert flow.notes == ["begins", "ends", "next"]


def test_a_pause_that_was_taken_back_in_time_is_none(flows: Any) -> None:
    flow = flows(BUSY)
    flow.start("busy")
    flow.call("busy", "pause")
    flow.call("busy", "resume")
    assert flow.status("busy")["status"] == "running"
    flow.clock.advance(61)
    assert flow.notes == ["begins", "ends", "next"]


def test_what_is_terminated_goes_on_no_more(flows: Any) -> None:
    flow = flows(BUSY + SLEEPING)
    flow.start("sleeping")
    flow.start("busy")
    for name in ("busy", "sleeping"):
        assert flow.call(name, "terminate") is None
        assert flow.status(name)["status"] == "terminated"
    flow.clock.advance(200)
    assert flow.notes == ["before", "begins"]
    told = "Error: WorkflowError: (instance.cannot_terminate) Cannot terminate instance since its "
    assert flow.call("busy", "terminate") == told + "on a finite state"


def test_what_is_restarted_begins_anew(flows: Any) -> None:
    flow = flows(BUSY + SLEEPING)
    flow.start("sleeping")
    flow.start("busy")
    flow.clock.advance(1)
    assert flow.call("sleeping", "restart") is None
    assert flow.call("busy", "restart") is None
    flow.clock.advance(1)
    assert sorted(flow.notes) == ["before", "before", "begins", "begins"]
    flow.clock.advance(200)
    assert flow.status("busy")["status"] == "complete"
    assert flow.output("sleeping") == "done"


def test_an_instance_that_an_earlier_version_created_has_its_parameters(flows: Any) -> None:
    flow = flows(SLEEPING)
    flow.start("sleeping")
    stored = flow.worker.workflow("Flow", "sleeping").storage
    stored["instance"] = {**stored["instance"], "payload": stored["params"]["value"]}
    del stored["params"]
    assert flow.call("sleeping", "restart") is None
    flow.clock.advance(200)
    assert flow.output("sleeping") == "done"


def test_a_restart_may_keep_the_steps_before_one(flows: Any) -> None:
    flow = flows(SLEEPING)
    flow.start("sleeping")
    flow.clock.advance(101)
    assert flow.notes == ["before", "after"]
    assert flow.call("sleeping", "restart", {"from": {"name": "after"}}) is None
    flow.clock.advance(1)
    assert flow.notes == ["before", "after", "after"]
    unknown = flow.call("sleeping", "restart", {"from": {"name": "nothing"}})
    assert unknown.endswith('Step "nothing" not found in execution history')


def test_an_event_that_comes_before_or_after_the_step_that_waits_for_it(flows: Any) -> None:
    flow = flows(WAITING)
    flow.start("waiting")
    assert flow.status("waiting")["status"] == "waiting"
    flow.call("waiting", "sendEvent", {"type": "other", "payload": 0})
    flow.clock.advance(600)  # by now it is not in memory any more
    flow.call("waiting", "sendEvent", {"type": "go", "payload": {"n": 1}})
    flow.clock.advance(1)
    assert flow.output("waiting") == ["go", {"n": 1}]
    flow.call(None, "create", {"id": "early", "params": {"kind": "waiting"}})
    flow.call("early", "sendEvent", {"type": "go", "payload": 2})
    flow.clock.advance(1)
    assert flow.output("early") == ["go", 2]


def test_an_event_that_does_not_come_is_an_error(flows: Any) -> None:
    flow = flows(WAITING)
    flow.start("waiting")
    flow.clock.advance(3_601)
    error = {
        "name": "Error",
        "message": "WorkflowTimeoutError: Execution timed out after 3600000ms",
    }
    assert flow.status("waiting")["error"] == error


def test_an_instance_is_forgotten_when_its_retention_is_over(flows: Any) -> None:
    flow = flows("async short() { return 1; }")
    retention = {"successRetention": "1 hour"}
    flow.call(None, "create", {"id": "a", "params": {"kind": "short"}, "retention": retention})
    flow.start("short")
    flow.clock.advance(3_590)
    assert flow.output("a") == 1
    flow.clock.advance(20)
    assert flow.call("a", "status") == "Error: instance.not_found"
    assert flow.output("short") == 1
    flow.clock.advance(31 * 86_400)
    assert flow.call("short", "status") == "Error: instance.not_found"


def test_a_deleted_instance_may_be_created_anew(flows: Any) -> None:
    flow = flows(SLEEPING)
    flow.start("sleeping")
    assert flow.call("sleeping", "delete") is None
    assert flow.call("sleeping", "status") == "Error: instance.not_found"
    flow.start("sleeping")
    assert flow.notes == ["before", "before"]


def test_a_batch_of_instances_is_deleted_and_each_is_told_of(flows: Any) -> None:
    flow = flows(SLEEPING + BUSY)
    flow.start("sleeping")
    flow.start("busy")
    missing = {"id": "nobody", "code": 10400, "message": "workflows.api.error.instance.not_found"}
    told = flow.call(None, "deleteBatch", ["sleeping", "nobody", "busy", "sleeping"])
    assert told == {
        "deleted": [{"id": name} for name in ("sleeping", "busy", "sleeping")],
        "errors": [missing],
    }
    assert flow.call("sleeping", "status") == "Error: instance.not_found"
    for wrong, why in (
        ([], "(body) batchDeleteInstances should have at least 1 instance"),
        (["a"] * 101, "(body) batchDeleteInstances only supports 100 instances at a time"),
        (["a b"], "(instance.invalid_id) Instance ID is invalid"),
        ("a", "(body) Provided argument is invalid"),
    ):
        assert flow.call(None, "deleteBatch", wrong) == f"Error: WorkflowError: {why}"
