"""Queues of projects, in tests: delivered when the harness's clock says so."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from holdfast.testing import (
    AsyncHarness,
    Harness,
    HarnessError,
    JavaScriptError,
    Map,
    QueueMessage,
)

SOURCE = """
const seen = [];
let failures = 0;
export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/seen") return Response.json(seen.splice(0));
    if (pathname === "/fail") failures = Number(searchParams.get("times"));
    for (const body of searchParams.getAll("send")) await env.JOBS.send(body);
    if (pathname === "/batch") {
      await env.JOBS.sendBatch([..."abcdefghijklmno"].map((body) => ({ body })));
    }
    if (searchParams.has("wait")) await scheduler.wait(1000 * searchParams.get("wait"));
    return Response.json(await env.JOBS.metrics());
  },
  async queue(batch, env) {
    const told = batch.messages.map(({ body, attempts }) => `${body}${attempts}`).join(" ");
    seen.push([Date.now() - env.START, batch.queue, told]);
    if (failures-- > 0) throw new Error("not now");
    if (batch.messages.some(({ body }) => body === "for ever")) await scheduler.wait(3_600_000);
    if (batch.messages.some(({ body }) => body === "slow")) await scheduler.wait(20_000);
    for (const message of batch.messages) {
      if (message.body === "again") message.retry({ delaySeconds: 60 });
    }
  },
};
"""
CONSUMER = {"queue": "jobs", "max_batch_size": 10, "max_batch_timeout": 5, "max_retries": 2}


@pytest.fixture
def make(holdfast: Harness, tmp_path: Path) -> Any:
    def make(*consumers: Any, **settings: Any) -> Any:
        (tmp_path / "main.mjs").write_text(SOURCE)
        queues = {
            "producers": [{"binding": "JOBS", "queue": "jobs"}],
            "consumers": [{**CONSUMER, **settings}, *consumers],
        }
        config = {"name": "main", "main": "main.mjs", "queues": queues}
        (tmp_path / "wrangler.json").write_text(json.dumps(config))
        holdfast.clock.freeze()
        return holdfast.worker(tmp_path, env={"START": holdfast.clock.now_ms()})

    return make


def seen(worker: Any) -> Any:
    return worker.fetch("/seen").json()


def test_messages_wait_for_others_and_come_together(holdfast: Harness, make: Any) -> None:
    worker = make()
    assert worker.fetch("/?send=a").json()["backlogCount"] == 1
    holdfast.clock.advance(3)
    worker.fetch("/?send=b")
    holdfast.clock.advance(1.9)
    assert seen(worker) == []
    holdfast.clock.advance(0.1)
    assert seen(worker) == [[5000, "jobs", "a1 b1"]]
    assert worker.fetch("/").json() == {"backlogCount": 0, "backlogBytes": 0}
    holdfast.clock.advance(3600)
    assert seen(worker) == []


def test_a_full_batch_waits_for_nothing(holdfast: Harness, make: Any) -> None:
    worker = make()
    worker.fetch("/batch")
    holdfast.settle()
    assert seen(worker) == [[0, "jobs", "a1 b1 c1 d1 e1 f1 g1 h1 i1 j1"]]
    holdfast.clock.advance(5)
    assert seen(worker) == [[5000, "jobs", "k1 l1 m1 n1 o1"]]


def test_what_is_retried_comes_after_its_delay(holdfast: Harness, make: Any) -> None:
    worker = make()
    worker.fetch("/?send=a&send=again")
    holdfast.clock.advance(5)
    assert seen(worker) == [[5000, "jobs", "a1 again1"]]
    holdfast.clock.advance(64)
    assert seen(worker) == []
    holdfast.clock.advance(65.0)
    assert seen(worker) == [[70_000, "jobs", "again2"]]


def test_failures_come_again_after_the_consumers_delay_and_are_dead_letters_at_last(
    holdfast: Harness, make: Any
) -> None:
    worker = make(
        {"queue": "dead", "max_batch_timeout": 1}, retry_delay=10, dead_letter_queue="dead"
    )
    worker.fetch("/fail?times=3&send=a")
    holdfast.clock.advance(100)
    assert seen(worker) == [
        [5_000, "jobs", "a1"],
        [20_000, "jobs", "a2"],
        [35_000, "jobs", "a3"],
        [36_000, "dead", "a1"],
    ]
    assert [line.text for line in worker.logs if "not now" in line.text]


def test_without_dead_letters_what_fails_too_often_is_dropped(
    holdfast: Harness, make: Any, caplog: pytest.LogCaptureFixture
) -> None:
    worker = make(max_retries=0, max_batch_timeout=0)
    worker.fetch("/fail?times=1&send=a")
    holdfast.clock.advance(100)
    assert seen(worker) == [[0, "jobs", "a1"]]
    assert worker.fetch("/").json()["backlogCount"] == 0
    assert "1 messages of the queue jobs have failed too often, and are dropped" in caplog.text


@pytest.mark.parametrize(("concurrency", "at_once"), [(1, 1), (2, 2), (None, 3)])
def test_so_many_batches_are_under_way_at_a_time(
    holdfast: Harness, make: Any, concurrency: int | None, at_once: int
) -> None:
    worker = make(max_batch_size=1, max_concurrency=concurrency)
    worker.fetch("/?send=slow&send=slow&send=slow")
    holdfast.settle()
    assert len(seen(worker)) == at_once
    holdfast.clock.advance(100)
    assert len(seen(worker)) == 3 - at_once


def test_a_handler_has_a_quarter_of_an_hour(holdfast: Harness, make: Any) -> None:
    worker = make(max_batch_timeout=0, max_concurrency=1)
    worker.fetch("/?send=for%20ever")
    holdfast.clock.advance(899)
    assert seen(worker) == [[0, "jobs", "for ever1"]]
    holdfast.clock.advance(2)
    assert seen(worker) == [[900_000, "jobs", "for ever2"]]
    assert "exceeded its allowed execution time" in worker.logs[-1].text


def test_what_is_under_way_while_its_consumer_changes_is_retried(
    holdfast: Harness, make: Any
) -> None:
    worker = make()
    worker.fetch("/?send=slow&send=again")
    holdfast.clock.advance(6)
    queues = holdfast.runtime.resources.queues
    queues.deliver_to([])
    holdfast.settle()
    assert seen(worker) == [[5000, "jobs", "slow1 again1"]]
    queues.deliver_to([worker.found.project.consumers[0].by("main")])
    holdfast.clock.advance(120)
    assert seen(worker) == [[90_000, "jobs", "again2"]]


def test_a_crash_loses_no_message_and_counts_the_attempt(holdfast: Harness, make: Any) -> None:
    worker = make()
    worker.fetch("/?send=slow")
    holdfast.clock.advance(6)
    assert seen(worker) == [[5000, "jobs", "slow1"]]
    worker.fetch("/?send=b")
    holdfast.crash()
    assert seen(worker) == []
    holdfast.clock.advance(30)
    assert seen(worker) == [[11_000, "jobs", "slow2 b1"]]


def test_a_call_that_waits_moves_the_time_of_queues_too(holdfast: Harness, make: Any) -> None:
    worker = make()
    holdfast.clock.unfreeze()
    worker.fetch("/?send=slow&wait=30")
    assert seen(worker) == [[5000, "jobs", "slow1"]]


def test_a_consumer_that_cannot_be_is_refused(make: Any) -> None:
    with pytest.raises(HarnessError, match=r'"max_batch_timeout" must be .* from 0 to 60'):
        make(max_batch_timeout=61)
    with pytest.raises(HarnessError, match=r'"max_batch_size" must be .* from 1 to 100'):
        make(max_batch_size=0)
    with pytest.raises(HarnessError, match='consumes "jobs" twice'):
        make({"queue": "jobs"})
    with pytest.raises(HarnessError, match='must have "queue" in each'):
        make({"max_retries": 1})


# ---- batches, and queues by name ---------------------------------------------------------

HANDLER = """
export default {
  async queue(batch) {
    if (batch.queue === "broken") {
      batch.messages[0].ack();
      throw new RangeError("broken");
    }
    for (const message of batch.messages) {
      const { body, attempts, timestamp } = message;
      console.log(JSON.stringify([body, attempts, timestamp]));
      if (body instanceof Map) message.retry({ delaySeconds: 5 * attempts });
    }
    if (batch.queue === "all") batch.retryAll({ delaySeconds: 1 });
  },
};
"""


def test_a_batch_is_given_to_a_handler(holdfast: Harness) -> None:
    worker = holdfast.worker({"main.mjs": HANDLER})
    when = datetime(2026, 1, 1, tzinfo=UTC)
    messages = [{"a": [1]}, QueueMessage(Map([(1, 2)]), id="m", timestamp=when, attempts=3)]
    result = worker.queue("jobs", messages)
    assert (result.outcome, result.error) == ("ok", None)
    assert (result.ack_all, result.retry_all, result.explicit_acks) == (False, False, [])
    assert [(retry.id, retry.delay_seconds) for retry in result.retry_messages] == [("m", 15)]
    assert (len(result.acked), result.retried) == (1, ["m"])
    assert json.loads(worker.logs[1].text) == [{}, 3, "2026-01-01T00:00:00.000Z"]
    result = worker.queue("all", ["a"])
    assert (result.retry_all, result.retry_all_delay_seconds) == (True, 1)


def test_a_handler_that_fails_tells_what_it_was_done_with(holdfast: Harness) -> None:
    worker = holdfast.worker({"main.mjs": HANDLER})
    result = worker.queue("broken", [QueueMessage("a", id="1"), QueueMessage("b", id="2")])
    assert result.outcome == "exception"
    assert result.error is not None and result.error.message == "broken"
    assert (result.explicit_acks, result.acked, result.retried) == (["1"], ["1"], ["2"])


def test_a_queue_is_sent_to_and_looked_into(holdfast: Harness, make: Any) -> None:
    worker = make()
    jobs = holdfast.queue("jobs")
    assert (len(jobs), jobs.messages) == (0, [])
    jobs.send("a", {"b": 1})
    jobs.send(b"later", delay_seconds=60)
    worker.fetch("/?send=c")
    assert [message.body for message in jobs.messages] == ["a", {"b": 1}, b"later", "c"]
    holdfast.clock.advance(5)
    assert seen(worker) == [[5000, "jobs", "a1 [object Object]1 c1"]]
    assert [message.body for message in jobs.messages] == [b"later"]
    assert len(holdfast.queue("others")) == 0


async def test_queues_are_there_for_coroutines_too(aholdfast: AsyncHarness) -> None:
    worker = aholdfast.worker({"main.mjs": HANDLER})
    jobs = aholdfast.queue("jobs")
    await jobs.send("a")
    assert len(jobs) == 1
    assert (await worker.queue("jobs", ["a"])).outcome == "ok"


def test_an_object_sends_nothing_before_what_it_wrote_is_durable(holdfast: Harness) -> None:
    source = """
    import { DurableObject } from "cloudflare:workers";
    export class Sender extends DurableObject {
      async send() {
        this.ctx.storage.put("k", "v");
        await this.env.JOBS.send("sent");
      }
    }
    export default {};
    """
    jobs = holdfast.queue("jobs")
    worker = holdfast.worker({"main.mjs": source}, env={"JOBS": jobs})
    holdfast.faults.fail_next("fsync")
    with pytest.raises(JavaScriptError):
        worker.object("Sender", "a").call("send")
    assert len(jobs) == 0
    worker.object("Sender", "a").call("send")
    assert len(jobs) == 1
