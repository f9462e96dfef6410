"""When alarms run, are retried and given up: on a real list, with a clock that jumps."""

import itertools
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.catalog import Namespace
from holdfast.objects.alarms import (
    ALARMS_PER_LOOK,
    MAX_BEGINNING,
    MAX_COUNTED_RETRIES,
    AlarmScheduler,
    Due,
    Outcome,
)
from holdfast.storage import StorageError
from holdfast.storage.alarms import AlarmList
from holdfast.storage.disk import Folder

NAMESPACE = Namespace("id", "name", "script", "Class", "key", use_sqlite=True)
START = 1_000_000


class Handle:
    cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class World:
    """A scheduler, its list, its clock and its loop; and the objects, which answer at once."""

    def __init__(self, folder: Path, chance: float = 0.0) -> None:
        self.now = float(START)
        self.timers: list[tuple[float, Callable[[], None], Handle]] = []
        self.runs: list[tuple[float, str, int]] = []
        self.abandoned: list[str] = []
        self.outcomes: dict[str, list[Any]] = {}
        self.waiting: list[Due] = []
        self.answers = True
        self.list = AlarmList(Folder(folder), self._changed)
        self.scheduler = AlarmScheduler(self, self, self.call_later, lambda: chance)  # type: ignore[arg-type]
        self.scheduler.watch(NAMESPACE, self.list)

    def _changed(self, object_id: str) -> None:
        self.scheduler.changed(NAMESPACE.unique_key, object_id)

    def now_ms(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], None]) -> Any:
        handle = Handle()
        self.timers.append((self.now + delay * 1000, callback, handle))
        return handle

    def set(self, object_id: str, time_ms: int | None) -> None:
        """What an object's commit does to the list, and then its round."""
        if time_ms is not None:
            self.list.arm(object_id, time_ms, None)
        self.list.settle(object_id, time_ms)

    def run(self, due: Due) -> None:
        self.runs.append((self.now, due.object_id, due.retry_count))
        if self.answers:
            self.answer(due)
        else:
            self.waiting.append(due)

    def answer(self, due: Due) -> None:
        outcome = (self.outcomes.get(due.object_id) or [Outcome.DONE]).pop(0)
        if callable(outcome):
            outcome = outcome()
        if outcome is Outcome.DONE and self.list.get(due.object_id) == due.listed_ms:
            self.set(due.object_id, None)
        if outcome == "internal":
            self.scheduler.ended(due, Outcome.FAILED, counts=False)
        else:
            self.scheduler.ended(due, outcome)

    def abandon(self, due: Due) -> None:
        self.abandoned.append(due.object_id)
        self.set(due.object_id, None)

    def advance(self, seconds: float) -> None:
        end = self.now + seconds * 1000
        while due := [t for t in self.timers if not t[2].cancelled and t[0] <= end]:
            first = min(due, key=lambda timer: timer[0])
            self.timers.remove(first)
            self.now = max(self.now, first[0])
            first[1]()
        self.now = end

    @property
    def sleeping(self) -> list[float]:
        """When the loop will call, from now on, in seconds."""
        return [(at - self.now) / 1000 for at, _, handle in self.timers if not handle.cancelled]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.list.close()


def test_alarms_run_in_the_order_of_their_time_and_never_early(world: World) -> None:
    for name, seconds in [("c", 3), ("a", 1), ("b", 2)]:
        world.set(name, START + seconds * 1000)
    world.advance(0.999)
    assert world.runs == []
    world.advance(10)
    assert world.runs == [(START + 1000, "a", 0), (START + 2000, "b", 0), (START + 3000, "c", 0)]
    assert world.sleeping == []


def test_one_timer_waits_for_all(world: World) -> None:
    for number in range(50):
        world.set(str(number), START + 60_000 - number)
    assert len(world.sleeping) == 1
    world.advance(0)
    assert world.sleeping == [59.951]


def test_an_alarm_that_was_moved_or_deleted_runs_when_it_should(world: World) -> None:
    world.set("later", START + 1000)
    world.set("later", START + 5000)
    world.set("sooner", START + 5000)
    world.set("sooner", START + 2000)
    world.set("never", START + 1000)
    world.set("never", None)
    world.advance(20)
    assert world.runs == [(START + 2000, "sooner", 0), (START + 5000, "later", 0)]


def test_failures_are_retried_after_doubling_times_and_then_given_up(world: World) -> None:
    world.outcomes["a"] = [Outcome.FAILED] * 20
    world.set("a", START)
    world.advance(1000)
    times = [(at - START) / 1000 for at, _, _ in world.runs]
    assert times == [0, 2, 6, 14, 30, 62, 126]
    assert [count for _, _, count in world.runs] == [*range(MAX_COUNTED_RETRIES + 1)]
    assert world.abandoned == ["a"]
    assert world.list.first(1) == []


def test_chance_adds_a_quarter_at_most(tmp_path: Path) -> None:
    world = World(tmp_path, chance=0.999999)
    world.outcomes["a"] = [Outcome.FAILED] * 2
    world.set("a", START)
    world.advance(60)
    assert [at - START for at, _, _ in world.runs] == [0, 2500, 2500 + 5000]
    world.list.close()


def test_failures_of_ours_do_not_count(world: World) -> None:
    world.outcomes["a"] = ["internal"] * 12 + [Outcome.FAILED] * 20
    world.set("a", START)
    world.advance(20_000)
    ours = [at for at, _, count in world.runs if count == 0]
    assert [round(b - a) // 1000 for a, b in itertools.pairwise(ours)] == [
        2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1024, 1024,
    ]  # fmt: skip
    theirs = [at for at, _, count in world.runs if count > 0]
    assert round(theirs[0] - ours[-1]) == 2000, "the script's own first failure begins anew"
    assert len(theirs) == MAX_COUNTED_RETRIES


def test_what_the_list_cannot_be_told_does_not_run_all_the_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StorageError("the disk is full")

    names = [f"{number:02}" for number in range(ALARMS_PER_LOOK * 2)]
    for name in names:
        world.set(name, START + 1000)
        world.outcomes[name] = ["internal"] * 3
    with monkeypatch.context() as patch:
        patch.setattr(world.list, "postpone", fail)
        world.advance(30)
        assert sorted(world.runs) == [(START + 1000, name, 0) for name in names]
        world.set("other", int(world.now) - 1)
        world.advance(0.5)
        assert [name for _, name, _ in world.runs[len(names) :]] == ["other"], "held up by nobody"
    world.runs.clear()
    world.advance(10)  # room again: as if it had failed for the first time
    times = [at - START for at, name, _ in world.runs if name == "00"]
    assert times == [31_000, 33_000, 37_000]


def test_an_alarm_set_while_it_runs_replaces_the_retry(world: World) -> None:
    def fail_and_set_again() -> Outcome:
        world.set("a", START + 10_000)
        return Outcome.FAILED

    world.outcomes["a"] = [fail_and_set_again, Outcome.DONE]
    world.set("a", START)
    world.advance(60)
    assert world.runs == [(START, "a", 0), (START + 10_000, "a", 0)]


def test_an_alarm_set_between_two_retries_begins_anew(world: World) -> None:
    world.outcomes["a"] = [Outcome.FAILED] * 2
    world.set("a", START)
    world.advance(3)
    world.set("a", START + 3500)
    world.advance(60)
    assert world.runs == [(START, "a", 0), (START + 2000, "a", 1), (START + 3500, "a", 0)]


def test_what_must_not_be_retried_is_given_up(world: World) -> None:
    world.outcomes["a"] = [Outcome.ABANDONED]
    world.set("a", START)
    world.advance(60)
    assert (len(world.runs), world.abandoned) == (1, ["a"])


def test_an_object_runs_one_alarm_at_a_time(world: World) -> None:
    world.answers = False
    world.set("a", START)
    world.advance(1)
    world.set("a", START + 1000)
    world.advance(60)
    assert len(world.runs) == 1
    world.answers = True
    world.answer(world.waiting[0])
    world.advance(1)
    assert len(world.runs) == 2


def test_so_many_begin_at_a_time_and_the_others_follow(world: World) -> None:
    world.answers = False
    for number in range(3 * MAX_BEGINNING):
        world.set(f"{number:04}", START)
    world.advance(0.5)
    assert world.scheduler.running == MAX_BEGINNING
    world.answers = True
    for due in world.waiting:
        world.answer(due)
    world.advance(0.1)
    names = [f"{n:04}" for n in range(3 * MAX_BEGINNING)]
    assert sorted(name for _, name, _ in world.runs) == names


def test_slow_ones_hold_up_nobody(world: World) -> None:
    world.answers = False
    for number in range(2 * MAX_BEGINNING):
        world.set(f"{number:04}", START)
    world.advance(1.5)
    assert world.scheduler.running == 2 * MAX_BEGINNING
    world.set("another", START + 1_500)
    world.advance(1)
    assert world.runs[-1][1] == "another"


def test_what_is_done_and_still_listed_does_not_run_all_the_time(world: World) -> None:
    world.set("a", START)
    world.answers = False
    for _ in range(3):
        world.advance(2)
        world.scheduler.ended(world.waiting[-1], Outcome.DONE)
    assert len(world.runs) <= 3


def test_an_alarm_that_cannot_run_at_all_is_tried_again(world: World) -> None:
    def fail() -> None:
        raise RuntimeError("nobody foresaw this")

    world.outcomes["a"] = [fail, Outcome.DONE]
    world.set("a", START)
    world.advance(60)
    assert world.runs == [(START, "a", 0), (START + 2000, "a", 0)]


def test_alarms_of_the_last_session_run_in_this_one(tmp_path: Path) -> None:
    first = World(tmp_path)
    first.list.arm("a", START + 5000, "its \ud800 name")
    first.list.arm("b", START - 5000, None)
    first.scheduler.close()
    first.list.close()
    second = World(tmp_path)
    second.advance(0)
    assert [name for _, name, _ in second.runs] == ["b"]
    assert second.list.first(1)[0].name == "its \ud800 name"
    second.advance(6)
    assert [name for _, name, _ in second.runs] == ["b", "a"]
    second.list.close()


def test_many_armed_alarms_take_no_memory(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.set("a", START + 10_000)
    connection = world.list._connection
    assert isinstance(connection, apsw.Connection)
    connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)"
        " INSERT INTO _cf_ALARM SELECT printf('%064x', i), (3600000 + i) * 1000000000, NULL FROM n"
    )
    tracemalloc.start()
    world.advance(5)
    world.set("b", START + 7000)
    world.advance(60)
    _current, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [name for _, name, _ in world.runs] == ["b", "a"]
    assert peak < 500_000
    assert len(world.sleeping) == 1
    world.list.close()


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.one_of(st.integers(-5_000, 30_000), st.none(), st.just("advance")),
        st.integers(0, 8),
    ),
    max_size=25,
)


@settings(deadline=None, max_examples=80)
@given(ACTIONS, st.lists(st.sampled_from([Outcome.DONE, Outcome.FAILED, "internal"]), max_size=8))
def test_no_alarm_is_lost_and_none_comes_early(actions: Any, outcomes: list[Any]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        world.outcomes = {name: [*outcomes] for name in "abc"}
        wanted: dict[str, float] = {}
        for name, action, seconds in actions:
            if action == "advance":
                world.advance(seconds)
            elif action is None:
                world.set(name, None)
                wanted.pop(name, None)
            else:
                time = int(world.now) + action
                world.set(name, time)
                wanted[name] = time
                seen = len(world.runs)
                world.advance(0)
                early = [at for at, who, _ in world.runs[seen:] if who == name and at < time]
                assert not early
        world.advance(10_000)
        assert world.list.first(10) == [], "everything has run, or was given up"
        for name, time in wanted.items():
            assert any(who == name and at >= time for at, who, _ in world.runs)
        world.list.close()
