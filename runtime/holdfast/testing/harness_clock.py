"""`harness.clock`: time as tests read and move it."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from holdfast.testing.clock import VirtualClock, seconds_of
from holdfast.testing.driven import Async, Sync, driven
from holdfast.testing.errors import HarnessError, hidden_from_tracebacks

if TYPE_CHECKING:
    from holdfast.testing.stage import Stage

__tracebackhide__ = hidden_from_tracebacks


class AnyClock:
    """`harness.clock`: time as the scripts see it."""

    def __init__(self, core: "Stage", clock: VirtualClock) -> None:
        self._core = core
        self._clock = clock

    @property
    def now(self) -> datetime:
        """The present, in UTC."""
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)

    @property
    def elapsed(self) -> float:
        """Seconds since the harness has begun."""
        return self._clock.elapsed_ms / 1000

    def now_ms(self) -> float:
        """The present in milliseconds since the epoch, as `Date.now()` tells it."""
        return self._clock.now_ms()

    def freeze(self) -> None:
        """Have time stand still: no call moves it, whatever it waits for."""
        self._clock.frozen = True

    def unfreeze(self) -> None:
        """Have time jump again where a call waits for nothing else."""
        self._clock.frozen = False

    def set(self, now: datetime) -> None:
        """Put the calendar to this time; what timers wait for stays as far off as it is.

        Alarms and cron triggers go by the calendar; triggers that are skipped do not run.
        """
        self._clock.set_ms(seconds_of(now) * 1000)
        self._core.clock_was_set()

    @driven
    async def advance(
        self,
        seconds: float | timedelta = 0,
        *,
        minutes: float = 0,
        hours: float = 0,
        days: float = 0,
    ) -> None:
        """Move time on; timers, alarms and cron triggers run as they fall due, in order."""
        span = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        span += timedelta(minutes=minutes, hours=hours, days=days).total_seconds()
        if span < 0:
            raise HarnessError("Time does not go back; clock.set(…) puts the calendar back.")
        self._core.begin()
        await self._core.waiting.advance(span)


class HarnessClock(AnyClock, Sync):
    """The clock of a Harness."""


class AsyncHarnessClock(AnyClock, Async):
    """The clock of an AsyncHarness: `advance` is awaited."""
