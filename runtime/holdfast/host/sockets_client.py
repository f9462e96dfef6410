"""WebSockets that scripts open to the outside: the client's half of the handshake.

The connection is made by the client behind fetch() (fetch.py), so it is under the same
egress policy; when the server has agreed, a WireEnd takes it over. What needs aiohttp is imported
with the first socket.
"""

import base64
import os
from typing import TYPE_CHECKING, NamedTuple

from yarl import URL

from holdfast.engine import ScriptError
from holdfast.host.bodies import table_of as bodies_of
from holdfast.host.byte_streams import CONNECTION_LOST
from holdfast.host.fetch import FetchClient
from holdfast.host.fetch_messages import FetchRequest
from holdfast.host.ops import async_op
from holdfast.host.outgoing import header_pairs
from holdfast.host.redirects import Headers
from holdfast.host.sockets import table_of

if TYPE_CHECKING:
    import aiohttp

    from holdfast.host.context import Host

_OURS = frozenset({"sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"})


class _Answer(NamedTuple):
    """What a server says to a handshake; `agreed`: to a WebSocket."""

    response: "aiohttp.ClientResponse"
    agreed: bool
    url: str
    redirected: bool


async def _ask(host: "Host", url: str, headers: Headers, redirect: str) -> _Answer:
    from holdfast.host.sockets_wire import proof_of

    key = base64.b64encode(os.urandom(16))
    sent = [(name, value) for name, value in headers if name not in _OURS]
    handshake = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", key.decode()),
    ]
    client: FetchClient = host.capabilities.fetch
    request = FetchRequest("GET", url, sent, redirect=redirect)
    response, url, redirected = await client.follow(request, handshake)
    if response.status != 101:
        return _Answer(response, False, url, redirected)
    if (
        response.headers.get("Upgrade", "").lower() != "websocket"
        or response.headers.getall("Sec-WebSocket-Accept", ()) != [proof_of(key)]
        or "Sec-WebSocket-Extensions" in response.headers  # none was asked for
    ):
        response.close()
        raise ScriptError("Error", "The server's WebSocket handshake is not valid.")
    return _Answer(response, True, url, redirected)


def _take_over(host: "Host", response: "aiohttp.ClientResponse") -> int:
    """Make a WebSocket of the connection; its number in the isolate."""
    from holdfast.host.sockets_wire import WireEnd

    connection = response.connection
    if connection is None or connection.transport is None or connection.protocol is None:
        response.close()
        raise ScriptError("Error", CONNECTION_LOST, retryable=True)
    protocol = connection.protocol

    def on_end(error: BaseException | None) -> None:
        protocol.connection_lost(error)
        response.close()

    wire = WireEnd(connection.transport, host.loop, is_client=True, on_end=on_end)
    wire.outside = "ws" + str(response.url).removeprefix("http")
    number = table_of(host).arrived(wire)
    if not connection.transport.is_reading():
        connection.transport.resume_reading()
    if tail := protocol._tail:
        wire.data_received(tail)
    return number


@async_op
async def socket_connect(host: "Host", url: str, protocols: str) -> str:
    """Open a WebSocket (`url` is ws: or wss:); lines: its number, protocol and extensions.

    Raises ScriptError where the server does not agree.
    """
    headers = [("sec-websocket-protocol", protocols.replace(",", ", "))] if protocols else []
    if here := host.capabilities.fetch.socket_here(url, headers):
        return f"{table_of(host).arrived(here.end)}\n{here.protocol}\n"
    target = URL(url, encoded=True)
    if (
        target.user is not None
    ):  # https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch
        credentials = f"{target.user}:{target.password or ''}".encode()
        headers.append(("authorization", f"Basic {base64.b64encode(credentials).decode()}"))
    answer = await _ask(host, "http" + url.removeprefix("ws"), headers, "manual")
    response = answer.response
    if not answer.agreed:
        response.close()
        raise ScriptError(
            "TypeError",
            "Failed to establish the WebSocket connection: expected server to reply with HTTP "
            f"status code 101 (switching protocols), but received {response.status} instead.",
        )
    chosen = response.headers.get("Sec-WebSocket-Protocol", "")
    if chosen not in (protocols.split(",") if protocols else [""]):
        response.close()
        raise ScriptError("Error", "The server chose none of the WebSocket protocols offered.")
    return f"{_take_over(host, response)}\n{chosen}\n"


@async_op
async def socket_fetch(host: "Host", url: str, headers: str, redirect: str) -> str:
    """Send a request to upgrade; its socket's number on a line of its own, then as fetch_send.

    A server that does not agree gives a response like any other, and no number.
    """
    pairs = header_pairs(headers)
    if here := host.capabilities.fetch.socket_here("ws" + url.removeprefix("http"), pairs):
        chosen = f"sec-websocket-protocol\n{here.protocol}\n" if here.protocol else ""
        arrived = table_of(host).arrived(here.end)
        return f"{arrived}\n101\nSwitching Protocols\n{url}\n\n\n{chosen}"
    answer = await _ask(host, url, pairs, redirect)
    from holdfast.host.fetch_connections import received

    told = received(answer.response, answer.url, "GET", lambda: None, redirected=answer.redirected)
    number = str(_take_over(host, answer.response)) if answer.agreed else ""
    handle = "" if told.body is None else bodies_of(host).add(told.body)
    redirected = "1" if told.redirected else ""
    return (
        f"{number}\n{told.status}\n{told.status_text}\n{told.url}\n{redirected}\n{handle}\n"
        f"{told.headers}"
    )
