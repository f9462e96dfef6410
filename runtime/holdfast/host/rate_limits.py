"""Ops behind rate limits: how often each key was counted in the window of time that runs.

Each process counts for itself, and in memory alone, as each of Cloudflare's locations does:
https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/#locality
"""

from collections.abc import Callable

from holdfast.host.context import Host
from holdfast.host.ops import op

MAX_KEYS = 100_000
"""How many keys a window knows; those counted first are forgotten, and so begin again."""


class RateLimits:
    """The counts of all rate limits of a process (the capability `rate_limits`)."""

    def __init__(self, now_ms: Callable[[], float]) -> None:
        self._now_ms = now_ms
        self._windows: dict[tuple[str, int], _Window] = {}

    def take(self, namespace: str, key: str, limit: float, period_s: int) -> bool:
        """Count a call; false, and not counted, where `limit` were already in this window.

        Windows of `period_s` seconds follow each other, beginning with the Unix epoch.
        """
        number = int(self._now_ms() // (period_s * 1000))
        window = self._windows.get((namespace, period_s))
        if window is None or window.number != number:
            window = self._windows[namespace, period_s] = _Window(number)
        return window.take(key, limit)


class _Window:
    def __init__(self, number: int) -> None:
        self.number = number
        self._counts: dict[str, int] = {}

    def take(self, key: str, limit: float) -> bool:
        count = self._counts.get(key, 0)
        if count >= limit:
            return False
        if count == 0 and len(self._counts) >= MAX_KEYS:
            del self._counts[next(iter(self._counts))]
        self._counts[key] = count + 1
        return True


@op
def rate_limit_take(host: Host, namespace: str, key: str, limit: float, period_s: float) -> bool:
    """Whether a call is within the limit; it counts then."""
    limits: RateLimits = host.capabilities.rate_limits
    return limits.take(namespace, key, limit, int(period_s))
