"""Classes that an upload declares by `exports`, in the place of migrations. Pure.

Each name stands for what is to be of a class: that it is there, that it is not any more, or that
it goes on under another name. What is so already stays as it is, so that the same declaration
may be uploaded again and again.

https://developers.cloudflare.com/workers/wrangler/configuration/
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.catalog.errors import rejected
from holdfast.catalog.migrations import Renamed, Step

_LIVE = "created"
_STATES = (_LIVE, "deleted", "renamed")
_STORAGES = ("sqlite", "legacy-kv")


@dataclass(frozen=True, slots=True)
class Declared:
    """What an upload says of one of its classes. `renamed_to` is of the state "renamed"."""

    state: str
    use_sqlite: bool
    renamed_to: str


def parse_declared(value: object, place: str) -> Mapping[str, Declared]:
    """The classes in `exports`, by name. Raises UploadRejected; `place` names the field."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise rejected(f"{place} must be an object.")
    known = {name: _declared(one, f"{place}.{name}") for name, one in value.items()}
    classes = {name: one for name, one in known.items() if one is not None}
    for name, one in classes.items():
        target = classes.get(one.renamed_to)
        if one.state == "renamed" and (target is None or target.state != _LIVE):
            raise rejected(f"{place}.{name} is renamed to {one.renamed_to!r}, which is not there.")
    return classes


def step_to(declared: Mapping[str, Declared], known: Collection[str]) -> Step:
    """What makes of a script's `known` classes those that are declared."""
    renamed = [
        Renamed(name, one.renamed_to)
        for name, one in declared.items()
        if one.state == "renamed" and name in known
    ]
    targets = {one.target for one in renamed}
    new = {
        name: one.use_sqlite
        for name, one in declared.items()
        if one.state == _LIVE and name not in known and name not in targets
    }
    return Step(
        new_classes=tuple(name for name, with_sql in new.items() if not with_sql),
        new_sqlite_classes=tuple(name for name, with_sql in new.items() if with_sql),
        renamed=tuple(renamed),
        deleted_classes=tuple(
            name for name, one in declared.items() if one.state == "deleted" and name in known
        ),
    )


def _declared(value: Any, place: str) -> Declared | None:
    """None for what is no class of Durable Objects."""
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise rejected(f'{place} must be an object with a "type".')
    if value["type"] != "durable-object":
        return None
    state, storage = value.get("state", _LIVE), value.get("storage", "sqlite")
    if state not in _STATES:
        raise rejected(f"{place}.state must be one of {', '.join(_STATES)}, not {state!r}.")
    if storage not in _STORAGES:
        raise rejected(f"{place}.storage must be one of {', '.join(_STORAGES)}, not {storage!r}.")
    renamed_to = value.get("renamed_to", "")
    if not isinstance(renamed_to, str) or (state == "renamed") != bool(renamed_to):
        raise rejected(f'{place}.renamed_to must name a class where the state is "renamed".')
    return Declared(state, storage == "sqlite", renamed_to)
