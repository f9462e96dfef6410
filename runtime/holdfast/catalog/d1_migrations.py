"""The migrations of a D1 database: files of SQL, and a table of those that were applied.

Folder, order and table are Wrangler's, so that either may go on where the other has left off.
https://developers.cloudflare.com/d1/reference/migrations/
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from holdfast.dataclass import dataclass
from holdfast.storage.quoting import identifier, literal

DEFAULT_FOLDER = "migrations"
DEFAULT_TABLE = "d1_migrations"

_TEXTS = frozenset(
    {
        *("database_id", "database_name"),
        *("migrations_dir", "migrations_pattern", "migrations_table"),
    }
)
_NUMBER = re.compile(r"\s*([+-]?\d+)")


@dataclass(frozen=True, slots=True)
class DeclaredDatabase:
    """A D1 database as a project's configuration has it.

    `pattern` is for paths below `folder`, which is where its migrations are, if there are any.
    """

    binding: str
    id: str
    name: str | None
    folder: Path
    pattern: str = "*.sql"
    table: str = DEFAULT_TABLE

    def is_called(self, name: str) -> bool:
        """Whether a name is its own, its binding's or its id."""
        return name in (self.binding, self.id, self.name)

    def migrations(self) -> list[str]:
        """The names of all migrations, which are paths below `folder`, in their order. Blocks."""
        found = (path for path in self.folder.glob(self.pattern) if path.is_file())
        names = [path.relative_to(self.folder).as_posix() for path in found]
        return sorted((name for name in names if not _is_hidden(name)), key=_order)

    def missing(self, applied: Collection[str]) -> list[str]:
        """Those of the migrations that are not among the ones that were applied. Blocks."""
        return [name for name in self.migrations() if name not in applied]

    def script(self, migration: str) -> bytes:
        """SQL that applies a migration, and notes that it did. Blocks; raises OSError."""
        noted = f"INSERT INTO {identifier(self.table)} (name) VALUES ({literal(migration)});"  # noqa: S608
        return (self.folder / migration).read_bytes() + f"\n;\n{noted}\n".encode()

    @property
    def create_table(self) -> str:
        """SQL that makes the table where it is not there."""
        return (
            f"CREATE TABLE IF NOT EXISTS {identifier(self.table)}(\n"
            "\t\tid         INTEGER PRIMARY KEY AUTOINCREMENT,\n"
            "\t\tname       TEXT UNIQUE,\n"
            "\t\tapplied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL\n);"
        )

    @property
    def select_applied(self) -> str:
        """SQL for the names of those that were applied."""
        return f"SELECT name FROM {identifier(self.table)} ORDER BY id"  # noqa: S608


def declared_database(binding: str, entry: Mapping[str, Any], folder: Path) -> DeclaredDatabase:
    """A database of the configuration in a folder. Raises ValueError, which names the field.

    https://developers.cloudflare.com/workers/wrangler/configuration/#d1-databases
    """
    for key in _TEXTS & entry.keys():
        if not isinstance(entry[key], str) or not entry[key]:
            raise ValueError(f'"{key}" must be a non-empty string')
    migrations = PurePosixPath(entry.get("migrations_dir", DEFAULT_FOLDER))
    pattern = PurePosixPath(entry.get("migrations_pattern", migrations / "*.sql"))
    if not pattern.is_relative_to(migrations):
        raise ValueError(f'"migrations_pattern" must begin with "migrations_dir", {migrations}')
    return DeclaredDatabase(
        binding,
        entry.get("database_id", binding),
        entry.get("database_name"),
        folder / migrations,
        str(pattern.relative_to(migrations)),
        entry.get("migrations_table", DEFAULT_TABLE),
    )


def _order(name: str) -> list[tuple[bool, int, str]]:
    """By the number that each part of the path begins with; those without one come last."""
    return [_order_of_part(part) for part in name.split("/")]


def _order_of_part(part: str) -> tuple[bool, int, str]:
    found = _NUMBER.match(part.partition("_")[0])
    return (found is None, int(found[1]) if found else 0, part)


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))
