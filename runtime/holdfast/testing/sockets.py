"""The test's end of a WebSocket."""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from holdfast.host.sockets_end import NO_STATUS, Message, SocketEnd
from holdfast.testing.driven import Async, Sync, driven
from holdfast.testing.errors import HarnessError, hidden_from_tracebacks

if TYPE_CHECKING:
    from holdfast.testing.stage import Stage

__tracebackhide__ = hidden_from_tracebacks

ABNORMAL = 1006


class _TestEnd(SocketEnd):
    listening = True

    def __init__(self, socket: "AnySocket") -> None:
        super().__init__()
        self._socket = socket

    def on_message(self, message: Message) -> None:
        self._socket.arrived(message)

    def on_close(self, code: int, reason: str) -> None:
        self._socket.ended(code, reason)
        self.close(code, reason)

    def on_end(self, code: int, reason: str) -> None:
        self._socket.ended(code, reason)

    def on_loss(self) -> None:
        self._socket.ended(ABNORMAL, "")


class AnySocket:
    """A WebSocket to a Worker or an object. What it gets waits until it is received."""

    def __init__(self, core: "Stage", protocol: str | None) -> None:
        self.protocol = protocol
        self.closed: tuple[int, str] | None = None  # code and reason, once the other side has
        self.end = _TestEnd(self)
        self._core = core
        self._messages: deque[Message] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self.on_message: Callable[[Message], object] = self._messages.append

    def send(self, message: Message) -> None:
        """Send text or bytes."""
        if self.closed or self.end.has_closed:
            raise HarnessError("This WebSocket is closed: nothing can be sent any more.")
        self.end.send(message)

    def send_json(self, value: Any) -> None:
        """Send a value as JSON."""
        self.send(json.dumps(value))

    @driven
    async def receive(self) -> Message:
        """The next message, text or bytes. Raises HarnessError when the socket is closed."""
        return await self._receive()

    @driven
    async def receive_json(self) -> Any:
        """The next message, parsed."""
        return json.loads(await self._receive())

    @driven
    async def wait_closed(self) -> tuple[int, str]:
        """Code and reason of the other side's close."""
        while self.closed is None:
            await self._news("the close of a WebSocket")
        return self.closed

    @property
    def pending(self) -> list[Message]:
        """What has come and was not received yet."""
        return [*self._messages]

    def close(self, code: int = NO_STATUS, reason: str = "") -> None:
        """Close this side."""
        self.end.close(code, reason)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- inside ----------------------------------------------------------------------

    async def _receive(self) -> Message:
        while not self._messages:
            if self.closed:
                code, reason = self.closed
                raise HarnessError(f"The WebSocket is closed, with code {code} {reason!r}.")
            await self._news("a message of a WebSocket")
        return self._messages.popleft()

    async def _news(self, what: str) -> None:
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            await self._core.waiting.wait(self._waiting, what)
        finally:
            self._waiting = None

    def arrived(self, message: Message) -> None:
        """The other side has sent this."""
        self.on_message(message)
        self._wake()

    def ended(self, code: int, reason: str) -> None:
        """The other side has closed, or is gone."""
        self.closed = self.closed or (code, reason)
        self._wake()

    def _wake(self) -> None:
        self._core.view.activity += 1
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


class Socket(AnySocket, Sync):
    """A WebSocket in a Harness."""


class AsyncSocket(AnySocket, Async):
    """A WebSocket in an AsyncHarness: what takes time is awaited."""
