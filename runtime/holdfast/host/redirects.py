"""What an HTTP redirect makes of a request.

https://fetch.spec.whatwg.org/#http-redirect-fetch
"""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

import ada_url

_NO_UTF8 = re.compile("[\udc80-\udcff]")
REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 20
_OF_THE_BODY = frozenset(
    {"content-encoding", "content-language", "content-length", "content-location", "content-type"}
)
# The standard names Authorization; the others are credentials too, and no browser is
# there that would have kept them from the script in the first place.
_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})

Headers = list[tuple[str, str]]


class Hop(NamedTuple):
    """One request of a chain; `keeps_body` says whether the body goes along."""

    method: str
    url: str
    headers: Headers
    keeps_body: bool


def next_hop(method: str, url: str, headers: Headers, status: int, location: str) -> Hop | None:
    """The request that follows; None where the location is no HTTP URL."""
    target = redirect_target(url, location)
    if target is None:
        return None
    keeps_body = True
    if (status in (301, 302) and method == "POST") or (
        status == 303 and method not in ("GET", "HEAD")
    ):
        method, keeps_body = "GET", False
        headers = [pair for pair in headers if pair[0] not in _OF_THE_BODY]
    if origin(target) != origin(url):
        headers = [pair for pair in headers if pair[0] not in _CREDENTIALS]
    return Hop(method, target, headers, keeps_body)


def redirect_target(url: str, location: str) -> str | None:
    """The URL that a Location header leads to, with the fragment of the first one."""
    # What is no UTF-8 was decoded to lone surrogates; it is such bytes that are meant.
    location = _NO_UTF8.sub(lambda found: f"%{ord(found[0]) & 0xFF:02X}", location)
    try:
        target = ada_url.URL(location, url)
    except ValueError:
        return None
    if target.protocol not in ("http:", "https:"):
        return None
    if not target.hash and "#" in url:
        target.hash = url.partition("#")[2]
    return str(target.href)


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port of a canonical URL."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
