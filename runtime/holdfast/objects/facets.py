"""The facets of live objects: objects inside of objects, which live where those do.

A facet is a record like any other, in a slot of its own, with a store of its own. Nobody finds
it but the object that it is in: its id is that one's and its own number (`<id>.3`).
"""

from holdfast.engine import ScriptError
from holdfast.objects.directory import ObjectDirectory
from holdfast.objects.record import ObjectRecord
from holdfast.storage import Facets


class LiveFacets:
    """What the instances of this shard do with their facets (host.facets.FacetsCapability)."""

    def __init__(self, directory: ObjectDirectory) -> None:
        self._directory = directory

    def open(self, slot: int, name: str) -> str:
        """See FacetsCapability."""
        record = self._directory.bring_up_facet(self._record(slot), name)
        return f"{record.slot} {record.id}"

    def erase(self, slot: int, name: str | None) -> bool:
        """See FacetsCapability."""
        record = self._record(slot)
        facets = self._of(record)
        facets.erase(record.facet, name)
        return facets.is_settling

    def clone(self, slot: int, source: str, target: str) -> bool:
        """See FacetsCapability."""
        record = self._record(slot)
        facets = self._of(record)
        facets.clone(record.facet, source, target)
        return facets.is_settling

    async def settled(self, slot: int) -> None:
        """See FacetsCapability."""
        await self._of(self._record(slot)).settled()

    def _record(self, slot: int) -> ObjectRecord:
        record = self._directory.in_slot(slot)
        if record is None:
            raise ScriptError(
                "Error",
                "This Durable Object instance is no longer active: it has no facets.",
                durableObjectReset=True,
            )
        return record

    def _of(self, record: ObjectRecord) -> Facets:
        return self._directory.facets_of(record)
