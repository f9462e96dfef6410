"""Which script a request is for, and the origin of its URL.

For nearly all hosts the answer depends on the Host header and nothing else, so it is worked out
once per distinct host and remembered.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol, TypeVar

import ada_url

from holdfast.catalog.route_pattern import RoutePattern
from holdfast.server.route_table import RouteTable

_Known = TypeVar("_Known")
REMEMBERED_HOSTS = 10_000
REMEMBERED_URLS = 1024
UNNAMED = "localhost"  # as health checks ask whom nobody has told a name
MAX_REMEMBERED_TARGET = 256  # characters
# What may stand in a path and query as it is, by the URL standard's percent-encode sets.
_PLAIN_TARGET = re.compile(r"/[A-Za-z0-9\-._~!$&()*+,;=:@/%?\[\]]*")

_DOT_SEGMENT = re.compile(r"/(?:\.|%2[eE])")


class Route(NamedTuple):
    """The script to run, and the URL's part before the path, as in "http://a.localhost:8787"."""

    script: str
    origin: str


class Routes(Protocol):
    """Finds the route of a request."""

    nowhere: str  # what a client is told who has asked for another host

    def route(self, host: str, target: str) -> Route | None:
        """The route for this Host header and request target; None if no script is there."""


class OneScript:
    """Every host leads to one script (`holdfast dev`, `holdfast run`)."""

    nowhere = "There is no Worker at this host."

    def __init__(self, script: str, scheme: str = "http") -> None:
        self._script = script
        self._scheme = scheme
        self._known: dict[str, Route | None] = {}

    def route(self, host: str, target: str) -> Route | None:
        """The one script, under the origin that the client named; HTTP/1.0 names none."""
        del target
        if (known := self._known.get(host)) is not None:
            return known
        origin = origin_of(self._scheme, host or UNNAMED)
        return _remember(self._known, host, Route(self._script, origin) if origin else None)


class HostRoutes:
    """What the table says leads to a script, else `<script>.<domain>` does (`holdfast serve`)."""

    def __init__(self, domain: str, table: RouteTable | None = None, scheme: str = "http") -> None:
        self._suffix = "." + domain.lower()
        self.nowhere = f"There is no Worker at this host. One answers at <its name>{self._suffix}."
        self._table = table or RouteTable()
        self._table.watch(self._forget)
        self._scheme = scheme
        self._known: dict[str, Route | None] = {}
        self._by_path: dict[str, _ByPath] = {}

    def _forget(self) -> None:
        self._known.clear()
        self._by_path.clear()

    def route(self, host: str, target: str) -> Route | None:
        """The script that a route or a custom domain leads to, else the host's first label.

        The latter need not exist.
        """
        if (known := self._known.get(host)) is not None:
            return known
        found = self._by_path.get(host) or self._find(host)
        return found.at(target) if isinstance(found, _ByPath) else found

    def _find(self, host: str) -> "Route | _ByPath | None":
        origin = origin_of(self._scheme, host)
        if origin is None:
            return None
        authority = origin.partition("://")[2]
        name = authority.rpartition(":")[0] if _has_port(origin) else authority
        name = name.removesuffix(".")  # the root, which fully qualified names may end in
        script = name.removesuffix(self._suffix)
        is_named = script != name and "." not in script
        otherwise = Route(script, origin) if is_named else None
        rules = self._table.at(name)
        if not rules:
            return _remember(self._known, host, otherwise) if otherwise else None
        routes = [
            (rule.pattern, None if rule.script is None else Route(rule.script, origin))
            for rule in rules
        ]
        pattern, first = routes[0]
        if pattern.has_every_path and first is not None:
            return _remember(self._known, host, first)
        return _remember(self._by_path, host, _ByPath(origin, routes, otherwise))


class _ByPath:
    """The routes of one host, of which the path decides."""

    def __init__(
        self,
        origin: str,
        routes: Sequence[tuple[RoutePattern, Route | None]],
        otherwise: Route | None,
    ) -> None:
        self._origin = origin
        self._routes = routes
        self._otherwise = otherwise

    def at(self, target: str) -> Route | None:
        """The first whose pattern has the path and query of this request target."""
        url = canonical_url(self._origin, target)
        path = "/" if url is None else url[len(self._origin) :]
        for pattern, route in self._routes:
            if pattern.has_path(path):
                return route
        return self._otherwise


def _has_port(origin: str) -> bool:
    return re.search(r":\d+$", origin) is not None


def _remember(known: dict[str, _Known], host: str, route: _Known) -> _Known:
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

    None if the target is none (an `OPTIONS *`, say), or names another host than the Host header,
    which has to be the same (RFC 9112, 3.2.2). Those of short ones are remembered.
    """
    short = len(target) <= MAX_REMEMBERED_TARGET
    return _canonical_url(origin, target) if short else _canonical_url.__wrapped__(origin, target)


_ABSOLUTE_TARGET = re.compile(r"https?://(?P<authority>[^/?#]*)(?P<rest>.*)", re.IGNORECASE)


@lru_cache(maxsize=REMEMBERED_URLS)
def _canonical_url(origin: str, target: str) -> str | None:
    if _PLAIN_TARGET.fullmatch(target) and not (
        ("/." in target or "/%" in target) and _DOT_SEGMENT.search(target)
    ):
        return origin + target
    if not target.startswith("/"):
        absolute = _ABSOLUTE_TARGET.fullmatch(target)
        scheme = origin.partition("://")[0]
        if absolute is None or origin_of(scheme, absolute["authority"]) != origin:
            return None
        target = "/" + absolute["rest"].removeprefix("/")
    try:
        url = ada_url.URL(origin + target)
    except ValueError:
        return None
    return str(url.href).partition("#")[0]
