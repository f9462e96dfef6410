"""Migrations that the D1 databases of a project lack, for `holdfast dev` to tell of."""

from collections.abc import Sequence
from pathlib import Path

from holdfast.catalog.d1_migrations import DeclaredDatabase
from holdfast.storage.d1 import D1Database, D1Error, Query
from holdfast.storage.d1.databases import database_in


def unapplied(declared: Sequence[DeclaredDatabase], data: Path) -> list[str]:
    """What to say of databases of a data folder that lack migrations. Blocks."""
    notes = []
    for database in declared:
        name = database.name or database.binding
        try:
            missing = database.missing(_applied(database_in(data, database.id), database))
        except OSError as error:
            notes.append(f"the migrations of {name} cannot be read: {error.strerror}")
            continue
        if missing:
            count = f"{len(missing)} migration{'s' if len(missing) > 1 else ''}"
            notes.append(
                f"the D1 database {name} lacks {count}, {missing[0]} first: "
                f"`holdfast d1 migrations apply {name}` applies them"
            )
    return notes


def _applied(opened: D1Database, database: DeclaredDatabase) -> set[str]:
    """What was applied to a database that may not be there yet, or have no table of them."""
    if not opened.path.exists():
        return set()
    try:
        [outcome] = opened.read([Query(database.select_applied)]).outcomes
    except D1Error:
        return set()
    finally:
        opened.close()
    return {str(name) for (name,) in outcome.rows}
