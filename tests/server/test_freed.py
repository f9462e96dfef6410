"""When memory that objects have left is given back to the system."""

import pytest

from holdfast.server.freed import MAX_WAIT_S, WORTHWHILE, WORTHWHILE_BYTES, FreedMemory

INTERVAL_S = 2.5


class Process:
    """A loop's time and its use of it, and how often memory was given back."""

    def __init__(self) -> None:
        self.now_s = self.used_s = 0.0
        self.trims = 0
        self.resident = 40 << 20
        self.freed = FreedMemory(
            self.trim,
            clock=lambda: self.now_s,
            used=lambda: self.used_s,
            resident=lambda: self.resident,
        )

    def trim(self, _kept: int) -> int:
        self.trims += 1
        return 1

    def look(self, live: int, *, busy: float) -> int:
        """Let an interval pass; how often memory has been given back until now."""
        self.now_s += INTERVAL_S
        self.used_s += INTERVAL_S * busy
        self.freed.look(live)
        return self.trims


@pytest.fixture
def process() -> Process:
    return Process()


def test_memory_is_given_back_once_when_many_objects_have_left(process: Process) -> None:
    assert process.look(10 * WORTHWHILE, busy=0.9) == 0
    assert process.look(0, busy=0.9) == 0
    assert process.look(0, busy=0.01) == 1
    assert process.look(0, busy=0.01) == 1


def test_nothing_is_given_back_while_objects_stay(process: Process) -> None:
    for _ in range(100):
        assert process.look(10 * WORTHWHILE, busy=0.01) == 0


def test_a_few_objects_are_not_worth_it(process: Process) -> None:
    process.look(WORTHWHILE - 1, busy=0.01)
    for _ in range(2):
        assert process.look(0, busy=0.01) == 0


def test_a_busy_process_gives_back_seldom(process: Process) -> None:
    intervals = 100
    for number in range(intervals):
        process.look(10 * WORTHWHILE * (number % 2), busy=0.9)
    assert 0 < process.trims <= intervals * INTERVAL_S / MAX_WAIT_S


def test_memory_that_has_grown_is_given_back_in_a_quiet_moment(process: Process) -> None:
    process.resident += 2 * WORTHWHILE_BYTES
    assert process.look(0, busy=0.9) == 0
    assert process.look(0, busy=0.01) == 1
    assert process.look(0, busy=0.01) == 1, "what is in use stays"
    process.resident -= 2 * WORTHWHILE_BYTES
    assert process.look(0, busy=0.01) == 1
    process.resident += 2 * WORTHWHILE_BYTES
    assert process.look(0, busy=0.01) == 2


def test_the_c_library_is_asked_where_nothing_else_is_told() -> None:
    freed = FreedMemory()
    for live in (WORTHWHILE, 0, 0):
        freed.look(live)
