"""What waits in memory until others take it, and a bound on all of that together.

Each holder has bounds of its own; thousands of them, each within these, would fill the memory all
the same. Past the common bound, those are let go whose other side takes nothing: largest
first, until there is room again. Nobody else has to be refused for long because of them. Past twice
the bound, all are, whether or not something is taken of what they hold.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

LOOK_SECONDS = 0.1  # it costs more than a glance
LOOK_SHARE = 8  # or when a part of the bound was added, one of so many
STUCK_SECONDS = 2.0


class Holder(Protocol):
    """Holds what somebody else has not taken yet."""

    @property
    def held_bytes(self) -> int:
        """How much that is."""

    @property
    def taken(self) -> int | None:
        """A number that is another one whenever some was taken; None if that is not up to them."""

    def abort(self) -> None:
        """Let go of it, and of whoever should have taken it."""


class Holders:
    """Those who hold something now."""

    def __init__(
        self, max_bytes: int, clock: Callable[[], float], on_cut: Callable[[], object]
    ) -> None:
        """`on_cut` is told of each that is let go."""
        self._max_bytes = max_bytes
        self._clock = clock
        self._on_cut = on_cut
        self._holders: set[Holder] = set()
        self._bytes = 0
        self._next_look = 0.0
        self._added = 0  # since the last look
        self._seen: dict[Holder, int | None] = {}  # what was taken when they began to be too many
        self._seen_at = 0.0

    def add(self, holder: Holder) -> None:
        """It holds something from now on."""
        self._holders.add(holder)

    def discard(self, holder: Holder) -> None:
        """It holds nothing worth speaking of."""
        self._holders.discard(holder)
        self._seen.pop(holder, None)

    def hold_too_much(self, added: int = 0) -> bool:
        """Whether they hold more together than there is room for.

        `added` are bytes that one of them holds more than before.
        """
        if not self._holders:
            return False
        now = self._clock()
        self._added += added
        if now >= self._next_look or self._added * LOOK_SHARE > self._max_bytes:
            self._next_look = now + LOOK_SECONDS
            self._added = 0
            self._look(now)
        return self._bytes > self._max_bytes

    def _look(self, now: float) -> None:
        self._bytes = sum(holder.held_bytes for holder in self._holders)
        if self._bytes <= self._max_bytes:
            self._seen = {}
            return
        if not self._seen:
            self._remember(now)
        elif now - self._seen_at >= STUCK_SECONDS:
            self._cut([holder for holder, taken in self._seen.items() if holder.taken == taken])
            self._remember(now)
        if self._bytes > 2 * self._max_bytes:
            self._cut(self._holders)

    def _remember(self, now: float) -> None:
        self._seen_at = now
        self._seen = {
            holder: taken for holder in self._holders if (taken := holder.taken) is not None
        }

    def _cut(self, holders: Iterable[Holder]) -> None:
        for holder in sorted(holders, key=lambda holder: holder.held_bytes, reverse=True):
            if self._bytes <= self._max_bytes:
                return
            self._bytes -= holder.held_bytes
            self.discard(holder)
            self._on_cut()
            holder.abort()
