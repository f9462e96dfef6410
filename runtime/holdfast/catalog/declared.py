"""Classes that an upload declares by `exports`, in the place of migrations. Pure.

Each name stands for what is to be of a class: that it is there, that it is not any more, or that
it goes on under another name, or in another script, which expects it. What is so already stays as
it is, so that the same declaration may be uploaded again and again.

https://developers.cloudflare.com/workers/wrangler/configuration/
"""

from collections.abc import Mapping
from typing import Any

from holdfast.catalog.errors import rejected
from holdfast.catalog.migrations import Given, Renamed, Step
from holdfast.catalog.namespace import Namespace
from holdfast.dataclass import dataclass

_LIVE = "created"
_GIVEN = "transferred"
EXPECTED = "expecting-transfer"
_NAMED_BY = {"renamed": "renamed_to", _GIVEN: "transferred_to", EXPECTED: "transfer_from"}
_STATES = (_LIVE, "deleted", *_NAMED_BY)
_STORAGES = ("sqlite", "legacy-kv")


@dataclass(frozen=True, slots=True)
class Declared:
    """What an upload says of one of its classes.

    `other` is the class or the script that the state is about, where it is about one.
    """

    state: str
    use_sqlite: bool
    other: str

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is another script's, until that gives it, or since it was given."""
        return self.state in (_GIVEN, EXPECTED)


def parse_declared(value: object, place: str) -> Mapping[str, Declared]:
    """The classes in `exports`, by name. Raises UploadRejected; `place` names the field."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise rejected(f"{place} must be an object.")
    known = {name: _declared(one, f"{place}.{name}") for name, one in value.items()}
    classes = {name: one for name, one in known.items() if one is not None}
    for name, one in classes.items():
        target = classes.get(one.other)
        if one.state == "renamed" and (target is None or target.state != _LIVE):
            raise rejected(f"{place}.{name} is renamed to {one.other!r}, which is not there.")
    return classes


def step_to(declared: Mapping[str, Declared], known: Mapping[str, Namespace]) -> Step:
    """What makes of a script's `known` classes those that are declared."""
    renamed = [
        Renamed(name, one.other)
        for name, one in declared.items()
        if one.state == "renamed" and name in known
    ]
    targets = {one.target for one in renamed}
    new = {
        name: one.use_sqlite
        for name, one in declared.items()
        if one.state == _LIVE and name not in targets and not _is_so(one, known.get(name))
    }
    return Step(
        new_classes=tuple(name for name, with_sql in new.items() if not with_sql),
        new_sqlite_classes=tuple(name for name, with_sql in new.items() if with_sql),
        renamed=tuple(renamed),
        given=tuple(
            Given(name, one.other)
            for name, one in declared.items()
            if one.state == _GIVEN and name in known
        ),
        deleted_classes=tuple(
            name for name, one in declared.items() if one.state == "deleted" and name in known
        ),
    )


def _is_so(declared: Declared, namespace: Namespace | None) -> bool:
    return namespace is not None and namespace.use_sqlite == declared.use_sqlite


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
    for named_by in _NAMED_BY.values():
        other = value.get(named_by)
        if other is not None and named_by != _NAMED_BY.get(state):
            raise rejected(f"{place}.{named_by} is not for the state {state!r}.")
    named_by = _NAMED_BY.get(state, "")
    other = value.get(named_by, "")
    if not isinstance(other, str) or bool(named_by) != bool(other):
        raise rejected(f"{place}.{named_by} must name what the state {state!r} is about.")
    return Declared(state, storage == "sqlite", other)
