"""What happens to a file besides reads and writes: parking, checkpoints, closing, the end.

None of it may hold up the loop, so whatever waits for the disk runs on threads; and none of
it may run beside something that it would upset. One thread at a time is busy with a file,
which `Database.job` says. A *checkpoint* works through a connection of its own, while the
loop goes on reading and committing; a *closing* has the file's only connection, and an
access that comes meanwhile takes it back if the thread has not begun, else waits for it.

Keeping the log short. SQLite begins a log anew when all of it has been copied to the file
and a transaction begins; under steady load there is always a tail that was not copied. So:

- From SOFT_LIMIT_PAGES on, a thread copies what is there. If nothing was committed
  meanwhile, the log is emptied, which costs no sync; else a thread tries again soon.
- At HARD_LIMIT_PAGES the loop itself copies the tail, which is short by then, and empties
  the log. That is the only regular work which may block the loop for the disk; it happens
  once in thousands of commits, to a store that is never quiet for as long as two syncs.

Parking. The connection that was used least recently is closed when too many are open. It
leaves its log behind, so it costs no sync; the next access opens the file again. Only
closing by the owner, when the object goes idle, checkpoints and removes the log.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import apsw

from holdfast.storage import failures, opening
from holdfast.storage.catching_up import catch_up, settle_if_possible
from holdfast.storage.errors import StoreBroken
from holdfast.storage.growing import drop_memory
from holdfast.storage.newborn import Newborn
from holdfast.storage.session import Session, checkpoint
from holdfast.storage.workers import Duty, Job, Work

if TYPE_CHECKING:
    from holdfast.storage.database import Database
    from holdfast.storage.shard import Shard

log = logging.getLogger("holdfast.storage")

SOFT_LIMIT_PAGES = 1000
HARD_LIMIT_PAGES = 4000

# Emptying a log costs two syncs and the removal of a file. While so many files wait for
# that, further ones with a small log keep it: it is durable, and the next opening reads it.
# See leftovers.py for what becomes of it.
BUSY_FILES = 4
SMALL_LOG_PAGES = 64

# Objects whose first writes are durable, and which may go on writing, have a copy in memory.
MAX_IN_MEMORY = 256

_RETRY_S = 0.25  # until the next try to empty a log, in hope of a quiet moment
_LOOKS = 16  # at connections in use, before more of them are open than there should be


class Lifecycle:
    """Decides on the threads' work for every file of a shard. On the loop's thread only."""

    def __init__(self, shard: "Shard") -> None:
        self._shard = shard
        self._closing: dict[Database, Session] = {}  # connections that threads are to close
        self._in_memory: deque[Database] = deque()  # durable since, the oldest first
        self._is_parking = False
        self.at_leisure = False  # at the end every file is closed as it should be

    # ---- connections ---------------------------------------------------------------

    def opened(self, database: "Database") -> None:
        """A file was opened: close another one if that makes too many."""
        connections = self._shard.connections
        connections.add(database)
        if self._is_parking:
            return  # one that grows up to be parked is not to have this one parked, half opened
        while len(connections) > self._shard.max_open:
            victim = connections.oldest(self._is_free, looks=_LOOKS)
            if victim is None or victim is database:
                return
            self._is_parking = True
            try:
                self._park(victim)
            finally:
                self._is_parking = False

    def _park(self, database: "Database") -> None:
        if isinstance(database.session, Newborn):
            drop_memory(database)
            if database.session is None:
                return
        session = self._release_session(database)
        try:
            # An empty log needs no copying, so removing it needs no sync.
            session.close(checkpoint=not session.wal_pages)
        except apsw.Error as error:
            log.warning("closing %s: %s", database.path, error)

    def _release_session(self, database: "Database") -> Session:
        """Take the connection from a database that is settled."""
        session = database.session
        assert isinstance(session, Session), "only an open file can be closed"
        assert database.rounds.settled, "outstanding writes keep their connection"
        database.let_go()
        return session

    # ---- checkpoints ---------------------------------------------------------------

    def after_commit(self, database: "Database") -> None:
        """A commit has made the log longer."""
        session = database.session
        if isinstance(session, Newborn):
            return  # it has no log
        assert session, "what was just committed to is open"
        if session.wal_pages < SOFT_LIMIT_PAGES or database.job or database.transactions.depth:
            return
        with contextlib.suppress(StoreBroken):  # the owner is told by on_broken
            # Nothing is to be recent when the log begins anew.
            if session.recent and not settle_if_possible(database, self._shard):
                return
        if database.session is not session:
            return
        if session.wal_pages >= HARD_LIMIT_PAGES:
            self._empty_log(database, session)
        elif session.wal_pages - session.backfilled >= SOFT_LIMIT_PAGES:
            self._checkpoint(database, session)

    def _checkpoint(self, database: "Database", session: Session) -> None:
        session.guard_restart()
        result: list[tuple[int, int]] = []
        job = Job(lambda: result.append(checkpoint(database.path)))
        self._run(database, job, partial(self._checkpointed, database, session, result))

    def _checkpointed(
        self,
        database: "Database",
        session: Session,
        result: list[tuple[int, int]],
        error: BaseException | None,
    ) -> None:
        if error is not None:
            self._checkpoint_failed(database, error)
        elif result and database.session is session:
            session.backfilled = result[0][1]
            all_copied = session.backfilled == session.wal_pages
            if all_copied and database.transactions.none_is_begun:
                self._empty_log(database, session)
            else:
                self._retry_later(database, session)

    def _retry_later(self, database: "Database", session: Session) -> None:
        if not session.retry_is_due:
            session.retry_is_due = True
            self._shard.loop.call_later(_RETRY_S, self._retry, database, session)

    def _retry(self, database: "Database", session: Session) -> None:
        session.retry_is_due = False
        if database.session is not session or not session.wal_pages:
            return  # closed or emptied meanwhile
        if self._is_free(database):
            self._checkpoint(database, session)
        else:
            self._retry_later(database, session)

    def _empty_log(self, database: "Database", session: Session) -> None:
        try:
            session.guard_restart()
            session.truncate()
        except apsw.Error as error:
            self._checkpoint_failed(database, error)

    def _checkpoint_failed(self, database: "Database", error: BaseException) -> None:
        """The log stays as it is, so nothing is lost; unless the disk itself has failed."""
        if isinstance(error, (apsw.FullError, apsw.BusyError)):
            log.warning("the log of %s cannot be shortened yet: %s", database.path, error)
        else:
            # The checkpoint's sync may have taken the report of a failure from the barrier's.
            database.break_down(error)

    # ---- closing -------------------------------------------------------------------

    def close(self, database: "Database") -> "asyncio.Future[None]":
        """Close the file as soon as all is settled, unless a store attaches before."""
        if closed := database.closed:
            self._continue_closing(database)  # whoever read it meanwhile has taken the file back
            return closed
        closed = database.closed = self._shard.loop.create_future()
        if database.store or database.broken:
            self._resolve(database)  # another owner has it, or nobody: nothing to wait for
        else:
            self._continue_closing(database)
        return closed

    def stay_open(self, database: "Database") -> None:
        """A new store has attached: closing is called off."""
        self._resolve(database)

    def when_settled(self, database: "Database") -> None:
        """Nothing is outstanding: what had to wait for that goes on."""
        if database.closed:
            self._continue_closing(database)
        elif isinstance(database.session, Newborn):
            self._in_memory.append(database)
            if len(self._in_memory) > MAX_IN_MEMORY:
                self._forget_memory(self._in_memory.popleft())

    def _forget_memory(self, database: "Database") -> None:
        """Its file has the same; what writes no more should not keep memory."""
        newborn = database.session
        if not isinstance(newborn, Newborn) or database.broken or not database.is_quiet:
            return
        if newborn.is_empty:
            return  # closing will remove the file
        with contextlib.suppress(StoreBroken):  # the owner is told by on_broken
            drop_memory(database)

    def _continue_closing(self, database: "Database") -> None:
        if database.store or not self._is_free(database):
            return
        work = self._closing_work(database)
        if work is None:
            self.forget(database)
        else:
            self._run(database, Job(work), partial(self._file_closed, database))

    def _closing_work(self, database: "Database") -> Work | None:
        """What a thread has to do; with many files waiting for theirs, only what must be done."""
        busy = self._shard.workers.outstanding >= BUSY_FILES and not self.at_leisure
        if isinstance(newborn := database.session, Newborn):
            is_gone = newborn.has_file and newborn.is_empty
            drop_memory(database)
            if database.session is None:
                remove = partial(opening.remove, database.path, database.folder)
                return remove if is_gone else None
        if database.session:
            session = self._release_session(database)
            is_small = 0 < session.wal_pages < SMALL_LOG_PAGES
            if busy and is_small and not opening.is_empty(session.cursor):
                session.close(checkpoint=False)
                self._shard.leftovers.add(database)
                return None
            self._closing[database] = session
            return partial(opening.close_settled, session)
        if not database.log_is_durable or not database.has_log:
            return None
        if database.key in self._shard.unsettled:
            return None  # the journal has more, for this log alone
        if busy:
            self._shard.leftovers.add(database)
            return None
        return partial(opening.finish_parked, database.path, database.folder)

    def _file_closed(self, database: "Database", error: BaseException | None) -> None:
        self._closing.pop(database, None)
        if error is not None:
            log.warning("closing %s: %s; its log stays", database.path, error)
        if database.store is None and database.session is None:
            self.forget(database)

    def await_file(self, database: "Database") -> None:
        """Return once no thread has the file, so that it can be opened. May block.

        A connection that no thread has begun to close goes back to the database.
        """
        if database.bookmarks:
            database.bookmarks.stop()
        job, database.job = database.job, None
        session = self._closing.pop(database, None)
        if job and not job.cancel():
            job.wait()
        elif session:
            database.attach_session(session)

    def await_duty(self, database: "Database") -> None:
        """Have what `run_duty` has begun done. May block."""
        if isinstance(database.job, Duty):
            self.await_file(database)

    def _is_free(self, database: "Database") -> bool:
        """True if a database is quiet; one that waits for its log alone will be."""
        if database.is_quiet:
            return True
        catch_up(database, self._shard)
        return False

    # ---- threads -------------------------------------------------------------------

    def _run(self, database: "Database", job: Job, done: "partial[None]") -> None:
        database.job = job

        def ended(error: BaseException | None) -> None:
            if database.job is job:
                database.job = None
                done(error)
                if database.closed:
                    self._continue_closing(database)

        self._shard.workers.submit(job.run, ended)

    def run_duty(
        self, database: "Database", work: Work, stop: Callable[[], None] | None = None
    ) -> "asyncio.Future[None]":
        """Have a thread do something to the file of a database that is not open.

        Whoever needs the file before that is done does it at once, or waits. The future has
        what the work raises. What may `stop` does so once nobody needs the file any more.
        """
        done: asyncio.Future[None] = self._shard.loop.create_future()
        database.job = duty = Duty(work, done, stop)

        def ended(_: BaseException | None) -> None:
            if database.job is duty:
                database.job = None
                self.when_settled(database)
            if done.cancelled():
                return
            if duty.error is None:
                done.set_result(None)
            else:
                done.set_exception(duty.error)

        self._shard.workers.submit(duty.run, ended)
        return done

    def look_back(self, database: "Database") -> None:
        """An object is to be opened: have a thread do what takes long before that. Never raises.

        That is to go back, or to make a log durable. The object is best not reached before
        `duty_ended`.
        """
        if database.job or database.session:
            return
        try:
            self._shard.untold.tell(database, self._shard.unsettled)
            self._shard.bookmarking.open_past(database)
        except OSError:
            return  # whoever reaches the object is told
        if going_back := database.going_back:
            done = self.run_duty(database, going_back.run, going_back.stop)
        elif _has_log_in_doubt(database):
            done = self.run_duty(database, partial(_heal, database))
        else:
            return
        done.add_done_callback(partial(_looked_back, database))

    async def duty_ended(self, database: "Database") -> None:
        """Return once no thread has a duty that concerns the file; however it went."""
        while isinstance(database.job, Duty):
            await asyncio.wait([database.job.done])

    def stop_duty(self, database: "Database") -> None:
        """Nobody needs the file: let what may stop do so."""
        if isinstance(database.job, Duty) and database.job.stop:
            database.job.stop()

    # ---- the end -------------------------------------------------------------------

    def forget(self, database: "Database") -> None:
        """Nobody uses the database any more."""
        self._shard.forget(database)
        self._resolve(database)

    def abandon(self, database: "Database", *, log_is_durable: bool) -> None:
        """Let go of a file that failed; whoever opens it next must find nobody in it.

        `log_is_durable`: all that was committed has been synced, so that the next owner can
        read it as it is. On a full disk there may be no room to rewrite it.
        """
        self.stop_duty(database)
        self.await_file(database)
        self._shard.connections.discard(database)
        if database.rounds.in_flight:
            database.folder.doubt()
        if database.session:
            database.session.abandon()
            if not database.rounds.in_flight:
                database.session.release()
        database.log_is_durable = log_is_durable
        self.forget(database)

    def abandoned_sync_ended(self, database: "Database") -> None:
        """The sync that was under way when the file was given up has ended."""
        if database.session:
            database.session.release_log()

    def _resolve(self, database: "Database") -> None:
        closed, database.closed = database.closed, None
        if closed and not closed.done():
            closed.set_result(None)


def _has_log_in_doubt(database: "Database") -> bool:
    """True if a log lies beside a file that is not open, and may never have been synced."""
    may_have = not database.log_is_durable and database.folder.has_left_files
    return may_have and database.has_log and database.path.exists()


def _heal(database: "Database") -> None:
    """Blocks. Raises OSError."""
    opening.heal(database.path, database.folder)
    database.log_is_durable = True


def _looked_back(database: "Database", done: "asyncio.Future[None]") -> None:
    error = None if done.cancelled() else done.exception()
    if isinstance(error, (apsw.Error, OSError)):
        # Which breaks it, unless the next look may find it better.
        failures.at_opening(database, error)
