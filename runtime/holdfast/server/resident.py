"""`Resident`: a version of a script that is loaded."""

from holdfast.dataclass import dataclass
from holdfast.objects import IsolateObjects, ObjectHome
from holdfast.workers import Worker


@dataclass(frozen=True, slots=True, eq=False)
class Resident:
    """A script that is loaded: its Worker and the objects that live with it."""

    worker: Worker
    home: ObjectHome
    objects: IsolateObjects

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way, and nobody holds anything of it."""
        worker = self.worker
        is_held = worker.host.pending > 0 or self.home.far_facets > 0
        return not worker.is_busy and not worker.unanswered and not is_held
