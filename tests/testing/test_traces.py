"""Tail Workers in tests: told by a test, or of the events of other Workers."""

import pytest

from holdfast.testing import AsyncHarness, Harness, JavaScriptError, TraceItem

CONSUMER = """
const seen = [];
export default {
  fetch: () => Response.json(seen),
  tail(events) {
    for (const { scriptName, event, outcome, logs, exceptions } of events) {
      const text = logs.map(({ level, message }) => `${level} ${message.join()}`);
      const failures = exceptions.map(({ name, message }) => `${name}: ${message}`);
      const request = event.request?.getUnredacted();
      const kind = Object.keys(event);
      seen.push([scriptName, outcome, request?.headers.authorization, text, failures, kind]);
    }
    if (events.length > 1) throw new Error("too many");
  },
};
"""


def test_a_tail_worker_is_told_what_the_test_says(holdfast: Harness) -> None:
    consumer = holdfast.worker(CONSUMER)
    asked = {"url": "https://x/", "headers": {"Authorization": "me"}}
    consumer.tail(
        [
            TraceItem(
                {"request": asked, "response": {"status": 500}},
                outcome="exception",
                logs=[("warn", "a", 5)],
                exceptions=[("TypeError", "no")],
            )
        ]
    )
    consumer.tail([TraceItem({"cron": "* * * * *", "scheduledTime": 0}, script_name="other")])
    assert consumer.fetch().json() == [
        ["producer", "exception", "me", ["warn a,5"], ["TypeError: no"], ["response", "request"]],
        ["other", "ok", None, [], [], ["cron", "scheduledTime"]],
    ]
    with pytest.raises(JavaScriptError, match="too many"):
        consumer.tail([TraceItem({"queue": "a", "batchSize": 1})] * 2)


def test_a_tail_worker_is_told_of_the_events_of_others(holdfast: Harness) -> None:
    consumer = holdfast.worker(CONSUMER)
    source = "export default { fetch() { console.log('hi'); return new Response() } }"
    producer = holdfast.worker(source, name="front", tail_consumers=[consumer])
    producer.fetch("/")
    holdfast.settle()
    [told] = consumer.fetch().json()
    assert told[:2] + told[3:4] == ["front", "ok", ["log hi"]]


async def test_the_same_is_awaited(aholdfast: AsyncHarness) -> None:
    consumer = aholdfast.worker(CONSUMER)
    await consumer.tail([TraceItem({"queue": "a", "batchSize": 1})])
    assert (await consumer.fetch()).json()[0][5] == ["queue", "batchSize"]


def test_each_kind_of_event_has_its_class(holdfast: Harness) -> None:
    source = """
    const kinds = [];
    export default {
      fetch: () => Response.json(kinds),
      trace(events) {
        for (const { event } of events) {
          const { getWebSocketEvent: inner, consumedEvents: [item] = [] } = event;
          kinds.push([event, inner, item].filter(Boolean).map((each) => each.constructor.name));
        }
      },
    };
    """
    consumer = holdfast.worker(source)
    kinds = {
        "FetchEventInfo": {"request": {"url": "http://x/"}},
        "JsRpcEventInfo": {"rpcMethod": "a"},
        "ScheduledEventInfo": {"cron": "", "scheduledTime": 0},
        "AlarmEventInfo": {"scheduledTime": "2026-01-01T00:00:00.000Z"},
        "QueueEventInfo": {"queue": "q", "batchSize": 1},
        "EmailEventInfo": {"mailFrom": "a@x", "rcptTo": "b@x", "rawSize": 1},
        "TailEventInfo": {"consumedEvents": [{"scriptName": "a"}]},
        "HibernatableWebSocketEventInfo": {
            "getWebSocketEvent": {"webSocketEventType": "close", "code": 1000, "wasClean": True}
        },
        "CustomEventInfo": {},
    }
    consumer.tail(map(TraceItem, kinds.values()))
    inner = {"TailEventInfo": ["TailItem"], "HibernatableWebSocketEventInfo": ["Close"]}
    assert consumer.fetch().json() == [[kind, *inner.get(kind, [])] for kind in kinds]


def test_listeners_of_a_service_worker_are_told(holdfast: Harness) -> None:
    source = """
    let told;
    addEventListener("fetch", (event) => event.respondWith(new Response(told)));
    addEventListener("tail", (event) => {
      told = `${event.type} ${event.events.length} ${event.traces === event.events}`;
    });
    """
    consumer = holdfast.worker(source)
    consumer.tail([TraceItem({"rpcMethod": "a"})])
    assert consumer.fetch().text() == "tail 1 true"
    with pytest.raises(JavaScriptError, match=r"does not export a tail\(\) function"):
        holdfast.worker("export default { fetch() {} }").tail([TraceItem({"rpcMethod": "a"})])
