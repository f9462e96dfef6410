"""Ops that tell of time zones, for Intl."""

import math
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from holdfast.engine import ScriptError
from holdfast.host.ops import op

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from holdfast.host.context import Host

MAX_NAME_CHARS = 64
_AREAS = (
    "Africa/",
    "America/",
    "Antarctica/",
    "Arctic/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
)
# What datetime can tell of; years beyond have the offset of the last before.
_FIRST, _LAST = -62_135_510_400.0, 253_402_214_400.0


@op
def time_zone_offset(_host: "Host", name: str, ms: float) -> str:
    """The zone's own name, its offset from UTC in seconds, its abbreviation; joined by commas.

    `ms` is the time in milliseconds since 1970. Raises RangeError for a zone that is not known
    to this machine.
    """
    zone = _zone(name)
    seconds = min(max(math.floor(ms / 1000), _FIRST), _LAST)
    local = datetime.fromtimestamp(seconds, UTC).astimezone(zone)
    offset = local.utcoffset()
    assert offset is not None, "a zone always has an offset"
    return f"{zone.key},{int(offset.total_seconds())},{local.tzname()}"


@op
def time_zone_names(_host: "Host") -> str:
    """The zones of this machine that are named after a place, and UTC; joined by commas."""
    places = (name for name in _names().values() if name.startswith(_AREAS))
    return ",".join([*sorted(places), "UTC"])


@cache
def _names() -> dict[str, str]:
    """The zones of this machine, by their names in lower case."""
    from zoneinfo import available_timezones

    return {name.lower(): name for name in available_timezones()}


def _zone(name: str) -> "ZoneInfo":
    from zoneinfo import ZoneInfo

    if len(name) <= MAX_NAME_CHARS:
        try:
            return ZoneInfo(name)
        except (OSError, ValueError, KeyError):
            known = _names().get(name.lower())
            if known is not None:
                return ZoneInfo(known)
    raise ScriptError("RangeError", f"Invalid time zone specified: {name}")
