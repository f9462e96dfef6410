"""SQL on one object's database, as its script may use it.

A script's statements run on the object's own connection, in the same transaction as its
key-value writes, and are told apart from the storage's own by how they are compiled:

- The *authorizer* is asked while a statement is compiled, and lets everything pass unless
  `SqlAccess.restricted` is set, which it is for the length of a script's call alone.
- SQLite's cache of compiled statements is shared, so a script could write a statement of
  ours letter by letter and be given the one that nobody asked about. What a script compiles
  is therefore compiled with a flag that is part of the cache's key (`_FLAGS`).

What is learned of a statement when it first runs is kept: whether it writes, and its columns,
which SQLite does not tell any more once a statement is done. That holds until the schema
changes, which the authorizer sees coming.

Reading is lazy: a cursor that has more rows keeps its statement, with one row read ahead so
that the end is known with the last row. A statement that writes is run to its end at once: SQLite
would not commit while it is under way.

https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import apsw

from holdfast.storage.authorizer import (
    SCHEMA_CHANGES,
    SETTINGS,
    TRANSACTIONS,
    is_allowed,
    is_transaction,
)
from holdfast.storage.errors import SqlError, StorageError

if TYPE_CHECKING:
    from holdfast.storage.newborn import Newborn
    from holdfast.storage.session import Session
    from holdfast.storage.store import ObjectStore

SqlValue = float | str | bytes | None
Row = tuple[int | float | str | bytes | None, ...]

NO_STATEMENT = "SQL code did not contain a statement."
WRONG_COUNT = "Wrong number of parameter bindings for SQL query."
ONLY_LAST = (
    "When executing multiple SQL statements in a single call, only the last statement can "
    "have parameters."
)
CANCELED = "SQLite query was canceled because the database was deleted."

_MAX_BYTES = 100_000  # of SQL

# https://developers.cloudflare.com/durable-objects/platform/limits/ and workerd's own.
_LIMITS = {
    apsw.SQLITE_LIMIT_LENGTH: 8 * 1024 * 1024 + 64,
    apsw.SQLITE_LIMIT_SQL_LENGTH: _MAX_BYTES,
    apsw.SQLITE_LIMIT_COLUMN: 100,
    apsw.SQLITE_LIMIT_EXPR_DEPTH: 100,
    apsw.SQLITE_LIMIT_COMPOUND_SELECT: 5,
    apsw.SQLITE_LIMIT_VDBE_OP: 25_000,
    apsw.SQLITE_LIMIT_FUNCTION_ARG: 127,
    apsw.SQLITE_LIMIT_ATTACHED: 0,
    apsw.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 50,
    apsw.SQLITE_LIMIT_VARIABLE_NUMBER: 100,
    apsw.SQLITE_LIMIT_TRIGGER_DEPTH: 10,
    apsw.SQLITE_LIMIT_WORKER_THREADS: 0,
}

_FLAGS = apsw.SQLITE_PREPARE_PERSISTENT
_STEPS_PER_LOOK = 50_000  # of SQLite's machine, between two looks at the turn's budget
_MAX_KNOWN = 500
_MAX_READING = 100  # cursors that keep a statement, because they have rows left
_MAX_AHEAD = 1_000  # rows that are read ahead for a cursor that loses its statement
_ROWS_AT_ONCE = 16  # between two looks at how large they are
_PORTION_BYTES = 1_048_576
_BLANK = " \t\n\r\v\f"
_ALTER = "holdfast_alter"
_SIZE = (
    "SELECT (SELECT page_count FROM pragma_page_count)"
    " - (SELECT freelist_count FROM pragma_freelist_count),"
    " (SELECT page_size FROM pragma_page_size)"
)
_RESERVED = "SELECT name FROM sqlite_schema WHERE name LIKE '\\_cf\\_%' ESCAPE '\\' ORDER BY name"

# What a script's statement may do wrong by itself; all else is the disk's fault or ours.
_SCRIPTS_FAULT = (
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


@dataclass(slots=True)
class Statement:
    """What is known of one statement, as long as the schema stays as it is."""

    columns: tuple[str, ...]
    writes: bool
    rows_per_change: int  # of tables and indexes, that one changed row writes
    epoch: int
    encoded: str = ""  # for whoever sends the columns elsewhere time and again


class Answer(NamedTuple):
    """What running a statement gave: some rows, and the cursor that has more, else 0."""

    statement: Statement
    cursor: int
    rows: Sequence[Row]
    written: int  # the round of its writes, else 0
    rows_written: int


@dataclass(slots=True)
class _Open:
    """A cursor that has rows left: first those that were read ahead, then SQLite's."""

    cursor: apsw.Cursor | None
    ahead: list[Row]


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
        session = self._store.connect()
        if session is not self._session:
            self._attach(session)
        if len(sql) > _MAX_BYTES // 4 and len(sql.encode(errors="replace")) > _MAX_BYTES:
            raise SqlError("statement too long: SQLITE_TOOBIG")
        statements = self._access.split(sql)
        for statement in statements[:-1]:
            answer = self._execute(statement, (), is_last=False)
            self.close_cursor(answer.cursor)
        return self._execute(statements[-1], bindings, is_last=True)

    def _execute(self, sql: str, bindings: Sequence[SqlValue], *, is_last: bool) -> Answer:
        access = self._access
        known = access.known.get(sql)
        if known is not None and known.epoch != access.epoch:
            known = None
        if known is not None and known.writes:
            self._store.begin_write()
        changes = access.connection.total_changes()
        cursor = access.cursor()
        try:
            access.restricted = True
            if known is None:
                known = access.run_first(cursor, sql, bindings, self._store.begin_write)
            else:
                cursor.execute(sql, bindings, prepare_flags=_FLAGS)
            if known.writes:
                rows = cast("list[Row]", cursor.fetchall())
                access.give_back(cursor)
                changed = access.connection.total_changes() - changes
                written = self._store.written
                return Answer(known, 0, rows, written, changed * known.rows_per_change)
            rows = cast("list[Row]", list(islice(cursor, 2)))
        except apsw.BindingsError as error:
            cursor.close(True)
            raise SqlError(WRONG_COUNT if is_last else ONLY_LAST) from error
        except UnicodeEncodeError:
            cursor.close(True)
            well_formed = [_well_formed(value) for value in bindings]
            return self._execute(str(_well_formed(sql)), well_formed, is_last=is_last)
        except BaseException as error:
            cursor.close(True)
            raise self._failure(error) from error
        finally:
            access.restricted = False
        if len(rows) < 2:
            access.give_back(cursor)
            return Answer(known, 0, rows, 0, 0)
        return Answer(known, self._keep(cursor, rows.pop()), rows, 0, 0)

    def _keep(self, cursor: apsw.Cursor, ahead: Row) -> int:
        if len(self._reading) >= _MAX_READING:
            self._read_oldest()
        self._last = number = self._last + 1
        self._open[number] = _Open(cursor, [ahead])
        self._reading[number] = None
        return number

    def _read_oldest(self) -> None:
        """Let the oldest cursor do without a statement; perhaps nobody can reach it any more.

        Cursors that were left in the middle are closed at the end of the turn at the earliest.
        """
        number = next(iter(self._reading))
        opened = self._open[number]
        assert opened.cursor, "it is reading"
        opened.ahead += cast("list[Row]", list(islice(opened.cursor, _MAX_AHEAD)))
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
        try:
            self._access.restricted = True
            if opened.cursor and len(rows) <= limit:
                limit = _read(opened.cursor, rows, limit)
        except BaseException as error:
            self.close_cursor(number)
            raise self._failure(error) from error
        finally:
            self._access.restricted = False
        if len(rows) > limit:
            opened.ahead = rows[limit:]
            return rows[:limit], True
        self.close_cursor(number)
        return rows, False

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
        statement = self._access.split(sql)[-1]
        known = self._access.known.get(statement)
        if known is None or known.writes:
            return 0
        try:
            self._access.restricted = True
            return self._access.count_rows(statement, bindings)
        except BaseException as error:
            raise self._failure(error) from error
        finally:
            self._access.restricted = False

    def size(self) -> int:
        """The bytes of the pages that hold something."""
        session = self._store.connect()
        try:
            pages, page_bytes = cast("tuple[int, int]", session.cursor.execute(_SIZE).fetchone())
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
        if isinstance(error, _SCRIPTS_FAULT) and self._store.has_its_transaction():
            return SqlError(refusal or describe(error))
        return self._store.failed(error)


class SqlAccess:
    """A connection as scripts' SQL sees it; lives and dies with the connection."""

    def __init__(self, connection: apsw.Connection, own: apsw.Cursor) -> None:
        self.connection = connection
        self.restricted = False
        self.refusal: str | None = None
        self.epoch = 0  # grows with every change of the schema
        self.known: OrderedDict[str, Statement] = OrderedDict()
        self.should_stop: Callable[[], bool] = bool
        self.settings: dict[str, str] = {}  # those that are changed, for the next connection
        self._own = own  # for statements that are ours
        self._free: list[apsw.Cursor] = []
        self._pieces: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._reserved: list[Any] = []  # the names that are the runtime's own
        self._actions: list[tuple[int, str | None, str | None]] = []
        for limit, value in _LIMITS.items():
            connection.limit(limit, value)
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 1)
        connection.authorizer = self._authorize
        connection.set_progress_handler(self._look, _STEPS_PER_LOOK)

    def _look(self) -> bool:
        return self.restricted and self.should_stop()

    def _authorize(
        self,
        action: int,
        first: str | None,
        second: str | None,
        database: str | None,
        _trigger: str | None,
    ) -> int:
        if not self.restricted:
            return apsw.SQLITE_OK
        if action in SCHEMA_CHANGES:
            self.epoch += 1
        self._actions.append((action, first, second))
        if is_allowed(action, first, second, database):
            if action == apsw.SQLITE_PRAGMA and second is not None and first in SETTINGS:
                self.settings[first] = second
            return apsw.SQLITE_OK
        if is_transaction(action):
            self.refusal = TRANSACTIONS
        return apsw.SQLITE_DENY

    def forget_schema(self) -> None:
        """The schema may be another than it was: something was undone, or not done by SQL."""
        self.epoch += 1

    # ---- cursors -------------------------------------------------------------------

    def cursor(self) -> apsw.Cursor:
        """A cursor that nobody uses."""
        return self._free.pop() if self._free else self.connection.cursor()

    def give_back(self, cursor: apsw.Cursor) -> None:
        """The cursor is done."""
        self._free.append(cursor)

    # ---- statements ----------------------------------------------------------------

    def split(self, sql: str) -> tuple[str, ...]:
        """The statements in `sql`, by the semicolons that end them."""
        if ";" not in sql or "\0" in sql:
            return (sql,)
        pieces = self._pieces.get(sql)
        if pieces is None:
            pieces = self._pieces[sql] = split(sql)
            if len(self._pieces) > _MAX_KNOWN:
                self._pieces.popitem(last=False)
        return pieces

    def run_first(
        self,
        cursor: apsw.Cursor,
        sql: str,
        bindings: Sequence[SqlValue],
        begin_write: Callable[[], object],
    ) -> Statement:
        """Run a statement that is not known; what it is found to be."""
        found: list[Statement] = []
        self._actions.clear()
        alters = False

        def trace(running: apsw.Cursor, _sql: str, _bindings: object) -> bool:
            nonlocal alters
            if not running.has_vdbe:
                return True
            actions, self._actions = self._actions, []
            columns = tuple(name for name, _ in running.get_description())
            writes = not running.is_readonly
            self.restricted = False
            if writes:
                begin_write()
            rows_per_change = self._rows_per_change(actions) if writes else 0
            alters = any(action == apsw.SQLITE_ALTER_TABLE for action, _, _ in actions)
            if alters:
                self._own.execute(f"SAVEPOINT {_ALTER}")
                self._reserved = self._own.execute(_RESERVED).fetchall()
            self.restricted = True
            found.append(Statement(columns, writes, rows_per_change, self.epoch))
            return True

        cursor.exec_trace = trace
        try:
            # Compiled anew: one that was kept may tell columns that are no more.
            cursor.execute(sql, bindings, prepare_flags=_FLAGS, can_cache=False)
        except BaseException:
            self.restricted = False
            if alters and self.connection.in_transaction:
                self._undo_alter()
            raise
        cursor.exec_trace = None
        if not found:
            raise SqlError(NO_STATEMENT)
        if alters:
            self._check_altered()
        elif self.epoch == found[0].epoch:
            self.known[sql] = found[0]
            if len(self.known) > _MAX_KNOWN:
                self.known.popitem(last=False)
        return found[0]

    def count_rows(self, sql: str, bindings: Sequence[SqlValue]) -> int:
        """Run a statement that reads; the rows that it looked at."""
        steps: list[int] = []

        def profile(event: dict[str, Any]) -> None:
            steps.append(event["stmt_status"]["SQLITE_STMTSTATUS_FULLSCAN_STEP"])

        cursor = self.connection.cursor()
        counts = [op for _, op, *_ in cursor.execute(f"EXPLAIN {sql}", bindings)].count("Count")
        self.connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, profile)
        try:
            found = 0
            last: Row = ()
            for row in cursor.execute(sql, bindings, prepare_flags=_FLAGS):
                found, last = found + 1, cast("Row", row)
        finally:
            self.connection.trace_v2(0, None)
            cursor.close(True)
        scanned = sum(steps) + 1 if any(steps) else 0
        # Counting a whole table takes no step, and its answer is what was looked at.
        if counts == found == len(last) == 1 and isinstance(last[0], int):
            scanned += last[0]
        return max(scanned, found)

    def _check_altered(self) -> None:
        """Undo a table's change of name into the runtime's own, which SQLite asks nobody about."""
        self.restricted = False
        if self._own.execute(_RESERVED).fetchall() != self._reserved:
            self._undo_alter()
            raise SqlError("not authorized: SQLITE_AUTH")
        self._own.execute(f"RELEASE {_ALTER}")

    def _undo_alter(self) -> None:
        self._own.execute(f"ROLLBACK TO {_ALTER}")
        self._own.execute(f"RELEASE {_ALTER}")

    def _rows_per_change(self, actions: Sequence[tuple[int, str | None, str | None]]) -> int:
        """How many rows, indexes' entries included, a row that changes writes."""
        inserted = {first for action, first, _ in actions if action == apsw.SQLITE_INSERT}
        updated = {(f, s) for action, f, s in actions if action == apsw.SQLITE_UPDATE}
        tables = inserted | {first for first, _ in updated}
        if len(tables) != 1:
            return 1
        (table,) = tables
        columns = None if inserted else {column for _, column in updated}
        indexes: list[Any] = self._own.execute(
            "SELECT name FROM pragma_index_list(?)", (table,)
        ).fetchall()
        if columns is not None:
            indexes = [name for (name,) in indexes if columns & self._columns_of(name)]
        return 1 + len(indexes)

    def _columns_of(self, index: str) -> set[str | None]:
        rows = self._own.execute("SELECT name FROM pragma_index_info(?)", (index,))
        return {cast("str | None", name) for (name,) in rows}


def _read(cursor: apsw.Cursor, rows: list[Row], limit: int) -> int:
    """Append rows until there is one more than the limit; the limit, lowered for large rows."""
    size = 0
    while len(rows) <= limit:
        portion = cast("list[Row]", list(islice(cursor, min(limit + 1 - len(rows), _ROWS_AT_ONCE))))
        rows += portion
        if len(portion) < _ROWS_AT_ONCE:
            break
        size += sum(
            len(value) for row in portion for value in row if isinstance(value, str | bytes)
        )
        if size > _PORTION_BYTES:
            return len(rows) - 1
    return limit


def split(sql: str) -> tuple[str, ...]:
    """The statements in `sql`, where SQLite would say that each ends. Pure."""
    sql = str(_well_formed(sql))
    pieces = []
    start = position = 0
    while (position := sql.find(";", position)) >= 0:
        position += 1
        if apsw.complete(sql[start:position]):
            pieces.append(sql[start:position])
            start = position
            while start < len(sql) and sql[start] in _BLANK:
                start = position = start + 1
    if start < len(sql) or not pieces:
        pieces.append(sql[start:])
    return tuple(pieces)


def describe(error: apsw.Error) -> str:
    """An error as workerd words it."""
    result: int = getattr(error, "result", apsw.SQLITE_ERROR)
    extended: int = getattr(error, "extendedresult", result)
    offset: int = getattr(error, "error_offset", -1)
    message = f"{error} at offset {offset}" if offset >= 0 else str(error)
    message += f": {apsw.mapping_result_codes[result]}"
    if name := apsw.mapping_extended_result_codes.get(extended):
        message += f" (extended: {name})"
    return message


_SURROGATE = re.compile("[\ud800-\udfff]")


def _well_formed(value: SqlValue) -> SqlValue:
    """A text without lone surrogates, each of which becomes what workerd makes of its bytes."""
    return _SURROGATE.sub("\ufffd\ufffd\ufffd", value) if isinstance(value, str) else value
