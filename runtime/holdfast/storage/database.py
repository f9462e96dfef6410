"""One object's file over time: its connection, its transaction, its rounds, its end.

A `Database` is shared by the stores that successive owners of one object open, so that what the
first wrote is settled before it counts as durable for the next. One store at a time is attached;
others may still wait for rounds that they wrote.

    fresh ── first write ──► newborn ── rounds ──► open ◄── next access ──► parked
                           (in memory)              │          (nothing open) ▲
                                └──── nothing outstanding, memory is needed ──┘
    all of them ──── owner closes ──► closing ──► gone
    any ──── a commit or a sync fails ──► broken (another Database takes the file over)

transactions.py tells what is committed when, recent.py what SQLite is told late.

Invariants:
1. What `rounds` calls durable is committed, and was synced after its commit.
2. An uncommitted write belongs to the round that follows the one in flight, never to it: the
   round starts with a commit, in the same call.
3. Writes inside an explicit transaction belong to no round before its commit.
4. The connection is closed only when all is settled, or when the database is broken.
5. A log that this object does not know to be durable is rewritten before it is read again.
6. Once broken, nothing is committed and nothing is called durable any more.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from holdfast.storage import catching_up, failures, growing, opening
from holdfast.storage.bookmarks import NEVER_OPENED, Bookmarks
from holdfast.storage.disk import Companion, Folder
from holdfast.storage.errors import (
    DatabaseFull,
    StorageReadOnly,
    StoreBroken,
    conflict,
)
from holdfast.storage.going_back import GoingBack
from holdfast.storage.listed_alarm import ListedAlarm
from holdfast.storage.names import DATABASE_SUFFIX
from holdfast.storage.newborn import Newborn
from holdfast.storage.recent import Recent
from holdfast.storage.rounds import Rounds
from holdfast.storage.session import WAL_SUFFIX, Session
from holdfast.storage.statements import why_broken
from holdfast.storage.transactions import Transactions
from holdfast.storage.workers import Job

if TYPE_CHECKING:
    from holdfast.storage.shard import Shard
    from holdfast.storage.store import ObjectStore

log = logging.getLogger("holdfast.storage")


class Database:
    """The file of one object. Synchronous; on the loop's thread only."""

    __slots__ = (
        "_committed",
        "_now_ms",
        "_scheduled",
        "_shard",
        "_waiting",
        "alarm",
        "bookmarks",
        "broken",
        "changed_ms",
        "closed",
        "companion",
        "due_from_ms",
        "folder",
        "goes_on",
        "going_back",
        "is_missing",
        "job",
        "log_is_durable",
        "mark_due_ms",
        "object_id",
        "rounds",
        "session",
        "store",
        "transactions",
        "unique_key",
        "use_sqlite",
    )

    def __init__(self, shard: "Shard", folder: Folder, object_id: str) -> None:
        self._shard = shard
        self.folder = folder
        self.unique_key = folder.name
        self.object_id = object_id
        self.rounds, self._now_ms = Rounds(), shard.bookmarking.now_ms
        self.session: Session | Newborn | None = None
        self.store: ObjectStore | None = None
        self.broken: StoreBroken | None = None
        self.transactions = Transactions()
        self._committed = False  # something is committed that no round has covered yet
        self._scheduled = False
        self.is_missing = False  # there is no file, for certain
        self._waiting: list[ObjectStore] = []
        self.goes_on = False  # with what a broken connection had, until that is durable
        self.use_sqlite = True  # its class has SQL, and so a past
        self.bookmarks: Bookmarks | None = None  # present once a mark was made
        # A write is preceded by a mark that comes then; or before, the clock having been put back.
        self.mark_due_ms, self.due_from_ms = NEVER_OPENED, 0.0
        self.going_back: GoingBack | None = None  # before it is opened first
        self.changed_ms: float | None = None  # when this process committed to it last
        self.companion: Companion | None = None  # durable before the file's next round is
        self.alarm = ListedAlarm(shard.alarms, folder, object_id)
        self.log_is_durable = False  # what the log holds was synced by this process
        self.job: Job | None = None  # a thread is busy with the file
        self.closed: asyncio.Future[None] | None = None  # closing was asked for

    @property
    def key(self) -> tuple[str, str]:
        """What it is known by."""
        return self.unique_key, self.object_id

    @property
    def path(self) -> Path:
        """The object's file, there or not."""
        return self.folder.path / (self.object_id + DATABASE_SUFFIX)

    # ---- access --------------------------------------------------------------------

    def look(self) -> Session | Newborn | None:
        """The open connection; None if the object has no file. Raises StorageError.

        It is the object's until the loop has its next turn; `ObjectStore.lose_cursor` is called
        when it is replaced or closed. It may lack what is recent.
        """
        if self.session is None and not self.is_missing:
            self._shard.lifecycle.await_file(self)
            if self.session is None:
                self._open()
        return self.session

    def reach(self) -> Session | Newborn | None:
        """The same, with all in it that was written. Raises StorageError."""
        session = self.look()
        if session and session.recent:
            catching_up.settle(self, self._shard)
        return self.session

    def _open(self) -> None:
        opened = None
        try:
            self._shard.untold.tell(self, self._shard.unsettled)
            self._shard.bookmarking.open_past(self)
            if self.going_back:
                self.going_back.run()  # does nothing where a thread has done it
            if self._has(DATABASE_SUFFIX):
                durable = self.log_is_durable
                opened = opening.open_existing(self.path, self.folder, log_is_durable=durable)
            if self.going_back:
                self._shard.bookmarking.came_back(self, opened)
                self._shard.forget_unsettled(self.key)  # the past has it
        except (apsw.Error, OSError) as error:
            raise failures.at_opening(self, error) from error
        if opened is None:
            self.is_missing = True
            self._shard.forget_unsettled(self.key)
            return
        self.attach_session(opened)
        self.alarm.opened(opened, self.name)
        if unsettled := self._shard.unsettled.get(self.key):
            catching_up.go_on_with(self, opened, unsettled, self._shard)

    @property
    def unsettled(self) -> dict[str, bytes]:
        """What a broken connection had, and the file lacks."""
        unsettled = self._shard.unsettled.get(self.key)
        return {**unsettled.recent.kept} if unsettled else {}

    def _has(self, suffix: str) -> bool:
        return os.path.exists(self.folder.file(self.object_id + suffix))  # noqa: PTH110 - see there

    @property
    def has_log(self) -> bool:
        """True if a write-ahead log lies beside the file."""
        return self._has(DATABASE_SUFFIX + WAL_SUFFIX)

    def keep_past(self) -> "Bookmarks":
        """The bookmarks of the object, which are kept from now on."""
        if self.bookmarks is None:
            try:
                self.folder.ensure()
            except OSError as error:
                raise failures.at_opening(self, error) from error
            self.bookmarks = Bookmarks(self, self._shard)
        return self.bookmarks

    def connect(self, *, with_keys: bool = True) -> Session | Newborn:
        """The open connection, to a new object's memory if need be. Raises StorageError."""
        return self.reach() or self._create(with_keys=with_keys)

    def prepare_write(self) -> Session | Newborn:
        """Open the file, or begin one, and the transaction. Raises StorageError."""
        session = self.session or self.connect()
        if session.read_only:
            raise StorageReadOnly
        if session.recent:
            catching_up.settle(self, self._shard)
        transactions = self.transactions
        is_due = self._mark_is_due and not transactions.are_open
        try:
            if transactions.open(session.cursor):
                self.rounds.write()
                self._schedule()
        except apsw.Error as error:
            raise failures.of(self, error) from error
        if is_due:  # only now: outside of a transaction, SQLite would forget what a script has set
            self._shard.bookmarking.mark_if_due(self)
        transactions.ready = True
        return session

    def _create(self, *, with_keys: bool) -> Newborn:
        at_hand = self.folder, self.object_id, self._shard.nursery, self._now_ms()
        try:
            newborn = Newborn(*at_hand, with_keys=with_keys)
        except (apsw.Error, OSError) as error:
            raise failures.at_opening(self, error) from error
        self.is_missing = False
        self.attach_session(newborn)
        return newborn

    def attach_session(self, session: Session | Newborn) -> None:
        """Read and write through this connection from now on."""
        self.session = session
        session.companion = session.companion or self.companion
        if isinstance(session, Session):
            session.is_journaled = self._shard.keeps_journal and not session.read_only
            session.behind = partial(catching_up.catch_up, self, self._shard)
        self._shard.bound(self)
        self.log_is_durable = False
        self._shard.lifecycle.opened(self)

    def let_go(self) -> None:
        """Have no connection any more; all that was written is durable."""
        self.session = None
        self.log_is_durable = True
        self._shard.connections.discard(self)
        if self.store:
            self.store.lose_cursor()

    @property
    def _mark_is_due(self) -> bool:
        return not self.due_from_ms <= self._now_ms() < self.mark_due_ms

    @contextlib.contextmanager
    def own_commit(self) -> Iterator[None]:
        """For a block that commits by itself, outside of transactions. Raises StorageError."""
        assert not self.transactions.depth, "it is a commit by itself"
        self.commit_written()
        if self._mark_is_due:
            self._shard.bookmarking.mark_if_due(self)
        try:
            yield
        except apsw.Error as error:
            raise failures.of(self, error) from error
        self.rounds.write()
        self._note_commit()
        self._schedule()

    def ask_for_round(self) -> None:
        """Have what is committed made durable, though a round may have been asked for it."""
        self.rounds.write()
        self._committed = True
        self._schedule()

    def _note_commit(self) -> None:
        self._committed = True
        self.changed_ms = self._now_ms()
        if isinstance(self.session, Newborn):
            self.session.capture()
            if self.session.is_large and not self.is_being_read:
                growing.leave_memory(self, self.session, self.session.outgrow)

    # ---- transactions --------------------------------------------------------------

    def begin(self) -> None:
        """Begin an explicit transaction, or one nested in the innermost. See ObjectStore."""
        self.commit_written()
        self.transactions.begin()

    def commit(self) -> None:
        """Commit the innermost explicit transaction; the outermost one joins a round."""
        assert self.transactions.depth, "commit() without begin()"
        if self.transactions.innermost_is_open:
            try:
                self._commit_innermost()
            except apsw.BusyError as error:
                self.rollback()
                raise conflict(error, self.path, self.transactions.depth) from error
            except apsw.Error as error:
                raise failures.of(self, error) from error
            except OSError as error:
                raise self.break_down(error) from error
        self.transactions.ended()

    def _commit_innermost(self) -> None:
        assert self.session, "SQLite knows of a transaction, so the file is open"
        if self.transactions.is_nested:
            self.transactions.commit_in_sqlite(self.session.cursor)
            return
        alarm_changed = self.alarm.changed
        if alarm_changed:
            self.alarm.before_commit(self.session, self.name)
        self._shard.look(self)
        self.transactions.commit_in_sqlite(self.session.cursor)
        self.rounds.write()
        if alarm_changed:
            self.alarm.committed(self.rounds.written)
        self._note_commit()
        self._schedule()

    def rollback(self) -> None:
        """Undo the innermost explicit transaction."""
        assert self.transactions.depth, "rollback() without begin()"
        if self.transactions.innermost_is_open:
            assert self.session, "SQLite knows of a transaction, so the file is open"
            try:
                self.transactions.roll_back_in_sqlite(self.session.cursor)
            except apsw.Error as error:
                raise failures.of(self, error) from error
            self.session.forget_schema()
        self.transactions.ended()

    def release(self, *, undo: bool) -> None:
        """End the innermost synchronous transaction; with `undo`, as if it had never been."""
        assert self.transactions.savepoints, "release() without save()"
        session = self.session if self.transactions.savepoint_is_open else None
        try:
            self.transactions.release(session.cursor if session else None, undo=undo)
        except apsw.Error as error:
            raise failures.of(self, error) from error
        if session and undo:
            session.forget_schema()

    def commit_written(self) -> None:
        """Commit what was written outside of explicit transactions. Raises StoreBroken."""
        if self.transactions.implicit:
            self._commit_implicit()
        elif recent := self._recent_with_fresh:
            self._commit_recent(recent)

    def _commit_implicit(self) -> None:
        assert self.session, "a transaction is open, so the file is"
        alarm_changed = self.alarm.changed
        try:
            if alarm_changed:
                self.alarm.before_commit(self.session, self.name)
            self._shard.look(self)
            self.session.cursor.execute("COMMIT")
        except (apsw.Error, OSError) as error:
            raise self.break_down(error) from error
        self.transactions.implicit_ended()
        if alarm_changed:
            self.alarm.committed(self.rounds.written)
        self._note_commit()

    def drop_uncommitted(self) -> None:
        """Undo every transaction that is open. What is committed keeps its rounds."""
        if self.session and self.transactions.are_open:
            try:
                self.transactions.drop(self.session.cursor)
            except apsw.Error as error:
                self.break_down(error)
                return
            self.session.forget_schema()
        self.alarm.changed = False
        written = self.transactions.implicit
        if recent := self._recent_with_fresh:
            recent.fresh, written = {}, True
        if written and not self._committed:
            self.rounds.forget_unstarted()
        self.transactions.forget()

    def keep_committed(self) -> None:
        """Commit the implicit transaction and undo the explicit ones; never raises."""
        with contextlib.suppress(StoreBroken):  # the owner is told by on_broken
            self.commit_written()
            self.drop_uncommitted()

    # ---- what is recent --------------------------------------------------------------

    def put_recent(self, entries: Sequence[tuple[str, bytes]]) -> bool:
        """Take writes that SQLite need not be told of yet; False if it has to. See recent.py."""
        session = self.session
        recent = session.recent if session and session.takes_recent else None
        if recent is None or not (self.transactions.none_is_begun and recent.has_room(entries)):
            return False
        if not recent.fresh:
            if self._mark_is_due:
                return False
            self.rounds.write()
            self._schedule()
        recent.fresh.update(entries)
        return True

    @property
    def _recent_with_fresh(self) -> Recent | None:
        recent = self.session.recent if self.session else None
        return recent if recent and recent.fresh else None

    def _commit_recent(self, recent: Recent) -> None:
        try:
            self._shard.look(self)
        except OSError as error:
            raise self.break_down(error) from error
        recent.commit()
        self._committed = True
        self.changed_ms = self._now_ms()

    # ---- rounds --------------------------------------------------------------------

    def _schedule(self) -> None:
        if not self._scheduled and not self.rounds.in_flight:
            self._scheduled = True
            self._shard.schedule(self)

    def flush(self) -> None:
        """Commit what can be, and start a round unless one is in flight. Never raises."""
        try:
            self.commit_written()
        except StoreBroken:
            return  # the owner is told by on_broken
        if self._committed and not self.rounds.in_flight and not self.broken:
            self._start_committed()

    def start_round(self) -> None:
        """Commit the implicit transaction and ask the barrier for all that is committed.

        While a round is in flight this waits for its end: one commit serves all that is written.
        """
        self._scheduled = False
        if not self.broken and not self.rounds.in_flight:
            self.flush()

    def _start_committed(self) -> None:
        assert self.session, "what is committed has an open file until it is durable"
        self._committed = False
        self.rounds.start()
        self._shard.barrier.make_durable(self.session, self._on_synced)
        self._shard.lifecycle.after_commit(self)

    def _on_synced(self, error: BaseException | None) -> None:
        if self.broken:
            self._shard.lifecycle.abandoned_sync_ended(self)
            return
        if error is not None:
            self.break_down(error)
            return
        finished = self.rounds.finish()
        self.alarm.durable(finished)
        session = self.session
        catching_up.round_ended(self, self._shard)
        if session and session.companion and not self.alarm.is_pending:
            session.companion = self.companion = None  # durable as far as the file needs it
        if isinstance(session, Newborn) and session.grown:
            try:
                growing.grow_up(self, session)
            except StoreBroken:
                return  # the owner is told by on_broken
        if self._waiting:
            self._tell_former_owners(finished)
        if self.store:
            self._shard.tell(self.store.on_durable, finished)
        if self.rounds.settled:
            if isinstance(self.session, Newborn):
                self.session.forget_image()
            self._shard.lifecycle.when_settled(self)
        elif self.rounds.written > self.rounds.started:
            self._schedule()

    def _tell_former_owners(self, finished: int) -> None:
        told, self._waiting = self._waiting, [s for s in self._waiting if s.written > finished]
        for store in told:
            self._shard.tell(store.on_durable, finished)

    @property
    def is_quiet(self) -> bool:
        """True when nothing is open, nothing is outstanding and no thread has the file."""
        return (
            self.rounds.settled
            and self.transactions.none_is_begun
            and self.job is None
            and not self.is_being_read
            and not (self.session and self.session.lags)
            and not (self.bookmarks and self.bookmarks.is_busy)
        )

    @property
    def name(self) -> str | None:
        """What the object's id was made from, if its owner knows."""
        return self.store.name if self.store else None

    @property
    def is_being_read(self) -> bool:
        """True while a cursor of a script's has rows left."""
        return bool(self.store and self.store.is_reading)

    # ---- stores --------------------------------------------------------------------

    def attach(self, store: "ObjectStore") -> None:
        """Give the file to a new store."""
        assert self.store is None, "one store at a time is attached"
        self.store = store
        self._shard.lifecycle.stay_open(self)

    def detach(self, store: "ObjectStore") -> None:
        """Take the file from a store, which hears of rounds that it wrote until all are over."""
        if self.store is store:
            self.store = None
            if not self.rounds.settled and not self.broken:
                self._waiting.append(store)

    def give_up(self, error: BaseException) -> None:
        """Close the file at once, whatever is outstanding: it is about to be removed."""
        self.drop_uncommitted()
        if self.session and self.session.recent:
            with contextlib.suppress(StoreBroken):  # it goes to the past with the rest
                catching_up.settle(self, self._shard)
        self._shard.forget_unsettled(self.key)
        if isinstance(self.session, Session):
            self.session.forget_recent()
        if self.broken is None:
            self.broken = StoreBroken("The database was removed.")
            if self.store:
                self.store.end(error)
            waiting, self._waiting = self._waiting, []
            for store in waiting:
                self._shard.tell_soon(store.on_broken, error)
            self._shard.lifecycle.abandon(self, log_is_durable=False)

    # ---- failure -------------------------------------------------------------------

    def break_down(self, error: BaseException) -> StoreBroken:
        """Give the file up: drop what is uncommitted, and call nothing durable any more."""
        if self.broken is None:
            log.error("the database %s failed: %s", self.path, error)
            self.broken = broken = StoreBroken(why_broken(error))
            broken.__cause__ = error
            if isinstance(self.session, Session) and self.session.lags:
                # The journal has it, so whoever opens the file next is to find it.
                self.session.recent.break_down()
                self._shard.unsettled.setdefault(self.key, self.session)
            all_synced = not self.rounds.in_flight and not self._committed
            self._shard.lifecycle.abandon(
                self,
                log_is_durable=all_synced and isinstance(error, (apsw.FullError, DatabaseFull)),
            )
            affected = [*self._waiting, self.store] if self.store else self._waiting
            self._waiting, self.store = [], None
            for store in affected:
                store.break_down(broken)
                self._shard.tell_soon(store.on_broken, broken)
        return self.broken
