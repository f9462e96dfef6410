"""Tail Workers: which scripts are told of a script's events.

https://developers.cloudflare.com/workers/wrangler/configuration/#tail-workers
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from holdfast.catalog.errors import rejected

# Beside "service". An environment of Wrangler's is a script of its own here: nothing comes of it.
_OTHERS = ("environment", "namespace")


def parse_tail_consumers(value: object, place: str) -> list[dict[str, str]]:
    """A list of {"service", "environment"?}; null is none. Raises UploadRejected, by `place`."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise rejected(f"{place} must be a list.")
    return [_parse(entry, f"{place}[{index}]") for index, entry in enumerate(value)]


def _parse(entry: object, place: str) -> dict[str, str]:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("service"), str):
        raise rejected(f'{place} must be an object with "service", the name of a Worker.')
    given = {name: entry[name] for name in _OTHERS if entry.get(name)}
    if not entry["service"] or not all(isinstance(text, str) for text in given.values()):
        raise rejected(f'{place}: "service" and {" and ".join(_OTHERS)} must be strings.')
    return {"service": entry["service"], **given}


def names_of(consumers: Sequence[Mapping[str, Any]]) -> list[str]:
    """The scripts among them."""
    return [consumer["service"] for consumer in consumers]


def refuse_missing(
    consumers: Sequence[Mapping[str, Any]], known: Collection[str], place: str
) -> None:
    """Raise UploadRejected for one that is not among the scripts that there are."""
    for name in names_of(consumers):
        if name not in known:
            raise rejected(
                f'{place} names the Worker "{name}", which does not exist: upload it first.'
            )
