"""Clients: aiohttp's for what is well-formed, a raw one for what is not."""

import asyncio
import contextlib
from typing import Any

import aiohttp

from tests.inprocess import Server

TIMEOUT_S = 30
HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)

Socket = aiohttp.ClientWebSocketResponse


class Console(list[str]):
    """The lines that scripts print, which can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self._more = asyncio.Event()

    def append(self, line: str) -> None:
        super().append(line)
        self._more.set()

    async def first(self, wanted: str) -> str:
        """The first line that has this text, once there is one."""
        async with asyncio.timeout(TIMEOUT_S):
            while not (found := [line for line in self if wanted in line]):
                self._more.clear()
                await self._more.wait()
            return found[0]


async def line(server: Server, wanted: str) -> str:
    """What the script "main" has logged with this text in it, once it has."""
    assert isinstance(server.lines, Console), "see conftest.py"
    return (await server.lines.first(wanted)).removeprefix("main log: ")


class Clients:
    """Opens sockets to a server's scripts; closes them all at the end."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> "Clients":
        self._session = await self._stack.enter_async_context(aiohttp.ClientSession())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def _host(self, script: str) -> str:
        return f"{script}.localhost:{self._server.port}"

    async def open(self, path: str = "/", *, script: str = "main", **options: Any) -> Socket:
        """A socket whose handshake is done."""
        headers = {"Host": self._host(script), **options.pop("headers", {})}
        url = f"http://127.0.0.1:{self._server.port}{path}"
        options.setdefault("max_msg_size", 0)
        connecting = self._session.ws_connect(url, headers=headers, **options)
        return await self._stack.enter_async_context(connecting)

    async def raw(
        self,
        path: str = "/",
        *,
        script: str = "main",
        handshake: str = HANDSHAKE,
        early: bytes = b"",
    ) -> "RawSocket":
        """The same, to write bytes into that are no frames; `early` ones with the handshake."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._server.port)
        self._stack.push_async_callback(writer.wait_closed)
        self._stack.callback(writer.close)
        writer.write(handshake.format(path=path, host=self._host(script)).encode() + early)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), TIMEOUT_S)
        return RawSocket(reader, writer, head.decode("latin-1"))


class RawSocket:
    """A TCP connection after the handshake."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.head = head

    async def rest(self) -> bytes:
        """All that still comes, until the server hangs up."""
        with contextlib.suppress(ConnectionError):
            return await asyncio.wait_for(self.reader.read(-1), TIMEOUT_S)
        return b""


async def receive(socket: Socket) -> aiohttp.WSMessage:
    """The next message, whatever it is."""
    return await socket.receive(TIMEOUT_S)


async def text(socket: Socket) -> str:
    """The next message, which has to be text."""
    message = await receive(socket)
    assert message.type is aiohttp.WSMsgType.TEXT, message
    return str(message.data)


async def data(socket: Socket) -> bytes:
    """The next message, which has to be binary."""
    message = await receive(socket)
    assert message.type is aiohttp.WSMsgType.BINARY, message
    return bytes(message.data)


async def close_of(socket: Socket) -> tuple[int | None, str | None]:
    """Code and reason with which the server closes; 1006 where it just hangs up."""
    message = await receive(socket)
    if message.type is aiohttp.WSMsgType.CLOSE:
        return message.data, message.extra
    assert message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR), message
    return socket.close_code, None


def frame(opcode: int, payload: bytes = b"", *, final: bool = True) -> bytes:
    """A client's frame, with a mask of zeros."""
    size = len(payload)
    first = (0x80 if final else 0) | opcode
    if size < 126:
        head = bytes([first, 0x80 | size])
    elif size < 65536:
        head = bytes([first, 0x80 | 126]) + size.to_bytes(2, "big")
    else:
        head = bytes([first, 0x80 | 127]) + size.to_bytes(8, "big")
    return head + bytes(4) + payload
