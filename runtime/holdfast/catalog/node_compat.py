"""Which scripts get modules of Node.js, as they say by their compatibility date and flags.

https://developers.cloudflare.com/workers/runtime-apis/nodejs/
"""

from collections.abc import Collection
from enum import Enum

# From this compatibility date on, the flag nodejs_compat is implied.
IMPLIED_FROM = "2026-08-04"
# From this one on, it implies enable_nodejs_global_timers.
TIMERS_FROM = "2026-02-10"


class NodeCompat(Enum):
    """What of Node.js a script gets."""

    NONE = "none"
    MODULES = "modules and globals"
    TIMERS = "modules, globals, and timers that are objects"


def node_compat(date: str | None, flags: Collection[str]) -> NodeCompat:
    """What a script of this compatibility date and with these flags gets of Node.js.

    One that gives no date is taken for a new one.
    """
    asked = any(flag in flags for flag in ("nodejs_compat", "nodejs_compat_v2"))
    if "no_nodejs_compat" in flags or not (asked or date is None or date >= IMPLIED_FROM):
        return NodeCompat.NONE
    if "no_nodejs_global_timers" in flags:
        return NodeCompat.MODULES
    is_new = date is None or date >= TIMERS_FROM
    enabled = is_new or "enable_nodejs_global_timers" in flags
    return NodeCompat.TIMERS if enabled else NodeCompat.MODULES


def has_node(date: str | None, flags: Collection[str]) -> bool:
    """Whether a script of this compatibility date and with these flags may import of Node.js."""
    return node_compat(date, flags) is not NodeCompat.NONE
