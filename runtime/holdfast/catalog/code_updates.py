"""`code_update_strategy`: when objects that are live take up the code of a new deployment.

https://developers.cloudflare.com/durable-objects/deployments/durable-objects-code-updates/
"""

from collections.abc import Mapping
from typing import Any

from holdfast.catalog.errors import rejected

MAX_DELAY_S = 86_400
DEFAULT_DELAY_S = 300.0

_FIELDS = ("mode", "max_delay")


def delay_of(strategy: object, place: str) -> float:
    """For how many seconds objects may keep their code at most: 0 where they do not.

    So it is where nothing is said. `place` is what errors call it. Raises UploadRejected.
    """
    if strategy is None:
        return 0.0
    if not isinstance(strategy, Mapping):
        raise rejected(f"{place} must be an object.")
    if unknown := next((name for name in strategy if name not in _FIELDS), None):
        raise rejected(f"{place} knows no {unknown!r}; it knows {', '.join(_FIELDS)}.")
    mode, delay = strategy.get("mode"), strategy.get("max_delay")
    if mode not in ("immediate", "deferred"):
        raise rejected(f'{place}.mode must be "immediate" or "deferred".')
    if mode == "immediate":
        if delay is not None:
            raise rejected(f'{place}.max_delay is for the mode "deferred".')
        return 0.0
    if delay is None:
        return DEFAULT_DELAY_S
    is_number = isinstance(delay, int | float) and not isinstance(delay, bool)
    if not is_number or not 0 <= delay <= MAX_DELAY_S:
        raise rejected(f"{place}.max_delay must be a number of seconds, from 0 to {MAX_DELAY_S:,}.")
    return float(delay)


def strategy_of(delay_s: float) -> dict[str, Any]:
    """The same as the API tells of it."""
    if not delay_s:
        return {"mode": "immediate"}
    return {"mode": "deferred", "max_delay": int(delay_s) if delay_s.is_integer() else delay_s}
