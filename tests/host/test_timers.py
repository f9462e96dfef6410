import asyncio

import pytest

from holdfast.host.timers import TimerQueue
from tests.patience import PATIENCE_S


class Handle:
    cancelled = False

    def cancel(self):
        self.cancelled = True


class Loop:
    """A clock and the loop that goes with it; time passes when the test says so."""

    def __init__(self):
        self.now = 1000.0
        self.calls = []
        self.fired = []

    def monotonic_ms(self):
        return self.now

    def call_later(self, delay, callback):
        handle = Handle()
        self.calls.append((self.now + delay * 1000, callback, handle))
        return handle

    def waiting(self):
        return [call for call in self.calls if not call[2].cancelled]

    def run_until(self, time):
        while due := [call for call in self.waiting() if call[0] <= time]:
            call = min(due, key=lambda call: call[0])
            self.calls.remove(call)
            self.now = max(self.now, call[0])
            call[1]()
        self.now = time


def make_queue():
    loop = Loop()
    return loop, TimerQueue(loop, loop.call_later, loop.fired.append)


def test_timers_fire_in_order_of_time_and_then_of_start():
    loop, queue = make_queue()
    for number, delay in [(1, 20), (2, 10), (3, 20), (4, 0)]:
        queue.start(number, delay)
    loop.run_until(1010)
    assert loop.fired == [4, 2]
    loop.run_until(1100)
    assert loop.fired == [4, 2, 1, 3]
    assert len(queue) == 0


def test_ten_thousand_timers_hold_one_handle_of_the_loop():
    loop, queue = make_queue()
    for number in range(10_000):
        queue.start(number, 10_000 - number)
    assert len(loop.waiting()) == 1


def test_a_stopped_timer_does_not_fire():
    loop, queue = make_queue()
    queue.start(1, 10)
    queue.start(2, 10)
    assert queue.stop(1)
    assert not queue.stop(1)
    loop.run_until(1100)
    assert loop.fired == [2]


def test_a_number_that_starts_again_fires_at_its_new_time():
    loop, queue = make_queue()
    queue.start(1, 10)
    queue.stop(1)
    queue.start(1, 50)
    loop.run_until(1040)
    assert loop.fired == []
    loop.run_until(1050)
    assert loop.fired == [1]


def test_a_timer_may_stop_one_that_is_due_with_it():
    loop = Loop()

    def fire(number):
        loop.fired.append((number, queue.stop(2)))

    queue = TimerQueue(loop, loop.call_later, fire)
    queue.start(1, 10)
    queue.start(2, 10)
    loop.run_until(1100)
    assert loop.fired == [(1, True)]


def test_a_timer_started_by_one_that_fires_waits_for_the_next_round():
    loop = Loop()
    rounds = []

    def fire(number):
        rounds.append(number)
        if number < 3:
            queue.start(number + 1, 0)

    queue = TimerQueue(loop, loop.call_later, fire)
    queue.start(1, 0)
    for expected in ([1], [1, 2], [1, 2, 3]):
        [call] = loop.waiting()
        loop.calls.clear()
        call[1]()
        assert rounds == expected


def test_a_timer_that_fails_takes_no_other_with_it():
    loop = Loop()

    def fire(number):
        loop.fired.append(number)
        assert number != 1

    queue = TimerQueue(loop, loop.call_later, fire)
    queue.start(1, 10)
    queue.start(2, 10)
    with pytest.raises(AssertionError):
        loop.run_until(1100)
    loop.run_until(1100)
    assert loop.fired == [1, 2]


def test_a_loop_that_wakes_early_is_asked_again():
    loop, queue = make_queue()
    queue.start(1, 10)
    [(_, wake, _)] = loop.waiting()
    loop.calls.clear()
    loop.now += 9.5
    wake()
    assert loop.fired == []
    loop.run_until(1010)
    assert loop.fired == [1]


def test_a_delay_of_years_is_no_trouble():
    loop, queue = make_queue()
    queue.start(1, 1e14)
    assert loop.waiting()[0][0] - loop.now <= 86_400_000


def test_stopped_timers_do_not_pile_up():
    loop, queue = make_queue()
    queue.start(0, 1e6)
    for number in range(1, 10_000):
        queue.start(number, 1e6)
        queue.stop(number)
    assert len(queue._heap) < 200
    assert len(loop.calls) == 1


def test_closing_lets_go_of_the_loop():
    loop, queue = make_queue()
    queue.start(1, 10)
    queue.close()
    assert loop.waiting() == []
    assert len(queue) == 0


async def test_timers_fire_on_a_real_loop():
    loop = asyncio.get_running_loop()
    fired = asyncio.Queue()

    class Clock:
        def monotonic_ms(self):
            return loop.time() * 1000

    queue = TimerQueue(Clock(), loop.call_later, fired.put_nowait)
    queue.start(7, 1)
    assert await asyncio.wait_for(fired.get(), PATIENCE_S) == 7
