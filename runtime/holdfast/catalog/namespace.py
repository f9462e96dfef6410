"""`Namespace`: the objects of one class, under ids of their own."""

import uuid
from typing import NamedTuple

from holdfast.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Namespace:
    """A Durable Object namespace.

    `id` is 32 hex digits. `unique_key` is what object ids are derived from and
    what the folder of the objects' databases is called; it never changes.
    `use_sqlite` says that the class may use the SQL interface.
    """

    id: str
    name: str
    script: str
    class_name: str
    unique_key: str
    use_sqlite: bool = False

    @classmethod
    def new(
        cls, script: str, class_name: str, *, name: str | None = None, use_sqlite: bool = False
    ) -> "Namespace":
        """A namespace with a fresh id, which is its unique key too.

        Without a `name` it is called as Cloudflare calls the namespace of a class
        that was bound by its name: script, underscore, class.
        """
        namespace_id = uuid.uuid4().hex
        return cls(
            id=namespace_id,
            name=f"{script}_{class_name}" if name is None else name,
            script=script,
            class_name=class_name,
            unique_key=namespace_id,
            use_sqlite=use_sqlite,
        )


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One object of a namespace, as listings show it; `id` is 64 hex digits."""

    id: str
    has_stored_data: bool


class Trigger(NamedTuple):
    """What is due at times: a script's `scheduled` handler, or a new instance of its `workflow`."""

    script: str
    cron: str
    workflow: Namespace | None = None
