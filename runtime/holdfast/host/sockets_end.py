"""The two ends of a WebSocket connection.

An end belongs to somebody who speaks and listens: a TCP connection (sockets_wire.py), a
script (sockets.py), a Durable Object that may be asleep. What an end is told to send goes to
its peer; two ends that are joined need not know what the other one is. A connection that a
Worker merely passes on ends up as two joined ends outside of any isolate.

Invariants:

- Messages keep their order. What is sent before the peer listens waits at the sender.
- An end says `close` or `lose` at most once, and nothing after that.
- When both have closed, or one is lost, both are over: they are told, and let go of.
- Who is over before it has a peer, as on the way of a response, tells the one that it gets.
"""

from abc import ABC, abstractmethod
from collections import deque
from typing import Any

Message = str | bytes
Waiting = deque[Message | tuple[int, str]] | tuple[()]  # seldom needed, and a deque is large

# What may wait for a peer that does not listen yet, or does not read. A message is taken
# while no more than this waits; past it the connection is lost.
MAX_WAITING_BYTES = 16_777_216

NO_STATUS = 1005  # a close frame without a code (RFC 6455, 7.1.5)


class SocketEnd(ABC):
    """One end: `send`, `close` and `lose` are for its owner, `on_…` for its peer."""

    listening = False
    outside = ""  # the URL, of a connection that a script has made
    enters_isolate = False  # what it is told runs JavaScript, so it is not told from an op

    def __init__(self) -> None:
        self.peer: SocketEnd | None = None
        self.has_closed = False  # has said its last word
        self._waiting: Waiting = ()
        self._waiting_bytes = 0
        self._last_word: tuple[Any, ...] = ()  # for a peer that is yet to come

    # ---- the owner's side ------------------------------------------------------

    def send(self, message: Message) -> None:
        """Give the peer a message; ignored when the connection is over or was closed."""
        peer = self.peer
        if peer is not None and peer.listening and not self._waiting:
            if not self.has_closed:
                peer.on_message(message)
        elif not self.has_closed:
            self._wait(message, len(message))

    def close(self, code: int, reason: str) -> None:
        """Say that no more messages come. `NO_STATUS` stands for a close without a code."""
        if self.has_closed:
            return
        self.has_closed = True
        peer = self.peer
        if peer is not None and peer.listening and not self._waiting:
            self._tell_close(peer, code, reason)
        else:
            self._wait((code, reason), len(reason))

    def lose(self) -> None:
        """The owner has gone without a word."""
        self._leave("on_loss")

    def fail(self, reason: str) -> None:
        """The owner cannot go on, for this reason."""
        self._leave("on_failure", reason)

    def end(self, code: int, reason: str) -> None:
        """The owner has to end, for a reason that the other side may be told with a close."""
        self._leave("on_end", code, reason)

    def _leave(self, *word: Any) -> None:
        peer = self._part()
        if peer is None:
            self._last_word = word
        else:
            peer.left(*word)

    def left(self, word: str, *values: Any) -> None:
        """The peer has left with this word: `on_loss`, `on_failure` or `on_end`."""
        if word != "on_end":  # which may yet say why
            self.has_closed = True
        getattr(self, word)(*values)

    def _part(self) -> "SocketEnd | None":
        """Have nothing to do with the peer any more, which is returned."""
        self.has_closed = True
        peer, self.peer = self.peer, None
        self._waiting = ()
        if peer is not None:
            peer.peer = None
        return peer

    def _wait(self, item: Message | tuple[int, str], size: int) -> None:
        if self._waiting_bytes > MAX_WAITING_BYTES:
            self.on_overflow()
            return
        if isinstance(self._waiting, tuple):
            self._waiting = deque()
        self._waiting.append(item)
        self._waiting_bytes += size

    def on_overflow(self) -> None:
        """More waits than may: the connection is lost on both sides."""
        self.lose()
        self.on_loss()

    def release_waiting(self, limit: int | None = None) -> None:
        """Give the peer what waited for it, up to `limit` messages."""
        while (waiting := self._waiting) and (limit is None or limit > 0):
            peer = self.peer
            if peer is None or not peer.listening:
                return
            item = waiting.popleft()
            if not waiting:
                self._waiting = ()
            if isinstance(item, tuple):
                self._waiting_bytes = 0
                self._tell_close(peer, *item)
                return
            self._waiting_bytes -= len(item)
            peer.on_message(item)
            if limit is not None:
                limit -= 1

    def _tell_close(self, peer: "SocketEnd", code: int, reason: str) -> None:
        peer.on_close(code, reason)
        # Only what has been told counts: a peer's close may wait for us to listen.
        if peer.has_closed and not peer._waiting and peer.peer is self:
            self.peer = peer.peer = None
            peer.on_over()
            self.on_over()

    @property
    def has_waiting(self) -> bool:
        """Whether anything was said that the peer has not been told."""
        return bool(self._waiting)

    @property
    def unsent_bytes(self) -> int:
        """What was sent and has not left the process."""
        return self._waiting_bytes + (0 if self.peer is None else self.peer.backlog)

    # ---- the peer's side -------------------------------------------------------

    @property
    def backlog(self) -> int:
        """The bytes that the peer has sent and that wait to be passed on."""
        return 0

    @abstractmethod
    def on_message(self, message: Message) -> None:
        """The peer sends this."""

    @abstractmethod
    def on_close(self, code: int, reason: str) -> None:
        """The peer will send no more."""

    @abstractmethod
    def on_loss(self) -> None:
        """The peer has gone: the connection is over. What had been closed is told as well."""

    def on_failure(self, reason: str) -> None:
        """The peer failed: like a loss, with a reason."""
        self.on_loss()

    def on_end(self, code: int, reason: str) -> None:
        """The peer was ended: like a loss, with what the other side may be told."""
        self.has_closed = True
        self.on_loss()

    def on_over(self) -> None:  # noqa: B027 - not everybody has to do something
        """Both ends have closed: the connection is over."""

    def hold(self) -> None:  # noqa: B027
        """The peer has enough for now: read no more. It may be ignored."""

    def go_on(self) -> None:  # noqa: B027
        """The peer has room again."""


def join(one: SocketEnd, other: SocketEnd) -> None:
    """Make two ends each other's peer, and deliver what they have sent already."""
    assert one.peer is None and other.peer is None, "an end has one peer"
    for gone, stays in ((one, other), (other, one)):
        if gone._last_word:
            if not stays._last_word:
                stays.left(*gone._last_word)
            return
    one.peer, other.peer = other, one
    one.release_waiting()
    other.release_waiting()
