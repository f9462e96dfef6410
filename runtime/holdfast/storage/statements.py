"""A script's SQL statements, told apart from the storage's own on the same connection.

- The *authorizer* is asked while a statement is compiled, and lets everything pass unless
  `SqlAccess.restricted` is set, which it has to be whenever a script's statement is compiled or
  stepped, since SQLite may compile it anew then, and at no other time.
- SQLite's cache of compiled statements is shared, so a script could write a statement of
  ours letter by letter and be given the one that nobody asked about. What a script compiles
  is therefore compiled with a flag that is part of the cache's key (`FLAGS`).

What is learned of a statement when it first runs is kept: whether it writes, and its columns,
which SQLite does not tell any more once a statement is done. That holds until the schema
changes, which the authorizer sees coming.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, cast

import apsw

from holdfast.dataclass import dataclass
from holdfast.storage.authorizer import (
    RESERVED_PREFIX,
    SCHEMA_CHANGES,
    SETTINGS,
    TRANSACTIONS,
    is_about_reserved,
    is_allowed,
    is_query,
    is_repeatable,
    is_transaction,
)
from holdfast.storage.errors import DatabaseFull, SqlError
from holdfast.storage.limited import without_limit
from holdfast.storage.splitting import split

SqlValue = float | str | bytes | None
Row = tuple[int | float | str | bytes | None, ...]

NO_STATEMENT = "SQL code did not contain a statement."
TOO_LONG = "statement too long: SQLITE_TOOBIG"

MAX_SQL_BYTES = 100_000  # of SQL

# https://developers.cloudflare.com/durable-objects/platform/limits/ and workerd's own.
_LIMITS = {
    apsw.SQLITE_LIMIT_LENGTH: 8 * 1024 * 1024 + 64,
    apsw.SQLITE_LIMIT_SQL_LENGTH: MAX_SQL_BYTES,
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

FLAGS = apsw.SQLITE_PREPARE_PERSISTENT
_STEPS_PER_LOOK = 50_000  # of SQLite's machine, between two looks at the turn's budget
_MAX_KNOWN = 500
_ALTER = "holdfast_alter"
# Not by LIKE, which a script can make sensitive to case.
_RESERVED = "SELECT name FROM sqlite_schema WHERE lower(substr(name, 1, 4)) = '_cf_' ORDER BY name"


@dataclass(slots=True)
class Statement:
    """What is known of one statement, as long as the schema stays as it is."""

    columns: tuple[str, ...]
    bindings: int  # how many it takes
    writes: bool
    rows_per_change: int  # of tables and indexes, that one changed row writes
    epoch: int
    reads: bool = False  # it is a query: nothing at all is another for it
    repeats: bool = False  # a query that gives the same rows again, as long as nothing changes
    spells_reserved: bool = False  # it has a name of the runtime's own in its text
    encoded: str = ""  # for whoever sends the columns elsewhere time and again


class SqlAccess:
    """A connection as scripts' SQL sees it; lives and dies with the connection."""

    def __init__(self, connection: apsw.Connection, own: apsw.Cursor) -> None:
        self.connection = connection
        self.restricted = False
        self.refusal: str | None = None
        self.spells_reserved = False  # the text of what begins to run has a reserved name
        self.epoch = 0  # grows with every change of the schema
        self.known: OrderedDict[str, Statement] = OrderedDict()
        self.limited: OrderedDict[str, str] = OrderedDict()  # what is run in their place
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
        if not self.spells_reserved and is_about_reserved(action, first, second):
            return apsw.SQLITE_IGNORE
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
        self.spells_reserved = spells_reserved = RESERVED_PREFIX in sql.lower()
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
            reads = not writes and is_query(actions)
            repeats = reads and is_repeatable(actions)
            found.append(
                Statement(
                    columns,
                    len(bindings),
                    writes,
                    rows_per_change,
                    self.epoch,
                    reads,
                    repeats,
                    spells_reserved,
                )
            )
            return True

        cursor.exec_trace = trace
        try:
            # Compiled anew: one that was kept may tell columns that are no more.
            cursor.execute(sql, bindings, prepare_flags=FLAGS, can_cache=False)
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

    def says_without_limit(self, sql: str, error: BaseException) -> bool:
        """Whether a statement that SQLite does not understand is now in `limited`."""
        if not isinstance(error, apsw.SQLError) or "syntax error" not in str(error):
            return False
        if sql in self.limited or (said := without_limit(sql)) is None:
            return False
        self.limited[sql] = said
        if len(self.limited) > _MAX_KNOWN:
            self.limited.popitem(last=False)
        return True

    def count_rows(self, sql: str, bindings: Sequence[SqlValue]) -> int:
        """Run a statement that reads; the rows that it looked at."""
        steps: list[int] = []

        def profile(event: dict[str, Any]) -> None:
            steps.append(event["stmt_status"]["SQLITE_STMTSTATUS_FULLSCAN_STEP"])

        cursor = self.connection.cursor()
        self.connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, profile)
        try:
            found = 0
            last: Row = ()
            for row in cursor.execute(sql, bindings, prepare_flags=FLAGS):
                found, last = found + 1, cast("Row", row)
        finally:
            self.connection.trace_v2(0, None)
            cursor.close(True)
        scanned = sum(steps) + 1 if any(steps) else 0
        # Counting a whole table takes no step, and its answer is what was looked at.
        if found == len(last) == 1 and isinstance(last[0], int):
            program = self.connection.execute(f"EXPLAIN {sql}", bindings)
            if [op for _, op, *_ in program].count("Count") == 1:
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


def is_too_long(sql: str) -> bool:
    """Whether SQL has more bytes than it may."""
    return len(sql) > MAX_SQL_BYTES // 4 and len(sql.encode(errors="replace")) > MAX_SQL_BYTES


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


def why_broken(error: BaseException) -> str:
    """What an object is told whose storage has failed."""
    if isinstance(error, apsw.ConstraintError):
        return (
            "Durable Object was reset and rolled back to its last known good state because the "
            "application left the database in a state where constraints were violated: "
            + describe(error)
        )
    if isinstance(error, DatabaseFull):
        return str(error)
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return f"The storage of this Durable Object failed: {reason}"  # and names no file of the host


_SURROGATE = re.compile("[\ud800-\udfff]")


def well_formed(value: SqlValue) -> SqlValue:
    """A text without lone surrogates, each of which becomes what workerd makes of its bytes."""
    return _SURROGATE.sub("\ufffd\ufffd\ufffd", value) if isinstance(value, str) else value
