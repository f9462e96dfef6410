"""What `limits` says: of a script, or of a Workflow, as metadata and configurations have it.

https://developers.cloudflare.com/workers/wrangler/configuration/#limits
https://developers.cloudflare.com/workflows/reference/limits/
"""

from collections.abc import Mapping
from typing import Any

from holdfast.catalog.errors import rejected

MAX_STEPS = 25_000


def steps_of(limits: object, place: str) -> int | None:
    """How many steps an instance of a Workflow may have; None where nothing is said.

    Raises UploadRejected.
    """
    steps = _positive(_table(limits, place), "steps", place)
    if steps is not None and steps > MAX_STEPS:
        raise rejected(f"{place}.steps may be {MAX_STEPS:,} at most.")
    return steps


def cpu_ms_of(limits: object, place: str) -> int | None:
    """The CPU time that a turn of a script may take, in milliseconds; None where nothing is said.

    `place` is what the error calls the limits. Raises UploadRejected.
    """
    return _positive(_table(limits, place), "cpu_ms", place)


def _table(limits: object, place: str) -> Mapping[str, Any]:
    if limits is None:
        return {}
    if not isinstance(limits, Mapping):
        raise rejected(f"{place} must be an object.")
    return limits


def _positive(table: Mapping[str, Any], name: str, place: str) -> int | None:
    value = table.get(name)
    if value is None or (type(value) is int and value > 0):
        return value
    raise rejected(f"{place}.{name} must be a positive integer.")
