"""What is asked for at about the same time, gathered to be done in one go.

Each go costs a thread's attention and a sync, however much it is for. So what comes in one round
of the loop goes together. While some goes are under way, what comes waits until it is worth a
further one, or one has ended. And where a go takes less time than it costs, what the next rounds of
the loop bring goes along, as long as each brings more and it is not enough.
"""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

MAX_AT_ONCE = 4  # goes: a drive takes no longer for them side by side
MIN_FURTHER = 8  # what is worth another one

Item = TypeVar("Item")


class Gathering(Generic[Item]):
    """On the loop's thread only. `go(items)` begins a go; true if `ended` will tell of its end."""

    __slots__ = ("_enough", "_go", "_is_due", "_items", "_loop", "_seen", "_under_way")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        go: Callable[[list[Item]], bool],
        *,
        enough: int = 1,
    ) -> None:
        """So many items as are `enough` wait for no more."""
        self._under_way = 0
        self._loop = loop
        self._go = go
        self._enough = enough
        self._items: list[Item] = []
        self._is_due = False
        self._seen = 1  # so many were there a round ago; one alone has nobody to wait for

    def __bool__(self) -> bool:
        return bool(self._items or self._under_way)

    def add(self, item: Item) -> None:
        """Have this done."""
        self._items.append(item)
        if not self._is_due:
            self._look_soon()

    def ended(self) -> None:
        """A go that was under way is over."""
        self._under_way -= 1
        if self._items and not self._is_due:
            self._look_soon()

    def _look_soon(self) -> None:
        self._is_due = True
        self._loop.call_soon(self._look)

    def _look(self) -> None:
        count = len(self._items)
        if self._under_way and (self._under_way == MAX_AT_ONCE or count < MIN_FURTHER):
            self._is_due = False
            return  # until one has ended
        if self._seen < count < self._enough:
            self._seen = count
            self._loop.call_soon(self._look)
            return
        self._is_due, self._seen = False, 1
        items, self._items = self._items, []
        if self._go(items):
            self._under_way += 1
