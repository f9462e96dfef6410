"""Ops behind Durable Object namespaces, stubs and instances.

What they do is decided in objects/; `ObjectsCapability` is what it offers to one
isolate.
"""

from typing import TYPE_CHECKING, Protocol

from holdfast.host.constants import FIRST_VIA, TEXT_HEADERS
from holdfast.host.context import Host
from holdfast.host.ops import deferred_op, op, utf8_op
from holdfast.host.sockets import table_of
from holdfast.host.sockets_end import SocketEnd

if TYPE_CHECKING:
    from holdfast.host.facets import FacetsCapability, FarFacetsCapability
    from holdfast.host.sockets_hibernation import ObjectSockets

Body = str | bytes | int | None


class ObjectsCapability(Protocol):
    """Durable Objects as one isolate may reach them; namespaces go by number."""

    @property
    def facets(self) -> "FacetsCapability":
        """The facets of the objects that live here."""

    @property
    def far_facets(self) -> "FarFacetsCapability":
        """Those of them that live elsewhere."""

    def id_from_name(self, namespace: int, name: str, jurisdiction: str | None) -> str:
        """The id of a name, as 64 hexadecimal digits."""

    def new_id(self, namespace: int, jurisdiction: str | None) -> str:
        """A fresh id."""

    def check_id(self, namespace: int, text: str, jurisdiction: str | None) -> str:
        """The id that `text` means, then a space and its jurisdiction, if any.

        Raises ScriptError (TypeError) where it is none.
        """

    def locate(
        self, namespace: int, object_id: str, name: str | None, location_hint: str | None
    ) -> int:
        """The slot of an object that is to live in this isolate; 0 if it lives elsewhere now.

        If it is another shard's, its address, as a negative number.
        """

    def address(self, namespace: int, object_id: str, name: str | None) -> int:
        """A number from 1 on for an object that is called through the host."""

    def forget_addresses(self) -> None:
        """Those numbers mean nothing any more."""

    def fetch(
        self,
        number: int,
        address: int,
        method: str,
        url: str,
        headers: str,
        body: Body,
        cf: str | None,
    ) -> None:
        """Send a request to an object elsewhere; settles the op with this number."""

    def fetch_service(
        self,
        number: int,
        service: str,
        method: str,
        url: str,
        headers: str,
        body: Body,
        cf: str | None,
    ) -> None:
        """Send a request to another Worker; settles the op with this number."""

    def abandon(self, number: int) -> None:
        """The isolate waits no more for the request that settles the op with this number."""

    def sockets(self, slot: int) -> "ObjectSockets":
        """What outlives the instance in `slot` of its object's sockets."""

    def own_service(self, entrypoint: str) -> int:
        """The number of an entrypoint of the isolate's own script."""

    def identity(self, slot: int) -> tuple[str, str] | None:
        """Class and id of the object in `slot`."""

    def held_up(self, slot: int, hung_sweeps: int) -> None:
        """Perhaps the object in `slot` waits for what can never come; see WaitGraph."""

    def released(self, slot: int, reason: str) -> None:
        """The instance in `slot` is gone: evicted (no reason) or reset."""

    def respond(self, number: int, status: int, status_text: str, headers: str, body: Body) -> None:
        """Answer a call that the host delivered."""

    def upgrade(self, number: int, status_text: str, headers: str, socket: SocketEnd) -> None:
        """Answer a call that the host delivered with a WebSocket."""

    def alarm_ended(
        self, number: int, outcome: str, stored_ms: int | None, description: str, *, counts: bool
    ) -> None:
        """An alarm that the host delivered has run."""


@op
def object_id_from_name(
    host: Host, namespace: int, name: str, jurisdiction: str | None = None
) -> str:
    """The id of the object with this name."""
    return host.objects.id_from_name(namespace, name, jurisdiction)


@op
def object_new_id(host: Host, namespace: int, jurisdiction: str | None = None) -> str:
    """An id that no other object has."""
    return host.objects.new_id(namespace, jurisdiction)


@op
def object_check_id(host: Host, namespace: int, text: str, jurisdiction: str | None = None) -> str:
    """The id that a string means, checked to be one of the namespace's; its jurisdiction."""
    return host.objects.check_id(namespace, text, jurisdiction)


@op
def object_locate(
    host: Host,
    namespace: int,
    object_id: str,
    name: str | None,
    location_hint: str | None = None,
) -> int:
    """The slot in which this isolate is to host the object; see ObjectsCapability."""
    return host.objects.locate(namespace, object_id, name, location_hint)


@op
def object_class(host: Host, slot: int) -> str:
    """The class of the object in a slot of this isolate."""
    identity = host.objects.identity(slot)
    assert identity is not None, "an object that is taken in has its slot"
    return identity[0]


@op
def object_address(host: Host, namespace: int, object_id: str, name: str | None) -> int:
    """A number from 1 on for an object that is called through the host."""
    return host.objects.address(namespace, object_id, name)


@op
def object_forget_addresses(host: Host) -> None:
    """Those numbers mean nothing any more."""
    host.objects.forget_addresses()


@deferred_op
def object_fetch(
    host: Host,
    number: int,
    address: int,
    url: str,
    method: str = "GET",
    headers: str = FIRST_VIA,
    body: Body = None,
    cf: str | None = "null",
) -> None:
    """Send a request to an object elsewhere; status, status text, headers and body.

    `cf` is JSON, or None where the request came in from a client. What is left out costs nothing.
    """
    host.objects.fetch(number, address, method, url, headers, body, cf)


@deferred_op
def service_fetch(
    host: Host,
    number: int,
    service: str,
    url: str,
    method: str = "GET",
    headers: str = FIRST_VIA,
    body: Body = None,
    cf: str | None = "null",
) -> None:
    """Send a request to another Worker; as object_fetch."""
    host.objects.fetch_service(number, service, method, url, headers, body, cf)


@op
def call_abandon(host: Host, number: int) -> None:
    """Nobody waits any more for the answer to a request; whoever answers it is told."""
    host.objects.abandon(number)


@op
def service_own(host: Host, entrypoint: str) -> int:
    """The number of an entrypoint of the script's own, "" being the default one."""
    return host.objects.own_service(entrypoint)


@op
def token_address(host: Host, token: str) -> str:
    """What every isolate knows by the same words that has this token here; token_at() takes it.

    The token is one of a service, an object or a class (host/rpc.py).
    """
    return host.rpc.address_of(token)


@op
def token_at(host: Host, address: str) -> str:
    """The token of what has this address."""
    return host.rpc.token_at(address)


@op
def object_held_up(host: Host, slot: int, hung_sweeps: int) -> None:
    """A critical section has been holding back events for a while, or all is quiet (sweeps)."""
    host.objects.held_up(slot, hung_sweeps)


@op
def object_released(host: Host, slot: int, reason: str) -> None:
    """An instance is gone; a reset gives its reason, an eviction none."""
    host.objects.released(slot, reason)


@utf8_op
def object_respond(
    host: Host,
    number: int,
    body: Body,
    headers: str | bytes = TEXT_HEADERS,
    status: int = 200,
    status_text: str | bytes = "",
) -> None:
    """Answer a call that the host delivered to an instance; as event_respond."""
    # What is left out, or interned, is a string all the same.
    if isinstance(headers, bytes):
        headers = headers.decode()
    if isinstance(status_text, bytes):
        status_text = status_text.decode()
    host.objects.respond(number, status, status_text, headers, body)


@op
def object_upgrade(host: Host, number: int, status_text: str, headers: str, socket: int) -> None:
    """Answer a call that the host delivered to an instance with status 101 and this WebSocket."""
    host.objects.upgrade(number, status_text, headers, table_of(host).passed_on(socket))
