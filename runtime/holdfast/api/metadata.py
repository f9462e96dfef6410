"""An upload's `metadata` part: which module is the main one, what it is bound to.

https://developers.cloudflare.com/workers/configuration/multipart-upload-metadata/
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from holdfast.api.requested_assets import RequestedAssets, parse_assets
from holdfast.catalog.binding_entries import parse_bindings
from holdfast.catalog.bindings import RequestedBinding
from holdfast.catalog.code_updates import delay_of
from holdfast.catalog.dates import is_compatibility_date
from holdfast.catalog.declared import Declared, parse_declared
from holdfast.catalog.errors import rejected
from holdfast.catalog.flags import mistake_in
from holdfast.catalog.json_values import is_well_formed
from holdfast.catalog.limits import cpu_ms_of
from holdfast.catalog.migrations import Migrations, Renamed, Step
from holdfast.catalog.tail_consumers import parse_tail_consumers
from holdfast.dataclass import dataclass
from holdfast.host.large_json import loads

# A script that asks for these would not work without them.
_REFUSED_FIELDS = ("containers", "streaming_tail_consumers")
KNOWN_FIELDS = (
    "annotations",
    "assets",
    "main_module",
    "body_part",
    "bindings",
    "code_update_strategy",
    "compatibility_date",
    "compatibility_flags",
    "exports",
    "keep_assets",
    "keep_bindings",
    "limits",
    "migrations",
    "tail_consumers",
)
_SECRET_TYPES = ("secret_text", "secret_key")
MAX_ANNOTATION_LENGTH = 1_000
_MIGRATION = ("old_tag", "new_tag", "steps")
_STEP = (
    "new_classes",
    "new_sqlite_classes",
    "renamed_classes",
    "transferred_classes",
    "deleted_classes",
)


@dataclass(frozen=True, slots=True)
class Metadata:
    """The metadata, checked. Exactly one of `main_module` and `body_part` is given.

    Neither is where there are assets alone. `ignored` names the fields that mean nothing to
    Holdfast.
    """

    main_module: str | None
    body_part: str | None
    bindings: tuple[RequestedBinding, ...]
    compatibility_date: str | None
    compatibility_flags: tuple[str, ...]
    cpu_ms: int | None
    keep_bindings: tuple[str, ...]
    migrations: Migrations | None
    declared: Mapping[str, Declared]
    annotations: Mapping[str, str]
    assets: RequestedAssets
    tail_consumers: Sequence[Mapping[str, str]]
    max_delay_s: float
    ignored: tuple[str, ...]


def parse_metadata(content: bytes) -> Metadata:
    """What the metadata part says. Raises UploadRejected, with the line of a JSON error."""
    fields = parse_object(content, "metadata")
    for name in _REFUSED_FIELDS:
        if fields.get(name):
            raise rejected(f"Holdfast does not support metadata.{name}.")
    main_module, body_part = (
        _optional_text(fields, "main_module"),
        _optional_text(fields, "body_part"),
    )
    assets = parse_assets(fields)
    is_whole = (main_module is None) != (body_part is None)
    if not is_whole and not (main_module is None and assets.are_any):
        raise rejected(
            'metadata must have either "main_module", the file name of an ES module, or '
            '"body_part", the name of the part that holds the script.'
        )
    return Metadata(
        main_module=main_module,
        body_part=body_part,
        bindings=parse_bindings(fields.get("bindings")),
        compatibility_date=_date(fields),
        compatibility_flags=_flags(fields),
        cpu_ms=cpu_ms_of(fields.get("limits"), "metadata.limits"),
        keep_bindings=(
            _SECRET_TYPES
            if fields.get("keep_bindings") is None
            else _texts(fields, "keep_bindings")
        ),
        migrations=_migrations(fields.get("migrations")),
        declared=_declared(fields),
        annotations=parse_annotations(fields.get("annotations"), "metadata.annotations"),
        assets=assets,
        tail_consumers=parse_tail_consumers(
            fields.get("tail_consumers"), "metadata.tail_consumers"
        ),
        max_delay_s=delay_of(fields.get("code_update_strategy"), "metadata.code_update_strategy"),
        ignored=tuple(name for name in fields if name not in KNOWN_FIELDS and fields[name]),
    )


def parse_object(content: bytes, what: str) -> dict[str, Any]:
    """The JSON object in `content`; `what` names it in the error, which tells the line."""
    value = _parsed(content, what)
    if not isinstance(value, dict):
        raise rejected(f"{what} must be a JSON object.")
    return value


def parse_list(content: bytes, what: str) -> list[Any]:
    """The same for a list."""
    value = _parsed(content, what)
    if not isinstance(value, list):
        raise rejected(f"{what} must be a list.")
    return value


def _parsed(content: bytes, what: str) -> Any:
    try:
        return loads(content.decode("utf-8-sig"), refuse=_refuse_constant)
    except json.JSONDecodeError as error:
        raise rejected(
            f"{what} is not valid JSON: line {error.lineno}, column {error.colno}: {error.msg}."
        ) from error
    except RecursionError as error:
        raise rejected(f"{what} is nested too deeply.") from error
    except ValueError as error:
        raise rejected(f"{what} is not valid JSON: {error}.") from error


def parse_annotations(value: object, place: str) -> dict[str, str]:
    """Strings by name; those that are null are left out. Raises UploadRejected."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise rejected(f"{place} must be an object.")
    given = {name: text for name, text in value.items() if text is not None}
    for name, text in given.items():
        if not isinstance(text, str) or not is_well_formed(name + text):
            raise rejected(f"{place}: {name!r} must be a string.")
        if len(text) > MAX_ANNOTATION_LENGTH:
            raise rejected(f"{place}: {name!r} is longer than {MAX_ANNOTATION_LENGTH} characters.")
    return given


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _optional_text(fields: Mapping[str, Any], name: str, path: str = "metadata.") -> str | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value or not is_well_formed(value):
        raise rejected(f"{path}{name} must be a non-empty string.")
    return value


def _texts(fields: Mapping[str, Any], name: str, path: str = "metadata.") -> tuple[str, ...]:
    values = fields.get(name)
    if values is None:
        return ()
    if not isinstance(values, list) or not all(
        isinstance(value, str) and is_well_formed(value) for value in values
    ):
        raise rejected(f"{path}{name} must be a list of strings.")
    return tuple(values)


def _date(fields: Mapping[str, Any]) -> str | None:
    text = _optional_text(fields, "compatibility_date")
    if text is None:
        return None
    if not is_compatibility_date(text):
        raise rejected(
            f'metadata.compatibility_date must be a date like "2024-01-31", not {text!r}.'
        )
    return text


def _flags(fields: Mapping[str, Any]) -> tuple[str, ...]:
    flags = _texts(fields, "compatibility_flags")
    if mistake := mistake_in(flags):
        raise rejected(mistake)
    return flags


def _declared(fields: Mapping[str, Any]) -> Mapping[str, Declared]:
    declared = parse_declared(fields.get("exports"), "metadata.exports")
    if declared and fields.get("migrations"):
        raise rejected("metadata has either migrations or exports of Durable Objects, not both.")
    return declared


def _migrations(migrations: object) -> Migrations | None:
    """The steps are either in a list, or there is one, beside the tags."""
    if migrations is None:
        return None
    if not isinstance(migrations, dict):
        raise rejected("metadata.migrations must be an object.")
    steps = migrations.get("steps")
    if steps is None:
        steps = [{name: value for name, value in migrations.items() if name not in _MIGRATION}]
    else:
        _refuse_unknown(migrations, _MIGRATION)
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise rejected("metadata.migrations.steps must be a list of objects.")
    path = "metadata.migrations."
    return Migrations(
        tuple(_step(step) for step in steps),
        _optional_text(migrations, "old_tag", path),
        _optional_text(migrations, "new_tag", path),
    )


def _refuse_unknown(fields: Mapping[str, Any], known: Iterable[str]) -> None:
    """A step that nobody knows, or that is misspelt, must not count as taken."""
    for name in fields:
        if name not in known:
            raise rejected(f"metadata.migrations knows no {name!r}; it knows {', '.join(known)}.")


def _step(step: Mapping[str, Any]) -> Step:
    path = "metadata.migrations."
    _refuse_unknown(step, _STEP)
    return Step(
        new_classes=_texts(step, "new_classes", path),
        new_sqlite_classes=_texts(step, "new_sqlite_classes", path),
        renamed=(
            *_renamed(step, "renamed_classes", ("from", "to")),
            *_renamed(step, "transferred_classes", ("from", "to", "from_script")),
        ),
        deleted_classes=_texts(step, "deleted_classes", path),
    )


def _renamed(step: Mapping[str, Any], name: str, fields: tuple[str, ...]) -> Iterator[Renamed]:
    entries = step.get(name) or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise rejected(f"metadata.migrations.{name} must be a list of objects.")
    for entry in entries:
        path = f"metadata.migrations.{name}."
        texts = [_optional_text(entry, key, path) for key in fields]
        if None in texts:
            raise rejected(f"metadata.migrations.{name} needs {' and '.join(fields)} in each.")
        yield Renamed(*texts)  # type: ignore[arg-type]  # None was refused
