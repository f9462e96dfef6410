"""One D1 database: its file, and the connections to it.

Every request is one transaction. One that writes has the file's only writing connection; those
that only read see the file as it was when they began, on connections of their own, and hold
nobody up. A setting that a statement changes by a PRAGMA is for its transaction alone.
"""

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apsw

from holdfast.dataclass import dataclass
from holdfast.storage.d1.connection import (
    QUEUED_TOO_LONG,
    D1Connection,
    D1Error,
    D1Limits,
    Outcome,
)
from holdfast.storage.d1.dump import DumpOptions, dump
from holdfast.storage.d1.past import Past
from holdfast.storage.d1.pasts import Pasts
from holdfast.storage.disk import make_folder, sync_path
from holdfast.storage.errors import failure
from holdfast.storage.splitting import is_empty, split
from holdfast.storage.statements import SqlValue

MAX_READERS = 4

NOT_FOUND = "The database {} could not be found"
NO_STATEMENTS = "No SQL statements detected."

# What changes nothing for certain; not what asks for what the writing connection remembers.
_READS = re.compile(r"\s*(?:SELECT|VALUES)\b", re.IGNORECASE)
_REMEMBERED = re.compile(r"changes|last_insert_rowid", re.IGNORECASE)
_PIECE = re.compile(r"(?P<blanks>\s+)(?P<comment>--.*)?|\S+")


@dataclass(frozen=True, slots=True)
class Query:
    """SQL and what is bound to its last statement."""

    sql: str
    params: Sequence[SqlValue] = ()

    @property
    def reads(self) -> bool:
        """True for one statement that can change nothing, as far as can be told at a glance."""
        is_single = ";" not in self.sql.rstrip().removesuffix(";")
        return is_single and bool(_READS.match(self.sql)) and not _REMEMBERED.search(self.sql)

    def single(self) -> "list[Query]":
        """A query for each of its statements; one that has values is not divided."""
        if self.params:
            return [self]
        return [Query(sql) for sql in split(self.sql) if not is_empty(sql)] or [self]

    @property
    def is_blank(self) -> bool:
        """True for nothing but comments before which their lines have blanks, or nothing at all.

        As in D1 itself, which leaves those out.
        """
        return all(_is_left_out(piece) for piece in _PIECE.finditer(self.sql))


@dataclass(frozen=True, slots=True)
class Answers:
    """What came of a request: an outcome for each query, and how many wrote before it."""

    outcomes: Sequence[Outcome]
    writes: int


@dataclass(frozen=True, slots=True)
class Ingested:
    """What came of many statements: how many they were, and the same as of a request."""

    statements: int
    outcome: Outcome
    writes: int


class D1Database:
    """A database's file, made with the first request. Its methods block.

    `write` is for one thread at a time, `read` for up to MAX_READERS.
    """

    def __init__(
        self,
        path: Path,
        limits: D1Limits | None = None,
        *,
        pasts: Pasts | None = None,
        is_deleted: Callable[[], bool] = bool,
    ) -> None:
        """`is_deleted` tells of a file that is opened that it must not be made anew.

        Without `pasts` none is kept.
        """
        self.path = path
        self._is_deleted = is_deleted
        self._limits = limits or D1Limits()
        self._writer: D1Connection | None = None
        self._readers: list[D1Connection] = []
        self._turn = threading.Lock()  # of `_readers`
        self._opening = threading.Lock()
        self._last_row_id = 0
        self._stopped = threading.Event()
        self._past = Past(
            path, pasts or Pasts(0), is_deleted=is_deleted, is_stopped=self._stopped.is_set
        )

    def write(self, queries: Sequence[Query]) -> Answers:
        """Run a request, and have it on the disk; all of it or nothing.

        Raises D1Error for what is its author's fault, StorageError where the disk fails.
        """
        with self._writing() as connection:
            return _run(connection, queries, writes=True)

    def read(self, queries: Sequence[Query]) -> Answers:
        """Run a request of queries that `reads`; raises as `write`."""
        with self._reading() as connection:
            return _run(connection, queries, writes=False)

    def run_all(self, statements: Iterable[str]) -> Ingested:
        """Run statements as one request, however many they are: only what is counted is kept.

        Each has the time of a request. Raises as `write`.
        """
        with self._writing() as connection:
            total: Outcome | None = None
            statement_count = 0
            with connection.transaction(writes=True):
                for statement in statements:
                    connection.begin_request()
                    outcome = connection.run(statement, ())
                    total = outcome if total is None else total.followed_by(outcome)
                    statement_count += 1
                if total is None:
                    raise D1Error(NO_STATEMENTS)
                writes = connection.writes()
            return Ingested(statement_count, total, writes)

    def dump(self, options: DumpOptions, write: Callable[[str], object]) -> int:
        """Give the database to `write` as SQL, line by line; how many wrote to it before.

        Raises as `read`.
        """
        with self._reading() as connection, connection.transaction(writes=False):
            for statement in dump(connection.connection, options):
                write(f"{statement}\n")
            return connection.writes()

    def bookmark(self, time_ms: float | None = None) -> str:
        """A bookmark of what there is now, or of the last mark up to a time.

        Raises BookmarkInvalid where there is none, StorageError where the disk fails.
        """
        with self._reading():  # for the file to be there, and whole
            return self._past.current() if time_ms is None else self._past.at(time_ms)

    def restore(self, bookmark: str) -> str:
        """Go back to a mark, as one transaction; a bookmark to undo that with. Raises as `write`.

        Raises BookmarkInvalid where there is no such mark.
        """
        with self._writing() as connection:
            try:
                return self._past.go_back(connection.connection, bookmark)
            except apsw.BusyError as error:
                raise D1Error(QUEUED_TOO_LONG) from error

    def remove(self) -> None:
        """Remove the file and its past, durably. Raises StorageError."""
        with _explained(self.path):
            self._past.remove()
            self.close()
            for suffix in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
            if self.path.parent.exists():
                sync_path(self.path.parent)

    def stop(self) -> None:
        """Interrupt what is under way: nobody waits for it any more. From any thread."""
        self._stopped.set()

    def close(self) -> None:
        """Close the file, when its past is told. Later calls open it again."""
        self._past.settle()
        with self._turn:
            connections, self._readers = self._readers, []
        for connection in (*connections, *([self._writer] if self._writer else [])):
            connection.close()
        self._writer = None

    @contextmanager
    def _writing(self) -> Iterator[D1Connection]:
        """The connection that writes. What is left of a transaction is undone."""
        with _explained(self.path):
            connection, self._writer = self._writer, None
            connection = self._usable(connection)
            connection.last_row_id = self._last_row_id
            try:
                yield connection
            finally:
                connection.undo()
                self._last_row_id = connection.last_row_id
                if connection.is_unchanged:
                    self._writer = connection
                else:
                    connection.close()

    @contextmanager
    def _reading(self) -> Iterator[D1Connection]:
        """A connection that reads. What is left of a transaction is undone."""
        with _explained(self.path):
            with self._turn:
                connection = self._readers.pop() if self._readers else None
            connection = self._usable(connection)
            connection.last_row_id = self._last_row_id
            try:
                yield connection
            finally:
                connection.undo()
                with self._turn:
                    self._readers.append(connection)

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
            if self._is_deleted():
                raise D1Error(NOT_FOUND.format(self.path.stem))
            is_new = not self.path.exists()
            if is_new:
                make_folder(self.path.parent)
            opened = D1Connection(self.path, self._limits, self._past, self._stopped.is_set)
            if is_new:
                sync_path(self.path.parent)
            return opened


def _is_left_out(piece: re.Match[str]) -> bool:
    """Whether it is blank, or a comment that has a line's beginning and a blank before it."""
    blanks = piece["blanks"]
    if blanks is None:
        return False
    return piece["comment"] is None or piece.start() == 0 or "\n" in blanks[:-1]


def _run(connection: D1Connection, queries: Sequence[Query], *, writes: bool) -> Answers:
    queries = [query for query in queries if not query.is_blank]
    if not queries:
        raise D1Error(NO_STATEMENTS)
    with connection.transaction(writes=writes):
        outcomes = [connection.run(query.sql, query.params) for query in queries]
        count = connection.writes()
    return Answers(outcomes, count)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (apsw.Error, OSError) as error:
        raise failure(f"The D1 database {path}", error) from error
