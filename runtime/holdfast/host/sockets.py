"""Ops behind WebSockets: the ends of connections that scripts hold, by number.

A script's end is made when it leaves its isolate, by `socket_open`, or arrives with a
response. It takes messages from `socket_accept` on; until then they wait.

What an isolate says to another one is delivered by the loop, because an op must not enter
an isolate. What it says to itself is a turn that it queues as it speaks, so that a message
arrives before the answer to the call that has sent it.
"""

import functools
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from holdfast.engine import ScriptError
from holdfast.host.byte_streams import CONNECTION_LOST
from holdfast.host.ops import op
from holdfast.host.sockets_end import MAX_WAITING_BYTES, Message, SocketEnd, join

if TYPE_CHECKING:
    from holdfast.engine import Handle
    from holdfast.host.context import Host

# What input gates hold back of one socket, and of all of an isolate, before the other side has to
# wait.
MAX_HELD_BYTES = 1_048_576
MAX_HELD_TOGETHER = 16_777_216


class IsolateEnd(SocketEnd):
    """An end that a script holds."""

    enters_isolate = True

    def __init__(self, table: "SocketTable", number: int) -> None:
        super().__init__()
        self.number = number
        self.slot = 0  # of the object that has accepted it
        self._table = table
        self._later: list[Callable[[], None]] = []
        self._held: list[int] = []  # the sizes of messages that wait in the isolate
        self._held_bytes = 0
        self._is_taken = False  # the message that was held back, before that was told
        self._peer_waits = False  # until less is held back
        self._counted = False  # among what keeps the isolate from being idle

    # ---- what the script does: all of it comes from ops ---------------------------

    def speak(self, message: Message) -> int | str | None:
        """Send a message: `do(send, message)`, without the detours where nothing is in its way.

        Where the other end is in this isolate, too, the script has to see to it: see `overhear`.
        """
        peer = self.peer
        if self.has_closed:
            return None
        if peer is None or not peer.listening or self._waiting or self._later:
            self.do(self.send, message)
        elif not isinstance(peer, IsolateEnd):
            peer.on_message(message)
        elif (heard := peer.overhear(self._table, message)) is not None:
            return heard
        else:
            self.do(self.send, message)
        return None

    def overhear(self, table: "SocketTable", _message: Message) -> int | str | None:
        """What the script does with a message for this end, which it has sent by one of `table`.

        It gives it to the end of this number (with a minus: of a live object's socket for
        hibernation), or to who sent it this answer. None where it is not the same script.
        """
        return self.number if table is self._table else None

    def do(self, action: Callable[..., None], *arguments: Any) -> None:
        """Act as the script wants, at once or as soon as the peer may be told."""
        peer = self.peer
        if self._later or (peer is not None and peer.enters_isolate):
            if not self._later:
                self._table.host.loop.call_soon(self._do_later)
            self._later.append(functools.partial(action, *arguments))
        else:
            action(*arguments)

    def _do_later(self) -> None:
        later, self._later = self._later, []
        for action in later:
            action()

    def accept(self, slot: int) -> None:
        """Begin to listen, on the account of the object in this slot (0: of none)."""
        self.slot = slot
        self._counted = True
        self._table.host.pending += 1
        if self.peer is not None and not self.peer.has_waiting:
            self.listening = True
        else:
            self._table.host.loop.call_soon(self._listen)

    def _listen(self) -> None:
        self.listening = True
        if self.peer is not None:
            self.peer.release_waiting()

    def taken(self) -> None:
        """The input gate has let a message in that it held back."""
        if not self._held:  # within the call that has brought it, which `has_held` follows
            self._is_taken = True
            return
        size = self._held.pop(0)
        self._held_bytes -= size
        self._table.held_bytes -= size
        # Where nothing of it is held back, nobody would let it go on later.
        if self._peer_waits and not (self._held and self._has_too_much):
            self._peer_waits = False
            if self.peer is not None:
                self.peer.go_on()

    @property
    def _has_too_much(self) -> bool:
        return self._held_bytes > MAX_HELD_BYTES or self._table.held_bytes > MAX_HELD_TOGETHER

    def forget(self) -> None:
        """The script holds it no more."""
        if self._counted:
            self._counted = False
            self._table.host.pending -= 1
        if self._table.ends.pop(self.number, None) is not None:
            self._table.held_bytes -= self._held_bytes

    # ---- what the peer does ---------------------------------------------------------

    def on_message(self, message: Message) -> None:
        """See SocketEnd."""
        table = self._table
        if table.host.enter(table.message, self.number, message):
            self.has_held(message)

    def has_held(self, message: Message) -> None:
        """The input gate holds a message back; when it is too much, the peer has to wait."""
        if self._is_taken:
            self._is_taken = False
            return
        self._held.append(len(message))
        self._held_bytes += len(message)
        self._table.held_bytes += len(message)
        if self._held_bytes > MAX_WAITING_BYTES:
            self.on_overflow()
        elif not self._peer_waits and self._has_too_much and self.peer is not None:
            self._peer_waits = True
            self.peer.hold()

    def on_close(self, code: int, reason: str) -> None:
        """See SocketEnd."""
        table = self._table
        table.host.enter_soon(table.closed, self.number, code, reason)

    def on_loss(self) -> None:
        """See SocketEnd."""
        self.on_failure("")

    def on_failure(self, reason: str) -> None:
        """See SocketEnd."""
        self.forget()
        table = self._table
        table.host.enter_soon(table.lost, self.number, reason)

    def on_over(self) -> None:
        """See SocketEnd. The script knows."""
        self.forget()


class SocketTable:
    """The ends of one isolate by number: `host.sockets`."""

    def __init__(self, host: "Host") -> None:
        self.host = host
        self.ends: dict[int, IsolateEnd] = {}
        self.held_bytes = 0  # of messages that wait in the isolate
        self.next_number = 1
        self.message: Handle = host.entry("socketMessage")
        self.closed: Handle = host.entry("socketClosed")
        self.lost: Handle = host.entry("socketLost")
        self.object_message: Handle = host.entry("objectSocketMessage")
        self.object_event: Handle = host.entry("objectSocketEvent")
        host.refusals[self.message] = self._refuse
        host.refusals[self.object_message] = lambda why, _slot, *rest: self._refuse(why, *rest)

    def _refuse(self, _why: str, number: int, _message: Message) -> None:
        """The script has no memory for a message: it is not to miss one and hear the next."""
        end = self.ends.get(number)
        if end is not None:
            end.on_overflow()

    def open(self) -> IsolateEnd:
        """A new end for the script."""
        end = IsolateEnd(self, self.next_number)
        self.add(end)
        return end

    def add(self, end: IsolateEnd) -> None:
        """Keep an end that was made with the next number."""
        assert end.number == self.next_number, "numbers are given once"
        self.ends[end.number] = end
        self.next_number += 1

    def arrived(self, peer: SocketEnd) -> int:
        """Give the script a socket whose other end is `peer`; its number."""
        end = self.open()
        join(end, peer)
        return end.number

    def passed_on(self, number: int) -> SocketEnd:
        """What the receiver of a response is to be joined with.

        That is the end that the script keeps, or else the peer of one that it gives away.
        """
        end = self._known(number)
        peer = end.peer
        if peer is None:
            return end
        end.peer = peer.peer = None
        end.forget()
        return peer

    def joined(self, number: int) -> int:
        """An end for the script whose peer is its own end of this number; its number."""
        return self.arrived(self._known(number))

    def _known(self, number: int) -> IsolateEnd:
        try:
            return self.ends[number]
        except KeyError:
            raise ScriptError("Error", CONNECTION_LOST, retryable=True) from None

    def end_objects(self, code: int, reason: str, slots: Collection[int] | None = None) -> None:
        """The isolate's objects were ended, or those in `slots`, and with them their sockets."""
        ended = [
            end for end in self.ends.values() if (end.slot if slots is None else end.slot in slots)
        ]
        for end in ended:
            end.forget()
            end.end(code, reason)

    def close(self, code: int, reason: str) -> None:
        """The isolate has ended; with code 0 without a word."""
        ends, self.ends = self.ends, {}
        for end in ends.values():
            if code:
                end.end(code, reason)
            else:
                end.lose()


def table_of(host: "Host") -> SocketTable:
    """The isolate's table, made with its first socket."""
    table: SocketTable | None = host.sockets
    if table is None:
        table = host.sockets = SocketTable(host)
    return table


@op
def socket_receives_blobs(host: "Host") -> bool:
    """Whether binary messages are Blobs where a script has not said what it wants."""
    return host.compatibility.binary_messages_are_blobs


@op
def socket_answers_closes(host: "Host") -> bool:
    """Whether sockets answer a close of themselves where a script has not said otherwise."""
    return host.compatibility.sockets_answer_closes


@op
def socket_open(host: "Host") -> int:
    """Make an end for the script, not joined with any other yet; its number."""
    return table_of(host).open().number


@op
def socket_join(host: "Host", number: int) -> int:
    """Make an end for the script whose peer is its end of this number; its number."""
    return table_of(host).joined(number)


@op
def socket_accept(host: "Host", number: int, slot: int) -> bool:
    """Begin to listen, on the account of the object in `slot` (0: of none); False if it is over."""
    end = table_of(host).ends.get(number)
    if end is None:
        return False
    end.accept(slot)
    return True


@op
def socket_send(host: "Host", number: int, message: Message) -> int | str | None:
    """Send a message; ignored once the connection is over. Returns what is left to do.

    That is `IsolateEnd.overhear`'s.
    """
    end = host.sockets.ends.get(number)
    return None if end is None else end.speak(message)


@op
def socket_close(host: "Host", number: int, code: int, reason: str) -> None:
    """Send a close; code 1005 for one without a code."""
    end = table_of(host).ends.get(number)
    if end is not None:
        end.do(end.close, code, reason)


@op
def socket_drop(host: "Host", number: int) -> None:
    """The script has let go of an end: its peer sees the connection break off."""
    end = table_of(host).ends.get(number)
    if end is not None:
        end.forget()
        end.do(end.lose)


@op
def socket_taken(host: "Host", number: int) -> None:
    """The first message of those that were reported as held back has been let in."""
    end = table_of(host).ends.get(number)
    if end is not None:
        end.taken()


@op
def socket_waiting(host: "Host", number: int) -> int:
    """The bytes that were sent and that the network has not taken yet."""
    end = table_of(host).ends.get(number)
    return 0 if end is None else end.unsent_bytes
