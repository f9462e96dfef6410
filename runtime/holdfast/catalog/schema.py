"""What the catalog's file holds, and how a file of an older version comes to hold it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import apsw

from holdfast.catalog.errors import CatalogUnusable

SCHEMA_VERSION = 12

# "HFct": what `file` and SQLite's own tools show as the application's id.
APPLICATION_ID = 0x48466374

_SCHEMA = """
CREATE TABLE scripts (
    name TEXT PRIMARY KEY,
    live_version TEXT NOT NULL,
    created_on TEXT NOT NULL,
    modified_on TEXT NOT NULL,
    migration_tag TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE versions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    script TEXT NOT NULL REFERENCES scripts(name) ON DELETE CASCADE,
    main TEXT NOT NULL,
    syntax TEXT NOT NULL,
    compatibility_date TEXT,
    compatibility_flags TEXT NOT NULL,
    bindings TEXT NOT NULL,
    handlers TEXT NOT NULL,
    classes TEXT NOT NULL,
    etag TEXT NOT NULL,
    created_on TEXT NOT NULL
) STRICT;
CREATE INDEX versions_of_script ON versions(script, number);

CREATE TABLE modules (
    version TEXT NOT NULL REFERENCES versions(id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (version, position)
) STRICT;

CREATE TABLE secrets (
    version TEXT NOT NULL REFERENCES versions(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (version, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE namespaces (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    script TEXT NOT NULL REFERENCES scripts(name) ON DELETE CASCADE,
    class_name TEXT NOT NULL,
    unique_key TEXT NOT NULL UNIQUE,
    use_sqlite INTEGER NOT NULL,
    created_on TEXT NOT NULL,
    UNIQUE (script, class_name)
) STRICT, WITHOUT ROWID;
"""

_SCHEDULES = """
CREATE TABLE schedules (
    script TEXT NOT NULL REFERENCES scripts(name) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    cron TEXT NOT NULL,
    created_on TEXT NOT NULL,
    modified_on TEXT NOT NULL,
    PRIMARY KEY (script, position)
) STRICT, WITHOUT ROWID;
"""

_HISTORY = """
ALTER TABLE scripts ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
ALTER TABLE versions ADD COLUMN serial INTEGER NOT NULL DEFAULT 0;
ALTER TABLE versions ADD COLUMN annotations TEXT NOT NULL DEFAULT '{}';
ALTER TABLE versions ADD COLUMN source TEXT NOT NULL DEFAULT 'api';
ALTER TABLE versions ADD COLUMN startup_time_ms INTEGER NOT NULL DEFAULT 0;
UPDATE versions SET serial = (
    SELECT count(*) FROM versions older
    WHERE older.script = versions.script AND older.number <= versions.number
);

CREATE TABLE deployments (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    script TEXT NOT NULL REFERENCES scripts(name) ON DELETE CASCADE,
    version TEXT NOT NULL REFERENCES versions(id) ON DELETE CASCADE,
    annotations TEXT NOT NULL,
    source TEXT NOT NULL,
    created_on TEXT NOT NULL
) STRICT;
CREATE INDEX deployments_of_script ON deployments(script, number);
CREATE INDEX deployments_of_version ON deployments(version);
INSERT INTO deployments (id, script, version, annotations, source, created_on)
    SELECT live_version, name, live_version, '{}', 'api', modified_on FROM scripts;
"""

_ASSETS = """
CREATE TABLE IF NOT EXISTS asset_files (
    hash TEXT NOT NULL,
    size INTEGER NOT NULL,
    content TEXT NOT NULL,
    content_type TEXT,
    PRIMARY KEY (hash, size)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS asset_manifests (
    id TEXT PRIMARY KEY,
    entries TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS asset_sessions (
    id TEXT PRIMARY KEY,
    script TEXT NOT NULL,
    secret BLOB NOT NULL,
    wanted TEXT NOT NULL,
    begun_s REAL NOT NULL,
    redeemed INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS version_assets (
    version TEXT PRIMARY KEY REFERENCES versions(id) ON DELETE CASCADE,
    manifest TEXT NOT NULL,
    config TEXT NOT NULL
) STRICT;
"""

# Namespaces that are deleted, and whose objects' files may still be there.
_DOOMED = """
CREATE TABLE IF NOT EXISTS doomed (unique_key TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS namespace_deleted AFTER DELETE ON namespaces BEGIN
    INSERT OR IGNORE INTO doomed VALUES (old.unique_key);
END;
"""

_ROUTES = """
CREATE TABLE IF NOT EXISTS routes (
    id TEXT NOT NULL UNIQUE,
    pattern TEXT NOT NULL,
    script TEXT REFERENCES scripts(name) ON DELETE CASCADE,
    is_domain INTEGER NOT NULL,
    UNIQUE (pattern, is_domain)
) STRICT;
CREATE INDEX IF NOT EXISTS routes_of_script ON routes(script);
"""

# A deployment of two versions: `version` takes a percentage of the events, `other` the rest.
_GRADUAL = """
ALTER TABLE deployments ADD COLUMN percentage REAL NOT NULL DEFAULT 100;
ALTER TABLE deployments ADD COLUMN other TEXT REFERENCES versions(id) ON DELETE CASCADE;
CREATE INDEX deployments_of_other ON deployments(other);
"""

# Of `limits`: what a turn of the script may take.
_CPU_MS = "ALTER TABLE versions ADD COLUMN cpu_ms INTEGER;"

# Of a deployment: for how many seconds objects that are live may keep their code.
_MAX_DELAY = "ALTER TABLE deployments ADD COLUMN max_delay REAL NOT NULL DEFAULT 0;"

# When instances of a Workflow are created.
_WORKFLOW_SCHEDULES = """
CREATE TABLE IF NOT EXISTS workflow_schedules (
    namespace TEXT NOT NULL REFERENCES namespaces(id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    cron TEXT NOT NULL,
    PRIMARY KEY (namespace, position)
) STRICT, WITHOUT ROWID;
"""


def check_identity(connection: apsw.Connection, path: Path) -> None:
    """Raise CatalogUnusable for a file that is no catalog, is emptied, or is a newer Holdfast's."""
    version = pragma_of(connection, "user_version")
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    assert tables is not None, "an aggregate always has one row"
    if tables[0] == 0 and version == 0:
        raise CatalogUnusable(
            f"{path} is empty, which no catalog ever is: what it held was lost. Restore it from a "
            "backup, or remove it to begin without any script."
        )
    if pragma_of(connection, "application_id") != APPLICATION_ID:
        raise CatalogUnusable(f"{path} is a SQLite database, but not a Holdfast catalog.")
    if version > SCHEMA_VERSION:
        raise CatalogUnusable(
            f"{path} was written by a newer Holdfast: its schema is version {version}, "
            f"and this one knows version {SCHEMA_VERSION}. Upgrade Holdfast to open it."
        )


def create(connection: apsw.Connection) -> None:
    """Make an empty file a catalog."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(_SCHEMA + _SCHEDULES + _HISTORY + _ASSETS + _DOOMED + _ROUTES + _GRADUAL)
    connection.execute(_CPU_MS + _WORKFLOW_SCHEDULES + _MAX_DELAY)
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    connection.execute("COMMIT")


# What takes a file from each version of the schema to the next.
_UPGRADES = (
    "ALTER TABLE scripts ADD COLUMN migration_tag TEXT",
    """
    ALTER TABLE secrets RENAME TO open_secrets;
    CREATE TABLE secrets (
        version TEXT NOT NULL REFERENCES versions(id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        sealed BLOB NOT NULL,
        PRIMARY KEY (version, name)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO secrets SELECT version, name, seal(text, version || ' ' || name) FROM open_secrets;
    DROP TABLE open_secrets;
    """,
    _SCHEDULES,
    _HISTORY,
    _ASSETS,
    _DOOMED,
    _ROUTES,
    _GRADUAL,
    _CPU_MS,
    _WORKFLOW_SCHEDULES,
    _MAX_DELAY,
)


def upgrade(connection: apsw.Connection, seal: Callable[[str, str], bytes]) -> None:
    """Take a file of an older version to ours; as Database has `seal`."""
    version = pragma_of(connection, "user_version")
    if version < SCHEMA_VERSION:
        connection.create_scalar_function("seal", cast("Any", seal), 2)
        connection.execute("PRAGMA secure_delete=ON")  # what was readable is overwritten
        connection.execute("BEGIN IMMEDIATE")
        for statement in _UPGRADES[version - 1 :]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def pragma_of(connection: apsw.Connection, name: str) -> int:
    """What a PRAGMA says that is an integer."""
    value = connection.pragma(name)
    assert isinstance(value, int), f"PRAGMA {name} is an integer"
    return value
