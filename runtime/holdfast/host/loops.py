"""Which hosts this process serves, so that a script's fetch of them is known to come back.

https://developers.cloudflare.com/workers/observability/errors/#loop-limit
"""

from urllib.parse import urlsplit

from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.host.ops import op

MAX_HOSTS = 10_000
VIA = "cf-ew-via"
_TOO_DEEP = (
    "Subrequest depth limit exceeded. This request recursed through Workers too many times. This "
    "can happen e.g. if you have a Worker or Durable Object that calls other Workers or objects "
    "recursively."
)

_served: dict[str, None] = {}  # in order of their first request


@op
def loop_serves(_host: Host, authority: str) -> None:
    """Requests for this host and port come in here."""
    if len(_served) >= MAX_HOSTS:
        del _served[next(iter(_served))]
    _served[authority] = None


def via_headers(url: str, calls_left: int) -> list[tuple[str, str]]:
    """What to add to a request: nothing, unless it comes back to this process.

    Raises ScriptError where too many calls led here.
    """
    if urlsplit(url).netloc.rpartition("@")[2] not in _served:
        return []
    if calls_left < 0:
        raise ScriptError("Error", _TOO_DEEP)
    return [(VIA, str(calls_left))]
