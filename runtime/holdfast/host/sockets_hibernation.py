"""Sockets that a Durable Object has accepted for hibernation, and the ops on them.

They belong to the object, not to its instance: they stay while the object is evicted, and
what arrives for one brings the object up again. Everything about them that has to outlive an
instance is kept here: tags, attachment, automatic response.

https://developers.cloudflare.com/durable-objects/best-practices/websockets/
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from holdfast.engine import ScriptError
from holdfast.host.ops import op
from holdfast.host.sockets import IsolateEnd, SocketTable, table_of
from holdfast.host.sockets_end import Message

if TYPE_CHECKING:
    from holdfast.host.context import Host

MAX_SOCKETS = 32_768  # of one object
NO_CLOSE_FRAME = "WebSocket disconnected without sending Close frame."

_CLOSED_OUTGOING, _CLOSED_INCOMING = 1, 2


class ObjectSockets:
    """The sockets of one object, asleep or not, and what it has set for them."""

    def __init__(
        self, find_slot: Callable[[], int | None], live_slot: Callable[[], int | None]
    ) -> None:
        """`find_slot` gives the slot of the object's instance, which it makes if need be.

        None where that is not possible; `live_slot` gives None where there is no instance.
        """
        self.find_slot = find_slot
        self.live_slot = live_slot
        self.ends: dict[int, ObjectEnd] = {}
        self.automatic: tuple[str, str] | None = None  # request and response
        self.timeout_ms: int | None = None

    def numbers(self, tag: str | None) -> list[int]:
        """The sockets with this tag, or all of them, in workerd's order."""
        if tag is None:
            return [*reversed(self.ends)]
        return [number for number, end in self.ends.items() if tag in end.tags]

    def end(self, code: int, reason: str) -> None:
        """The object goes on elsewhere: its sockets are closed."""
        for end in [*self.ends.values()]:
            end.forget()
            end.end(code, reason)

    def lose(self) -> None:
        """The object was reset: its sockets break off."""
        for end in [*self.ends.values()]:
            end.forget()
            end.lose()


class ObjectEnd(IsolateEnd):
    """An end that an object keeps while it sleeps."""

    listening = True

    def __init__(
        self, table: SocketTable, number: int, owner: ObjectSockets, tags: list[str]
    ) -> None:
        super().__init__(table, number)
        self.slot = -1  # of whatever instance there is
        self.tags = tags
        self.attachment: bytes | None = None
        self.answered_at: float | None = None  # when the automatic response was last sent
        self.closed_incoming = False
        self.closed_outgoing = False
        self._owner = owner
        self._was_told = False  # the object has seen the last event
        self._is_over = False

    def close(self, code: int, reason: str) -> None:
        """See SocketEnd."""
        self.closed_outgoing = True
        super().close(code, reason)

    def overhear(self, table: SocketTable, message: Message) -> int | str | None:
        """See IsolateEnd."""
        automatic = self._owner.automatic
        if table is not self._table:
            return None
        if automatic is None or message != automatic[0]:
            return None if self.live_slot is None else -self.number
        if self.has_closed or self._later or self.has_waiting or not self._is_heard:
            return None
        self.answered_at = table.host.clock.now_ms()
        return automatic[1]

    @property
    def _is_heard(self) -> bool:
        return self.peer is not None and self.peer.listening

    def on_message(self, message: Message) -> None:
        """See SocketEnd."""
        automatic = self._owner.automatic
        if automatic is not None and message == automatic[0]:
            self.answered_at = self._table.host.clock.now_ms()
            self.send(automatic[1])
            return
        host = self._table.host
        if host.is_running:
            host.loop.call_soon(self.on_message, message)
        elif (slot := self._slot()) is not None and host.enter(
            self._table.object_message, slot, self.number, message
        ):
            self.has_held(message)

    @property
    def live_slot(self) -> int | None:
        """The slot of the object, while it is up."""
        return self._owner.live_slot()

    def on_close(self, code: int, reason: str) -> None:
        """See SocketEnd."""
        self.closed_incoming = True
        self._deliver("close", code, reason, True)

    def on_failure(self, reason: str) -> None:
        """See SocketEnd. What had been closed already is not told again."""
        self._is_over = True
        if self.closed_incoming:
            self.forget()
            return
        self.closed_incoming = True
        if reason:
            self._deliver("error", reason)
        else:
            self._deliver("close", 1006, NO_CLOSE_FRAME, False)

    def on_over(self) -> None:
        """See SocketEnd."""
        self._is_over = True
        if self._was_told:
            self.forget()

    def told(self) -> None:
        """The object has seen that the other side has closed."""
        self._was_told = True
        if self._is_over:
            self.forget()

    def forget(self) -> None:
        """See IsolateEnd."""
        super().forget()
        self._owner.ends.pop(self.number, None)

    def _deliver(self, kind: str, *what: Message | int) -> None:
        """Give the object an event that is no message."""
        host = self._table.host
        if host.is_running:
            host.loop.call_soon(self._deliver, kind, *what)
        elif (slot := self._slot()) is not None:
            host.enter(self._table.object_event, slot, self.number, kind, *what)

    def _slot(self) -> int | None:
        """The slot of the object, which is up now; None, and all over, where it cannot be."""
        slot = self._owner.find_slot()
        if slot is None:
            self.forget()
            self.lose()
        return slot


def _end(host: "Host", number: int) -> ObjectEnd | None:
    end = table_of(host).ends.get(number)
    return end if isinstance(end, ObjectEnd) else None


@op
def hibernation_accept(host: "Host", slot: int, tags: str) -> int:
    """Make an end for the object in this slot, with a JSON array of tags; its number."""
    owner = host.objects.sockets(slot)
    if len(owner.ends) >= MAX_SOCKETS:
        raise ScriptError(
            "Error",
            f"only {MAX_SOCKETS} websockets can be accepted on a single Durable Object instance",
        )
    table = table_of(host)
    end = ObjectEnd(table, table.next_number, owner, json.loads(tags))
    table.add(end)
    owner.ends[end.number] = end
    return end.number


@op
def hibernation_slot(host: "Host", number: int) -> int | None:
    """The slot of the instance whose object has accepted a socket; None while it sleeps."""
    end = _end(host, number)
    return None if end is None else end.live_slot


@op
def hibernation_numbers(host: "Host", slot: int, tag: str | None) -> str:
    """The object's sockets with this tag, or all, as a JSON array of numbers."""
    return json.dumps(host.objects.sockets(slot).numbers(tag))


@op
def hibernation_state(host: "Host", number: int) -> str | None:
    """Of a socket: 1 if it has closed, plus 2 if the other side has; then its tags, as JSON."""
    end = _end(host, number)
    if end is None:
        return None
    closed = _CLOSED_OUTGOING * end.closed_outgoing + _CLOSED_INCOMING * end.closed_incoming
    return json.dumps([closed, *end.tags])


@op
def hibernation_told(host: "Host", number: int) -> None:
    """The object has seen that the other side of a socket has closed."""
    end = _end(host, number)
    if end is not None:
        end.told()


@op
def hibernation_set_automatic(
    host: "Host", slot: int, request: str | None, response: str | None
) -> None:
    """Answer `request` with `response` from now on, without waking the object; None: no more."""
    automatic = None if request is None or response is None else (request, response)
    host.objects.sockets(slot).automatic = automatic


@op
def hibernation_automatic(host: "Host", slot: int) -> str | None:
    """Request and response that were set, as a JSON array."""
    automatic = host.objects.sockets(slot).automatic
    return None if automatic is None else json.dumps(automatic)


@op
def hibernation_answered_at(host: "Host", number: int) -> float | None:
    """When the automatic response was last sent to this socket, in milliseconds."""
    end = _end(host, number)
    return None if end is None else end.answered_at


@op
def hibernation_set_timeout(host: "Host", slot: int, ms: int | None) -> None:
    """Let events of sockets take so long; None for no limit."""
    host.objects.sockets(slot).timeout_ms = ms


@op
def hibernation_timeout(host: "Host", slot: int) -> int | None:
    """The limit that was set."""
    return host.objects.sockets(slot).timeout_ms


@op
def hibernation_attach(host: "Host", number: int, attachment: bytes) -> None:
    """Keep a value with a socket."""
    end = _end(host, number)
    if end is not None:
        end.attachment = attachment


@op
def hibernation_attachment(host: "Host", number: int) -> bytes | None:
    """The value that is kept with a socket."""
    end = _end(host, number)
    return None if end is None else end.attachment
