"""`RoutePattern`: which URLs a route is for.

https://developers.cloudflare.com/workers/configuration/routing/routes/#matching-behavior
"""

import re
from enum import IntEnum
from typing import Self

import ada_url

from holdfast.dataclass import dataclass

_SCHEME = re.compile(r"(https?)://", re.IGNORECASE)
MAX_PATTERN_LENGTH = 1_024


class InvalidRoute(ValueError):
    """The text is no pattern; the message says why."""


class Reach(IntEnum):
    """Which hosts a pattern's hostname is for, the narrowest last."""

    ANY = 0
    WITHIN = 1
    """`*example.com`: that host and those below it."""
    BELOW = 2
    """`*.example.com`: those below that host."""
    ONE = 3


@dataclass(frozen=True, slots=True)
class RoutePattern:
    """A hostname and a path, either of which may have a `*` at its outer end.

    `scheme` is the one that the pattern begins with, or empty. It decides nothing but which of two
    patterns comes first: what encrypts stands in front of Holdfast.
    """

    scheme: str
    reach: Reach
    hostname: str
    path: str
    is_prefix: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises InvalidRoute."""
        if len(text) > MAX_PATTERN_LENGTH:
            raise InvalidRoute(f"it has more than {MAX_PATTERN_LENGTH} characters")
        found = _SCHEME.match(text)
        rest = text[found.end() :] if found else text
        if "://" in rest:
            raise InvalidRoute("its scheme must be http or https, or be left out")
        if "?" in rest or "#" in rest:
            raise InvalidRoute("it may have no query: end it with * to match URLs that have one")
        host, slash, path = rest.partition("/")
        is_prefix = path.endswith("*")
        reach, host = _reach(host)
        if "*" in host or "*" in path.removesuffix("*"):
            raise InvalidRoute("a * may stand at the beginning of the hostname and the path's end")
        hostname, path = _normalized(host, slash + path.removesuffix("*"), reach)
        return cls(found[1].lower() if found else "", reach, hostname, path, is_prefix)

    def has_path(self, target: str) -> bool:
        """Whether it is for this path and query, in the URL standard's form."""
        return target.startswith(self.path) if self.is_prefix else target == self.path

    @property
    def has_every_path(self) -> bool:
        """Whether no path is left to any other pattern."""
        return self.is_prefix and self.path == "/"

    @property
    def specificity(self) -> tuple[int, int, bool, int, bool]:
        """The greater comes first: by its host, then by its path."""
        depth = self.hostname.count(".")
        return depth, self.reach, not self.is_prefix, len(self.path), bool(self.scheme)


def _reach(host: str) -> tuple[Reach, str]:
    if host == "*":
        return Reach.ANY, ""
    if host.startswith("*."):
        return Reach.BELOW, host[2:]
    if host.startswith("*"):
        return Reach.WITHIN, host[1:]
    return Reach.ONE, host


def _normalized(host: str, path: str, reach: Reach) -> tuple[str, str]:
    """The hostname and the path as a request's URL has them."""
    if not host and reach is not Reach.ANY:
        raise InvalidRoute("it has no hostname: write example.com/*, say")
    try:
        url = ada_url.URL(f"https://{host or 'any'}{path}")
    except ValueError:
        raise InvalidRoute(f'"{host}" is no hostname') from None
    if url.port or url.username or url.password:
        raise InvalidRoute("it may have no port")
    return url.hostname if host else "", url.pathname


def hostname_of(text: str) -> str:
    """A custom domain in the URL standard's form. Raises InvalidRoute where it is none."""
    if "/" in text or "*" in text:
        raise InvalidRoute("a custom domain is a hostname, without a path and without *")
    return RoutePattern.parse(text).hostname
