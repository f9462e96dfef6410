"""WebSockets that cross a link: what one side's end is told, the other side's says.

An end that has crossed stands for the one on the other side. Flow control crosses too: who
has enough says `hold`, and what waits for it waits at the sender. So it does where the wire has
enough; a sender who goes on all the same, as scripts do, is parted from the other side when more
waits than may.
"""

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from holdfast.host.sockets_end import Message, SocketEnd, join

if TYPE_CHECKING:
    from holdfast.server.shards.wire import Wire

log = logging.getLogger("holdfast.shards")


class LinkedEnd(SocketEnd):
    """Stands for an end in another shard."""

    listening = True

    def __init__(self, sockets: "Sockets", number: int) -> None:
        super().__init__()
        self._sockets = sockets
        self._number = number
        self.is_held = False  # by the other side

    def on_message(self, message: Message) -> None:
        """See SocketEnd."""
        sockets = self._sockets
        if not sockets.wire.is_full or sockets.has_room(self):
            sockets.say("message", self._number, message)

    def on_close(self, code: int, reason: str) -> None:
        """See SocketEnd."""
        self._sockets.say("close", self._number, code, reason)

    def on_loss(self) -> None:
        """See SocketEnd."""
        self._over("lose")

    def on_failure(self, reason: str) -> None:
        """See SocketEnd."""
        self._over("fail", reason)

    def on_end(self, code: int, reason: str) -> None:
        """See SocketEnd."""
        self.has_closed = True
        self._over("finish", code, reason)

    def on_over(self) -> None:
        """See SocketEnd. Both sides have heard both closes."""
        self._sockets.ends.pop(self._number, None)

    def _over(self, word: str, *values: Any) -> None:
        if self._sockets.ends.pop(self._number, None) is not None:
            self._sockets.say(word, self._number, *values)

    def hold(self) -> None:
        """See SocketEnd."""
        self._sockets.say("hold", self._number)

    def go_on(self) -> None:
        """See SocketEnd."""
        self._sockets.say("go_on", self._number)


class Sockets:
    """The WebSockets of one link; only the side that answers requests numbers them."""

    def __init__(self, wire: "Wire", loop: asyncio.AbstractEventLoop, max_bytes: int) -> None:
        """`max_bytes` may wait for the wire."""
        self.wire = wire
        self.say = wire.say
        wire.on_room = self._go_on
        self.ends: dict[int, LinkedEnd] = {}
        self._loop = loop
        self._max_bytes = max_bytes
        self._waiting: set[LinkedEnd] = set()  # whose peers are held since the wire is full
        self._parting: set[LinkedEnd] = set()
        self._last = 0
        self.handlers: dict[str, Any] = {
            "message": lambda number, message: self._with(number, "send", message),
            "close": lambda number, *how: self._with(number, "close", *how),
            "lose": lambda number: self._ended(number, "lose"),
            "fail": lambda number, reason: self._ended(number, "fail", reason),
            "finish": lambda number, *how: self._ended(number, "end", *how),
            "hold": lambda number: self._tell_peer(number, is_held=True),
            "go_on": lambda number: self._tell_peer(number, is_held=False),
        }

    def number(self) -> int:
        """A number for an end that is to cross."""
        self._last += 1
        return self._last

    def sent(self, number: int, end: SocketEnd) -> None:
        """The other side knows of this end, which is taken over, by its number.

        What the end has sent before goes there now, and not before the other side can know it.
        """
        self.ends[number] = here = LinkedEnd(self, number)
        join(here, end)

    def received(self, number: int) -> SocketEnd:
        """What is to be joined with the end that the receiver of the response gets."""
        self.ends[number] = here = LinkedEnd(self, number)
        return here

    def lose(self) -> None:
        """The link is lost, and every WebSocket with it."""
        ends, self.ends = self.ends, {}
        for end in ends.values():
            end.lose()

    def has_room(self, end: LinkedEnd) -> bool:
        """Whether the full wire still takes a message of this end, whose peer is to wait now."""
        if end in self._parting:
            return False
        if self.wire.unsent_bytes > self._max_bytes:
            log.info("a WebSocket is given up: the other shard takes less than is sent")
            self._parting.add(end)
            self._loop.call_soon(self._part, end)  # the peer may be a script that is at work
            return False
        if end not in self._waiting and end.peer is not None:
            self._waiting.add(end)
            end.peer.hold()
        return True

    def _part(self, end: LinkedEnd) -> None:
        self._parting.discard(end)
        end.on_overflow()

    def _go_on(self) -> None:
        waiting, self._waiting = self._waiting, set()
        for end in waiting:
            if end.peer is not None and not end.is_held:
                end.peer.go_on()

    def _with(self, number: int, action: str, *values: Any) -> None:
        if end := self.ends.get(number):
            getattr(end, action)(*values)

    def _ended(self, number: int, action: str, *values: Any) -> None:
        if end := self.ends.pop(number, None):
            getattr(end, action)(*values)

    def _tell_peer(self, number: int, *, is_held: bool) -> None:
        end = self.ends.get(number)
        if end is None or end.peer is None:
            return
        end.is_held = is_held
        if is_held:
            end.peer.hold()
        elif end not in self._waiting:
            end.peer.go_on()
