"""The WebSocket server of a checkout's `_wsh.py` handlers.

A handler is `web_socket_do_extra_handshake(request)`, `web_socket_transfer_data(request)` and,
if it cares, `web_socket_passive_closing_handshake(request)`, written for pywebsocket3. It runs
in a thread of its own on a plain socket, so that it may write what is no WebSocket at all.
https://www.rfc-editor.org/rfc/rfc6455
"""

import base64
import hashlib
import runpy
import socketserver
import struct
import sys
import threading
import types
from contextlib import suppress
from http.client import HTTPMessage, parse_headers
from pathlib import Path
from types import SimpleNamespace
from typing import Any

KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
NO_STATUS = 1005
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Aborted(Exception):
    """A handler wants the connection to end without another word."""


class SocketServer:
    """Serves `websockets/handlers/` of a checkout on a port of the loopback address."""

    def __init__(self, checkout: Path) -> None:
        _install_modules()
        folder = checkout / "websockets" / "handlers"

        class Connection(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with suppress(Aborted, OSError, EOFError):  # either side has gone
                    serve(self, folder)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Connection)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Take no more connections; those under way end with the process."""
        self._server.shutdown()
        self._server.server_close()


def serve(connection: socketserver.StreamRequestHandler, folder: Path) -> None:
    """One connection, from its handshake to its end."""
    line = connection.rfile.readline().decode("latin-1").split()
    headers = parse_headers(connection.rfile)
    if len(line) != 3:
        return
    path = line[1].partition("?")[0].strip("/")
    file = folder / f"{path}_wsh.py"
    if not file.is_file() or "upgrade" not in headers:
        connection.wfile.write(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n")
        return
    handler = runpy.run_path(str(file))
    stream = Stream(connection)
    request = _request(connection, stream, line[1], headers)
    handler["web_socket_do_extra_handshake"](request)
    connection.wfile.write(_handshake(request))
    handler["web_socket_transfer_data"](request)
    if not request.client_terminated:
        stream.close_connection()
    elif not request.server_terminated:
        answer = handler.get("web_socket_passive_closing_handshake", _echo_status)
        stream.answer_close(*answer(request))


def _request(
    connection: socketserver.StreamRequestHandler, stream: "Stream", uri: str, headers: HTTPMessage
) -> SimpleNamespace:
    asked = headers.get("sec-websocket-protocol")
    request = SimpleNamespace(
        uri=uri,
        unparsed_uri=uri,
        ws_resource=uri,
        headers_in=headers,
        extra_headers=[],
        ws_stream=stream,
        ws_origin=headers.get("origin"),
        ws_requested_protocols=[name.strip() for name in asked.split(",")] if asked else None,
        ws_protocol=None,
        ws_extension_processors=[],
        ws_cookie=None,
        ws_close_code=None,
        ws_close_reason=None,
        client_terminated=False,
        server_terminated=False,
        connection=SimpleNamespace(write=connection.wfile.write, read=connection.rfile.read),
    )
    stream.request = request
    return request


def _handshake(request: SimpleNamespace) -> bytes:
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
    lines.append(f"Sec-WebSocket-Accept: {accept_of(request.headers_in['sec-websocket-key'])}")
    if request.ws_protocol is not None:
        lines.append(f"Sec-WebSocket-Protocol: {request.ws_protocol}")
    lines += [f"{name}: {value}" for name, value in request.extra_headers]
    return "\r\n".join([*lines, "", ""]).encode()


def _echo_status(request: SimpleNamespace) -> tuple[int | None, str | None]:
    return request.ws_close_code, request.ws_close_reason


def accept_of(key: str) -> str:
    """The answer to a Sec-WebSocket-Key."""
    digest = hashlib.sha1((key + KEY_SUFFIX).encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def frame(opcode: int, payload: bytes, *, end: bool = True) -> bytes:
    """One frame of the server's, unmasked."""
    head = bytes([(0x80 if end else 0) | opcode])
    size = len(payload)
    if size < 126:
        return head + bytes([size]) + payload
    if size < 1 << 16:
        return head + b"\x7e" + struct.pack("!H", size) + payload
    return head + b"\x7f" + struct.pack("!Q", size) + payload


def closing_body(code: int | None, reason: str = "") -> bytes:
    """The payload of a close frame."""
    return b"" if code in (None, NO_STATUS) else struct.pack("!H", code) + (reason or "").encode()


class Stream:
    """Messages in and out, as pywebsocket3's `ws_stream` has them."""

    request: Any

    def __init__(self, connection: socketserver.StreamRequestHandler) -> None:
        self._in = connection.rfile
        self._out = connection.wfile
        self._fragmented = False

    def receive_message(self) -> str | bytes | None:
        """The next message; None once the client has closed."""
        kind, parts = 0, b""
        while True:
            opcode, is_last, payload = self._receive_frame()
            if opcode == CLOSE:
                self._take_close(payload)
                return None
            if opcode == PING:
                self._out.write(frame(PONG, payload))
            elif opcode != PONG:
                kind, parts = kind or opcode, parts + payload
                if is_last:
                    return parts.decode("utf-8", "replace") if kind == TEXT else parts

    def send_message(self, message: str | bytes, end: bool = True, binary: bool = False) -> None:
        """A message, or a part of one."""
        payload = message.encode() if isinstance(message, str) else message
        opcode = 0 if self._fragmented else (BINARY if binary else TEXT)
        self._fragmented = not end
        self._out.write(frame(opcode, payload, end=end))

    def send_ping(self, body: bytes | str = b"") -> None:
        """A ping."""
        self._out.write(frame(PING, body.encode() if isinstance(body, str) else body))

    def close_connection(self, code: int | None = 1000, reason: str = "") -> None:
        """Close first, and wait for the client's answer."""
        self.answer_close(code, reason)
        while not self.request.client_terminated:
            opcode, _, payload = self._receive_frame()
            if opcode == CLOSE:
                self._take_close(payload)

    def answer_close(self, code: int | None, reason: str | None) -> None:
        """Send a close frame."""
        self.request.server_terminated = True
        self._out.write(frame(CLOSE, closing_body(code, reason or "")))

    def _take_close(self, payload: bytes) -> None:
        self.request.client_terminated = True
        if len(payload) >= 2:
            self.request.ws_close_code = struct.unpack("!H", payload[:2])[0]
            self.request.ws_close_reason = payload[2:].decode("utf-8", "replace")
        else:
            self.request.ws_close_code = NO_STATUS

    def _receive_frame(self) -> tuple[int, bool, bytes]:
        first, second = self._exactly(2)
        size = second & 0x7F
        if size == 126:
            size = struct.unpack("!H", self._exactly(2))[0]
        elif size == 127:
            size = struct.unpack("!Q", self._exactly(8))[0]
        mask = self._exactly(4) if second & 0x80 else b"\0\0\0\0"
        payload = self._exactly(size)
        key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
        unmasked = (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")
        return first & 0x0F, bool(first & 0x80), unmasked

    def _exactly(self, count: int) -> bytes:
        found = self._in.read(count)
        if len(found) < count:
            raise EOFError
        return found


def _install_modules() -> None:
    """What handlers import of pywebsocket3."""
    common = SimpleNamespace(
        STATUS_NO_STATUS_RECEIVED=NO_STATUS, SEC_WEBSOCKET_KEY_HEADER="Sec-WebSocket-Key"
    )
    msgutil = SimpleNamespace(
        send_message=lambda request, *args, **kw: request.ws_stream.send_message(*args, **kw),
        receive_message=lambda request: request.ws_stream.receive_message(),
        close_connection=lambda request: request.ws_stream.close_connection(),
    )
    stream = SimpleNamespace(
        create_closing_handshake_body=closing_body,
        create_close_frame=lambda body: frame(CLOSE, body),
    )
    hybi = SimpleNamespace(compute_accept_from_unicode=lambda key: accept_of(key).encode())
    handshake = types.ModuleType("pywebsocket3.handshake")
    vars(handshake).update(AbortedByUserException=Aborted, HandshakeException=Aborted, hybi=hybi)
    package = types.ModuleType("pywebsocket3")
    vars(package).update(common=common, msgutil=msgutil, stream=stream, handshake=handshake)
    sys.modules.update({"pywebsocket3": package, "pywebsocket3.handshake": handshake})
