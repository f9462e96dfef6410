"""The storage of one object, as its owner sees it.

All methods are synchronous and for the loop's thread. Reads and writes take microseconds;
they wait for the disk only as far as SQLite has to read from it, and where
`opening`'s and `lifecycle`'s essays say so. Writes are visible to reads at once, and
durable when `on_durable` has named their round.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, cast

import apsw

from holdfast.storage import failures
from holdfast.storage.alarms import read_own, write_own
from holdfast.storage.catching_up import settle_if_possible
from holdfast.storage.errors import StorageError, StoreClosed
from holdfast.storage.growing import adopt
from holdfast.storage.keys import decode_key, encode_key, key_range
from holdfast.storage.quoting import identifier
from holdfast.storage.recent import PUT, Recent
from holdfast.storage.savepoint import Savepoint
from holdfast.storage.sql import Sql
from holdfast.storage.template import MAKE_KEYS, lacks_keys
from holdfast.storage.workers import Duty

if TYPE_CHECKING:
    from holdfast.storage.database import Database
    from holdfast.storage.newborn import Newborn
    from holdfast.storage.session import Session
    from holdfast.storage.shard import Shard
    from holdfast.storage.snapshot import Snapshot

# A key with a lone surrogate is no text to APSW, so it travels as bytes and becomes text
# in SQLite; the plain forms are for all other keys and avoid that conversion.
_GET = "SELECT value FROM _cf_KV WHERE key=?"
_GET_BYTES = "SELECT value FROM _cf_KV WHERE key=CAST(? AS TEXT)"
_PUT_BYTES = (
    "INSERT INTO _cf_KV VALUES(CAST(? AS TEXT),?) ON CONFLICT DO UPDATE SET value=excluded.value"
)
_HAS = "SELECT 1 FROM _cf_KV WHERE key=CAST(? AS TEXT)"
_DELETE = "DELETE FROM _cf_KV WHERE key=CAST(? AS TEXT)"
_LIST = (
    "SELECT {key}, value FROM _cf_KV WHERE key>=CAST(? AS TEXT){end} ORDER BY key{order} LIMIT ?"
)
_END = " AND key<CAST(? AS TEXT)"
# A virtual table takes the tables behind it along, which may not be dropped by themselves.
_TABLES = (
    "SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'view')"
    " AND (name NOT LIKE 'sqlite\\_%' ESCAPE '\\' OR name LIKE 'sqlite\\_stat_' ESCAPE '\\')"
    " AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow')"
    " ORDER BY type DESC"
)

_NO_ROWS = "SELECT 1 WHERE 0"

_NO_LIMIT = -1

OnDurable = Callable[[int], None]
OnBroken = Callable[[BaseException], None]


class ObjectStore:
    """What one owner of an object stores and reads, until it closes or is superseded.

    Every access raises StoreBroken once the storage has failed, what `supersede` was given
    once that was called, and StoreClosed after `close`; otherwise StorageReadOnly and
    ValueTooLarge where they apply, and TransactionConflict or StoreLocked when another
    process holds the file.
    """

    __slots__ = (
        "_cursor",
        "_database",
        "_error",
        "_last_written",
        "_shard",
        "_sql",
        "_touch",
        "name",
        "on_breaking",
        "on_broken",
        "on_durable",
    )

    def __init__(
        self,
        database: "Database",
        shard: "Shard",
        on_durable: OnDurable,
        on_broken: OnBroken,
        name: str | None = None,
    ) -> None:
        self.name = name
        self.on_durable = on_durable
        self.on_broken = on_broken
        # Called when the storage fails, or refuses something, perhaps from within a call on this
        # store: whoever did not wait for that must not say that it was done.
        self.on_breaking: OnBroken | None = None
        self._database = database
        self._shard = shard
        self._touch = shard.connections.touch
        self._error: BaseException | None = None
        self._last_written = 0
        self._sql: Sql | None = None
        # Present while the file is open, with all that was written in it (see recent.py), and the
        # store may use it: one look tells.
        self._cursor: apsw.Cursor | None = None
        database.attach(self)

    # ---- opening -------------------------------------------------------------------

    @property
    def is_opening(self) -> bool:
        """True while a thread puts another database in its place: an access would wait for that."""
        return isinstance(self._database.job, Duty)

    async def opened(self) -> None:
        """Return once that has ended; the first access, or `on_broken`, tells how it went."""
        await self._shard.lifecycle.duty_ended(self._database)

    # ---- reading -------------------------------------------------------------------

    def get(self, key: str) -> bytes | None:
        """The value of a key; None if it has none."""
        cursor = self._cursor
        if cursor is None:
            if recent := self._recent:
                self._touch(self._database)
                if (written := recent.get(key)) is not None:
                    return written
            cursor = self._look()
            if cursor is None:
                return None
            if (recent := self._recent) and (written := recent.get(key)) is not None:
                return written  # which was found when the file was opened just now
        self._touch(self._database)
        try:
            value: bytes | None = cursor.execute(_GET, (key,)).get
        except UnicodeEncodeError:
            value = self._find(cursor, _GET_BYTES, encode_key(key)).get
        except apsw.Error as error:
            if not lacks_keys(error):
                self._raise(error)
            return None
        return value

    def get_many(self, keys: Sequence[str]) -> list[tuple[str, bytes]]:
        """The keys that have a value, with it, in the order of their UTF-8 bytes."""
        # Code points are in the order of their bytes.
        found = [(key, self.get(key)) for key in sorted(set(keys))]
        return [(key, value) for key, value in found if value is not None]

    def _rows(
        self,
        cursor: apsw.Cursor,
        lower: bytes,
        upper: bytes | None,
        *,
        reverse: bool,
        limit: int | None,
    ) -> list[tuple[str, bytes]]:
        """What SQLite has in a range."""
        bounds = (lower,) if upper is None else (lower, upper)
        arguments = (*bounds, _NO_LIMIT if limit is None else limit)
        parts = {
            "end": "" if upper is None else _END,
            "order": " DESC" if reverse else "",
        }
        try:
            rows = self._find(cursor, _LIST.format(key="key", **parts), *arguments)
            return cast("list[tuple[str, bytes]]", rows.fetchall())
        except UnicodeDecodeError:
            sql = _LIST.format(key="CAST(key AS BLOB)", **parts)
            rows = self._find(cursor, sql, *arguments)
            return [(decode_key(key), value) for key, value in rows]

    def list(
        self,
        *,
        start: str | None = None,
        start_after: str | None = None,
        end: str | None = None,
        prefix: str | None = None,
        reverse: bool = False,
        limit: int | None = None,
    ) -> list[tuple[str, bytes]]:
        """The keys in a range with their values, in the order of their UTF-8 bytes.

        From `start` (included) or `start_after` (excluded) to `end` (excluded), among those
        that begin with `prefix`. `reverse` turns the order around and keeps what the bounds
        mean; then `limit` takes the last ones.
        """
        cursor = self._cursor or self._look()
        if cursor is None:
            return []
        self._touch(self._database)
        lower, upper = key_range(start, start_after, end, prefix)
        recent = self._recent
        if written := recent.between(lower, upper) if recent else {}:
            more = None if limit is None else limit + len(written)
            rows = dict(self._rows(cursor, lower, upper, reverse=reverse, limit=more)) | written
            return sorted(rows.items(), reverse=reverse)[:limit]
        return self._rows(cursor, lower, upper, reverse=reverse, limit=limit)

    # ---- writing -------------------------------------------------------------------

    def put(self, key: str, value: bytes) -> int:
        """Store a value; the round that it will be durable with."""
        database = self._database
        if self._error is None and database.put_recent(((key, value),)):
            self._cursor = None
            self._touch(database)
            return database.rounds.written
        cursor = self._cursor
        if cursor is None or not database.transactions.ready:
            cursor = self._begin_write()
        self._touch(database)
        try:
            cursor.execute(PUT, (key, value))
        except UnicodeEncodeError:
            self._have_keys(cursor)
            self._execute(cursor, _PUT_BYTES, encode_key(key), value)
        except apsw.Error as error:
            if not lacks_keys(error):
                self._raise(error)
            self._have_keys(cursor)
            self._execute(cursor, PUT, key, value)
        return database.rounds.written

    def _have_keys(self, cursor: apsw.Cursor) -> None:
        """Make the table, where the object began with SQL and has had no key yet."""
        self._execute(cursor, MAKE_KEYS)
        self.connect().forget_schema()

    def put_many(self, entries: Iterable[tuple[str, bytes]]) -> int:
        """Store several values, all or none; the round."""
        entries = [*entries]
        if entries and self._error is None and self._database.put_recent(entries):
            self._cursor = None
            self._touch(self._database)
            return self._database.rounds.written
        with Savepoint(self._database, self._begin_write()):
            for key, value in entries:
                self.put(key, value)
        return self._database.rounds.written

    def delete(self, key: str) -> bool:
        """Remove a key; was it there. One that is not there costs no write."""
        cursor = self._cursor or self._reach()
        if cursor is None:
            return False
        encoded = encode_key(key)
        if self._find(cursor, _HAS, encoded).get is None:
            return False
        self._execute(self._begin_write(), _DELETE, encoded)
        return True

    def delete_many(self, keys: Iterable[str]) -> int:
        """Remove keys; how many were there."""
        return sum([self.delete(key) for key in keys])

    def delete_all(self, *, with_alarm: bool = False) -> int:
        """Remove everything that is stored, tables included, and perhaps the alarm; the round.

        Outside of a transaction nothing undoes it: see `supersede`.
        """
        cursor = self._cursor or self._reach()
        if self._database.transactions.savepoints:
            raise StorageError("Cannot call deleteAll() within a transaction")
        if cursor is not None:
            if self._sql:
                self._sql.cancel()
            cursor = self._begin_write()
            self._delete_tables(cursor)
            self.connect().forget_schema()
            if with_alarm:
                self.set_alarm(None)
            transactions = self._database.transactions
            if not transactions.depth:
                transactions.emptied = "all" if with_alarm else "but the alarm"
        return self._database.rounds.written

    def _delete_tables(self, cursor: apsw.Cursor) -> None:
        tables = cast("list[tuple[str, str]]", self._execute(cursor, _TABLES).fetchall())
        connection = cursor.connection
        # The order in which tables refer to each other does not matter: all of them go.
        checks = connection.config(apsw.SQLITE_DBCONFIG_ENABLE_FKEY, -1)
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 0)
        try:
            for kind, name in tables:
                if name in {"_cf_KV", "_cf_EXTERNALS"}:
                    self._execute(cursor, f"DELETE FROM {name}")  # noqa: S608 - our own names
                elif not name.startswith("_cf_"):
                    self._execute(cursor, f"DROP {kind} IF EXISTS {identifier(name)}")
        finally:
            connection.config(apsw.SQLITE_DBCONFIG_ENABLE_FKEY, checks)

    # ---- the alarm -------------------------------------------------------------------

    def get_alarm(self) -> int | None:
        """When the object is to be woken, in milliseconds since the epoch."""
        cursor = self._cursor or self._look()
        if cursor is None:
            return None
        self._touch(self._database)
        try:
            return read_own(cursor)
        except apsw.Error as error:
            self._raise(error)

    def set_alarm(self, time_ms: int | None) -> int:
        """Have the object woken then, or not at all; the round. See alarms.py."""
        if self.get_alarm() == time_ms:
            return self._database.rounds.written
        cursor = self._begin_write()
        try:
            write_own(cursor, time_ms)
        except apsw.Error as error:
            self._raise(error)
        self._database.alarm.changed = True
        return self._database.rounds.written

    def adopt(self, snapshot: "Snapshot") -> int:
        """Hold what another object did at a moment, in place of all that is here; the round."""
        self.check()
        adopt(self._database, snapshot)
        return self._database.rounds.written

    # ---- the past --------------------------------------------------------------------

    def current_bookmark(self) -> "asyncio.Future[str]":
        """Mark what is written now, but for open transactions; see history.py."""
        self.check()
        self.flush()
        return self._database.keep_past().current()

    def bookmark_at(self, time_ms: float) -> "asyncio.Future[str]":
        """The bookmark that comes closest to a time."""
        self.check()
        self.flush()
        return self._database.keep_past().at(time_ms)

    def restore_at_next_opening(self, bookmark: str) -> "asyncio.Future[str]":
        """Have the next owner find the object as it was; a bookmark to undo that with."""
        self.check()
        return self._database.keep_past().restore_at_next_opening(bookmark)

    # ---- SQL -----------------------------------------------------------------------

    def sql(self, should_stop: Callable[[], bool]) -> Sql:
        """SQL on the object's database; `should_stop` counts when this is first asked."""
        if self._sql is None:
            self._sql = Sql(self, should_stop)
        return self._sql

    @property
    def is_reading(self) -> bool:
        """True while a cursor of its SQL has rows left."""
        return self._sql is not None and self._sql.is_reading

    def connect(self) -> "Session | Newborn":
        """The open connection, to a file that is made if need be; for `sql`.

        It may lack keys and values that are recent, which SQL cannot see: `settle` tells it.
        """
        if self._look() is None:
            self._cursor = self._database.connect(with_keys=False).cursor
        self._touch(self._database)
        assert self._database.session, "it was opened just now"
        return self._database.session

    def settle(self) -> None:
        """Have what is recent in the connection, if the disk has room for it; for `sql`."""
        if self._cursor is None and self._look() and self._recent:
            settle_if_possible(self._database, self._shard)
            self._look()

    def begin_write(self) -> None:
        """Have a transaction open that the next write belongs to; for `sql`."""
        if self._cursor is None or not self._database.transactions.ready:
            self._begin_write()

    def has_its_transaction(self) -> bool:
        """True unless an error has made SQLite undo the transaction; for `sql`."""
        return failures.has_its_transaction(self._database)

    def failed(self, error: apsw.Error) -> StorageError:
        """What to raise for an error that is not the script's; for `sql`."""
        return failures.of(self._database, error)

    # ---- rounds --------------------------------------------------------------------

    @property
    def written(self) -> int:
        """The round of the newest write; outstanding while it is above `durable`.

        A fresh store may have such a round too: what it reads may be younger than what is
        durable, if the object's owner before it has just written.
        """
        attached = self._database.store is self
        return self._database.rounds.written if attached else self._last_written

    @property
    def started(self) -> int:
        """The newest round that is under way, or durable; what was written later may be undone."""
        return self._database.rounds.started

    @property
    def durable(self) -> int:
        """The newest round that is durable."""
        return self._database.rounds.durable

    def flush(self) -> int:
        """Commit what was written outside of explicit transactions, and start its round.

        Returns the round to wait for. Never raises: a failure is told by `on_broken`.
        """
        database = self._database
        if database.store is self and database.rounds.written > database.rounds.started:
            database.flush()
        return self.written

    def commit_written(self) -> None:
        """Commit what was written outside of explicit transactions: a reset leaves it then.

        Never raises, as `flush`.
        """
        if self._error is None:
            with contextlib.suppress(StorageError):
                self._database.commit_written()

    # ---- transactions --------------------------------------------------------------

    def begin(self) -> None:
        """Begin a transaction; inside of one, a nested one. All writes belong to it.

        What was written before is committed first, and is not held back by it.
        """
        self.check()
        self._database.begin()

    def commit(self) -> int:
        """Commit the innermost transaction; the round of the writes committed so far.

        After TransactionConflict the transaction is over, and nothing of it remains.
        """
        self.check()
        self._database.commit()
        return self._database.rounds.written

    def rollback(self) -> None:
        """Undo the innermost transaction, and nothing else."""
        self.check()
        self._database.rollback()

    def save(self) -> None:
        """Begin a synchronous transaction, which ends before the turn does.

        It is nested in whatever is open, so what was written before in the same turn stays
        together with what it writes.
        """
        self.check()
        self._database.transactions.save()

    def release(self, *, undo: bool) -> None:
        """End the innermost synchronous transaction, or undo it."""
        self.check()
        self._database.release(undo=undo)

    # ---- the end -------------------------------------------------------------------

    def supersede(self, error: BaseException) -> None:
        """Let no further access through: each raises `error` from now on.

        What is not committed is undone; call `flush` before to keep it. Rounds under way
        go on, and are still told of. That all was deleted stays so, as in workerd: an object that
        empties itself and aborts is not to come back with what it had.
        """
        if self._error is None:
            emptied = self._database.transactions.emptied
            self._database.drop_uncommitted()
            if emptied:
                with contextlib.suppress(StorageError):  # the owner is told by on_broken
                    self.delete_all(with_alarm=emptied == "all")
                    self._database.commit_written()
            self.end(error)

    def close(self) -> "asyncio.Future[None]":
        """Commit, and close the file once all is durable; resolves then, and never fails.

        Need not be awaited. An explicit transaction that is open is undone. Resolves at once
        if the object has been opened anew, which keeps the file open.
        """
        self.lose_file("The storage of this object was closed.")
        return self._shard.lifecycle.close(self._database)

    def lose_file(self, reason: str) -> None:
        """Commit, and raise StoreClosed from now on; for the storage itself."""
        if self._error is None:
            self._database.keep_committed()
            self.end(StoreClosed(reason))

    def end(self, error: BaseException) -> None:
        """Detach from the file; for the storage itself."""
        if self._error is None:
            self._last_written = self._database.rounds.written
            self._error = error
            self.lose_cursor()
            self._database.detach(self)

    def break_down(self, error: StorageError) -> None:
        """The file was given up; for the storage itself."""
        if self._error is None:
            self._last_written = self._database.rounds.written
            self._error = error
            self.lose_cursor()
            if self.on_breaking:
                self.on_breaking(error)

    def lose_cursor(self) -> None:
        """The connection is let go of, and found again by the next access."""
        self._cursor = None
        if self._sql:
            self._sql.detach()

    # ---- inside --------------------------------------------------------------------

    def check(self) -> None:
        """Raise what keeps the store from being used, if anything does."""
        if self._error is not None:
            if self.on_breaking:
                self.on_breaking(self._error)
            # One error is raised many times: each time with the frames of that time alone.
            raise self._error.with_traceback(None)

    def _reach(self) -> apsw.Cursor | None:
        """The open connection; None if the object has no file."""
        self.check()
        session = self._database.reach()
        self._cursor = session.cursor if session else None
        return self._cursor

    def _look(self) -> apsw.Cursor | None:
        """The same, which may lack what is recent."""
        if self._cursor is not None:
            return self._cursor
        self.check()
        session = self._database.look()
        if session is None:
            return None
        if not session.recent:
            self._cursor = session.cursor
        return session.cursor

    @property
    def _recent(self) -> Recent | None:
        """What SQLite has not been told of; None where that is nothing."""
        if self._error is not None or (session := self._database.session) is None:
            return None
        return session.recent or None

    def _begin_write(self) -> apsw.Cursor:
        self.check()
        if not self._database.transactions.ready:
            self._cursor = self._database.prepare_write().cursor
        assert self._cursor, "a database that is ready for writing is open"
        return self._cursor

    def _execute(self, cursor: apsw.Cursor, sql: str, *bindings: Any) -> apsw.Cursor:
        try:
            return cursor.execute(sql, bindings)
        except apsw.Error as error:
            self._raise(error)

    def _find(self, cursor: apsw.Cursor, sql: str, *bindings: Any) -> apsw.Cursor:
        """The rows of a query for keys."""
        try:
            return cursor.execute(sql, bindings)
        except apsw.Error as error:
            if not lacks_keys(error):
                self._raise(error)
            return cursor.execute(_NO_ROWS)

    def _raise(self, error: apsw.Error) -> NoReturn:
        raise failures.of(self._database, error) from error
