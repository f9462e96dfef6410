"""Queues, their consumers and their messages over HTTP."""

import base64

import pytest

from tests.api.fakes import MAIN, esm

ACCOUNT = "/client/v4/accounts/0123456789abcdef"
QUEUES = f"{ACCOUNT}/queues"
CONSUMER = "export default { fetch() {}, queue() {} }"


async def call(api, method, path="", **options):
    return await api.call(method, QUEUES + path, absolute=True, **options)


@pytest.fixture
async def queue(api):
    """The path of a queue, below QUEUES."""
    created = await call(api, "POST", json={"queue_name": "jobs"})
    return f"/{created.result['queue_id']}"


@pytest.fixture
async def pulled(api, queue):
    """One that is pulled from."""
    settings = {"max_retries": 1, "visibility_timeout_ms": 60_000}
    fields = {"type": "http_pull", "settings": settings, "dead_letter_queue": "dead"}
    assert (await call(api, "POST", f"{queue}/consumers", json=fields)).status == 200
    return queue


async def test_a_queue_is_created_listed_changed_and_deleted(api):
    settings = {"delivery_delay": 5, "message_retention_period": 60}
    fields = {"queue_name": "jobs", "settings": settings}
    created = (await call(api, "POST", json=fields)).result
    assert created["queue_name"] == "jobs" and len(created["queue_id"]) == 32
    assert created["settings"] == {**settings, "delivery_paused": False}
    assert created["producers"] == created["consumers"] == []
    await call(api, "POST", json={"queue_name": "other"})
    assert [q["queue_name"] for q in (await call(api, "GET")).result] == ["jobs", "other"]
    assert (await call(api, "GET", "?name=jobs")).result == [created]
    assert (await call(api, "GET", "?page=2&name=jobs")).result == []
    path = f"/{created['queue_id']}"
    paused = {"queue_name": "jobs", "settings": {"delivery_paused": True}}
    changed = (await call(api, "PATCH", path, json=paused)).result
    assert changed["settings"] == {**settings, "delivery_paused": True}
    assert (await call(api, "GET", "/jobs")).result == changed
    assert (await call(api, "DELETE", path)).result is None
    assert (await call(api, "GET", path)).error[0] == 11000


async def test_a_queue_without_settings_has_cloudflares(api, queue):
    assert (await call(api, "GET", queue)).result["settings"] == {
        "delivery_delay": 0,
        "delivery_paused": False,
        "message_retention_period": 345_600,
    }


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, '"queue_name" must have 1 to 63'),
        ({"queue_name": "a/b"}, '"queue_name" must have 1 to 63'),
        ({"queue_name": "a", "settings": []}, '"settings" must be an object'),
        ({"queue_name": "a", "settings": {"delivery_delay": 86_401}}, "from 0 to 86,400"),
        ({"queue_name": "a", "settings": {"message_retention_period": 59}}, "from 60 to 1,209,600"),
        ({"queue_name": "a", "settings": {"delivery_paused": 1}}, "must be true or false"),
    ],
)
async def test_a_queue_that_cannot_be_is_refused(api, fields, told):
    answer = await call(api, "POST", json=fields)
    assert answer.status == 400
    assert answer.error[0] == 100128 and told in answer.error[1]
    assert (await call(api, "GET")).result == []


async def test_a_name_is_given_once_and_kept(api, queue):
    taken = await call(api, "POST", json={"queue_name": "jobs"})
    assert (taken.status, taken.error[0]) == (409, 11009)
    renamed = await call(api, "PUT", queue, json={"queue_name": "other"})
    assert (renamed.status, renamed.error[0]) == (400, 100128)


async def test_a_script_consumes_a_queue(api, queue):
    await api.upload("worker", MAIN, esm(content=CONSUMER))
    fields = {
        "type": "worker",
        "script_name": "worker",
        "settings": {"batch_size": 50, "max_concurrency": None},
        "dead_letter_queue": "dead",
    }
    created = (await call(api, "POST", f"{queue}/consumers", json=fields)).result
    assert (created["script"], created["dead_letter_queue"]) == ("worker", "dead")
    assert created["settings"] == {
        "batch_size": 50,
        "max_retries": 3,
        "max_wait_time_ms": 5_000,
        "max_concurrency": None,
        "retry_delay": 0,
    }
    assert (await call(api, "GET", f"{queue}/consumers")).result == [created]
    assert (await call(api, "GET", queue)).result["consumers"] == [created]
    assert (await call(api, "GET", "/dead")).status == 200
    again = await call(api, "POST", f"{queue}/consumers", json=fields)
    assert (again.status, again.error[0]) == (409, 11004)
    path = f"{queue}/consumers/{created['consumer_id']}"
    changed = {**fields, "settings": {"retry_delay": 9}}
    assert (await call(api, "PUT", path, json=changed)).result["settings"]["retry_delay"] == 9
    assert (await call(api, "GET", path)).result["settings"]["batch_size"] == 10
    assert (await call(api, "DELETE", path)).result is None
    assert (await call(api, "GET", path)).error[0] == 11000


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"type": "worker", "script_name": "missing"}, 404, 100127),
        ({"type": "worker", "script_name": "plain"}, 400, 11001),
        ({"type": "worker"}, 400, 100127),
        ({"type": "r2_bucket"}, 400, 100127),
        ({"type": "http_pull", "settings": {"batch_size": 101}}, 400, 100127),
        ({"type": "http_pull", "settings": {"retry_delay": 1.5}}, 400, 100127),
        ({"type": "http_pull", "settings": []}, 200, None),
        ({"type": "http_pull", "settings": "x"}, 400, 100127),
        ({"type": "http_pull", "dead_letter_queue": "a b"}, 400, 100127),
    ],
)
async def test_a_consumer_that_cannot_be_is_refused(api, queue, fields, status, code):
    await api.upload("plain", MAIN, esm(content="export default { fetch() {} }"))
    answer = await call(api, "POST", f"{queue}/consumers", json=fields)
    assert answer.status == status
    if code is not None:
        assert answer.error[0] == code
        assert (await call(api, "GET", f"{queue}/consumers")).result == []


async def test_a_binding_is_to_a_queue_that_there_is(api, queue):
    binding = {"type": "queue", "name": "Q", "queue_name": "jobs", "delivery_delay": 3}
    metadata = {**MAIN, "bindings": [binding]}
    assert (await api.upload("worker", metadata, esm(content=CONSUMER))).status == 200
    settings = await api.call("GET", "/scripts/worker/settings")
    assert settings.result["bindings"] == [binding]
    producers = (await call(api, "GET", queue)).result["producers"]
    assert producers == [{"type": "worker", "script": "worker"}]
    metadata["bindings"][0]["queue_name"] = "missing"
    refused = await api.upload("worker", metadata, esm(content=CONSUMER))
    assert refused.error[0] == 11000
    assert "wrangler queues create missing" in refused.error[1]


async def test_messages_are_pushed_pulled_and_acknowledged(api, pulled):
    text = {"body": "héllo", "content_type": "text"}
    first = (await call(api, "POST", f"{pulled}/messages", json=text)).result
    assert first["metadata"]["metrics"]["backlog_count"] == 1
    batch = {"messages": [{"body": {"a": [1]}}, {"body": "later", "delay_seconds": 60}]}
    await call(api, "POST", f"{pulled}/messages/batch", json=batch)
    answer = (await call(api, "POST", f"{pulled}/messages/pull", json={"batch_size": 10})).result
    assert answer["message_backlog_count"] == 3
    one, two = answer["messages"]
    assert (one["body"], one["metadata"]["CF-Content-Type"]) == ("héllo", "text")
    assert one["attempts"] == two["attempts"] == 1
    assert base64.b64decode(two["body"]) == b'{"a": [1]}'
    assert (await call(api, "POST", f"{pulled}/messages/pull", json={})).result["messages"] == []
    told = {"acks": [{"lease_id": one["lease_id"]}], "retries": [{"lease_id": two["lease_id"]}]}
    acked = (await call(api, "POST", f"{pulled}/messages/ack", json=told)).result
    assert acked == {"ackCount": 1, "retryCount": 1, "warnings": []}
    [again] = (await call(api, "POST", f"{pulled}/messages/pull", json={})).result["messages"]
    assert (again["id"], again["attempts"]) == (two["id"], 2)
    late = (await call(api, "POST", f"{pulled}/messages/ack", json=told)).result
    assert (late["ackCount"], late["retryCount"], len(late["warnings"])) == (0, 0, 2)
    told = {"retries": [{"lease_id": again["lease_id"], "delay_seconds": 1}]}
    await call(api, "POST", f"{pulled}/messages/ack", json=told)
    assert (await call(api, "GET", "/dead/metrics")).result["backlog_count"] == 1
    assert (await call(api, "GET", f"{pulled}/metrics")).result["backlog_count"] == 1


async def test_a_queue_is_purged(api, queue):
    await call(api, "POST", f"{queue}/messages", json={"body": 1})
    assert (await call(api, "POST", f"{queue}/purge", json={})).status == 400
    done = {"delete_messages_permanently": True}
    assert (await call(api, "POST", f"{queue}/purge", json=done)).result["completed"] is True
    assert (await call(api, "GET", f"{queue}/purge")).result["completed"] is True
    assert (await call(api, "GET", f"{queue}/metrics")).result == {
        "backlog_count": 0,
        "backlog_bytes": 0,
        "oldest_message_timestamp_ms": 0,
    }


@pytest.mark.parametrize(
    ("path", "fields", "told"),
    [
        ("/messages", {}, 'an object with a "body"'),
        ("/messages", {"body": "x" * 128_001, "content_type": "text"}, "exceeds limit of 128000"),
        ("/messages", {"body": 1, "content_type": "text"}, "must be a string"),
        ("/messages", {"body": 1, "content_type": "v8"}, '"json" or "text"'),
        ("/messages", {"body": 1, "delay_seconds": 86_401}, "from 0 to 86,400"),
        ("/messages", {"body": 1, "delay_seconds": "1"}, "must be a number"),
        ("/messages/batch", {"messages": []}, "a list of at least one"),
        ("/messages/batch", {"messages": [{"body": 1}] * 101}, "exceeds limit of 100"),
        ("/messages/pull", {"batch_size": 101}, "from 1 to 100"),
        ("/messages/pull", {"visibility_timeout_ms": 1}, "from 1,000 to 43,200,000"),
        ("/messages/ack", {"acks": {}}, None),
        ("/messages/ack", {"acks": [{}]}, '"lease_id"'),
        ("/messages/ack", {"retries": "x"}, "must be a list"),
    ],
)
async def test_what_cannot_be_done_with_messages_is_refused(api, pulled, path, fields, told):
    answer = await call(api, "POST", pulled + path, json=fields)
    if told is None:
        assert answer.status == 200
    else:
        assert answer.status == 400 and told in answer.error[1]
    assert (await call(api, "GET", f"{pulled}/metrics")).result["backlog_count"] == 0


async def test_only_who_pulls_may_pull(api, queue):
    for path in ("pull", "ack"):
        refused = await call(api, "POST", f"{queue}/messages/{path}", json={})
        assert refused.error[0] == 100127
        assert "wrangler queues consumer http add jobs" in refused.error[1]
    assert (await call(api, "POST", "/missing/messages/pull", json={})).error[0] == 11000
