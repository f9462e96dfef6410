"""Which modules of Node.js scripts may import, and which scripts may.

https://developers.cloudflare.com/workers/runtime-apis/nodejs/
"""

from collections.abc import Collection
from enum import Enum

from holdfast.host.constants import NODE_BUILTINS

# From this compatibility date on, the flag nodejs_compat is implied.
IMPLIED_FROM = "2026-08-04"
# From this one on, it implies enable_nodejs_global_timers.
TIMERS_FROM = "2026-02-10"

NODE_MODULES = {
    specifier: f"holdfast:node/{path}"
    for name, path in NODE_BUILTINS.items()
    for specifier in {name, f"node:{name.removeprefix('node:')}"}
}

# What else Node.js has.
_ABSENT = frozenset(["sea", "test/reporters"])


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


def explain_with_node(specifier: str) -> str:
    """What to tell besides that there is no module of this name, with Node.js's modules at hand."""
    if specifier.endswith(".wasm"):
        return " It is WebAssembly, which this engine cannot run."
    if specifier.removeprefix("node:") not in _ABSENT:
        return ""
    return (
        f" Node.js's module {specifier.removeprefix('node:')} is not part of Holdfast:"
        " take a build of the library for Workers or browsers, or bundle a stand-in under this"
        " name."
    )


def explain_without_node(specifier: str) -> str:
    """The same for a script that has no access to Node.js's modules."""
    if specifier in NODE_MODULES:
        return ' To use Node.js\'s modules, upload with the compatibility flag "nodejs_compat".'
    return explain_with_node(specifier)
