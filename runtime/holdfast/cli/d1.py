"""`holdfast d1 …`: D1 databases from the command line.

Those of a data folder are opened as they lie there, whether or not a server has them open; with
`--remote`, a `holdfast serve` is asked.
"""

import argparse
import io
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from holdfast.api import d1_client
from holdfast.api.object_client import whole_file
from holdfast.catalog.d1_migrations import DEFAULT_FOLDER, DeclaredDatabase
from holdfast.catalog.project import read_databases
from holdfast.catalog.project_bindings import ProjectInvalid
from holdfast.catalog.project_files import find_project
from holdfast.cli.console import complain
from holdfast.cli.remote import remotely
from holdfast.cli.where import environment_of, project_here
from holdfast.storage import StorageError
from holdfast.storage.d1 import D1Database, D1Registry, DumpOptions, Query
from holdfast.storage.d1.databases import database_in
from holdfast.storage.d1.encoding import encode_objects, meta_of, restored
from holdfast.storage.d1.files import SUFFIX
from holdfast.storage.d1.registry import FILE_NAME
from holdfast.storage.d1.sql_script import statements_in


class Target(Protocol):
    """A database that commands are for."""

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Run statements; for each its `results` and `meta`."""

    def run(self, script: BinaryIO) -> dict[str, Any]:
        """Run a file of SQL; `num_queries` and `meta`."""

    def export(self, file: Path) -> None:
        """Write the database to a file as SQL, in one go or not at all."""

    def bookmark(self, moment: datetime | None) -> str:
        """The bookmark of now, or of a moment."""

    def restore(self, bookmark: str) -> dict[str, Any]:
        """Go back: the `bookmark`, a `message`, and the `previous_bookmark`."""


def create(options: argparse.Namespace) -> int:
    """Create a database of a server; prints its id, for the bindings that need it."""

    def ask(connection: dict[str, Any]) -> str:
        return json.dumps(d1_client.create_database(options.name, **connection), indent=2)

    return remotely(options, ask)


def list_databases(options: argparse.Namespace) -> int:
    """Print the databases of a server."""

    def ask(connection: dict[str, Any]) -> str:
        return json.dumps(d1_client.list_databases(**connection), indent=2)

    return remotely(options, ask)


def execute(options: argparse.Namespace) -> int:
    """Run SQL; prints what it gives."""
    if (options.sql is None) == (options.file is None):
        return complain("say what to run: either by --command or by --file")

    def do(target: Target, _: DeclaredDatabase | None) -> str:
        if options.file is not None:
            with options.file.open("rb") as file:
                done = target.run(file)
            return json.dumps(done, indent=2) if options.json else _counted(done)
        results = target.query(options.sql)
        if options.json:
            return json.dumps(results, indent=2, ensure_ascii=False)
        return "\n\n".join(_shown(result) for result in results)

    return with_target(options, do)


def export(options: argparse.Namespace) -> int:
    """Write a database to a file of SQL."""

    def do(target: Target, _: DeclaredDatabase | None) -> str:
        target.export(options.file)
        return f"{options.name} was written to {options.file}."

    return with_target(options, do)


def list_migrations(options: argparse.Namespace) -> int:
    """Print the migrations that were not applied yet."""

    def do(target: Target, declared: DeclaredDatabase | None) -> str:
        missing = _missing(target, _with_migrations(declared, options))
        return "\n".join(missing) or "All migrations are applied."

    return with_target(options, do)


def apply_migrations(options: argparse.Namespace) -> int:
    """Apply what was not applied yet, each as a transaction; ends with the first that fails."""

    def do(target: Target, declared: DeclaredDatabase | None) -> str:
        database = _with_migrations(declared, options)
        missing = _missing(target, database)
        for migration in missing:
            try:
                target.run(io.BytesIO(database.script(migration)))
            except (StorageError, ValueError) as error:
                raise ValueError(f"{migration} was not applied: {error}") from error
            print(f"{migration} is applied.", flush=True)
        return f"{len(missing)} applied." if missing else "All migrations are applied."

    return with_target(options, do)


# ---- where ------------------------------------------------------------------------------


def with_target(
    options: argparse.Namespace, do: Callable[[Target, DeclaredDatabase | None], str]
) -> int:
    """Do something with the database that is meant, and print what it says."""
    try:
        declared = _declared(options)
        if options.remote:
            name = options.name if declared is None else declared.id
            return remotely(options, lambda connection: do(_Remote(name, connection), declared))
        target = _Local(_local_database(options, declared))
        try:
            print(do(target, declared))
        finally:
            target.close()
    except OSError as error:
        return complain(f"{error.filename or options.data}: {error.strerror or error}")
    except (ValueError, StorageError) as error:
        return complain(error)
    return 0


def _declared(options: argparse.Namespace) -> DeclaredDatabase | None:
    """The database of this name in the project, if there is one."""
    named: Path = options.project
    if named == Path():
        named = project_here(options)
    file = find_project(named) if named.is_dir() else named
    if file is None:
        if options.env is not None:
            raise ValueError("--env chooses among the environments of a configuration file")
        return None
    databases = read_databases(file, environment_of(options))
    return next((one for one in databases if one.is_called(options.name)), None)


def _local_database(options: argparse.Namespace, declared: DeclaredDatabase | None) -> D1Database:
    if declared is not None:
        return database_in(options.data, declared.id)
    registry = D1Registry(options.data / FILE_NAME)
    created = registry.find(options.name)
    if created is not None:
        return database_in(options.data, created.id)
    database = database_in(options.data, options.name)
    if database.path.exists():
        return database
    there = sorted(path.stem for path in database.path.parent.glob(f"*{SUFFIX}"))
    known = ", ".join([one.name for one in registry.all()] or there) or "none"
    raise ValueError(
        f"there is no D1 database {options.name!r}, neither in a configuration here (--project) "
        f"nor in {options.data}; there: {known}"
    )


def _with_migrations(
    declared: DeclaredDatabase | None, options: argparse.Namespace
) -> DeclaredDatabase:
    if declared is None:
        raise ProjectInvalid(
            f"no configuration here has a D1 database {options.name!r} to migrate: it belongs to "
            '"d1_databases" of a wrangler.jsonc, which --project names'
        )
    if not declared.folder.is_dir():
        where = f'"migrations_dir" names another folder than {DEFAULT_FOLDER!r}'
        raise ProjectInvalid(f"there is no folder {declared.folder}; {where}")
    return declared


def _missing(target: Target, database: DeclaredDatabase) -> list[str]:
    target.query(database.create_table)
    [found] = target.query(database.select_applied)
    return database.missing({row["name"] for row in found["results"]})


class _Local:
    """A database of a data folder."""

    def __init__(self, database: D1Database) -> None:
        self._database = database

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def query(self, sql: str) -> list[dict[str, Any]]:
        """See Target."""
        answers = self._database.write(Query(sql).single())
        return [json.loads(encode_objects(outcome)) for outcome in answers.outcomes]

    def run(self, script: BinaryIO) -> dict[str, Any]:
        """See Target."""
        done = self._database.run_all(statements_in(script))
        return {"num_queries": done.statements, "meta": meta_of(done.outcome)}

    def export(self, file: Path) -> None:
        """See Target."""
        with whole_file(file) as out:
            self._database.dump(DumpOptions(), lambda text: out.write(text.encode()))

    def bookmark(self, moment: datetime | None) -> str:
        """See Target."""
        return self._database.bookmark(None if moment is None else moment.timestamp() * 1000)

    def restore(self, bookmark: str) -> dict[str, Any]:
        """See Target."""
        return restored(bookmark, self._database.restore(bookmark))


class _Remote:
    """A database of a server, by its id or name."""

    def __init__(self, name: str, connection: dict[str, Any]) -> None:
        self._name = name
        self._connection = connection

    def query(self, sql: str) -> list[dict[str, Any]]:
        """See Target."""
        return d1_client.query(self._name, sql, **self._connection)

    def run(self, script: BinaryIO) -> dict[str, Any]:
        """See Target."""
        return d1_client.import_sql(self._name, script, **self._connection)

    def export(self, file: Path) -> None:
        """See Target."""
        d1_client.export_sql(self._name, file, **self._connection)

    def bookmark(self, moment: datetime | None) -> str:
        """See Target."""
        return d1_client.bookmark(self._name, moment, **self._connection)

    def restore(self, bookmark: str) -> dict[str, Any]:
        """See Target."""
        return d1_client.restore(self._name, bookmark, **self._connection)


# ---- shown -------------------------------------------------------------------------------


def _shown(result: dict[str, Any]) -> str:
    rows = result["results"]
    if not rows:
        changes = result["meta"]["changes"]
        return f"{changes} row{'' if changes == 1 else 's'} changed."
    head = [*rows[0]]
    cells = [head, *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def _cell(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return f"x'{bytes(value).hex()}'"
    return str(value).replace("\n", "\\n")


def _counted(done: dict[str, Any]) -> str:
    count, meta = done["num_queries"], done["meta"]
    statements = f"{count} statement{'' if count == 1 else 's'}"
    return f"{statements} in {meta['duration']:.1f} ms; {meta['changes']} rows changed."
