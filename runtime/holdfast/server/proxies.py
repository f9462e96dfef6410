"""Proxies in front: for whom they ask, and by which scheme they were asked.

Whoever connects may claim what he likes, so a header counts only where the connection comes from
an address that is trusted, and only as far back as addresses are. What is no address ends that.

https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-For
"""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol

from aiohttp.http_parser import RawRequestMessage

REMEMBERED_ADDRESSES = 1024
SCHEMES = ("http", "https")
UNIX = "unix:"  # those who come by the Unix socket, as nginx calls them

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Headers(Protocol):
    """The headers of a request."""

    def getall(self, name: str, default: Iterable[str], /) -> Iterable[str]:
        """All values of a header."""


class Proxies:
    """Those who are trusted to say for whom they ask."""

    def __init__(self, networks: Iterable[str]) -> None:
        """`networks` are addresses and networks, such as 10.0.0.0/8, and UNIX."""
        networks = set(networks)
        self._trusts_unix = UNIX in networks
        networks.discard(UNIX)
        self._networks = [ipaddress.ip_network(network, strict=False) for network in networks]
        self._trusts = lru_cache(maxsize=REMEMBERED_ADDRESSES)(self._is_within)

    def seen_by(self, peer: str, headers: Headers, origin: str) -> tuple[str, str]:
        """The client's address and the origin as the first trusted proxy has seen them."""
        if not self._trusts(peer):
            return peer, origin
        client = peer
        for told in reversed(_values(headers, "X-Forwarded-For")):
            address = _address(told)
            if address is None:
                break
            client = str(address)
            if not self._trusts(client):
                break
        schemes = _values(headers, "X-Forwarded-Proto")
        scheme = schemes[0].lower() if schemes else ""
        _, separator, authority = origin.partition("://")
        return client, f"{scheme}{separator}{authority}" if scheme in SCHEMES else origin

    def without_claims(
        self, peer: str, message: RawRequestMessage, header: bytes
    ) -> RawRequestMessage:
        """The message without a header, in lower case, that only trusted proxies may set."""
        if self._trusts(peer):
            return message
        fields = tuple(field for field in message.raw_headers if field[0].lower() != header)
        return message._replace(raw_headers=fields)

    def _is_within(self, text: str) -> bool:
        if not text:
            return self._trusts_unix
        address = _address(text)
        return address is not None and any(address in network for network in self._networks)


def _values(headers: Headers, name: str) -> list[str]:
    lines = headers.getall(name, ())
    return [value.strip() for line in lines for value in line.split(",") if value.strip()]


def _address(text: str) -> Address | None:
    """The address in an entry, which may have a port; that of IPv4 within IPv6 is itself."""
    host = text
    if text.startswith("["):
        host = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        host = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
