"""Which addresses scripts may reach.

A policy is asked with a host and each address that the host has, at every hop of a
request, and the connection is made to the very address that was permitted: a name that
resolves to something else the next moment gains nothing.
"""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

CONNECT_TIMEOUT_S = 30

Address = IPv4Address | IPv6Address
EgressPolicy = Callable[[str, Address], bool]

# Addresses that carry an IPv4 address in their last 32 bits.
_EMBEDDING = (
    IPv6Network("64:ff9b::/96"),  # NAT64, RFC 6052
    IPv6Network("64:ff9b:1::/48"),  # NAT64, RFC 8215
    IPv6Network("::/96"),  # IPv4-compatible, RFC 4291
)


class EgressRefused(OSError):
    """The policy permits none of a host's addresses."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"This script may not connect to {host}: --allow-private-egress lets scripts reach "
            "this machine and private networks."
        )
        self.host = host


def allow_all(host: str, address: Address) -> bool:
    """Permits everything: for trusted scripts and tests."""
    return True


def public_only(host: str, address: Address) -> bool:
    """Permits addresses of the public internet only: no loopback, private or link-local."""
    embedded = _embedded(address)
    return _is_public(address) if embedded is None else _is_public(embedded)


def public_and(networks: Iterable[str]) -> EgressPolicy:
    """`public_only`, and these networks ("10.1.0.0/16", "127.0.0.1"). Raises ValueError."""
    allowed = [ip_network(network) for network in networks]

    def permits(host: str, address: Address) -> bool:
        forms = (address, _embedded(address) or address)
        if any(form in network for form in forms for network in allowed):
            return True
        return public_only(host, address)

    return permits


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast


def _embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _EMBEDDING):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


def literal_address(host: str) -> Address | None:
    """The address that a URL's host is, where it is no name. IPv6 without brackets."""
    try:
        return ip_address(host)
    except ValueError:
        return None
