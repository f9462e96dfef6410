"""Capabilities in messages that cross a link.

A function or an object that an isolate lets others call stays where it is: a number crosses,
and whoever gets it calls back over the same link, with which it ends.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from holdfast.catalog.namespace import Namespace
from holdfast.host.byte_streams import CONNECTION_LOST
from holdfast.host.rpc import Message, Sent
from holdfast.objects.calls import Caller
from holdfast.objects.placement import ObjectAddress
from holdfast.objects.rpc import Callee, SentBody
from holdfast.objects.services import ServiceTarget

if TYPE_CHECKING:
    from holdfast.server.shards.link import Link

REMEMBERED_ADDRESSES = 4096

Crossing = tuple[bytes, tuple[tuple[Any, ...], ...]] | None


class LinkedExport(Callee):
    """What somebody in another shard lets others call."""

    __slots__ = ("link", "number")

    def __init__(self, link: "Link", number: int) -> None:
        super().__init__()
        self.link = link
        self.number = number

    def call(self, caller: Caller, number: int, route: str, message: Message | None) -> None:
        """See Callee."""
        if self.link.is_lost:
            raise ConnectionError(CONNECTION_LOST)
        self.link.call_target(caller, number, ("mine", self.number), route, message)

    def released(self) -> None:
        """See Callee."""
        self.link.say("release", self.number)


class Exports:
    """Packs messages for one link and unpacks what comes over it."""

    def __init__(self, link: "Link") -> None:
        self._link = link
        self._held: dict[int, Callee] = {}  # by others over this link
        self._last = 0
        self.handlers: dict[str, Callable[..., None]] = {"release": self._release}

    def packed(self, message: Message | None) -> Crossing:
        """What crosses for a message, which is taken over."""
        if message is None:
            return None
        return message.data, tuple(self._packed(sent) for sent in message.capabilities)

    def _packed(self, sent: Sent) -> tuple[Any, ...]:
        match sent:
            case Callee():
                return self._lent(sent)
            case SentBody(stream):
                return "body", self._link.bodies.sent(stream)
            case ServiceTarget(script, entrypoint, props):
                return "service", script, entrypoint, props
            case ObjectAddress():
                return "object", packed_address(sent)
        raise AssertionError(f"a capability of no known kind: {sent!r}")

    def _lent(self, callee: Callee) -> tuple[str, int]:
        link = self._link
        if isinstance(callee, LinkedExport) and callee.link is link:
            link.loop.call_soon(callee.drop)  # behind the message
            return "mine", callee.number
        self._last = number = self._last + 1
        if link.is_lost:
            link.loop.call_soon(callee.drop)
        else:
            self._held[number] = callee
        return "theirs", number

    def unpacked(self, crossing: Crossing) -> Message | None:
        """The message that has crossed."""
        if crossing is None:
            return None
        data, sent = crossing
        return Message(data, tuple(self._unpacked(*parts) for parts in sent))

    def _unpacked(self, kind: str, *parts: Any) -> Sent:
        match kind:
            case "theirs":
                return LinkedExport(self._link, *parts)
            case "mine":
                return self.held(*parts).acquire()
            case "body":
                return SentBody(self._link.bodies.received(*parts))
            case "service":
                return ServiceTarget(*parts)
            case "object":
                return unpacked_address(*parts[0])
        raise AssertionError(f"a capability of no known kind: {kind!r}")

    def held(self, number: int) -> Callee:
        """What others hold under this number."""
        return self._held[number]

    def _release(self, number: int) -> None:
        self._held.pop(number).drop()

    def lose(self) -> None:
        """The link is lost: nobody holds anything over it any more."""
        held, self._held = self._held, {}
        for callee in held.values():
            self._link.loop.call_soon(callee.drop)


@lru_cache(maxsize=REMEMBERED_ADDRESSES)
def packed_address(address: ObjectAddress) -> tuple[Any, ...]:
    """What crosses for an object."""
    n = address.namespace
    fields = (n.id, n.name, n.script, n.class_name, n.unique_key, n.use_sqlite)
    return address.id, address.name, *fields


@lru_cache(maxsize=REMEMBERED_ADDRESSES)
def unpacked_address(object_id: str, name: str | None, *namespace: Any) -> ObjectAddress:
    """The object that was meant."""
    return ObjectAddress(_namespace(*namespace), object_id, name)


_namespace = lru_cache(maxsize=1024)(Namespace)
