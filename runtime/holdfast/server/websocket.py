"""The handshake with which a client's connection becomes a WebSocket (RFC 6455, 4.2.2)."""

import asyncio
import base64
import binascii
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp.http_parser import RawRequestMessage
from aiohttp.http_writer import HttpVersion11

from holdfast.host.header_lines import in_lines, pairs_in
from holdfast.host.sockets_end import SocketEnd, join
from holdfast.host.sockets_extensions import Terms, agreed
from holdfast.host.sockets_wire import WireEnd, proof_of
from holdfast.server.response import plain_response, response_head
from holdfast.workers import WorkerResponse

if TYPE_CHECKING:
    from holdfast.server.http_server import HttpServer

VERSION = "13"
# What the handshake itself says; a Worker's response cannot.
_OURS = frozenset({"sec-websocket-accept", "sec-websocket-extensions"})


class HandshakeRefused(Exception):
    """The client's request is none that a WebSocket can answer; the message is for it."""


def accept_key(message: RawRequestMessage) -> str:
    """The value that proves to the client that its request was understood.

    Raises HandshakeRefused.
    """
    headers = message.headers
    if (
        not message.upgrade
        or message.method != "GET"
        or message.version != HttpVersion11
        or headers.get("Upgrade", "").lower() != "websocket"
    ):
        raise HandshakeRefused("The request asks for no WebSocket.")
    if headers.get("Sec-WebSocket-Version", "") != VERSION:
        raise HandshakeRefused("The requested WebSocket version is not supported.")
    keys = headers.getall("Sec-WebSocket-Key", ())
    key = "".join(keys).encode("utf-8", "replace")
    try:
        valid = len(keys) == 1 and len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        valid = False
    if not valid:
        raise HandshakeRefused("The request's Sec-WebSocket-Key is not valid.")
    return proof_of(key)


def handshake_refused(message: str) -> WorkerResponse:
    """The answer to a handshake that is refused, with the version that is spoken (4.4)."""
    response = plain_response(400, message)
    response.headers += f"sec-websocket-version\n{VERSION}\n"
    return response


def upgrade(
    server: "HttpServer",
    transport: asyncio.Transport,
    response: WorkerResponse,
    end: SocketEnd,
    key: str,
    offered: str,
) -> WireEnd:
    """Answer the handshake and join the connection with the response's WebSocket.

    `offered` is what the client says of extensions.
    """
    terms = agreed(offered, _own_extensions(response)) if response.may_compress else None
    head = response_head(_without_ours(response), keep_alive=True, length=None)
    proof = f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {key}\r\n"
    if terms is not None:
        proof += f"Sec-WebSocket-Extensions: {terms.answer}\r\n"
    transport.write(head[:-2] + proof.encode() + b"\r\n")
    connection = transport.get_extra_info("socket")
    if connection is not None:  # a client that is gone without a word is found out some day
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    wire = _wire(transport, server.loop, terms, lambda _: server.socket_closed(wire))
    wire.holders = server.holders
    server.sockets.add(wire)
    join(wire, end)
    return wire


def _wire(
    transport: asyncio.Transport,
    loop: asyncio.AbstractEventLoop,
    terms: Terms | None,
    on_end: Callable[[BaseException | None], None],
) -> WireEnd:
    if terms is None:
        return WireEnd(transport, loop, is_client=False, on_end=on_end)
    from holdfast.host.sockets_deflate import DeflatedWireEnd

    return DeflatedWireEnd(transport, loop, window_bits=terms.window_bits, on_end=on_end)


def _own_extensions(response: WorkerResponse) -> str | None:
    return next(
        (
            value
            for name, value in pairs_in(response.headers)
            if name.lower() == "sec-websocket-extensions"
        ),
        None,
    )


def _without_ours(response: WorkerResponse) -> WorkerResponse:
    kept = [pair for pair in pairs_in(response.headers) if pair[0].lower() not in _OURS]
    return WorkerResponse(101, response.status_text, in_lines(kept), None)
