"""One D1 database: its file, and the connections to it.

Every request is one transaction. One that writes has the file's only writing connection; those
that only read see the file as it was when they began, on connections of their own, and hold
nobody up. A setting that a statement changes by a PRAGMA is for its transaction alone.
"""

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import apsw

from holdfast.storage.d1.connection import D1Connection, D1Error, D1Limits, Outcome
from holdfast.storage.disk import make_folder, sync_path
from holdfast.storage.errors import StorageError
from holdfast.storage.statements import SqlValue

MAX_READERS = 4

NO_STATEMENTS = "No SQL statements detected."

# What changes nothing for certain; not what asks for what the writing connection remembers.
_READS = re.compile(r"\s*(?:SELECT|VALUES)\b[^;]*;?\s*", re.IGNORECASE)
_REMEMBERED = re.compile(r"changes|last_insert_rowid", re.IGNORECASE)
# As in D1 itself, which leaves out what is but a comment.
_COMMENT = re.compile(r"^\s+--.*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Query:
    """SQL and what is bound to its last statement."""

    sql: str
    params: Sequence[SqlValue] = ()

    @property
    def reads(self) -> bool:
        """True for one statement that can change nothing, as far as can be told at a glance."""
        return bool(_READS.fullmatch(self.sql)) and not _REMEMBERED.search(self.sql)

    @property
    def is_blank(self) -> bool:
        """True for a comment, or nothing."""
        return not _COMMENT.sub("", self.sql).strip()


@dataclass(frozen=True, slots=True)
class Answers:
    """What came of a request: an outcome for each query, and how many wrote before it."""

    outcomes: Sequence[Outcome]
    writes: int


class D1Database:
    """A database's file, made with the first request. Its methods block.

    `write` is for one thread at a time, `read` for up to MAX_READERS.
    """

    def __init__(self, path: Path, limits: D1Limits | None = None) -> None:
        self.path = path
        self._limits = limits or D1Limits()
        self._writer: D1Connection | None = None
        self._readers: list[D1Connection] = []
        self._turn = threading.Lock()  # of `_readers`
        self._opening = threading.Lock()
        self._last_row_id = 0

    def write(self, queries: Sequence[Query]) -> Answers:
        """Run a request, and have it on the disk; all of it or nothing.

        Raises D1Error for what is its author's fault, StorageError where the disk fails.
        """
        with _explained(self.path):
            connection, self._writer = self._writer, None
            connection = self._usable(connection)
            connection.last_row_id = self._last_row_id
            try:
                return _run(connection, queries, writes=True)
            finally:
                self._last_row_id = connection.last_row_id
                if connection.is_unchanged:
                    self._writer = connection
                else:
                    connection.close()

    def read(self, queries: Sequence[Query]) -> Answers:
        """Run a request of queries that `reads`; raises as `write`."""
        with _explained(self.path):
            with self._turn:
                connection = self._readers.pop() if self._readers else None
            connection = self._usable(connection)
            connection.last_row_id = self._last_row_id
            try:
                return _run(connection, queries, writes=False)
            finally:
                with self._turn:
                    self._readers.append(connection)

    def close(self) -> None:
        """Close the file. Later calls open it again."""
        with self._turn:
            connections, self._readers = self._readers, []
        for connection in (*connections, *([self._writer] if self._writer else [])):
            connection.close()
        self._writer = None

    def _usable(self, connection: D1Connection | None) -> D1Connection:
        """A connection to the file that lies there now: another one may have been put there."""
        if connection is not None:
            try:
                if self.path.stat().st_ino == connection.inode:
                    return connection
            except FileNotFoundError:
                pass
            connection.close()
        with self._opening:
            is_new = not self.path.exists()
            if is_new:
                make_folder(self.path.parent)
            opened = D1Connection(self.path, self._limits)
            if is_new:
                sync_path(self.path.parent)
            return opened


def _run(connection: D1Connection, queries: Sequence[Query], *, writes: bool) -> Answers:
    queries = [query for query in queries if not query.is_blank]
    if not queries:
        raise D1Error(NO_STATEMENTS)
    connection.begin(writes=writes)
    try:
        outcomes = [connection.run(query.sql, query.params) for query in queries]
        count = connection.writes()
        connection.commit()
    except BaseException:
        connection.undo()
        raise
    return Answers(outcomes, count)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (apsw.Error, OSError) as error:
        raise StorageError(f"The D1 database {path} failed: {error}") from error
