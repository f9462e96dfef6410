"""One connection to a D1 database, and how a script's statements run on it.

What they may do, and how they are told apart from ours, is as for the SQL of Durable Objects:
see storage/statements.py. Unlike there, a statement is run to its end at once, on a thread.

https://developers.cloudflare.com/d1/platform/limits/
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, cast

import apsw

from holdfast.dataclass import dataclass
from holdfast.storage.d1 import metadata
from holdfast.storage.d1.past import Past
from holdfast.storage.errors import StorageError, is_bound_met
from holdfast.storage.sql import SCRIPTS_FAULT, SIZE, miscounted
from holdfast.storage.statements import (
    FLAGS,
    NO_STATEMENT,
    TOO_LONG,
    Row,
    SqlAccess,
    SqlValue,
    Statement,
    describe,
    is_too_long,
    well_formed,
)

MAX_VALUE_BYTES = 2_000_000  # of a text, a blob or a row
MAX_FUNCTION_ARGUMENTS = 32

# https://developers.cloudflare.com/d1/observability/debug-d1/#error-list
OUT_OF_TIME = "D1 DB exceeded its CPU time limit and was reset."
QUEUED_TOO_LONG = "D1 DB is overloaded. Requests queued for too long."
TOO_LARGE = "Exceeded maximum DB size."
RESULT_TOO_LARGE = "The result of a query has more than {} bytes."
NOT_UTF8 = "A text in the result is not valid UTF-8; select it as a BLOB."

_ROWS_AT_ONCE = 256  # between two looks at how large they are
_VALUE_BYTES = 8  # of one that is no text and no blob
_BLOB_BYTES = 4  # of each byte of a blob, which is told as a number
_MAX_COUNTING = 500  # queries of which it is known whether they count a table
_MAX_IDLE_WAL_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class D1Limits:
    """What a request may take: its time, what waiting for others takes included, and room."""

    request_s: float = 30.0
    database_bytes: int = 10_000_000_000
    result_bytes: int = 50_000_000


class D1Error(StorageError):
    """A query is wrong, or does what it may not: the message is for its author."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one query gave, and what is counted of it; `duration_ms` is SQLite's time."""

    columns: Sequence[str]
    rows: Sequence[Row]
    duration_ms: float
    changes: int
    last_row_id: int
    changed_db: bool
    size_after: int
    rows_read: int
    rows_written: int

    def followed_by(self, other: "Outcome") -> "Outcome":
        """What is counted of both, without rows."""
        return Outcome(
            columns=(),
            rows=(),
            duration_ms=self.duration_ms + other.duration_ms,
            changes=self.changes + other.changes,
            last_row_id=other.last_row_id,
            changed_db=self.changed_db or other.changed_db,
            size_after=other.size_after,
            rows_read=self.rows_read + other.rows_read,
            rows_written=self.rows_written + other.rows_written,
        )


class D1Connection:
    """An open file. One thread at a time; blocks. Opening raises apsw.Error and OSError."""

    def __init__(
        self, path: Path, limits: D1Limits, past: Past, is_stopped: Callable[[], bool]
    ) -> None:
        """`past` is told before each write. Statements are interrupted, too, once `is_stopped`."""
        self._past = past
        self._is_stopped = is_stopped
        self._folder = path.parent
        self._limits = limits
        self.connection = connection = apsw.Connection(str(path))
        try:
            self._prepare()
            self.inode = path.stat().st_ino
        except BaseException:
            connection.close()
            raise
        self._own = connection.cursor()
        self._access = SqlAccess(connection, self._own)
        connection.limit(apsw.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
        connection.limit(apsw.SQLITE_LIMIT_FUNCTION_ARG, MAX_FUNCTION_ARGUMENTS)
        self._access.should_stop = self._is_late
        self._deadline = 0.0
        self._schema = -1  # which version of it is known
        self._is_counted = False  # this transaction is, among those that write
        self._own_changes = 0
        self._scanned = 0
        self._counting: dict[str, bool] = {}
        connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, self._note_profile)

    def _prepare(self) -> None:
        """Set the connection up; a file that is new becomes a database."""
        db = self.connection
        db.set_busy_timeout(round(self._limits.request_s * 1000))
        (page_bytes,) = cast("tuple[int]", db.execute("PRAGMA page_size").fetchone())
        max_pages = self._limits.database_bytes // page_bytes
        db.execute("PRAGMA journal_mode=WAL").fetchall()
        db.execute("PRAGMA synchronous=FULL").fetchall()
        db.execute("PRAGMA fullfsync=ON").fetchall()
        db.execute("PRAGMA trusted_schema=OFF").fetchall()
        db.execute(f"PRAGMA journal_size_limit={_MAX_IDLE_WAL_BYTES}").fetchall()
        db.execute(f"PRAGMA max_page_count={max_pages}").fetchall()
        metadata.prepare(db, self._past.now_ms())

    @property
    def is_unchanged(self) -> bool:
        """False once a statement has changed a setting, which is for its transaction alone."""
        return not self._access.settings

    @property
    def last_row_id(self) -> int:
        """The rowid that was inserted last, on this connection or as it was told."""
        return self.connection.last_insert_rowid()

    @last_row_id.setter
    def last_row_id(self, row_id: int) -> None:
        self.connection.set_last_insert_rowid(row_id)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    # ---- transactions ------------------------------------------------------------------

    @contextmanager
    def transaction(self, *, writes: bool) -> Iterator[None]:
        """A request: what it has written is on the disk when the block ends.

        Its time runs from now on. Where the block raises, `undo` has to follow. Raises D1Error,
        where others write for too long among others, and apsw.Error.
        """
        self._begin(writes=writes)
        yield
        self._commit()

    def _begin(self, *, writes: bool) -> None:
        self.begin_request()
        self._is_counted = False
        try:
            self._own.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        except apsw.BusyError as error:
            raise D1Error(QUEUED_TOO_LONG) from error
        # Another connection may have changed it, in which case statements have other columns.
        (schema,) = cast("tuple[int]", self._own.execute("PRAGMA schema_version").fetchone())
        if schema != self._schema:
            self._access.forget_schema()
        self._schema = -1  # what is learned until the commit may be undone

    def begin_request(self) -> None:
        """Have the time run anew."""
        self._deadline = time.monotonic() + self._limits.request_s

    def _commit(self) -> None:
        try:
            (schema,) = cast("tuple[int]", self._own.execute("PRAGMA schema_version").fetchone())
            self._own.execute("COMMIT")
        except BaseException as error:
            self.undo()
            raise self._failure(error) from error
        self._schema = schema

    def undo(self) -> None:
        """Undo the transaction, unless SQLite did."""
        if self.connection.in_transaction:
            self._own.execute("ROLLBACK")

    def writes(self) -> int:
        """How many transactions may have written, this one included."""
        return metadata.writes(self._own)

    # ---- statements --------------------------------------------------------------------

    def run(self, sql: str, params: Sequence[SqlValue]) -> Outcome:
        """Run all statements in `sql`; what the last one gives, which gets the parameters.

        Raises D1Error, and apsw.Error where the disk fails.
        """
        if is_too_long(sql):
            raise D1Error(TOO_LONG)
        began = time.perf_counter()
        size, changes, last_row_id = self._size(), self._changes(), self.last_row_id
        *others, last = self._access.split(sql)
        for statement in others:
            self._run(statement, (), is_last=False)
        columns, rows, rows_read, rows_written = self._run(last, params, is_last=True)
        size_after = self._size()
        changes = self._changes() - changes
        new_row_id = self.last_row_id
        return Outcome(
            columns,
            rows,
            duration_ms=(time.perf_counter() - began) * 1000,
            changes=changes,
            last_row_id=new_row_id,
            changed_db=changes != 0 or new_row_id != last_row_id or size_after != size,
            size_after=size_after,
            rows_read=rows_read,
            rows_written=rows_written,
        )

    def _run(
        self, sql: str, params: Sequence[SqlValue], *, is_last: bool
    ) -> tuple[Sequence[str], Sequence[Row], int, int]:
        """One statement's columns, rows, and how many rows were read and written."""
        access = self._access
        sql = access.limited.get(sql, sql)
        known = access.known.get(sql)
        changes = self._changes()
        cursor = access.cursor()
        self._scanned = 0
        if known is not None and known.writes:
            self._count_write()
        access.restricted = True
        try:
            if known is None or known.epoch != access.epoch:
                known = access.run_first(cursor, sql, params, self._count_write)
            else:
                access.spells_reserved = known.spells_reserved
                cursor.execute(sql, params, prepare_flags=FLAGS)
            rows = _fetch(cursor, self._limits.result_bytes)
        except apsw.BindingsError as error:
            cursor.close(True)
            raise D1Error(str(miscounted(sql, is_last=is_last))) from error
        except UnicodeEncodeError:
            cursor.close(True)
            values = [well_formed(value) for value in params]
            return self._run(str(well_formed(sql)), values, is_last=is_last)
        except BaseException as error:
            cursor.close(True)
            if access.says_without_limit(sql, error):
                return self._run(sql, params, is_last=is_last)
            raise self._failure(error) from error
        finally:
            access.restricted = access.spells_reserved = False
        access.give_back(cursor)
        changed = self._changes() - changes
        read = self._rows_read(sql, params, known, rows)
        return known.columns, rows, read, changed * known.rows_per_change

    def _rows_read(
        self, sql: str, params: Sequence[SqlValue], known: Statement, rows: Sequence[Row]
    ) -> int:
        """About how many rows a query looked at: SQLite counts the steps of full scans alone."""
        read = max(self._scanned and self._scanned + 1, len(rows))
        if known.reads and len(rows) == 1 == len(rows[0]) and isinstance(rows[0][0], int):
            # Counting a whole table takes no step, and its answer is what was looked at.
            counts = self._counting.get(sql)
            if counts is None:
                explained = self._own.execute(f"EXPLAIN {sql}", params)
                counts = [op for _, op, *_ in explained].count("Count") == 1
                if len(self._counting) >= _MAX_COUNTING:
                    self._counting.clear()
                self._counting[sql] = counts
            read = max(read, rows[0][0] if counts else 0)
        return read

    def _count_write(self) -> None:
        """Before the statement: afterwards it would be what the SQL function changes() counts."""
        if not self._is_counted:
            self._past.before_write(self._own)
            changes, row_id = self.connection.total_changes(), self.last_row_id
            metadata.note_write(self._own, self._past.now_ms())
            self.last_row_id = row_id
            self._own_changes += self.connection.total_changes() - changes
            self._is_counted = True

    def _changes(self) -> int:
        return self.connection.total_changes() - self._own_changes

    def _size(self) -> int:
        pages, page_bytes = cast("tuple[int, int]", self._own.execute(SIZE).fetchone())
        return pages * page_bytes

    def _is_late(self) -> bool:
        return time.monotonic() > self._deadline or self._is_stopped()

    def _note_profile(self, event: dict[str, Any]) -> None:
        self._scanned += event["stmt_status"]["SQLITE_STMTSTATUS_FULLSCAN_STEP"]

    def _failure(self, error: BaseException) -> BaseException:
        """What to raise for an error: what the query's author is told, or what has failed here."""
        refusal, self._access.refusal = self._access.refusal, None
        if isinstance(error, UnicodeDecodeError):
            return D1Error(NOT_UTF8)
        if isinstance(error, ValueError) and not isinstance(error, StorageError):
            return D1Error(NO_STATEMENT)  # a NUL ends the statement, and none follows
        if isinstance(error, StorageError):
            return D1Error(str(error))
        if isinstance(error, apsw.InterruptError):
            return D1Error(OUT_OF_TIME)
        if is_bound_met(error, self._folder):
            return D1Error(TOO_LARGE)
        if isinstance(error, SCRIPTS_FAULT):
            return D1Error(refusal or describe(error))
        return error


def _fetch(cursor: apsw.Cursor, max_bytes: int) -> list[Row]:
    """All rows. Raises D1Error where they are too large."""
    rows: list[Row] = []
    size = 0
    while more := cast("list[Row]", list(islice(cursor, _ROWS_AT_ONCE))):
        rows += more
        size += sum(_size_of(value) for row in more for value in row)
        if size > max_bytes:
            raise D1Error(RESULT_TOO_LARGE.format(max_bytes))
    return rows


def _size_of(value: SqlValue) -> int:
    """About how long a value is as JSON."""
    if isinstance(value, bytes):
        return _BLOB_BYTES * len(value)
    return len(value) if isinstance(value, str) else _VALUE_BYTES
