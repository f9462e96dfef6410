"""WebSockets that scripts open to the outside, with the test at their other end."""

import asyncio
import inspect
from collections.abc import Callable, Iterable
from typing import Any

from holdfast.host.sockets_end import Message
from holdfast.testing.errors import HarnessError
from holdfast.testing.sockets import AnySocket

Answer = Callable[[Message], Message | Iterable[Message] | None]


class SocketRoute:
    """WebSockets to a URL; `sockets` are the test's ends of those that scripts have opened."""

    def __init__(
        self,
        is_for: Callable[[str], bool],
        name: str,
        answer: Answer | None,
        protocol: str,
        failed: Callable[[BaseException], None],
    ) -> None:
        """`answer` makes what each message is answered with; `failed` hears what it raises."""
        self.is_for = is_for
        self.name = name
        self.protocol = protocol
        self.sockets: list[Any] = []
        self._answer = answer
        self._failed = failed

    def opened(self, socket: AnySocket) -> None:
        """A script has opened one."""
        self.sockets.append(socket)
        if self._answer is not None:
            # The script may be in the middle of the turn in which it sends.
            loop = asyncio.get_running_loop()
            socket.on_message = lambda message: loop.call_soon(self._reply, socket, message)

    def _reply(self, socket: AnySocket, message: Message) -> None:
        assert self._answer is not None, "it is called for messages that are answered"
        try:
            for reply in _messages_of(self._answer(message)):
                if socket.closed is None and not socket.end.has_closed:
                    socket.send(reply)
        except Exception as error:  # noqa: BLE001 - it is the test's own code
            self._failed(error)
            socket.close(1011, type(error).__name__)


def _messages_of(answer: Any) -> Iterable[Message]:
    if answer is None:
        return ()
    if isinstance(answer, str | bytes):
        return (answer,)
    if isinstance(answer, Iterable) and not inspect.isawaitable(answer):
        return answer
    raise HarnessError(
        f"{answer!r} is no answer to a message: return text, bytes, several of them, or None."
    )
