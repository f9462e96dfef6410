"""Whether the loop keeps up with what it is asked."""

from collections.abc import Callable

# Until they are taken, nothing is late: a client or two that ask much are no overload.
MIN_TAKEN = 32
# A hiccup, or a burst that is dealt with in so long, is none either.
PATIENCE_SECONDS = 5.0


class Rounds:
    """The rounds of a loop that serves, each of which deals with what was readable at once.

    What comes up in a round has waited since its beginning at least, so a round's length tells how
    far the loop is behind, without a word from the clients. Taking only what comes up within
    `delay_seconds` makes rounds so long at most, and answers twice that late at most. That begins
    when the loop has been behind in each round for PATIENCE_SECONDS, and ends with the first round
    that is not.
    """

    def __init__(
        self,
        call_soon: Callable[[Callable[[], None]], object],
        clock: Callable[[], float],
        delay_seconds: float,
    ) -> None:
        """`call_soon` calls a function when all that was readable has been dealt with."""
        self._call_soon = call_soon
        self._clock = clock
        self._delay = delay_seconds
        self._is_open = False
        self._since = 0.0
        self._taken = 0
        self._behind_since: float | None = None
        self.at_end: list[Callable[[], None]] = []  # called at the end of each round

    def begin(self) -> None:
        """Something is dealt with: a round begins, unless it has."""
        if not self._is_open:
            self._is_open = True
            self._since = self._clock()
            self._taken = 0
            self._call_soon(self._end)

    def is_late(self) -> bool:
        """Whether it is too late in this round for what has come up; counts it if not."""
        if not self._is_open:
            self.begin()
        taken = self._taken
        if taken >= MIN_TAKEN:
            now = self._clock()
            if now - self._since >= self._delay:
                if self._behind_since is None:
                    self._behind_since = self._since
                if now - self._behind_since >= PATIENCE_SECONDS:
                    return True
        self._taken = taken + 1
        return False

    def _end(self) -> None:
        self._is_open = False
        if self._behind_since is not None and self._clock() - self._since < self._delay:
            self._behind_since = None
        for call in self.at_end:
            call()
