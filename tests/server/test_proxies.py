"""What proxies in front of a listener say of their clients."""

import json

import pytest
from multidict import CIMultiDict

from holdfast.host.edge import Edge
from holdfast.server.proxies import Proxies
from tests.inprocess import Server

ORIGIN = "http://a.example"
ECHO = """
export default { fetch(request) {
  return new Response(`${request.headers.get("CF-Connecting-IP")} ${request.url}`);
} };
"""


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", ["192.0.2.7"], "192.0.2.7"),
        ("10.0.0.1", ["6.6.6.6, 192.0.2.7"], "192.0.2.7"),  # the client made up the first
        ("10.0.0.1", ["192.0.2.7, 10.9.9.9"], "192.0.2.7"),  # two proxies
        ("10.0.0.1", ["6.6.6.6", "192.0.2.7,10.9.9.9"], "192.0.2.7"),
        ("10.0.0.1", ["10.1.1.1, 10.2.2.2"], "10.1.1.1"),
        ("10.0.0.1", ["192.0.2.7, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.7:4711"], "192.0.2.7"),
        ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", ["2001:DB8::1"], "2001:db8::1"),
        ("::ffff:10.0.0.1", ["192.0.2.7"], "192.0.2.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("192.0.2.1", ["6.6.6.6"], "192.0.2.1"),  # nobody trusts it
        ("", ["6.6.6.6"], ""),
    ],
)
def test_the_client_is_the_last_who_is_not_trusted(
    peer: str, forwarded: list[str], client: str
) -> None:
    headers = CIMultiDict(("X-Forwarded-For", line) for line in forwarded)
    assert Proxies(["10.0.0.0/8"]).seen_by(peer, headers, ORIGIN) == (client, ORIGIN)


@pytest.mark.parametrize(
    ("peer", "scheme", "origin"),
    [
        ("10.0.0.1", "https", "https://a.example"),
        ("10.0.0.1", "HTTPS, http", "https://a.example"),
        ("10.0.0.1", "javascript", ORIGIN),
        ("192.0.2.1", "https", ORIGIN),
    ],
)
def test_the_scheme_is_the_one_that_the_client_has_used(
    peer: str, scheme: str, origin: str
) -> None:
    headers = CIMultiDict({"X-Forwarded-Proto": scheme})
    assert Proxies(["10.0.0.1"]).seen_by(peer, headers, ORIGIN) == (peer, origin)


@pytest.mark.parametrize("trusted", [(), ("127.0.0.1",)])
async def test_a_worker_sees_the_client_of_a_proxy_that_is_trusted(
    tmp_path, trusted: tuple[str, ...]
) -> None:
    headers = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}
    async with Server(tmp_path, trusted_proxies=trusted) as server:
        server.add("main", ECHO)
        authority = f"main.localhost:{server.port}/"
        told = await server.text("/", headers=headers)
        direct = f"127.0.0.1 http://{authority}"
        assert told == (f"192.0.2.7 https://{authority}" if trusted else direct)
        assert await server.text("/") == direct


CF = """
export default { fetch(request) {
  const { country, city, bot } = request.cf;
  return Response.json([country, city, bot, request.headers.has("x-client")]);
} };
"""


@pytest.mark.parametrize(
    ("trusted", "header", "told"),
    [
        ((), "X-Client", ["PT", "Porto", None, False]),
        (("127.0.0.1",), "X-Client", ["BR", "S\u00e3o Paulo", True, True]),
        (("127.0.0.1",), "X-Other", ["PT", "Porto", None, False]),
    ],
)
async def test_a_proxy_that_is_trusted_tells_where_a_client_is(
    tmp_path, trusted: tuple[str, ...], header: str, told: list[object]
) -> None:
    edge = Edge({"country": "PT", "city": "Porto"}, "x-client")
    client = '{"country": "BR", "city": "S\u00e3o Paulo", "bot": true}'
    async with Server(tmp_path, trusted_proxies=trusted, edge=edge) as server:
        server.add("main", CF)
        assert json.loads(await server.text("/", headers={header: client})) == told


@pytest.mark.parametrize("client", ["", "[1]", "null", "{"])
async def test_what_is_no_object_tells_nothing_of_a_client(tmp_path, client: str) -> None:
    async with Server(
        tmp_path, trusted_proxies=("127.0.0.1",), edge=Edge({}, "x-client")
    ) as server:
        server.add("main", CF)
        told = json.loads(await server.text("/", headers={"X-Client": client}))
        assert told[:2] == ["XX", None]
