"""Notices that the machine slept, or that its clock was set: timers know nothing of either."""

from holdfast.host.context import Clock

LEAST_MS = 1_000.0


class ClockSteps:
    """Compares the time of day with the time that timers go by, which a sleep stops."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_ms = self._offset()

    def take(self) -> float:
        """By how many milliseconds the clock has gone ahead, or back, since a step was taken.

        0 for less than a second: that is added to what comes.
        """
        step = self._offset() - self._offset_ms
        if abs(step) < LEAST_MS:
            return 0.0
        self._offset_ms += step
        return step

    def _offset(self) -> float:
        return self._clock.now_ms() - self._clock.monotonic_ms()
