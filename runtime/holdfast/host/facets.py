"""Ops on the facets of the objects that live in this isolate."""

from typing import Protocol

from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.host.ops import async_op, op
from holdfast.host.storage import attempt
from holdfast.storage import StorageError


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


@op
def facet_open(host: Host, slot: int, name: str) -> str:
    """The slot in which a facet of the object is to live, a space, and what the host calls it."""
    return attempt(host.objects.facets.open, slot, name)


@op
def facet_erase(host: Host, slot: int, name: str | None = None) -> bool:
    """Remove what a facet has stored, or what all facets have; is there something to wait for."""
    return attempt(host.objects.facets.erase, slot, name)


@op
def facet_clone(host: Host, slot: int, source: str, target: str) -> bool:
    """Have a facet hold what another one of the object does; is there something to wait for."""
    return attempt(host.objects.facets.clone, slot, source, target)


@async_op
async def facet_settled(host: Host, slot: int) -> None:
    """What was erased and cloned is durable."""
    try:
        await host.objects.facets.settled(slot)
    except StorageError as error:
        raise ScriptError("Error", str(error)) from error
