"""Which script a request is for, and the origin of its URL.

The answer depends on the Host header and nothing else, so it is worked out once per
distinct host and remembered.
"""

import re
from functools import lru_cache
from typing import NamedTuple, Protocol

import ada_url

REMEMBERED_HOSTS = 10_000
REMEMBERED_URLS = 1024
UNNAMED = "localhost"  # as health checks ask whom nobody has told a name
MAX_REMEMBERED_TARGET = 256  # characters
_PLAIN_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?::\d{1,5})?")
# What may stand in a path and query as it is, by the URL standard's percent-encode sets.
_PLAIN_TARGET = re.compile(r"/[A-Za-z0-9\-._~!$&()*+,;=:@/%?\[\]]*")

_DOT_SEGMENT = re.compile(r"/(?:\.|%2[eE])")


class Route(NamedTuple):
    """The script to run, and the URL's part before the path, as in "http://a.localhost:8787"."""

    script: str
    origin: str


class Routes(Protocol):
    """Finds the route of a host."""

    def route(self, host: str) -> Route | None:
        """The route for this Host header; None if no script is there."""


class OneScript:
    """Every host leads to one script (`holdfast dev`, `holdfast run`)."""

    def __init__(self, script: str, scheme: str = "http") -> None:
        self._script = script
        self._scheme = scheme
        self._known: dict[str, Route | None] = {}

    def route(self, host: str) -> Route | None:
        """The one script, under the origin that the client named; HTTP/1.0 names none."""
        if (known := self._known.get(host)) is not None:
            return known
        origin = origin_of(self._scheme, host or UNNAMED)
        return _remember(self._known, host, Route(self._script, origin) if origin else None)


class HostRoutes:
    """`<script>.<domain>` leads to that script (`holdfast serve`)."""

    def __init__(self, domain: str, scheme: str = "http") -> None:
        self._suffix = "." + domain.lower()
        self._scheme = scheme
        self._known: dict[str, Route | None] = {}

    def route(self, host: str) -> Route | None:
        """The script that the host's first label names; it need not exist."""
        if (known := self._known.get(host)) is not None:
            return known
        origin = origin_of(self._scheme, host)
        if origin is None:
            return None
        authority = origin.partition("://")[2]
        name = authority.rpartition(":")[0] if _has_port(origin) else authority
        name = name.removesuffix(".")  # the root, which fully qualified names may end in
        script = name.removesuffix(self._suffix)
        if script == name or "." in script:
            return None
        return _remember(self._known, host, Route(script, origin))


def _has_port(origin: str) -> bool:
    return re.search(r":\d+$", origin) is not None


def _remember(known: dict[str, Route | None], host: str, route: Route | None) -> Route | None:
    if len(known) >= REMEMBERED_HOSTS:
        known.clear()
    known[host] = route
    return route


def origin_of(scheme: str, host: str) -> str | None:
    """The canonical origin of a Host header's value; None if it is no host."""
    try:
        url = ada_url.URL(f"{scheme}://{host}/")
    except ValueError:
        return None
    if url.username or url.password or url.pathname != "/" or url.search or url.hash:
        return None
    return f"{scheme}://{url.host}"


def canonical_url(origin: str, target: str) -> str | None:
    """The URL of a request target below an origin, in the URL standard's form.

    None if the target is none (an `OPTIONS *`, say). An absolute-form target gives
    its path only: the Host header has the say. Those of short ones are remembered.
    """
    short = len(target) <= MAX_REMEMBERED_TARGET
    return _canonical_url(origin, target) if short else _canonical_url.__wrapped__(origin, target)


@lru_cache(maxsize=REMEMBERED_URLS)
def _canonical_url(origin: str, target: str) -> str | None:
    if _PLAIN_TARGET.fullmatch(target) and not (
        ("/." in target or "/%" in target) and _DOT_SEGMENT.search(target)
    ):
        return origin + target
    if not target.startswith("/"):
        _, separator, rest = target.partition("://")
        if not separator:
            return None
        target = "/" + rest.partition("/")[2]
    try:
        url = ada_url.URL(origin + target)
    except ValueError:
        return None
    return str(url.href).partition("#")[0]
