"""WebSockets that scripts open to the outside: the client's half of the handshake.

The connection is made by the client behind fetch() (fetch.py), so it is under the same
egress policy; when the server has agreed, a WireEnd takes it over. What needs aiohttp is imported
with the first socket.
"""

import base64
import os
from typing import TYPE_CHECKING

from yarl import URL

from holdfast.engine import ScriptError
from holdfast.host.bodies import CONNECTION_LOST
from holdfast.host.bodies import table_of as bodies_of
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


async def _ask(host: "Host", url: str, headers: Headers) -> "tuple[aiohttp.ClientResponse, bool]":
    """The server's answer, and whether it has agreed to a WebSocket."""
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
    response = await client.send(FetchRequest("GET", url, sent), handshake)
    if response.status != 101:
        return response, False
    proof = proof_of(key)
    if (
        response.headers.get("Upgrade", "").lower() != "websocket"
        or response.headers.get("Sec-WebSocket-Accept", "") != proof
        or "Sec-WebSocket-Extensions" in response.headers  # none was asked for
    ):
        response.close()
        raise ScriptError("Error", "The server's WebSocket handshake is not valid.")
    return response, True


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
    target = URL(url, encoded=True)
    if (
        target.user is not None
    ):  # https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch
        credentials = f"{target.user}:{target.password or ''}".encode()
        headers.append(("authorization", f"Basic {base64.b64encode(credentials).decode()}"))
    response, agreed = await _ask(host, "http" + url.removeprefix("ws"), headers)
    if not agreed:
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
async def socket_fetch(host: "Host", url: str, headers: str) -> str:
    """Send a request to upgrade; its socket's number on a line of its own, then as fetch_send.

    A server that does not agree gives a response like any other, and no number.
    """
    response, agreed = await _ask(host, url, header_pairs(headers))
    from holdfast.host.fetch_connections import received

    answer = received(response, url, "GET", lambda: None, redirected=False)
    number = str(_take_over(host, response)) if agreed else ""
    handle = "" if answer.body is None else bodies_of(host).add(answer.body)
    return (
        f"{number}\n{answer.status}\n{answer.status_text}\n{answer.url}\n\n{handle}\n"
        f"{answer.headers}"
    )
