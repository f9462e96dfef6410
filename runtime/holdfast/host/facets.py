"""Ops on the facets of the objects that live in this isolate."""

from typing import TYPE_CHECKING, Protocol

from holdfast.engine import ScriptError
from holdfast.host.constants import FIRST_VIA
from holdfast.host.context import Host
from holdfast.host.ops import async_op, deferred_op, op
from holdfast.host.rpc import Message
from holdfast.host.storage import attempt
from holdfast.storage import StorageError

if TYPE_CHECKING:
    from holdfast.host.objects import Body


class FacetsCapability(Protocol):
    """The facets of instances, by slot. Raises StorageError and ScriptError."""

    def open(self, slot: int, name: str) -> str:
        """The slot of a facet, which is live from now on and must not be so already; and its id.

        With a space between them.
        """

    def erase(self, slot: int, name: str | None) -> bool:
        """Remove what a facet holds, or all facets do; none of them is live.

        True if that is not durable yet.
        """

    def clone(self, slot: int, source: str, target: str) -> bool:
        """Have a facet, which is not live, hold what another does; true as above."""

    async def settled(self, slot: int) -> None:
        """Return once what was erased and cloned is durable."""


class FarFacetsCapability(Protocol):
    """The facets of instances that live in other isolates. Raises nothing."""

    def open(self, number: int, slot: int, name: str, token: str, told: str, depth: int) -> None:
        """Bring one up; settles the op with its slot."""

    def close(self, slot: int, reason: str) -> None:
        """End one, which was idle where there is no reason."""

    def is_busy(self, slot: int) -> bool:
        """Whether something was under way, at the last sweep, that its end would cut off."""

    def fetch(
        self,
        number: int,
        slot: int,
        method: str,
        url: str,
        headers: str,
        body: "Body",
        cf: str | None,
    ) -> None:
        """Send one a request; settles the op with this number."""

    def call(self, number: int, slot: int, route: str, message: Message | None) -> None:
        """Call one by RPC; settles the op with this number."""


@deferred_op
def facet_open_far(
    host: Host, number: int, slot: int, name: str, token: str, told: str, depth: int
) -> None:
    """The slot of a facet, so deep, of the object in `slot`, whose class is another isolate's.

    `token` is that of the class (host/rpc.py), or a target of host/loaders.py behind a `w`; `told`
    the id that the facet is to see, in JSON.
    """
    host.objects.far_facets.open(number, slot, name, token, told, depth)


@op
def facet_close(host: Host, slot: int, reason: str) -> None:
    """End a facet that lives in another isolate; without a reason, one that was idle."""
    host.objects.far_facets.close(slot, reason)


@op
def facet_is_busy(host: Host, slot: int) -> bool:
    """Whether something was lately under way that the end of such a facet would cut off."""
    return host.objects.far_facets.is_busy(slot)


@deferred_op
def facet_fetch(
    host: Host,
    number: int,
    slot: int,
    url: str,
    method: str = "GET",
    headers: str = FIRST_VIA,
    body: "Body" = None,
    cf: str | None = "null",
) -> None:
    """Send a request to such a facet; as object_fetch."""
    host.objects.far_facets.fetch(number, slot, method, url, headers, body, cf)


def _facets_of(host: Host, slot: int) -> FacetsCapability:
    """What reaches the facets of an object, which has lost them if it has lost its storage."""
    attempt(host.stores[slot].check)
    return host.objects.facets


@op
def facet_open(host: Host, slot: int, name: str) -> str:
    """The slot in which a facet of the object is to live, a space, and what the host calls it."""
    return attempt(_facets_of(host, slot).open, slot, name)


@op
def facet_erase(host: Host, slot: int, name: str | None = None) -> bool:
    """Remove what a facet has stored, or what all facets have; is there something to wait for."""
    return attempt(_facets_of(host, slot).erase, slot, name)


@op
def facet_clone(host: Host, slot: int, source: str, target: str) -> bool:
    """Have a facet hold what another one of the object does; is there something to wait for."""
    return attempt(_facets_of(host, slot).clone, slot, source, target)


@async_op
async def facet_settled(host: Host, slot: int) -> None:
    """What was erased and cloned is durable."""
    try:
        await host.objects.facets.settled(slot)
    except StorageError as error:
        raise ScriptError("Error", str(error)) from error
