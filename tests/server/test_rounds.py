"""When a loop counts as behind, driven by hand."""

from collections.abc import Callable

from holdfast.server.rounds import MIN_TAKEN, PATIENCE_SECONDS, Rounds

DELAY = 0.25


class Loop:
    """A clock, and what is to be called at the end of a round."""

    def __init__(self) -> None:
        self.now = 100.0
        self._soon: list[Callable[[], None]] = []
        self.rounds = Rounds(self._soon.append, lambda: self.now, DELAY)

    def round(self, requests: int, seconds_each: float) -> int:
        """Deal with so many requests that were there at once; how many were too late."""
        late = 0
        for _ in range(requests):
            if self.rounds.is_late():
                late += 1
            else:
                self.now += seconds_each
        soon, self._soon[:] = [*self._soon], []
        for call in soon:
            call()
        return late

    def run_for(self, seconds: float, requests: int, seconds_each: float) -> list[int]:
        """How many were late in each of the rounds of so many requests."""
        end, late = self.now + seconds, []
        while self.now < end:
            late.append(self.round(requests, seconds_each))
        return late


def test_what_comes_late_is_refused_once_the_loop_has_been_behind_for_long() -> None:
    loop = Loop()
    assert not any(loop.run_for(PATIENCE_SECONDS - 1, 1_000, 0.001))
    late = loop.run_for(PATIENCE_SECONDS, 1_000, 0.001)[2:]
    assert late and all(count == 1_000 - round(DELAY / 0.001) for count in late)


def test_a_loop_that_keeps_up_refuses_nothing_however_much_it_has_to_do() -> None:
    assert not any(Loop().run_for(5 * PATIENCE_SECONDS, 1_000, 0.9 * DELAY / 1_000))


def test_the_first_round_that_is_short_ends_it() -> None:
    loop = Loop()
    assert any(loop.run_for(2 * PATIENCE_SECONDS, 1_000, 0.001))
    assert loop.round(10, 0.001) == 0
    assert not any(loop.run_for(PATIENCE_SECONDS - 1, 1_000, 0.001))


def test_a_burst_that_is_dealt_with_in_time_is_answered_whole() -> None:
    loop = Loop()
    assert loop.round(1_000, 0.004) == 0
    assert not any(loop.run_for(PATIENCE_SECONDS, 10, 0.001))


def test_a_few_requests_that_take_long_are_no_overload() -> None:
    loop = Loop()
    assert not any(loop.run_for(10 * PATIENCE_SECONDS, MIN_TAKEN, 1.0))
    assert loop.round(MIN_TAKEN + 2, 1.0) == 2


def test_the_end_of_a_round_is_told_once() -> None:
    loop = Loop()
    told: list[float] = []
    loop.rounds.at_end.append(lambda: told.append(loop.now))
    loop.rounds.begin()
    loop.rounds.begin()
    loop.round(3, 1.0)
    loop.round(1, 1.0)
    assert told == [103.0, 104.0]
