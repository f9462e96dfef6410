"""TCP connections of scripts: the host's side of `connect()` from `cloudflare:sockets`.

A connection is known to the script by a number, and what it receives is a body like any
other, by a handle: it can be read in JavaScript, or passed on without entering it. Names are
resolved here, and only addresses that the egress policy permits are connected to.

https://developers.cloudflare.com/workers/runtime-apis/tcp-sockets/
"""

import asyncio
import logging
import ssl
from collections.abc import Coroutine
from functools import cache
from typing import TYPE_CHECKING, Any

from holdfast.engine import ScriptError
from holdfast.host.bodies import table_of
from holdfast.host.byte_streams import CONNECTION_LOST, BodyError, ByteStream
from holdfast.host.egress import CONNECT_TIMEOUT_S, EgressRefused
from holdfast.host.fetch import FetchClient
from holdfast.host.ops import async_op, op

if TYPE_CHECKING:
    from holdfast.host.context import Host

log = logging.getLogger("holdfast.host.sockets")

READ_BYTES = 65_536
CANNOT_CONNECT = "proxy request failed, cannot connect to the specified address"
PERHAPS_HTTP = (
    ". It looks like you might be trying to connect to a HTTP-based service — consider using "
    "fetch instead"
)


class _Protocol(asyncio.StreamReaderProtocol):
    """asyncio's streams, with the end of the connection told to whom it concerns."""

    def __init__(self, reader: asyncio.StreamReader, connection: "TcpConnection") -> None:
        super().__init__(reader, loop=asyncio.get_running_loop())
        self.connection = connection

    def eof_received(self) -> bool:
        super().eof_received()
        return self.connection.received_end() and not self._over_ssl

    def encrypted(self, writer: asyncio.StreamWriter, transport: asyncio.Transport) -> None:
        """Go on by another transport, as does the writer."""
        writer._transport = transport  # type: ignore[attr-defined]
        self._transport, self._over_ssl = transport, True

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.connection.ended(exc)


class TcpConnection(ByteStream):
    """A connection, or one in the making; as a body, what it receives."""

    length = None

    def __init__(self, hostname: str, port: int, *, secure: bool, half_open: bool) -> None:
        self.hostname = hostname
        self.address = f"{hostname}:{port}"
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.handle = 0  # of what it receives
        self._port = port
        self._secure = secure
        self._half_open = half_open
        self._protocol: _Protocol
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter | None = None
        self._dropped = False
        self._sent_end = False
        self._received_end = False
        for future in (self.opened, self.closed):
            future.add_done_callback(_look_at)

    # ---- beginning and ending ------------------------------------------------------

    async def connect(self, client: FetchClient) -> None:
        """Connect. Raises ScriptError, and says so to whoever waits for `opened`."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._connect(client)
        except (OSError, TimeoutError, ScriptError) as error:
            self._failed(error)
        else:
            if not self.opened.done():  # as it is if the script has closed it meanwhile
                self.opened.set_result(None)
            if self._dropped:
                self.drop()

    async def _connect(self, client: FetchClient) -> None:
        addresses = await client.addresses_of(self.hostname, self._port)
        loop = asyncio.get_running_loop()
        self._reader = asyncio.StreamReader(limit=READ_BYTES, loop=loop)
        self._protocol = _Protocol(self._reader, self)
        failure: OSError | None = None
        for address in addresses:
            try:
                transport, _ = await loop.create_connection(
                    lambda: self._protocol,
                    address,
                    self._port,
                    ssl=tls_context() if self._secure else None,
                    server_hostname=self.hostname if self._secure else None,
                )
            except OSError as error:
                failure = error
            else:
                self._writer = asyncio.StreamWriter(transport, self._protocol, self._reader, loop)
                return
        raise failure or OSError("the name has no address")

    async def start_tls(self, plain: "TcpConnection") -> None:
        """Go on with a connection that was plain until now, whose streams end."""
        try:
            await plain.opened
            if plain._writer is None or plain.closed.done():
                raise OSError(CONNECTION_LOST)
            self._reader, self._writer = plain._reader, plain._writer
            self._protocol = plain._protocol
            self._protocol.connection = self
            plain._writer = None
            plain.closed.set_result(None)
            await self._encrypt(self._writer)
        except (OSError, ScriptError) as error:
            self._failed(error)
        else:
            self.opened.set_result(None)

    async def _encrypt(self, writer: asyncio.StreamWriter) -> None:
        """As StreamWriter.start_tls(), which fails of itself where the connection is lost."""
        loop = asyncio.get_running_loop()
        await writer.drain()
        transport = await loop.start_tls(
            writer.transport, self._protocol, tls_context(), server_hostname=self.hostname
        )
        if transport is None:
            raise OSError(CONNECTION_LOST)
        self._protocol.encrypted(writer, transport)

    @property
    def is_open(self) -> bool:
        """True until either side has closed it, while it is in the making, too."""
        return not (self._dropped or self.closed.done())

    def _failed(self, error: Exception) -> None:
        log.debug("a TCP connection failed: %r", error)
        message = str(error) if isinstance(error, EgressRefused) else CANNOT_CONNECT
        if message is CANNOT_CONNECT and self._port in (80, 443):
            message += PERHAPS_HTTP
        failure = error if isinstance(error, ScriptError) else ScriptError("Error", message)
        for future in (self.opened, self.closed):
            if not future.done():
                future.set_exception(failure)
        self.drop()

    def received_end(self) -> bool:
        """The other side sends no more; whether the connection stays open for what we send."""
        self._received_end = True
        return self._half_open and not self._sent_end

    def ended(self, error: Exception | None) -> None:
        """The connection is gone; called by its protocol."""
        self._writer = None
        if self.closed.done():
            return
        if error is None:
            self.closed.set_result(None)
        else:
            self.closed.set_exception(ScriptError("Error", CONNECTION_LOST, retryable=True))

    def drop(self) -> None:
        """Close the connection, when what was written has left; harmless after the end."""
        self._dropped = True
        if self._writer is not None:
            self._writer.close()
        elif not self.opened.done():
            self.opened.cancel()
        if self._writer is None and not self.closed.done():
            self.closed.set_result(None)

    # ---- what comes ----------------------------------------------------------------

    async def read(self) -> bytes:
        """See ByteStream."""
        try:
            await asyncio.shield(self.opened)
            if self._writer is None and self._reader.at_eof():
                return b""
            return await self._reader.read(READ_BYTES)
        except ScriptError as error:
            raise BodyError(error.message) from error
        except (OSError, AttributeError, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and not self.opened.cancelled():
                raise
            raise BodyError(CONNECTION_LOST, retryable=True) from error

    def cancel(self) -> None:
        """See ByteStream. The other half of the connection goes on."""

    # ---- what goes -----------------------------------------------------------------

    async def write(self, data: bytes) -> None:
        """Send, and return when there is room for more. Raises ScriptError."""
        await asyncio.shield(self.opened)
        if self._writer is None or self._writer.is_closing():
            raise ScriptError("Error", CONNECTION_LOST, retryable=True)
        self._writer.write(data)
        try:
            await self._writer.drain()
        except ConnectionError as error:
            raise ScriptError("Error", CONNECTION_LOST, retryable=True) from error

    def end(self) -> None:
        """Send no more; TLS knows no such thing."""
        if self._writer is None or self._writer.is_closing():
            return
        self._sent_end = True
        if self._received_end:
            self._writer.close()
        elif self._writer.can_write_eof():
            self._writer.write_eof()


@cache
def tls_context() -> ssl.SSLContext:
    """What certificates are checked with."""
    return ssl.create_default_context()


def _look_at(future: "asyncio.Future[None]") -> None:
    """An exception that nobody waits for is nobody's concern."""
    if not future.cancelled():
        future.exception()


class TcpTable:
    """The connections of one isolate by number."""

    def __init__(self) -> None:
        self.connections: dict[int, TcpConnection] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self._last_number = 0

    def add(self, host: "Host", connection: TcpConnection) -> str:
        """Keep a connection; its number and the handle of what it receives, as lines."""
        self._last_number += 1
        self.connections[self._last_number] = connection
        connection.handle = table_of(host).add(connection)
        return f"{self._last_number}\n{connection.handle}"

    def begin(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run what makes a connection."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def close(self) -> None:
        """The isolate has ended."""
        for task in self.tasks:
            task.cancel()
        connections, self.connections = self.connections, {}
        for connection in connections.values():
            connection.drop()


def _connections(host: "Host") -> TcpTable:
    """The isolate's table, made with its first connection."""
    if host.connections is None:
        host.connections = TcpTable()
    table: TcpTable = host.connections
    return table


def _connection(host: "Host", number: int) -> TcpConnection:
    try:
        return _connections(host).connections[number]
    except KeyError:
        raise ScriptError("Error", CONNECTION_LOST, retryable=True) from None


@op
def tcp_prepare(host: "Host", hostname: str, port: int, secure: bool, half_open: bool) -> str:
    """Make a connection that `tcp_connect` is to connect; its number and its body's handle."""
    connection = TcpConnection(hostname, port, secure=secure, half_open=half_open)
    return _connections(host).add(host, connection)


@op
def tcp_connect(host: "Host", number: int) -> None:
    """Begin to connect."""
    client: FetchClient = host.capabilities.fetch
    _connections(host).begin(_connection(host, number).connect(client))


@op
def tcp_start_tls(host: "Host", number: int, hostname: str) -> str:
    """Go on with TLS; the number and the handle of the connection that this makes."""
    plain = _connection(host, number)
    secure = TcpConnection(hostname, plain._port, secure=True, half_open=plain._half_open)
    _connections(host).begin(secure.start_tls(plain))
    return _connections(host).add(host, secure)


@async_op
async def tcp_opened(host: "Host", number: int) -> None:
    """Return when it is connected. Raises ScriptError when it cannot be."""
    connection = _connection(host, number)
    try:
        await asyncio.shield(connection.opened)
    except asyncio.CancelledError:
        if not connection.opened.cancelled():
            raise
        raise ScriptError("Error", CONNECTION_LOST, retryable=True) from None


@async_op
async def tcp_closed(host: "Host", number: int) -> None:
    """Return when the connection has ended. Raises ScriptError where it broke off."""
    connection = _connection(host, number)
    try:
        await asyncio.shield(connection.closed)
    finally:
        if connection.closed.done():
            _connections(host).connections.pop(number, None)


@async_op
async def tcp_write(host: "Host", number: int, data: bytes) -> None:
    """Send; returns when there is room for more."""
    await _connection(host, number).write(data)


@op
def tcp_end(host: "Host", number: int) -> None:
    """Send no more."""
    connection = _connections(host).connections.get(number)
    if connection is not None:
        connection.end()


@op
def tcp_drop(host: "Host", number: int) -> None:
    """Close the connection."""
    connection = _connections(host).connections.get(number)
    if connection is not None:
        connection.drop()


@op
def tcp_forget(host: "Host", number: int) -> None:
    """Who opened the connection has ended: it is closed, unless somebody else reads from it."""
    connection = _connections(host).connections.get(number)
    if connection is not None and table_of(host).keeps(connection.handle):
        connection.drop()
