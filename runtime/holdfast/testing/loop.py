"""The event loop as a runtime under test sees it: its time is the harness's."""

import asyncio
from collections.abc import Callable
from typing import Any

from holdfast.testing.clock import ScheduledCall, VirtualClock


class LoopView:
    """Passes everything on to the real loop but time; counts what happens."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: VirtualClock) -> None:
        self.real = loop
        self.activity = 0
        self._clock = clock

    def time(self) -> float:
        """Seconds on the harness's clock."""
        return self._clock.monotonic_ms() / 1000

    def call_later(
        self, delay: float, callback: Callable[..., Any], *arguments: Any, endless: bool = False
    ) -> ScheduledCall:
        """Call back when the harness's clock says so."""
        return self._clock.call_later(delay, callback, *arguments, endless=endless)

    def call_soon(self, callback: Callable[..., Any], *arguments: Any) -> asyncio.Handle:
        """See asyncio."""
        self.activity += 1
        return self.real.call_soon(callback, *arguments)

    def call_soon_threadsafe(self, callback: Callable[..., Any], *arguments: Any) -> asyncio.Handle:
        """See asyncio."""
        return self.real.call_soon_threadsafe(self._arrived, callback, arguments)

    def _arrived(self, callback: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.activity += 1
        callback(*arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)
