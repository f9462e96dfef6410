"""Versions and deployments in the catalog: what a script was and is.

A version never changes; a deployment makes one of them, or two, live.
https://developers.cloudflare.com/workers/configuration/versions-and-deployments/
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

import apsw

from holdfast.catalog.asset_rows import insert_assets
from holdfast.catalog.binding_entries import describe_binding
from holdfast.catalog.bindings import SecretText
from holdfast.catalog.errors import VersionNotFound
from holdfast.catalog.script import Script
from holdfast.catalog.scripts import (
    HAS_ASSETS,
    VERSIONS,
    ScriptRecord,
    read_record,
    record_of,
)
from holdfast.catalog.traffic import WHOLE, Share, Traffic
from holdfast.catalog.vault import Vault
from holdfast.dataclass import dataclass

MAX_VERSIONS = 100
"""How many versions of a script are kept, beside those that are live if these are older."""

MIN_VERSIONS = 10
"""How many of them are kept however large they are."""

MAX_VERSIONS_BYTES = 256 << 20
"""How much the modules of the others have, with theirs, at most."""

MAX_DEPLOYMENTS = 50
"""How many deployments of a script are kept."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a client says of a version or a deployment: why, and who `source` is."""

    annotations: Mapping[str, str] = field(default_factory=dict)
    source: str = "api"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a script was seen to export, and how long its top level ran."""

    handlers: Sequence[str]
    classes: Sequence[str]
    startup_time_ms: int = 0


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """What is listed of a version. `number` counts the script's versions from 1."""

    script: ScriptRecord
    number: int
    created_on: str
    annotations: Mapping[str, str]
    source: str
    startup_time_ms: int


@dataclass(frozen=True, slots=True)
class Deployment:
    """One time that a version went live, or two."""

    id: str
    traffic: Traffic
    created_on: str
    annotations: Mapping[str, str]
    source: str


_OF_SCRIPT = VERSIONS + "WHERE s.name = ? "


def insert(
    db: apsw.Connection, script: Script, vault: Vault, loaded: Loaded, note: Note, now: str
) -> None:
    """Store a version; it is the live one of a script that is new."""
    db.execute(
        "INSERT INTO scripts (name, live_version, created_on, modified_on)"
        " VALUES (?1, ?2, ?3, ?3) ON CONFLICT (name) DO NOTHING",
        (script.name, script.version, now),
    )
    row = db.execute(
        "SELECT coalesce(max(serial), 0) + 1 FROM versions WHERE script = ?", (script.name,)
    ).fetchone()
    assert row is not None, "an aggregate always has one row"
    db.execute(
        "INSERT INTO versions (id, script, main, syntax, compatibility_date, compatibility_flags,"
        " bindings, handlers, classes, etag, created_on, serial, annotations, source,"
        " startup_time_ms, cpu_ms) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            script.version,
            script.name,
            script.main,
            script.syntax,
            script.compatibility_date,
            json.dumps(script.compatibility_flags),
            json.dumps([describe_binding(binding) for binding in script.bindings]),
            json.dumps(list(loaded.handlers)),
            json.dumps(list(loaded.classes)),
            script.etag,
            script.created_on,
            row[0],
            json.dumps(dict(note.annotations)),
            note.source,
            loaded.startup_time_ms,
            script.cpu_ms,
        ),
    )
    if script.assets is not None:
        insert_assets(db, script.version, script.assets)
    db.executemany(
        "INSERT INTO modules VALUES (?,?,?,?,?)",
        [
            (script.version, position, module.name, module.kind, bytes(module.content))
            for position, module in enumerate(script.modules)
        ],
    )
    db.executemany(
        "INSERT INTO secrets VALUES (?,?,?)",
        [
            (script.version, b.name, vault.seal(b.text, f"{script.version} {b.name}"))
            for b in script.bindings
            if isinstance(b, SecretText)
        ],
    )


def deploy(
    db: apsw.Connection, name: str, traffic: Traffic, deployment_id: str, note: Note, now: str
) -> None:
    """Make these versions the live ones."""
    db.execute(
        "UPDATE scripts SET live_version = ?, modified_on = ? WHERE name = ?",
        (traffic.main, now, name),
    )
    first = traffic.shares[0]
    other = traffic.shares[1].version if traffic.is_gradual else None
    db.execute(
        "INSERT INTO deployments (id, script, version, percentage, other, annotations, source,"
        " created_on, max_delay) VALUES (?,?,?,?,?,?,?,?,?)",
        (
            deployment_id,
            name,
            first.version,
            first.percentage,
            other,
            json.dumps(dict(note.annotations)),
            note.source,
            now,
            traffic.max_delay_s,
        ),
    )


# SQLite tells how long a BLOB is without reading it.
_FORGET_OLDEST = """
WITH sizes AS (
    SELECT number, (SELECT sum(length(content)) FROM modules WHERE version = id) AS bytes
    FROM versions WHERE script = ?1
), places AS (
    SELECT number, row_number() OVER newest AS place, sum(bytes) OVER newest AS bytes
    FROM sizes WINDOW newest AS (ORDER BY number DESC)
)
DELETE FROM versions WHERE script = ?1
    AND number NOT IN
        (SELECT number FROM places WHERE place <= ?2 OR (place <= ?3 AND bytes <= ?4))
    AND NOT EXISTS (SELECT 1 FROM deployments d WHERE versions.id IN (d.version, d.other)
        AND d.number = (SELECT max(number) FROM deployments WHERE script = ?1))
"""


def forget_oldest(db: apsw.Connection, name: str) -> None:
    """Drop the versions that are too many, but none that is live, and the oldest deployments."""
    db.execute(_FORGET_OLDEST, (name, MIN_VERSIONS, MAX_VERSIONS, MAX_VERSIONS_BYTES))
    db.execute(
        "DELETE FROM deployments WHERE script = ?1 AND number NOT IN"
        " (SELECT number FROM deployments WHERE script = ?1 ORDER BY number DESC LIMIT ?2)",
        (name, MAX_DEPLOYMENTS),
    )


def read_record_of(db: apsw.Connection, name: str, version: str) -> VersionRecord:
    """What is listed of one version. Raises ScriptNotFound, VersionNotFound."""
    row = db.execute(_OF_SCRIPT + "AND v.id = ?", (name, version)).fetchone()
    if row is None:
        read_record(db, name)
        raise VersionNotFound(name, version)
    return _version(row)


def read_records(db: apsw.Connection, name: str) -> Iterator[VersionRecord]:
    """What is listed of all versions, the newest first. Raises ScriptNotFound."""
    read_record(db, name)
    for row in db.execute(_OF_SCRIPT + "ORDER BY v.number DESC", (name,)):
        yield _version(row)


def read_deployments(db: apsw.Connection, name: str) -> Iterator[Deployment]:
    """The deployments, the newest first. Raises ScriptNotFound."""
    read_record(db, name)
    rows = db.execute(
        "SELECT id, created_on, annotations, source, version, percentage, other, max_delay"
        " FROM deployments WHERE script = ? ORDER BY number DESC",
        (name,),
    )
    for deployment_id, created_on, annotations, source, *traffic in rows:
        yield Deployment(
            str(deployment_id),
            _traffic(*traffic),
            str(created_on),
            json.loads(str(annotations)),
            str(source),
        )


def read_traffic(db: apsw.Connection, name: str) -> Traffic:
    """Which versions are live. Raises ScriptNotFound."""
    row = db.execute(
        "SELECT version, percentage, other, max_delay FROM deployments"
        " WHERE script = ? ORDER BY number DESC LIMIT 1",
        (name,),
    ).fetchone()
    return Traffic.whole(read_record(db, name).version) if row is None else _traffic(*row)


def _traffic(version: Any, percentage: Any, other: Any, max_delay_s: Any) -> Traffic:
    if other is None:
        return Traffic.whole(version, max_delay_s)
    shares = (Share(version, percentage), Share(other, WHOLE - percentage))
    return Traffic(shares, max_delay_s)


def _version(row: tuple[Any, ...]) -> VersionRecord:
    number, created_on, annotations, source, startup_time_ms = row[13:HAS_ASSETS]
    return VersionRecord(
        script=record_of(row),
        number=number,
        created_on=created_on,
        annotations=json.loads(annotations),
        source=source,
        startup_time_ms=startup_time_ms,
    )
