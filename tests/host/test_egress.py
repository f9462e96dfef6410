"""Which addresses scripts reach, and that no way leads around that."""

from ipaddress import ip_address
from typing import Any

import pytest

from holdfast.engine import ScriptError
from holdfast.host.byte_streams import collect
from holdfast.host.egress import public_and, public_only
from holdfast.host.fetch import FetchClient
from holdfast.host.fetch_messages import FetchRequest
from tests.host.fetching import redirecting, serve

__all__ = ["serve"]  # fixtures

# ---- egress --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "::127.0.0.1",
        "ff02::1",
    ],
)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert not public_only("host", ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_public_addresses_are_permitted(address: str) -> None:
    assert public_only("host", ip_address(address))


class Names:
    """A resolver of names that the test makes up."""

    def __init__(self, **addresses: str) -> None:
        self.addresses = addresses
        self.asked = 0

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[Any]:
        self.asked += 1
        address = self.addresses[host.partition(".")[0]]
        return [
            {"hostname": host, "host": address, "port": port, "family": 2, "proto": 0, "flags": 0}
        ]

    async def close(self) -> None:
        pass


async def test_the_policy_is_asked_of_literals_names_and_redirects(serve: Any) -> None:
    asked: list[tuple[str, str]] = []

    def policy(host: str, address: Any) -> bool:
        asked.append((host, str(address)))
        return host == "open.test"

    url = await serve(redirecting(302, "http://closed.test/"))
    port = url.rpartition(":")[2]
    names: Any = Names(open="127.0.0.1", closed="127.0.0.1")
    client = FetchClient(egress=policy, resolver=names)
    message = "This script may not connect to {}: "
    for target, host in [
        (url, "127.0.0.1"),
        (f"http://closed.test:{port}/", "closed.test"),
        (f"http://open.test:{port}/start", "closed.test"),
        (f"http://[::ffff:127.0.0.1]:{port}/", "::ffff:127.0.0.1"),
    ]:
        with pytest.raises(ScriptError) as caught:
            await client.fetch(FetchRequest("GET", target, []))
        assert caught.value.message.startswith(message.format(host))
    response = await client.fetch(FetchRequest("GET", f"http://open.test:{port}/", []))
    assert response.body is not None
    assert b"open.test" in await collect(response.body)
    assert ("open.test", "127.0.0.1") in asked
    await client.close()


def test_networks_can_be_permitted_besides() -> None:
    permits = public_and(["10.1.0.0/16", "::1"])
    for address, expected in [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("10.2.0.1", False),
        ("::1", True),
        ("127.0.0.1", False),
        ("1.1.1.1", True),
    ]:
        assert permits("host", ip_address(address)) is expected, address
