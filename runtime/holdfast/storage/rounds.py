"""Numbers for what becomes durable together. Pure: knows of no file and no loop.

A *round* is what one call of the barrier covers: every commit between the start of the
round before and its own start. One round of a store is in flight at a time; what is
written meanwhile belongs to the next.

Invariants: durable ≤ started ≤ written ≤ started + 1, and started ≤ durable + 1.
"""


class Rounds:
    """The rounds of one object's file, from 1 on; 0 means that there was none yet."""

    __slots__ = ("durable", "in_flight", "started", "written")

    def __init__(self) -> None:
        self.written = 0  # the round that the newest write belongs to
        self.started = 0  # the newest round that the barrier was asked for
        self.durable = 0  # the newest round that the barrier has answered for
        self.in_flight = False  # the barrier works on a round: started > durable

    @property
    def settled(self) -> bool:
        """True when all that was written is durable."""
        return self.written == self.durable

    def write(self) -> int:
        """Note a write; the round that it belongs to."""
        self.written = self.started + 1
        return self.written

    def forget_unstarted(self) -> None:
        """The writes since the newest start were rolled back: no round will have them."""
        self.written = self.started

    def start(self) -> int:
        """The barrier is asked for all that was written; the round's number."""
        assert not self.in_flight, "one round of a store is in flight at a time"
        assert self.written == self.started + 1, "a round has something to make durable"
        self.started = self.written
        self.in_flight = True
        return self.started

    def finish(self) -> int:
        """The barrier answered: the round in flight is durable. Returns its number."""
        assert self.in_flight, "only a started round can finish"
        self.durable = self.started
        self.in_flight = False
        return self.durable
