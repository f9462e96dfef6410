"""Copying an open database into another one, as SQLite does it."""

import contextlib
from collections.abc import Iterator

import apsw


@contextlib.contextmanager
def copying(source: apsw.Connection, target: apsw.Connection) -> Iterator[apsw.Backup]:
    """A copy to be made by steps, of which the first locks the source. Raises apsw.Error.

    SQLite tells the code of what goes wrong with it, and no message: this one has its name.
    https://www.sqlite.org/c3ref/backup_finish.html
    """
    try:
        with target.backup("main", source, "main") as backup:
            yield backup
    except apsw.Error as error:
        code: int = error.result  # type: ignore[attr-defined]
        error.args = (f"{apsw.mapping_result_codes[code & 0xFF]}, copying a database",)
        raise
