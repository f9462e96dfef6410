"""What tests can do with an object."""

from datetime import UTC, datetime, timedelta

import pytest

from holdfast.testing import BigInt, HarnessError, JavaScriptError, Map, Set


def test_an_object_is_called_without_a_worker_in_between(counter):
    assert counter.fetch("/x", body="hello").text() == "POST hello 1"
    assert counter.call("add", 4) == 5
    with pytest.raises(JavaScriptError, match="too much") as caught:
        counter.call("fail")
    assert "fail() {" in str(caught.value) and "worker.mjs" in caught.value.stack


def test_its_id_is_that_which_the_worker_knows(counter):
    counter.worker.fetch("/")
    assert counter.storage["value"] == 1
    same = counter.worker.object("Counter", id=counter.id)
    assert same.call("add", 1) == 2
    assert counter.worker.object("Counter").call("add", 1) == 1


def test_storage_is_a_mapping(counter):
    storage = counter.storage
    assert (len(storage), dict(storage)) == (0, {})
    storage["value"] = 41
    assert counter.call("add", 1) == 42
    storage.update({"list/a": [1, None], "list/b": {"when": datetime(2030, 1, 1, tzinfo=UTC)}})
    assert storage.list(prefix="list/") == {k: storage[k] for k in ("list/a", "list/b")}
    assert storage.get("nothing", 7) == 7 and "value" in storage
    assert storage.delete("list/a") is True and storage.delete("list/a") is False
    with pytest.raises(KeyError):
        del storage["list/a"]
    with pytest.raises(HarnessError, match="cannot be given to JavaScript"):
        storage["value"] = object()


def test_storage_is_open_while_the_object_is_asleep(counter):
    counter.storage["value"] = 5
    assert not counter.is_live
    assert counter.call("add", 1) == 6
    counter.evict()
    counter.storage["value"] = 7
    assert counter.call("add", 1) == 8


def test_sql_gives_rows(counter):
    counter.storage.sql("CREATE TABLE words (word TEXT, count INTEGER)")
    counter.storage.sql("INSERT INTO words VALUES (?, ?), (?, ?)", "a", 1, "b", 2)
    rows = counter.storage.sql("SELECT word, count * 2 AS twice FROM words ORDER BY word")
    assert rows == [{"word": "a", "twice": 2}, {"word": "b", "twice": 4}]
    seen = "(instance, state) => state.storage.sql.exec('SELECT count(*) AS n FROM words').one().n"
    assert counter.run(seen) == 2
    with pytest.raises(HarnessError, match="no such table"):
        counter.storage.sql("SELECT * FROM sentences")


def test_run_looks_inside(counter):
    counter.call("add", 2)
    assert counter.run("(instance) => instance.calls") == 1
    assert (
        counter.run("async (instance, state, n) => (await state.storage.get('value')) + n", 3) == 5
    )
    assert counter.run("function (instance) { instance.calls = 9 }") is None
    assert counter.run("({ calls }) => calls") == 9
    with pytest.raises(HarnessError, match="is none"):
        counter.run("(instance =>")
    with pytest.raises(HarnessError, match="lives in JavaScript"):
        counter.run("() => () => 1")


def test_eviction_takes_memory_and_leaves_storage(counter):
    counter.call("add", 2)
    counter.evict()
    assert not counter.is_live
    assert counter.run("(instance) => instance.calls") == 0
    assert counter.call("add", 1) == 3


def test_an_object_that_is_busy_is_not_evicted(holdfast, counter):
    holdfast.clock.freeze()
    call = holdfast.start(lambda: counter.run("() => scheduler.wait(1000)"))
    with pytest.raises(HarnessError, match="cannot be evicted"):
        counter.evict()
    holdfast.clock.advance(1)
    assert call.done and call.result() is None


def test_an_idle_object_is_evicted_when_its_time_has_come(holdfast, counter):
    counter.call("add", 1)
    holdfast.clock.advance(60)
    assert not counter.is_live
    assert counter.instances() == [counter.id]


def test_an_alarm_is_seen_and_run_early(holdfast, counter):
    assert counter.alarm is None and counter.run_alarm() is False
    counter.call("later", 3_600_000)
    assert counter.alarm == holdfast.clock.now + timedelta(hours=1)
    assert counter.run_alarm() is True
    assert counter.storage["woken"] == [holdfast.clock.now_ms(), 0]
    assert counter.alarm is None


def test_an_alarm_that_throws_is_told_of_and_retried(holdfast, counter):
    counter.storage["broken"] = True
    counter.call("later", 60_000)
    with pytest.raises(JavaScriptError, match="the alarm is broken") as caught:
        counter.run_alarm()
    assert caught.value.name == "RangeError" and "async alarm(info) {" in caught.value.source
    del counter.storage["broken"]
    holdfast.clock.advance(5)
    assert counter.storage["woken"][1] == 1


def test_an_alarm_wakes_an_object_that_sleeps(holdfast, counter):
    counter.call("later", 86_400_000)
    counter.evict()
    holdfast.clock.advance(timedelta(days=1))
    assert counter.storage["woken"] == [holdfast.clock.now_ms(), 0]


def test_sockets_hibernate_and_close(counter):
    with counter.worker.websocket("/") as one:
        two = counter.websocket("/")
        two.send("hello")
        assert two.receive() == "2 hello"
        counter.evict()
        one.send(b"bytes")
        assert one.receive().startswith("2 ")
        two.send("bye")
        assert two.wait_closed() == (4000, "you said it")
        with pytest.raises(HarnessError, match="closed, with code 4000"):
            two.receive()


def test_instances_are_those_that_exist(counter):
    other = counter.worker.object("Counter", name="B")
    assert counter.instances() == []
    counter.call("add", 1)
    other.storage["value"] = 1
    assert (
        counter.instances() == counter.worker.instances("Counter") == sorted([counter.id, other.id])
    )


def test_maps_and_sets_are_given_stored_and_returned(holdfast):
    script = """export class Store {
      constructor(state) { this.storage = state.storage; }
      async put(map) { await this.storage.put("map", map); return new Set(map.keys()); }
    }
    export default { fetch() {} };"""
    store = holdfast.worker(script).object("Store", name="a")
    assert store.run("(store, _, map) => store.put(map)", Map([("a", 1), ("b", {2})])) == (
        Set(["a", "b"])
    )
    assert store.storage["map"] == Map([("a", 1), ("b", Set([2]))])


def test_alarms_are_retried_at_the_documented_times(holdfast, counter):
    counter.storage["broken"] = True
    counter.call("later", 60_000)
    holdfast.clock.advance(minutes=1)
    failed = lambda: len(counter.worker.logs)  # noqa: E731
    for delay in (2, 4, 8, 16):
        before = failed()
        holdfast.clock.advance(delay - 0.001)
        assert failed() == before
        holdfast.clock.advance(0.001)
        assert failed() == before + 1
    del counter.storage["broken"]
    holdfast.clock.advance(32)
    assert counter.storage["woken"] == [holdfast.clock.now_ms(), 5]


def test_an_object_is_found_by_its_binding_too(holdfast):
    room = "import { DurableObject as D } from 'cloudflare:workers'; export class Room extends D {}"
    owner = holdfast.worker(room, name="owner")
    user = holdfast.worker("export default {}", env={"ROOM": owner.namespace("Room")})
    assert user.object("ROOM", name="tea").id == owner.object("Room", name="tea").id


def test_a_value_that_javascript_lacks_is_told_with_the_way_out(counter):
    with pytest.raises(HarnessError, match=r"say BigInt$"):
        counter.call("add", 2**70)
    assert counter.run("(object, state, n) => String(n)", BigInt(2**70)) == str(2**70)
    with pytest.raises(HarnessError, match=r"function has no counterpart.* in worker.run"):
        counter.call("add", lambda: 1)


def test_all_objects_are_evicted_at_once(holdfast, counter):
    other = counter.worker.object("Counter", name="B")
    counter.call("add", 1)
    other.call("add", 2)
    holdfast.evict_all()
    assert not counter.is_live and not other.is_live
    assert other.call("add", 0) == 2 and other.run("({ calls }) => calls") == 1


def test_the_objects_of_a_class_are_found_with_their_names(counter):
    unique = counter.worker.object("Counter", unique=True)
    for one in (counter, unique):
        one.call("add", 1)
        one.evict()
    found = counter.worker.objects("Counter")
    assert {one.id: one.name for one in found} == {counter.id: "A", unique.id: None}
    assert [one.call("add", 1) for one in found] == [2, 2]


def test_an_object_may_leave_memory_with_its_web_sockets(counter):
    socket = counter.websocket()
    counter.evict()
    assert socket.closed is None
    counter.evict(close_sockets=True)
    assert socket.wait_closed() == (1012, "The object was evicted.")
    assert counter.run("(_, state) => state.getWebSockets().length") == 0
