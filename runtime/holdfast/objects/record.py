"""What the host knows of one live object."""

from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING

from holdfast.catalog.namespace import Namespace
from holdfast.dataclass import dataclass
from holdfast.engine import ScriptError
from holdfast.storage import Facets, ObjectStore

if TYPE_CHECKING:
    from holdfast.objects.home import ObjectHome

RESET = "durableObjectReset"  # what an error has set that tells of an object's end


@dataclass(slots=True, eq=False)
class ObjectRecord:
    """An object that is live in this shard, or a facet of one: where it lives, and its storage.

    The storage is its own until it leaves.
    """

    slot: int
    namespace: Namespace
    id: str
    name: str | None
    home: "ObjectHome"
    store: ObjectStore = field(init=False)
    waits: set[str] | None = None  # what a circle of calls was last seen to be; see wait_graph.py
    location_hint: str | None = None  # what its first caller asked for; there is one place
    facet: int = 0  # the number of a facet within its object
    root: "ObjectRecord | None" = None  # the object that a facet belongs to
    facets: Facets | None = None  # of an object that has used some
    far: "list[ObjectRecord] | None" = None  # facets of it that live in other isolates
    on_gone: Callable[[str], None] | None = None  # told why such a facet has ended

    @property
    def about(self) -> dict[str, str]:
        """What the log notes of the object beside a message."""
        return {"script": self.namespace.script, "object": self.id}

    def breaks(self, error: BaseException) -> None:
        """The object loses its storage, perhaps in the middle of a turn of its own."""
        if isinstance(error, ScriptError):
            self.home.breaks(self.slot, error.message, ",".join(error.properties))
        else:
            self.home.breaks(self.slot, str(error), RESET)
