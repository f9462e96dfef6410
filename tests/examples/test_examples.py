"""What the documentation's scripts do, unmodified, in the harness."""

import pytest

from holdfast.testing import Harness
from holdfast.testing.worker import Worker
from tests.serving import EXAMPLES

COUNT = "Durable Object 'A' count: {}"


@pytest.fixture
def counter(holdfast: Harness) -> Worker:
    return holdfast.worker(EXAMPLES / "counter.mjs")


def published(
    holdfast: Harness, class_file: str, calling_file: str = "calling-worker.js"
) -> Worker:
    """A class in one script, and the Worker that calls it from another."""
    owner = holdfast.worker(EXAMPLES / class_file)
    env = {"EXAMPLE_CLASS": owner.namespace("DurableObjectExample")}
    return holdfast.worker(EXAMPLES / calling_file, env=env)


def test_the_counter_counts_up_and_down(counter: Worker) -> None:
    paths = ("/", "/increment", "/increment", "/decrement", "/")
    counts = [counter.fetch(path).text() for path in paths]
    assert counts == [COUNT.format(n) for n in (0, 1, 2, 1, 1)]


def test_the_counters_not_found_is_wrapped_by_its_worker(counter: Worker) -> None:
    answer = counter.fetch("/elsewhere")
    assert (answer.status, answer.text()) == (200, COUNT.format("Not found"))


@pytest.mark.parametrize("seed", range(3))
def test_concurrent_increments_each_count_once(
    holdfast: Harness, counter: Worker, seed: int
) -> None:
    answers = holdfast.gather([lambda: counter.fetch("/increment")] * 40, seed=seed)
    assert sorted(a.text() for a in answers) == sorted(COUNT.format(n) for n in range(1, 41))


def test_an_acknowledged_increment_survives_a_crash_and_an_eviction(counter: Worker) -> None:
    counter.fetch("/increment")
    counter.object("Counter", name="A").crash()
    assert counter.fetch("/increment").text() == COUNT.format(2)
    counter.object("Counter", name="A").evict()
    assert counter.fetch("/").text() == COUNT.format(2)


def test_data_is_stored_under_the_callers_address(holdfast: Harness) -> None:
    caller = published(holdfast, "durable-object-example.mjs")
    assert caller.fetch("/", body="important data!").text() == "127.0.0.1 stored important data!"
    assert caller.fetch("/").text() == "127.0.0.1 stored No data!"
    owner = holdfast.workers["durable-object-example"]
    assert owner.object("DurableObjectExample", name="foo").storage == {"127.0.0.1": "No data!"}
    assert owner.fetch("/").text() == "Hello World"


def test_if_match_changes_only_what_it_expects(holdfast: Harness) -> None:
    caller = published(holdfast, "if-match.mjs")

    def put(value: str, *if_match: str) -> bool:
        headers = [("If-Match", tag) for tag in if_match]
        return bool(caller.fetch("/", body=value, headers=headers).text() == "Changed: true")

    assert put("first"), "there was nothing, and nothing was expected"
    assert not put("lost", "something else")
    assert put("second", "first")
    assert not put("lost", "first")
    assert put("third", "*"), "an asterisk matches anything"
    assert put("fourth", "third")


def test_every_path_is_an_object_of_its_own(holdfast: Harness) -> None:
    caller = published(holdfast, "if-match.mjs", "object-per-path.js")

    def put(path: str, value: str, if_match: str | None = None) -> bool:
        headers = {"If-Match": if_match} if if_match else {}
        return bool(caller.fetch(path, body=value, headers=headers).text() == "Changed: true")

    assert put("/a", "1")
    assert not put("/b", "2", if_match="1"), "what /a holds is not seen at /b"
    assert put("/b", "2")
    assert put("/a", "3", if_match="1")


def test_pages_are_assets_and_their_visits_are_counted(holdfast: Harness) -> None:
    visits = holdfast.worker(EXAMPLES / "visits")
    assert "<title>Visits</title>" in visits.fetch("/").text()
    counts = [visits.fetch(f"/api/visits?page={page}").json() for page in ("/", "/about", "/")]
    assert [count["visits"] for count in counts] == [1, 1, 2]
    assert visits.fetch("/api/visits?page=/none").status == 404
    missing = visits.fetch("/none")
    assert missing.status == 404 and "There is no such page." in missing.text()
    assert missing.headers["x-content-type-options"] == "nosniff"


def test_an_order_is_approved_packed_and_shipped(holdfast: Harness) -> None:
    orders = holdfast.worker(EXAMPLES / "orders")
    assert orders.fetch("/tea", json={"prices": [3, 4]}).json() == {"id": "tea"}
    assert orders.fetch("/tea/approve", json={"by": "Ada"}).json()["output"] is None
    shipped = {"order": "tea", "attempt": 2}
    assert orders.workflow("ORDERS", "tea").wait() == {"total": 7, "by": "Ada", "shipped": shipped}


def test_files_are_kept_in_a_bucket(holdfast: Harness) -> None:
    worker = holdfast.worker(EXAMPLES / "files")
    headers = {"Content-Type": "text/plain"}
    put = worker.fetch("/a/b%20c.txt", method="PUT", body="content", headers=headers)
    assert (put.status, put.text()) == (201, "7 bytes\n")
    etag = put.headers["etag"]
    got = worker.fetch("/a/b%20c.txt")
    assert (got.text(), got.headers["content-type"]) == ("content", "text/plain")
    part = worker.fetch("/a/b%20c.txt", headers={"Range": "bytes=-3"})
    assert (part.status, part.text()) == (206, "ent")
    assert part.headers["content-range"] == "bytes 4-6/7"
    assert worker.fetch("/a/b%20c.txt", headers={"If-None-Match": etag}).status == 304
    wrong = {"If-Match": '"other"'}
    assert worker.fetch("/a/b%20c.txt", method="PUT", body="x", headers=wrong).status == 412
    assert worker.fetch("/a/b%20c.txt", headers=wrong).status == 412
    assert worker.fetch("/").text() == "a/\n"
    assert worker.fetch("/a/").text() == "a/b c.txt 7\n"
    assert worker.fetch("/a/b%20c.txt", method="DELETE").status == 204
    assert worker.fetch("/a/b%20c.txt").status == 404


def test_the_guest_book_is_signed_and_searched(holdfast: Harness) -> None:
    book = holdfast.worker(EXAMPLES / "guest-book")
    book.d1("DB").apply_migrations()
    assert book.fetch("/").text() == "Nothing yet.\n"
    assert book.fetch("/Ada", body="What a machine!").text() == "Thank you, Ada: entry 1 of 1.\n"
    assert book.fetch("/Bob", body='"Here" I was').text() == "Thank you, Bob: entry 2 of 2.\n"
    assert book.fetch("/").text() == 'Bob: "Here" I was\nAda: What a machine!\n'
    assert book.fetch("/?q=machine").text() == "Ada: What a *machine*!\n"
    assert book.fetch("/?q=%22here").text() == 'Bob: "*Here*" I was\n'


def test_signups_are_worked_off_in_batches_and_what_fails_is_kept(holdfast: Harness) -> None:
    worker = holdfast.worker(EXAMPLES / "signups")
    for name in ("ada", "nobody", "alan"):
        assert worker.fetch(f"/{name}", method="POST").status == 202
    holdfast.clock.advance(0.9)
    assert worker.fetch("/").text() == "0 refused\n"
    holdfast.clock.advance(0.1)
    assert worker.fetch("/").text().startswith("ada, in a batch of 3\nalan, in a batch of 3\n")
    holdfast.clock.advance(1 + 1 + 2 + 1)
    assert worker.fetch("/").text().endswith("1 refused\n")
    [refused] = holdfast.queue("refused").messages
    assert refused.body["name"] == "nobody"


def test_visitors_write_apps(holdfast: Harness) -> None:
    worker = holdfast.worker(EXAMPLES / "apps")
    notes = (EXAMPLES / "apps" / "notes.js").read_text()
    assert worker.fetch("/notes").status == 404
    for version in (1, 2):
        put = worker.fetch("/notes", method="PUT", body=notes)
        assert put.text() == f"notes has version {version}\n"
        worker.fetch("/notes", method="POST", body="tea")
    assert worker.fetch("/notes").text() == "1. tea\n2. tea\n"
    endless = "export class App { fetch() { for (;;); } }"
    worker.fetch("/endless", method="PUT", body=endless)
    failed = worker.fetch("/endless")
    assert (failed.status, failed.text()[:15]) == (500, "The app failed:")
    assert worker.fetch("/notes").text() == "1. tea\n2. tea\n"
