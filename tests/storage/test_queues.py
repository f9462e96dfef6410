"""Queues on real files."""

import apsw
import pytest

from holdfast.storage.queue_messages import Backlog, NewMessage, QueueNotFound, Terms
from holdfast.storage.queues import Consumer, Queue, QueueStore

NOW = 1_700_000_000_000
DAY = 86_400_000
TERMS = Terms(max_retries=1, dead_letter_queue="dead")
NOWHERE = Terms(max_retries=0, dead_letter_queue=None)


@pytest.fixture
def store(tmp_path):
    store = QueueStore(tmp_path / "queues.sqlite")
    yield store
    store.close()


def send(store, *bodies, queue="q", delay_s=None, now=NOW):
    messages = [NewMessage(body.encode(), "text") for body in bodies]
    [backlog] = store.send([(queue, messages, delay_s)], now, creates=True)
    return backlog


def bodies(messages):
    return [message.body.decode() for message in messages]


def taken(store, now=NOW, queue="q", size=10, terms=TERMS):
    return store.take(queue, size, terms, now).messages


def test_reading_makes_no_file(store):
    assert store.queues() == store.consumers() == []
    assert store.backlog("q") == Backlog(0, 0, 0)
    assert store.due_ms("q", 1, 0) is None
    assert not store.exists


def test_messages_come_in_the_order_in_which_they_were_sent(store):
    send(store, "a", "b")
    send(store, "c")
    assert bodies(taken(store, size=2)) == ["a", "b"]
    assert bodies(taken(store)) == ["c"]
    assert taken(store) == ()


def test_a_queue_that_nobody_has_created_takes_nothing_unless_it_is_to_be_made(store):
    store.declare(["other"], NOW)
    [refused] = store.send([("q", [NewMessage(b"", "text")], None)], NOW)
    assert isinstance(refused, QueueNotFound)
    with pytest.raises(QueueNotFound):
        store.queue("q")


def test_the_backlog_counts_what_is_not_settled(store):
    assert send(store, "four", "five5") == Backlog(2, 9, NOW)
    [first] = taken(store, size=1)
    assert store.backlog("q") == Backlog(2, 9, NOW)
    store.settle([first.number], [], TERMS, NOW)
    assert store.backlog("q") == Backlog(1, 5, NOW)
    store.purge("q")
    assert store.backlog("q") == Backlog(0, 0, 0)


def test_a_delay_is_that_of_the_message_then_of_the_sending_then_of_the_queue(store):
    store.put_queue(Queue("q", "1", NOW, NOW, delivery_delay=3))
    messages = [NewMessage(b"own", "text", 1), NewMessage(b"batch", "text")]
    store.send([("q", messages, 2), ("q", [NewMessage(b"queue", "text")], None)], NOW)
    for seconds, body in (1, "own"), (2, "batch"), (3, "queue"):
        assert taken(store, NOW + seconds * 1000 - 1) == ()
        assert bodies(taken(store, NOW + seconds * 1000)) == [body]


def test_a_batch_is_due_when_it_is_full_or_its_first_message_has_waited(store):
    send(store, "a")
    assert store.due_ms("q", 2, 5_000) == NOW + 5_000
    send(store, "b", now=NOW + 7)
    assert store.due_ms("q", 2, 5_000) == NOW + 7
    assert store.due_ms("q", 3, 5_000) == NOW + 5_000


def test_what_was_taken_comes_again_when_it_is_retried_and_counts_its_attempts(store):
    send(store, "a")
    [first] = taken(store)
    assert first.attempts == 1
    assert store.due_ms("q", 1, 0) is None
    assert store.settle([], [(first.number, 60)], TERMS, NOW) == 0
    assert taken(store, NOW + 59_999) == ()
    [second] = taken(store, NOW + 60_000)
    assert (second.id, second.sent_ms, second.attempts) == (first.id, first.sent_ms, 2)


def test_what_fails_too_often_is_a_dead_letter_as_it_was_sent(store):
    send(store, "a")
    for seen in 0, 1:
        [message] = taken(store)
        assert store.settle([], [(message.number, 0)], TERMS, NOW + 5 * seen) == seen
    assert store.backlog("q") == Backlog(0, 0, 0)
    [dead] = taken(store, NOW + 5, queue="dead")
    assert (dead.id, dead.sent_ms, dead.attempts) == (message.id, NOW, 1)


def test_without_a_queue_for_it_a_dead_letter_is_dropped(store):
    send(store, "a")
    [message] = taken(store, terms=NOWHERE)
    assert store.settle([], [(message.number, 0)], NOWHERE, NOW) == 1
    assert store.backlog("q") == Backlog(0, 0, 0)


def test_what_a_process_had_that_died_comes_again(store, tmp_path):
    send(store, "a")
    send(store, "b", queue="other")
    [message] = taken(store)
    taken(store, queue="other")
    store.close()
    again = QueueStore(tmp_path / "queues.sqlite")
    assert taken(again) == ()
    again.release(lambda queue: queue == "q", NOW)
    assert [(m.id, m.attempts) for m in taken(again)] == [(message.id, 2)]
    assert taken(again, queue="other") == ()
    again.close()


def test_what_kills_its_process_again_and_again_becomes_a_dead_letter_at_last(store):
    send(store, "a")
    for _ in range(2):
        assert len(taken(store)) == 1
        store.release(lambda _: True, NOW)
    batch = store.take("q", 10, TERMS, NOW)
    assert (batch.messages, batch.buried) == ((), 1)
    assert bodies(taken(store, queue="dead")) == ["a"]


def test_what_was_purged_while_it_was_delivered_is_settled_in_vain(store):
    send(store, "a", "b")
    first, second = taken(store)
    store.purge("q")
    assert store.settle([first.number], [(second.number, 0)], TERMS, NOW) == 0
    assert store.backlog("q") == Backlog(0, 0, 0)


def test_messages_are_kept_for_as_long_as_their_queue_says_and_no_longer(store):
    store.put_queue(Queue("q", "1", NOW, NOW, retention=60))
    send(store, "a", "b")
    [kept] = taken(store, size=1)
    send(store, "c", now=NOW + 59_999)
    assert bodies(taken(store, NOW + 60_000)) == ["c"]
    store.settle([], [(kept.number, 0)], TERMS, NOW + 60_000)
    assert taken(store, NOW + 60_000) == ()


def test_a_message_is_kept_for_four_days_where_nothing_is_said(store):
    send(store, "a", "b")
    assert len(taken(store, NOW + 4 * DAY - 1, size=1)) == 1
    assert taken(store, NOW + 4 * DAY) == ()


def test_what_was_pulled_comes_again_unless_it_is_acknowledged_in_time(store):
    send(store, "a", "b")
    given, backlog = store.pull("q", 10, 1_000, TERMS, NOW)
    assert (bodies(given), backlog.count) == (["a", "b"], 2)
    assert store.acknowledge("q", [given[0].lease], [], TERMS, NOW) == (1, 0, [])
    assert store.pull("q", 10, 1_000, TERMS, NOW + 999)[0] == []
    [again], _ = store.pull("q", 10, 1_000, TERMS, NOW + 1_000)
    assert (again.body, again.attempts) == (b"b", 2)
    # The first lease of it has ended.
    assert store.acknowledge("q", [given[1].lease], [], TERMS, NOW) == (0, 0, [given[1].lease])
    assert store.acknowledge("q", [], [(again.lease, 0)], TERMS, NOW) == (0, 1, [])
    assert bodies(taken(store, queue="dead")) == ["b"]


def test_a_lease_is_of_one_queue_alone(store):
    send(store, "a")
    [given], _ = store.pull("q", 1, 1_000, TERMS, NOW)
    assert store.acknowledge("other", [given.lease], [], TERMS, NOW)[2] == [given.lease]


def test_a_queue_has_one_consumer_and_its_dead_letters_a_queue(store):
    send(store, "a")
    store.put_consumer(Consumer("q", "1", "worker", "{}", "letters", NOW), NOW)
    store.put_consumer(Consumer("q", "2", None, "{}", None, NOW), NOW)
    assert [(c.queue, c.id) for c in store.consumers()] == [("q", "2")]
    assert [queue.name for queue in store.queues()] == ["letters", "q"]
    store.put_consumer(Consumer("letters", "3", "worker", "{}", None, NOW), NOW)
    store.delete_consumers_of("worker")
    assert [c.queue for c in store.consumers()] == ["q"]


def test_a_queue_goes_with_all_that_it_has(store):
    send(store, "a")
    store.put_consumer(Consumer("q", "1", "worker", "{}", None, NOW), NOW)
    store.delete_queue("q")
    assert store.queues() == store.consumers() == []
    send(store, "b")
    assert bodies(taken(store)) == ["b"]


def test_the_same_queue_is_found_by_name_and_by_id(store):
    store.declare(["q"], NOW)
    queue = store.queue("q")
    assert store.queue(queue.id) == queue


def test_two_processes_share_the_queues(store, tmp_path):
    other = QueueStore(tmp_path / "queues.sqlite")
    send(store, "a")
    send(other, "b")
    assert bodies(taken(other, size=1)) == ["a"]
    assert bodies(taken(store)) == ["b"]
    other.close()


def test_what_is_sent_is_synced_and_what_is_given_out_need_not_be(store, tmp_path):
    send(store, "a")
    connection = store._file._writer.connection
    pragma = "PRAGMA synchronous"
    assert connection.execute(pragma).fetchone() == (2,)
    taken(store)
    assert connection.execute(pragma).fetchone() == (2,)
    assert apsw.Connection(str(tmp_path / "queues.sqlite")).execute(
        "SELECT attempts FROM messages"
    ).fetchall() == [(1,)]
