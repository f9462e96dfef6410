"""Scripts in the catalog, each with its live version; versions.py has the others.

Where two versions are live, the one that takes more of the events is meant.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import apsw

from holdfast.catalog.asset_rows import read_assets
from holdfast.catalog.binding_entries import parse_bindings
from holdfast.catalog.bindings import Binding, ObjectNamespace
from holdfast.catalog.errors import ScriptNotFound
from holdfast.catalog.script import TAG, Script, Syntax
from holdfast.catalog.tail_consumers import names_of
from holdfast.catalog.vault import Vault
from holdfast.dataclass import dataclass
from holdfast.engine.modules import Module, ModuleKind


@dataclass(frozen=True, slots=True)
class ScriptRecord:
    """What listings tell of a script's live version. It holds no secret's text.

    The times are ISO 8601 in UTC; `bindings` are as the API lists them.
    """

    name: str
    version: str
    etag: str
    created_on: str
    modified_on: str
    main: str
    syntax: Syntax
    handlers: tuple[str, ...]
    classes: tuple[str, ...]
    bindings: tuple[dict[str, Any], ...]
    compatibility_date: str | None
    compatibility_flags: tuple[str, ...]
    migration_tag: str | None = None
    has_assets: bool = False
    cpu_ms: int | None = None


VERSIONS = """
SELECT s.name, v.id, v.etag, s.created_on, s.modified_on, v.main, v.syntax, v.handlers,
       v.classes, v.bindings, v.compatibility_date, v.compatibility_flags, s.migration_tag,
       v.serial, v.created_on, v.annotations, v.source, v.startup_time_ms,
       EXISTS (SELECT 1 FROM version_assets a WHERE a.version = v.id), v.cpu_ms
FROM versions v JOIN scripts s ON s.name = v.script
"""
HAS_ASSETS = 18  # its column
_LIVE = VERSIONS + "WHERE v.id = s.live_version "
_LATEST = "(SELECT max(number) FROM deployments WHERE script = s.name)"
_DEPLOYED = VERSIONS + f"JOIN deployments d ON d.number = {_LATEST} "
_DEPLOYED += "WHERE v.id IN (d.version, d.other) "


def set_migration_tag(db: apsw.Connection, name: str, tag: str) -> None:
    """Note how far the script's migrations have come."""
    db.execute("UPDATE scripts SET migration_tag = ? WHERE name = ?", (tag, name))


def read_settings(db: apsw.Connection, name: str) -> dict[str, Any]:
    """What was set for the script whatever its version. Raises ScriptNotFound."""
    row = db.execute("SELECT settings FROM scripts WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise ScriptNotFound(name)
    settings: dict[str, Any] = json.loads(str(row[0]))
    return settings


def put_settings(db: apsw.Connection, name: str, settings: Mapping[str, Any]) -> None:
    """Set these in the place of those before."""
    db.execute("UPDATE scripts SET settings = ? WHERE name = ?", (json.dumps(settings), name))


def read_tail_consumers(db: apsw.Connection) -> Iterator[tuple[str, list[str]]]:
    """The scripts that have Tail Workers, with these."""
    rows = db.execute("SELECT name, settings FROM scripts WHERE settings LIKE '%tail_consumers%'")
    for name, settings in rows:
        if consumers := json.loads(str(settings)).get("tail_consumers"):
            yield str(name), names_of(consumers)


def delete(db: apsw.Connection, name: str) -> None:
    """Forget the script, its versions and its namespaces. Raises ScriptNotFound."""
    db.execute("DELETE FROM scripts WHERE name = ?", (name,))
    if db.changes() == 0:
        raise ScriptNotFound(name)


def read(db: apsw.Connection, name: str, vault: Vault) -> Script:
    """The live version, whole, with its secrets. Raises ScriptNotFound."""
    return read_whole(db, read_record(db, name), vault)


def read_whole(
    db: apsw.Connection, record: ScriptRecord, vault: Vault, unopened: Collection[str] = ()
) -> Script:
    """The version that `record` is of, with its modules and secrets.

    The secrets that are `unopened` have no text: whoever replaces them needs no key.
    """
    modules = db.execute(
        "SELECT name, kind, content FROM modules WHERE version = ? ORDER BY position",
        (record.version,),
    )
    created_on, annotations = db.execute(
        "SELECT created_on, annotations FROM versions WHERE id = ?", (record.version,)
    ).get
    return Script(
        name=record.name,
        main=record.main,
        syntax=record.syntax,
        modules=tuple(Module(name, ModuleKind(kind), content) for name, kind, content in modules),
        bindings=_read_bindings(db, record, vault, unopened),
        compatibility_date=record.compatibility_date,
        compatibility_flags=record.compatibility_flags,
        version=record.version,
        tag=json.loads(annotations).get(TAG, ""),
        created_on=created_on,
        assets=read_assets(db, record.version),
        cpu_ms=record.cpu_ms,
    )


def read_record(db: apsw.Connection, name: str) -> ScriptRecord:
    """What is listed of one script. Raises ScriptNotFound."""
    row = db.execute(_LIVE + "AND s.name = ?", (name,)).fetchone()
    if row is None:
        raise ScriptNotFound(name)
    return record_of(row)


def read_records(db: apsw.Connection) -> Iterator[ScriptRecord]:
    """What is listed of all scripts, by name."""
    for row in db.execute(_LIVE + "ORDER BY s.name"):
        yield record_of(row)


def read_deployed(db: apsw.Connection, name: str | None = None) -> Iterator[ScriptRecord]:
    """What is listed of all versions that are live, or of those of one script, by name."""
    for row in db.execute(_DEPLOYED + "AND s.name = ifnull(?, s.name) ORDER BY s.name", (name,)):
        yield record_of(row)


def users_of(
    db: apsw.Connection, name: str, namespace_ids: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """The other scripts that are bound to this one or to its namespaces: (script, binding)."""
    found = set()
    for record in read_deployed(db):
        for entry in record.bindings:
            used = name in (entry.get("service"), entry.get("script_name"))
            used = used or entry.get("namespace_id") in namespace_ids
            if used and record.name != name:
                found.add((record.name, entry["name"]))
    yield from sorted(found)


def record_of(row: tuple[Any, ...]) -> ScriptRecord:
    """The record that a row of VERSIONS begins with."""
    name, version, etag, created_on, modified_on, main, syntax = row[:7]
    handlers, classes, bindings, compatibility_date, compatibility_flags, tag = row[7:13]
    return ScriptRecord(
        name=name,
        version=version,
        etag=etag,
        created_on=created_on,
        modified_on=modified_on,
        main=main,
        syntax=Syntax(syntax),
        handlers=tuple(json.loads(handlers)),
        classes=tuple(json.loads(classes)),
        bindings=tuple(json.loads(bindings)),
        compatibility_date=compatibility_date,
        compatibility_flags=tuple(json.loads(compatibility_flags)),
        migration_tag=tag,
        has_assets=bool(row[HAS_ASSETS]),
        cpu_ms=row[HAS_ASSETS + 1],
    )


def _read_bindings(
    db: apsw.Connection, record: ScriptRecord, vault: Vault, unopened: Collection[str]
) -> tuple[Binding, ...]:
    rows = db.execute("SELECT name, sealed FROM secrets WHERE version = ?", (record.version,))
    secrets = {
        name: "" if name in unopened else vault.open(sealed, f"{record.version} {name}")
        for name, sealed in rows
    }
    entries = [
        {**entry, "text": secrets[entry["name"]]} if entry["type"] == "secret_text" else entry
        for entry in record.bindings
    ]
    bindings = parse_bindings(entries)
    assert all(isinstance(b, Binding) for b in bindings), "only resolved bindings are stored"
    return bindings  # type: ignore[return-value]  # mypy does not narrow through all()


def namespace_ids(bindings: Sequence[Binding]) -> frozenset[str]:
    """The ids of the namespaces that these bindings name."""
    return frozenset(b.namespace_id for b in bindings if isinstance(b, ObjectNamespace))
