"""SQL on one object's database, as its script may use it.

A script's statements run on the object's own connection (see statements.py), in the same
transaction as its key-value writes.

Reading is lazy: a cursor that has more rows keeps its statement, with one row read ahead so
that the end is known with the last row; polyfills/objects/sql-rows.js tells when that makes a
difference. A statement that writes is run to its end at once: SQLite would not commit while it is
under way.

https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, cast

import apsw

from holdfast.dataclass import dataclass
from holdfast.storage.errors import SqlError, StorageError
from holdfast.storage.splitting import is_empty
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

if TYPE_CHECKING:
    from holdfast.storage.newborn import Newborn
    from holdfast.storage.session import Session
    from holdfast.storage.store import ObjectStore

WRONG_COUNT = "Wrong number of parameter bindings for SQL query."
ONLY_LAST = (
    "When executing multiple SQL statements in a single call, only the last statement can "
    "have parameters."
)
CANCELED = "SQLite query was canceled because the database was deleted."

_MAX_READING = 100  # cursors that keep a statement, because they have rows left
_MAX_AHEAD = 1_000  # rows that are read ahead for a cursor that loses its statement
_ROWS_AT_ONCE = 16  # between two looks at how large they are
_PORTION_BYTES = 1_048_576
_LONG = (str, bytes)  # the classes of values that may be large
# A new database gets its first page with its first write; in workerd it has one.
SIZE = (
    "SELECT max(1, (SELECT page_count FROM pragma_page_count)"
    " - (SELECT freelist_count FROM pragma_freelist_count)),"
    " (SELECT page_size FROM pragma_page_size)"
)
# What a script's statement may do wrong by itself; all else is the disk's fault or ours.
SCRIPTS_FAULT = (
    apsw.SQLError,
    apsw.ConstraintError,
    apsw.AuthError,
    apsw.MismatchError,
    apsw.RangeError,
    apsw.TooBigError,
    apsw.LockedError,
    apsw.AbortError,
    apsw.SchemaChangeError,
    apsw.InterruptError,
    apsw.NoMemError,
)


class Answer(NamedTuple):
    """What running a statement gave: some rows, and the cursor that has more, else 0."""

    statement: Statement
    cursor: int
    rows: Sequence[Row]
    written: int  # the round of its writes, else 0
    rows_written: int
    is_query: bool  # all that was run can have changed nothing


@dataclass(slots=True)
class _Open:
    """A cursor that has rows left: first those that were read ahead, then SQLite's."""

    cursor: apsw.Cursor | None
    ahead: list[Row]
    error: SqlError | None = None  # that SQLite met behind those


class Sql:
    """The SQL of one store. Synchronous; on the loop's thread only.

    Raises SqlError for the script's mistakes, and what `ObjectStore` raises.
    """

    __slots__ = (
        "_access",
        "_last",
        "_open",
        "_reading",
        "_session",
        "_settings",
        "_should_stop",
        "_store",
    )

    def __init__(self, store: "ObjectStore", should_stop: Callable[[], bool]) -> None:
        """`should_stop` tells that the turn has used up its time: SQL is cut short then."""
        self._store = store
        self._should_stop = should_stop
        self._session: Session | Newborn | None = None
        self._access: SqlAccess
        self._open: dict[int, _Open] = {}
        self._reading: dict[int, None] = {}  # those of them that keep a statement, oldest first
        self._settings: dict[str, str] = {}  # that the script has changed
        self._last = 0

    @property
    def is_reading(self) -> bool:
        """True while cursors have rows left, and so keep their connection."""
        return bool(self._reading)

    def execute(self, sql: str, bindings: Sequence[SqlValue]) -> Answer:
        """Run every statement in `sql`; what the last one gives, which gets the bindings."""
        access = self._connected()
        if is_too_long(sql):
            raise SqlError(TOO_LONG)
        statements = access.split(sql)
        if len(statements) == 1:
            return self._execute(statements[0], bindings, is_last=True)
        for statement in statements[:-1]:
            answer = self._execute(statement, (), is_last=False)
            self.close_cursor(answer.cursor)
        return self._execute(statements[-1], bindings, is_last=True)._replace(is_query=False)

    def _execute(self, sql: str, bindings: Sequence[SqlValue], *, is_last: bool) -> Answer:
        access = self._access
        sql = access.limited.get(sql, sql)
        known = before = access.known.get(sql)
        if known is not None and known.epoch != access.epoch:
            known = None
        if known is not None and known.writes:
            self._store.begin_write()
        elif known is None or not known.reads:
            # Before changes are counted; and a commit undoes what some settings have set.
            self._store.settle()
        changes = access.connection.total_changes()
        cursor = access.cursor()
        rows: list[Row] = []
        try:
            access.restricted = True
            if known is None:
                known = access.run_first(cursor, sql, bindings, self._store.begin_write)
            else:
                access.spells_reserved = known.spells_reserved
                cursor.execute(sql, bindings, prepare_flags=FLAGS)
            if known.writes:
                rows = cast("list[Row]", cursor.fetchall())
                access.give_back(cursor)
                changed = access.connection.total_changes() - changes
                written = self._store.written
                rows_written = changed * known.rows_per_change
                return Answer(known, 0, rows, written, rows_written, is_query=False)
            at_once = 2 if known.repeats else 1
            rows += cast("Iterator[Row]", islice(cursor, at_once))
        except apsw.BindingsError as error:
            cursor.close(True)
            raise miscounted(sql, is_last=is_last) from error
        except UnicodeEncodeError:
            cursor.close(True)
            values = [well_formed(value) for value in bindings]
            return self._execute(str(well_formed(sql)), values, is_last=is_last)
        except BaseException as error:
            cursor.close(True)
            if access.says_without_limit(sql, error):
                return self._execute(sql, bindings, is_last=is_last)
            failure = _recounted(self._failure(error), before, sql, bindings, is_last=is_last)
            if rows and known and isinstance(failure, SqlError):
                # Of the second row, which is read when the first is asked for.
                return Answer(known, self._open_as(_Open(None, [], failure)), [], 0, 0, known.reads)
            raise failure from error
        finally:
            access.restricted = access.spells_reserved = False
        if len(rows) < at_once:
            access.give_back(cursor)
            return Answer(known, 0, rows, 0, 0, known.reads)
        return Answer(known, self._keep(cursor, rows[1:]), rows[:1], 0, 0, known.reads)

    def _keep(self, cursor: apsw.Cursor, ahead: list[Row]) -> int:
        if len(self._reading) >= _MAX_READING:
            self._read_oldest()
        number = self._open_as(_Open(cursor, ahead))
        self._reading[number] = None
        return number

    def _open_as(self, opened: _Open) -> int:
        self._last = number = self._last + 1
        self._open[number] = opened
        return number

    def _read_oldest(self) -> None:
        """Let the oldest cursor do without a statement; perhaps nobody can reach it any more.

        Cursors that were left in the middle are closed at the end of the turn at the earliest.
        """
        number = next(iter(self._reading))
        opened = self._open[number]
        assert opened.cursor, "it is reading"
        try:
            self._access.restricted = True
            opened.ahead += cast("list[Row]", list(islice(opened.cursor, _MAX_AHEAD)))
        except BaseException as error:
            self.close_cursor(number)
            raise self._failure(error) from error
        finally:
            self._access.restricted = False
        if len(opened.ahead) > _MAX_AHEAD:
            raise SqlError(f"Too many SQL cursors are open: {_MAX_READING} have rows left.")
        self._stop_reading(number, opened)

    def _stop_reading(self, number: int, opened: _Open) -> None:
        cursor, opened.cursor = opened.cursor, None
        self._reading.pop(number, None)
        if cursor:
            cursor.close(True)

    def fetch(self, number: int, limit: int) -> tuple[list[Row], bool]:
        """Up to `limit` further rows of a cursor, and whether it has more after them.

        Fewer where they are large, so that nobody fills the host's memory with them.
        """
        opened = self._open.get(number)
        if opened is None:
            self._store.check()
            raise SqlError(CANCELED)
        rows = opened.ahead
        if opened.error:
            self.close_cursor(number)
            raise opened.error
        try:
            self._access.restricted = True
            if opened.cursor and len(rows) <= limit:
                limit = _read(opened.cursor, rows, limit)
        except BaseException as error:
            failure = self._failure(error)
            if not isinstance(failure, SqlError) or len(rows) <= 1:
                self.close_cursor(number)
                raise failure from error
            # It is met when the last of these rows is asked for, since one more is then read.
            opened.error = failure
            self._stop_reading(number, opened)
            limit = len(rows) - 1
        finally:
            self._access.restricted = False
        if len(rows) > limit:
            opened.ahead = rows[limit:]
            return rows[:limit], True
        self.close_cursor(number)
        return rows, False

    def stand_at(self, number: int, taken: int, sql: str, bindings: Sequence[SqlValue]) -> int:
        """Run the last statement in `sql` again, in place of a cursor that was read ahead.

        The new cursor stands behind so many rows. Nothing has changed since the other began, and
        the statement repeats; see Statement.
        """
        self.close_cursor(number)
        access = self._connected()
        cursor = access.cursor()
        try:
            access.restricted = True
            cursor.execute(access.split(sql)[-1], bindings, prepare_flags=FLAGS)
            ahead = cast("list[Row]", list(islice(cursor, taken, taken + 1)))
        except BaseException as error:
            cursor.close(True)
            raise self._failure(error) from error
        finally:
            access.restricted = False
        if not ahead:
            access.give_back(cursor)
            return 0
        return self._keep(cursor, ahead)

    def close_cursor(self, number: int) -> None:
        """Let go of a cursor that nobody reads any more; harmless for others."""
        opened = self._open.pop(number, None)
        if opened is not None:
            self._stop_reading(number, opened)

    def rows_read(self, sql: str, bindings: Sequence[SqlValue]) -> int:
        """About how many rows the last statement in `sql` looks at, if it only reads; else 0.

        SQLite counts only the steps of full scans, and tells when a statement is done: so it is
        run once more for that, which costs those alone who want to know.
        """
        access = self._connected()
        statement = access.split(sql)[-1]
        known = access.known.get(statement)
        if known is None or known.writes:
            return 0
        try:
            access.restricted = True
            return access.count_rows(statement, bindings)
        except BaseException as error:
            raise self._failure(error) from error
        finally:
            access.restricted = False

    def size(self) -> int:
        """The bytes of the pages that hold something."""
        self._store.settle()
        session = self._store.connect()
        try:
            pages, page_bytes = cast("tuple[int, int]", session.cursor.execute(SIZE).fetchone())
        except apsw.Error as error:
            raise self._store.failed(error) from error
        return pages * page_bytes

    def cancel(self) -> None:
        """Close every cursor: what they read is about to go, or the connection is."""
        if not self._open:
            return
        for number in [*self._open]:
            self.close_cursor(number)

    def detach(self) -> None:
        """The connection was or will be closed; the next access finds another."""
        self.cancel()
        self._session = None

    def _connected(self) -> SqlAccess:
        session = self._store.connect()
        if session is not self._session:
            self._attach(session)
        return self._access

    def _attach(self, session: "Session | Newborn") -> None:
        self.cancel()
        self._session = session
        if session.sql is None:
            session.sql = SqlAccess(session.connection, session.cursor)
        self._access = session.sql
        self._access.should_stop = self._should_stop
        for name, value in self._settings.items():
            session.cursor.execute(f"PRAGMA {name}={value}")
        self._access.settings = self._settings

    def _failure(self, error: BaseException) -> BaseException:
        """What to raise for an error: the script's own mistakes, or the store's failure."""
        access = self._access
        refusal, access.refusal = access.refusal, None
        if isinstance(error, UnicodeDecodeError):
            return SqlError("A text in the result is not valid UTF-8; select it as a BLOB.")
        if isinstance(error, ValueError) and not isinstance(error, StorageError):
            return SqlError(NO_STATEMENT)  # a NUL ends the statement, and none follows
        if not isinstance(error, apsw.Error):
            return error
        if isinstance(error, SCRIPTS_FAULT) and self._store.has_its_transaction():
            return SqlError(refusal or describe(error))
        return self._store.failed(error)


def miscounted(sql: str, *, is_last: bool) -> SqlError:
    """What a statement is told whose bindings are too many or too few."""
    if is_empty(sql):
        return SqlError(NO_STATEMENT)
    return SqlError(WRONG_COUNT if is_last else ONLY_LAST)


def _recounted(
    failure: BaseException,
    known: Statement | None,
    sql: str,
    bindings: Sequence[SqlValue],
    *,
    is_last: bool,
) -> BaseException:
    """What a statement is told that has run before, with bindings of perhaps another number.

    workerd keeps what it has compiled, and counts before it finds that out of date.
    """
    if known is None or known.bindings == len(bindings) or not isinstance(failure, SqlError):
        return failure
    return miscounted(sql, is_last=is_last)


def _read(cursor: apsw.Cursor, rows: list[Row], limit: int) -> int:
    """Append rows until there is one more than the limit; the limit, lowered for large rows.

    Those before a row that fails are appended.
    """
    size = 0
    while len(rows) <= limit:
        before = len(rows)
        rows += cast("Iterator[Row]", islice(cursor, min(limit + 1 - before, _ROWS_AT_ONCE)))
        if len(rows) - before < _ROWS_AT_ONCE:
            break
        size += sum(
            len(value) for row in rows[before:] for value in row if isinstance(value, _LONG)
        )
        if size > _PORTION_BYTES:
            return len(rows) - 1
    return limit
