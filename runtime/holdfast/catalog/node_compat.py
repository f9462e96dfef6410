"""Which scripts get modules of Node.js, as they say by their compatibility date and flags.

https://developers.cloudflare.com/workers/runtime-apis/nodejs/
"""

from collections.abc import Sequence
from enum import Enum

from holdfast.catalog.flags import flags_that_hold


class NodeCompat(Enum):
    """What of Node.js a script gets."""

    NONE = "none"
    MODULES = "modules"
    GLOBALS = "modules and globals"
    TIMERS = "modules, globals, and timers that are objects"


def node_compat(date: str | None, flags: Sequence[str]) -> NodeCompat:
    """What a script of this compatibility date and with these flags gets of Node.js.

    The timers are part of the globals, so that without those there are none.
    """
    holding = flags_that_hold(date, flags)
    if "no_nodejs_compat" in flags or holding.isdisjoint(("nodejs_compat", "nodejs_compat_v2")):
        return NodeCompat.NONE
    if "nodejs_compat_v2" not in holding:
        return NodeCompat.MODULES
    return NodeCompat.TIMERS if "enable_nodejs_global_timers" in holding else NodeCompat.GLOBALS


def has_node(date: str | None, flags: Sequence[str]) -> bool:
    """Whether a script of this compatibility date and with these flags may import of Node.js."""
    return node_compat(date, flags) is not NodeCompat.NONE
