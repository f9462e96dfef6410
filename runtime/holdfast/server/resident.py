"""`Resident`: a version of a script that is loaded."""

from typing import Protocol

from holdfast.dataclass import dataclass
from holdfast.objects import IsolateObjects, ObjectHome
from holdfast.workers import Worker


class Console(Protocol):
    """Who shows what scripts print."""

    def __call__(self, script: str, level: str, text: str) -> None:
        """Show a line of a script's console; `level` is a console method's name."""


@dataclass(frozen=True, slots=True, eq=False)
class Resident:
    """A script that is loaded: its Worker and the objects that live with it."""

    worker: Worker
    home: ObjectHome
    objects: IsolateObjects
