"""A D1 database at hand in a test."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.catalog.d1_migrations import DeclaredDatabase
from holdfast.storage import StorageError
from holdfast.testing.errors import HarnessError, hidden_from_tracebacks

if TYPE_CHECKING:
    from holdfast.storage.d1 import D1Database
    from holdfast.testing.core import Core

__tracebackhide__ = hidden_from_tracebacks


class Database:
    """What a D1 binding leads to: `env={"DB": database}` binds it."""

    def __init__(self, core: "Core[Any]", declared: DeclaredDatabase) -> None:
        self._core = core
        self._declared = declared

    @property
    def id(self) -> str:
        """What bindings know it by."""
        return self._declared.id

    def sql(self, query: str, *params: str | bytes | float | None) -> list[dict[str, Any]]:
        """Run statements as one transaction; the rows of the last, which gets the parameters.

        Raises HarnessError with SQLite's message.
        """
        from holdfast.storage.d1 import Query

        with self._opened() as opened:
            outcome = opened.write([Query(query, params)]).outcomes[-1]
            return [dict(zip(outcome.columns, row, strict=True)) for row in outcome.rows]

    def apply_migrations(self, folder: Path | str | None = None) -> list[str]:
        """Apply the migrations that it lacks, as `holdfast d1 migrations apply` does; their names.

        They are those of the project, or of a folder, which is looked for as scripts are. Raises
        HarnessError, which names the one that fails.
        """
        from holdfast.storage.d1.sql_script import statements_in

        declared = self._declared
        if folder is not None:
            declared = replace(declared, folder=self._core.located(Path(folder)))
        if not declared.folder.is_dir():
            raise HarnessError(f"There is no folder of migrations {declared.folder}.")
        self.sql(declared.create_table)
        missing = declared.missing({row["name"] for row in self.sql(declared.select_applied)})
        with self._opened() as opened:
            for migration in missing:
                try:
                    opened.run_all(statements_in(BytesIO(declared.script(migration))))
                except StorageError as error:
                    raise HarnessError(f"{migration} was not applied: {error}") from None
        return missing

    @contextmanager
    def _opened(self) -> "Iterator[D1Database]":
        from holdfast.storage.d1.databases import database_in

        with closing(database_in(self._core.data, self.id)) as opened:
            try:
                yield opened
            except StorageError as error:
                raise HarnessError(str(error)) from None
