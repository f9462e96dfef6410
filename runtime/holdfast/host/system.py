"""The real clock."""

import time


class SystemClock:
    """Milliseconds from the operating system."""

    def now_ms(self) -> float:
        """Milliseconds since the Unix epoch."""
        return time.time() * 1000

    def monotonic_ms(self) -> float:
        """Milliseconds on a clock that never steps back."""
        return time.monotonic() * 1000
