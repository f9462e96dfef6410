"""Time, the world outside, faults, and several calls at once."""

import re
import threading
from datetime import UTC, datetime, timedelta
from shutil import copyfile

import pytest

from holdfast.storage import opening
from holdfast.storage.history import History
from holdfast.storage.opening import close_settled
from holdfast.testing import CallTimedOut, Harness, HarnessError, JavaScriptError, barrier

FETCHER = """export default { async fetch(request) {
  const { pathname } = new URL(request.url);
  try {
    const init = pathname === "/post" ? { method: "POST", body: "sent" } : {};
    const signal = AbortSignal.timeout(5000);
    const answer = await fetch("https://api.example" + pathname, { ...init, signal });
    return new Response(await answer.text(), { status: answer.status, headers: answer.headers });
  } catch (error) {
    return new Response(`${error.name}: ${error.message}`, { status: 599 });
  }
} };"""


def test_alarms_go_by_the_calendar(holdfast):
    alarmed = holdfast.worker("""
      import { DurableObject } from "cloudflare:workers";
      export class Alarmed extends DurableObject {
        arm() { return this.ctx.storage.setAlarm(Date.now() + 3_600_000); }
        alarm() { return this.ctx.storage.put("rang", Date.now()); }
      }
      export default {};""").object("Alarmed", name="a")
    alarmed.call("arm")
    holdfast.clock.set(holdfast.clock.now + timedelta(days=1))
    holdfast.clock.advance(0)
    assert alarmed.storage["rang"] == holdfast.clock.now_ms()


def test_time_stands_still_until_it_is_moved(holdfast):
    holdfast.clock.set(datetime(2030, 1, 1, tzinfo=UTC))
    worker = holdfast.worker("""export default { async fetch() {
      const before = [Date.now(), performance.now(), new Date().toISOString()];
      await scheduler.wait(90_000);
      return Response.json([...before, Date.now() - before[0], performance.now() - before[1],
        new Date() instanceof Date, new Date(5).getTime(), Date.UTC(1970, 0, 1), typeof Date()]);
    } };""")
    told = worker.fetch().json()
    assert told[0] == datetime(2030, 1, 1, tzinfo=UTC).timestamp() * 1000
    assert told[2:] == ["2030-01-01T00:00:00.000Z", 90_000, 90_000, True, 5, 0, "string"]


def test_timers_fire_in_order_and_only_when_due(holdfast, counter):
    holdfast.clock.freeze()
    counter.run("""(instance) => {
      instance.fired = [];
      for (const ms of [300, 100, 200]) setTimeout(() => instance.fired.push([ms, Date.now()]), ms);
    }""")
    begin = holdfast.clock.now_ms()
    holdfast.clock.advance(0.25)
    assert counter.run("({ fired }) => fired") == [[100, begin + 100], [200, begin + 200]]
    holdfast.clock.advance(1)
    assert counter.run("({ fired }) => fired.length") == 3


def test_a_frozen_clock_is_named_as_the_reason(holdfast, counter):
    holdfast.clock.freeze()
    with pytest.raises(CallTimedOut, match="The clock is frozen"):
        counter.run("() => scheduler.wait(10)")
    with pytest.raises(HarnessError, match="does not go back"):
        holdfast.clock.advance(-1)


def test_a_year_passes_in_no_time(holdfast, counter):
    counter.call("later", 300 * 86_400_000)
    holdfast.clock.advance(365 * 86_400)
    assert counter.storage["woken"]


def test_an_object_that_waits_for_a_timer_is_waited_for_however_it_was_called(holdfast):
    patient = holdfast.worker("""
      import { DurableObject } from "cloudflare:workers";
      export class Patient extends DurableObject {
        async wait() { await scheduler.wait(3_600_000); return "done"; }
        async fetch() { return new Response(await this.wait()); }
      }
      export default {};""").object("Patient", name="a")
    assert patient.call("wait") == "done"
    assert patient.fetch("/").text() == "done"
    assert patient.run("(instance) => instance.wait()") == "done"


def test_fetch_is_refused_and_the_way_out_is_named(holdfast):
    answer = holdfast.worker(FETCHER).fetch("/x")
    assert answer.status == 599
    assert 'holdfast.outbound.answer("https://api.example/x"' in answer.text()
    assert [request.url for request in holdfast.outbound.refused] == ["https://api.example/x"]


def test_connect_is_refused_and_the_way_out_is_named(holdfast):
    worker = holdfast.worker("""
      import { connect } from "cloudflare:sockets";
      export default { async fetch() {
        return new Response(await connect("db.example:5432").opened.catch(String));
      } };""")
    assert 'holdfast.outbound.allow("tcp://db.example:5432")' in worker.fetch("/").text()


def test_answers_are_found_by_url_method_and_predicate(holdfast):
    worker, outbound = holdfast.worker(FETCHER), holdfast.outbound
    outbound.answer("https://api.example/a", json={"a": 1}, headers={"x-a": "b"}, times=1)
    outbound.answer(re.compile("/a$"), body="again", status=203)
    outbound.answer("https://api.example/*", method="post", body=lambda r: f"got {r.text()}")
    outbound.answer(when=lambda request: request.url.endswith("/gone"), error="went away")
    first = worker.fetch("/a")
    assert (first.json(), first.headers["X-A"]) == ({"a": 1}, "b")
    assert worker.fetch("/a").status == 203
    assert worker.fetch("/post").text() == "got sent"
    with pytest.raises(AssertionError, match="any method any URL"):
        outbound.assert_all_used()
    assert worker.fetch("/gone").text() == "TypeError: went away"
    outbound.assert_all_used()
    assert len(outbound.calls) == 4


def test_an_answer_that_takes_too_long_is_given_up_by_the_script(holdfast):
    holdfast.outbound.answer("https://api.example/late", delay=60)
    assert holdfast.worker(FETCHER).fetch("/late").text().startswith("TimeoutError")
    assert holdfast.clock.elapsed == 5


def test_redirects_of_answers_are_followed(holdfast):
    holdfast.outbound.answer("https://api.example/from", status=302, headers={"location": "/to"})
    holdfast.outbound.answer("https://api.example/to", body="there")
    assert holdfast.worker(FETCHER).fetch("/from").text() == "there"


def test_fetches_fail_and_dawdle_on_request(holdfast):
    worker = holdfast.worker(FETCHER)
    holdfast.outbound.answer("https://api.example/*", body="fine")
    holdfast.faults.fail_next("fetch", match="example/a")
    assert worker.fetch("/b").text() == "fine"
    assert worker.fetch("/a").text() == "TypeError: Network connection lost."
    holdfast.faults.slow("fetch", 3)
    assert worker.fetch("/a").text() == "fine"
    assert holdfast.clock.elapsed == 3
    with pytest.raises(HarnessError, match="no faults of the kind"):
        holdfast.faults.fail_next("disk")


@pytest.mark.parametrize("kind", ["commit", "fsync"])
def test_writes_that_fail_are_not_answered(holdfast, counter, kind):
    counter.call("add", 1)
    holdfast.faults.fail_next(kind, match=counter)
    with pytest.raises(JavaScriptError) as caught:
        counter.call("add", 1)
    assert caught.value.properties["durableObjectReset"]
    assert holdfast.faults.pending == []
    if kind == "commit":
        assert counter.call("add", 1) == 2


def test_a_slow_disk_holds_answers_back(holdfast, counter):
    holdfast.faults.slow("fsync", 2, times=1)
    assert counter.call("add", 1) == 1
    assert holdfast.clock.elapsed == 2
    counter.call("add", 1)
    assert holdfast.clock.elapsed == 2


def test_a_crash_loses_what_was_not_durable_and_nothing_else(holdfast, counter):
    for _ in range(3):
        counter.call("add", 1)
    socket = counter.websocket("/")
    holdfast.clock.freeze()
    holdfast.faults.slow("fsync", 10)
    call = holdfast.start(lambda: counter.call("add", 10))
    other = counter.worker.object("Counter", name="B")
    fresh = holdfast.start(lambda: other.call("add", 1))
    counter.crash()
    assert counter.storage["value"] == 3 and dict(other.storage) == {}
    assert socket.wait_closed()[0] == 1006
    for lost in (call, fresh):
        with pytest.raises(JavaScriptError):
            lost.result()
    holdfast.faults.clear()
    assert counter.call("add", 1) == 4
    counter.storage["value"] = 40
    counter.crash()
    assert counter.call("add", 1) == 41, "what a test has stored is durable"


def test_a_crash_does_not_tear_a_file_that_is_being_closed(holdfast, counter, monkeypatch):
    copying, closed = threading.Event(), threading.Event()

    def close(session):
        copying.wait(0.05)
        close_settled(session)
        closed.set()

    def copy(source, target):
        copying.set()
        closed.wait(1)
        copyfile(source, target)

    counter.call("add", 1)
    counter.evict()
    counter.call("add", 1)  # SQLite has the file now
    monkeypatch.setattr(opening, "close_settled", close)
    monkeypatch.setattr(barrier.shutil, "copyfile", copy)
    counter.evict()
    counter.crash()
    assert closed.is_set()
    assert counter.storage["value"] == 2


def test_an_alarm_outlives_a_crash(holdfast, counter):
    counter.call("later", 60_000)
    counter.crash()
    holdfast.clock.advance(60)
    assert counter.storage["woken"]


def test_calls_at_once_give_their_results_in_order(holdfast, counter):
    calls = [
        lambda n=n: counter.run("(i, s, n) => scheduler.wait(n).then(() => n)", n) for n in (30, 10)
    ]
    assert holdfast.gather(calls) == [30, 10]
    assert holdfast.clock.elapsed == pytest.approx(0.03)
    with pytest.raises(HarnessError, match="makes one call"):
        holdfast.gather([lambda: None])
    with pytest.raises(JavaScriptError, match="too much"):
        holdfast.gather([lambda: counter.call("add", 1), lambda: counter.call("fail")])


def test_a_seed_decides_the_order_and_is_in_the_report():
    def order(seed):
        with Harness() as harness:
            log = harness.worker("""export class Log { constructor() { this.lines = [] }
              async fetch(request) {
                const name = new URL(request.url).pathname;
                for (const step of [1, 2]) {
                  await fetch("https://api.example/");
                  this.lines.push(name + step);
                }
                return new Response();
              } }""").object("Log", name="A")
            harness.outbound.answer()
            calls = [lambda n=n: log.fetch(f"/{n}") for n in "abc"]
            harness.gather(calls, seed=seed)
            assert f"seed {seed}" in harness.report()
            return log.run("({ lines }) => lines.join()")

    orders = [order(seed) for seed in range(4)]
    assert len({*orders}) > 1
    assert orders == [order(seed) for seed in range(4)]


def test_work_in_threads_takes_no_time_of_the_scripts(holdfast):
    worker = holdfast.worker("""export default { async fetch() {
      const raw = new Uint8Array(8);
      const key = await crypto.subtle.importKey("raw", raw, "PBKDF2", false, ["deriveBits"]);
      const how = { name: "PBKDF2", hash: "SHA-256", salt: raw, iterations: 100_000 };
      const soon = AbortSignal.timeout(1000);
      const bits = await crypto.subtle.deriveBits(how, key, 256);
      return Response.json([bits.byteLength, soon.aborted]);
    } };""")
    assert worker.fetch().json() == [32, False]
    assert holdfast.clock.elapsed == 0


NOTES = """
import { DurableObject } from "cloudflare:workers";
export class Notes extends DurableObject {
  write(text) { this.ctx.storage.kv.put("text", text); }
  read() { return this.ctx.storage.kv.get("text"); }
  async back(time) {
    const bookmark = await this.ctx.storage.getBookmarkForTime(time);
    await this.ctx.storage.onNextSessionRestoreBookmark(bookmark);
    this.ctx.abort();
  }
}
export default {};
"""


def test_an_object_goes_back_to_a_time_of_the_calendar(holdfast):
    notes = holdfast.worker(NOTES).object("Notes", name="A")
    day = 86_400
    start = holdfast.clock.now_ms()
    for text in ("Monday", "Tuesday", "Wednesday"):
        notes.call("write", text)
        holdfast.clock.advance(day)
    for days, text in ((1.5, "Tuesday"), (0.5, "Monday"), (2.5, "Wednesday"), (-1, None)):
        with pytest.raises(JavaScriptError):
            notes.call("back", start + days * day * 1000)
        assert notes.call("read") == text


def test_a_mark_that_a_thread_has_not_made_yet_puts_no_later_one_off(holdfast, monkeypatch):
    moved = threading.Event()

    def mark(*arguments, **options):
        assert moved.wait(5)
        return made(*arguments, **options)

    made = History.mark
    monkeypatch.setattr(History, "mark", mark)
    notes = holdfast.worker(NOTES).object("Notes", name="A")
    holdfast.clock.freeze()
    start = holdfast.clock.now_ms()
    for text in ("Monday", "Tuesday", "Wednesday"):
        notes.call("write", text)
        holdfast.clock.advance(86_400)
        if text == "Tuesday":
            moved.set()
            for _ in range(50):  # while the thread goes on
                notes.call("read")
    with pytest.raises(JavaScriptError):
        notes.call("back", start + 1.5 * 86_400_000)
    assert notes.call("read") == "Tuesday"
