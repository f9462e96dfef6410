"""The time of the calendar, where nobody gives another."""

import time


def now_ms() -> float:
    """Milliseconds since 1970."""
    return time.time() * 1000
