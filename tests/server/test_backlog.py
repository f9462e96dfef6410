"""What waits when more comes than is dealt with, driven by hand."""

from collections import Counter
from collections.abc import Callable

from holdfast.server.backlog import PATIENCE_SECONDS, SLICE_SECONDS, Backlog

DELAY = 0.25


class Loop:
    """A loop whose time passes while something is done."""

    def __init__(self) -> None:
        self.now = 100.0
        self._soon: list[Callable[[], None]] = []
        self.backlog = Backlog(self._soon.append, lambda: self.now, DELAY)
        self.done: Counter[str] = Counter()
        self.longest_wait = 0.0  # of those that were not late

    def come(self, count: int, seconds_each: float) -> None:
        """So many tasks are readable at once."""
        for _ in range(count):
            task = self._task(self.now, seconds_each)
            if self.backlog.has_time():
                task(is_late=False)
            else:
                self.backlog.postpone(task)

    def _task(self, came: float, seconds: float) -> Callable[..., None]:
        def task(*, is_late: bool) -> None:
            self.done["late" if is_late else "in time"] += 1
            if not is_late:
                self.longest_wait = max(self.longest_wait, self.now - came)
                self.now += seconds

        return task

    def go_round(self) -> None:
        """Call what is due after all that was readable has been looked at."""
        soon, self._soon[:] = [*self._soon], []
        for call in soon:
            call()

    def run_for(self, seconds: float, per_second: float, seconds_each: float) -> None:
        """So many tasks come a second."""
        began, sent = self.now, 0
        while self.now < began + seconds:
            due = int((self.now - began) * per_second)
            self.come(due - sent, seconds_each)
            sent = due
            self.now += 0.001  # what a round costs by itself
            self.go_round()

    def run_dry(self) -> None:
        """Nothing comes until nothing waits."""
        while self._soon:
            self.go_round()


def test_a_round_is_interrupted_so_that_what_is_under_way_goes_on() -> None:
    loop = Loop()
    rounds: list[float] = []
    loop.backlog.at_end.append(rounds.append)
    loop.come(100, SLICE_SECONDS / 4)
    loop.run_dry()
    assert loop.done == {"in time": 100}
    assert max(rounds) <= 1.25 * SLICE_SECONDS


def test_tasks_are_done_in_the_order_in_which_they_came() -> None:
    loop, order = Loop(), list[int]()

    def task(number: int) -> Callable[..., None]:
        def run(*, is_late: bool) -> None:
            order.append(number)
            loop.now += SLICE_SECONDS
            if number == 1:  # which leads to another, behind those that wait
                assert not loop.backlog.has_time()
                loop.backlog.postpone(task(4))

        return run

    for number in (1, 2, 3):
        loop.backlog.postpone(task(number))
    loop.run_dry()
    assert order == [1, 2, 3, 4]


def test_ten_times_too_much_is_refused_and_the_rest_waits_a_bounded_time() -> None:
    loop = Loop()
    loop.run_for(2 * PATIENCE_SECONDS, 10_000, 0.001)
    loop.done.clear()
    loop.longest_wait = 0.0
    loop.run_for(10, 10_000, 0.001)
    assert loop.done["late"] > 8 * loop.done["in time"] > 8 * 7_000
    assert loop.longest_wait <= DELAY + 2 * SLICE_SECONDS
    loop.run_dry()
    loop.done.clear()
    loop.run_for(10, 500, 0.001)
    assert not loop.done["late"]


def test_a_loop_that_keeps_up_refuses_nothing_however_much_it_has_to_do() -> None:
    loop = Loop()
    loop.run_for(5 * PATIENCE_SECONDS, 800, 0.001)
    assert loop.done.keys() == {"in time"} and loop.done["in time"] > 800 * PATIENCE_SECONDS


def test_a_burst_that_is_dealt_with_in_time_is_answered_whole() -> None:
    loop = Loop()
    loop.come(int(PATIENCE_SECONDS / 0.001), 0.001)
    loop.run_dry()
    assert loop.done == {"in time": int(PATIENCE_SECONDS / 0.001)}


def test_something_that_takes_long_now_and_then_makes_nobody_late() -> None:
    loop = Loop()
    for _ in range(10):
        loop.come(1, 2.0)
        loop.come(50, 0.001)
        loop.run_dry()
    assert loop.done == {"in time": 510}
