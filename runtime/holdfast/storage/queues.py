"""Queues: messages that are kept until somebody has dealt with them.

One database for all queues, `<data>/queues.sqlite`. What a method has stored, or removed, is on the
disk when it returns, unless it says otherwise. A message that was given out comes back at a time
that is told with it, or when `release` says that who had it has ended; so it is given out at least
once, and gone only when it was acknowledged, has become too old, or has failed too often. Dead
letters change their queue in one transaction.

https://developers.cloudflare.com/queues/reference/delivery-guarantees/
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from holdfast.dataclass import dataclass
from holdfast.storage.queue_messages import (
    HELD,
    NEVER_MS,
    PUSHED,
    Backlog,
    Message,
    NewMessage,
    QueueNotFound,
    Terms,
    backlog_of,
    declare,
    due_of_batch,
    expire,
    lease,
    new_id,
    retry,
    send,
    take,
)
from holdfast.storage.shared_file import SharedFile

RETENTION_S = 4 * 86_400
"""For how long a message is kept where its queue does not say."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS queues (
    name TEXT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL,
    modified_ms INTEGER NOT NULL,
    delivery_delay INTEGER,
    paused INTEGER NOT NULL DEFAULT 0,
    retention INTEGER NOT NULL DEFAULT 345600,
    messages INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS consumers (
    queue TEXT PRIMARY KEY REFERENCES queues(name),
    id TEXT NOT NULL UNIQUE,
    script TEXT,
    settings TEXT NOT NULL,
    dead_letter_queue TEXT,
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS messages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL,
    id TEXT NOT NULL,
    content_type TEXT NOT NULL,
    body BLOB NOT NULL,
    sent_ms INTEGER NOT NULL,
    kept_from_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    lease TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS messages_by_due ON messages(queue, due_ms);
CREATE INDEX IF NOT EXISTS messages_by_age ON messages(queue, kept_from_ms);
CREATE INDEX IF NOT EXISTS messages_by_lease ON messages(lease) WHERE lease IS NOT NULL;

CREATE TRIGGER IF NOT EXISTS count_message AFTER INSERT ON messages BEGIN
    UPDATE queues SET messages = messages + 1, bytes = bytes + length(NEW.body)
    WHERE name = NEW.queue;
END;
CREATE TRIGGER IF NOT EXISTS discount_message AFTER DELETE ON messages BEGIN
    UPDATE queues SET messages = messages - 1, bytes = bytes - length(OLD.body)
    WHERE name = OLD.queue;
END;
"""

_QUEUES = "SELECT name, id, created_ms, modified_ms, delivery_delay, paused, retention FROM queues "

_CONSUMERS = "SELECT queue, id, script, settings, dead_letter_queue, created_ms FROM consumers"


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue. Times are in milliseconds since the epoch, `delivery_delay` and `retention` in s."""

    name: str
    id: str
    created_ms: int
    modified_ms: int
    delivery_delay: int | None = None
    paused: bool = False
    retention: int = RETENTION_S


@dataclass(frozen=True, slots=True)
class Consumer:
    """Who consumes a queue: a script, or whoever pulls, where `script` is None.

    `settings` is JSON, whose meaning is others' business.
    """

    queue: str
    id: str
    script: str | None
    settings: str
    dead_letter_queue: str | None
    created_ms: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages that are to be delivered; `buried` are those that had failed too often for that."""

    messages: tuple[Message, ...]
    backlog: Backlog
    buried: int = 0


class QueueStore:
    """Every queue of a server. Its methods block, and may be called from any thread.

    The file is made with the first write. Raises StorageError where the disk fails.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = SharedFile(path, _SCHEMA, "The queues")
        self._reading, self._writing = self._file.reading, self._file.writing

    @property
    def exists(self) -> bool:
        """False where nobody has had a queue yet."""
        return self._path.exists()

    def close(self) -> None:
        """Close the file. Later calls open it again."""
        self._file.close()

    # ---- queues and consumers ------------------------------------------------------------

    def queues(self) -> list[Queue]:
        """All queues, by name."""
        with self._reading() as db:
            return [_queue(row) for row in db.execute(_QUEUES)] if db else []

    def queue(self, name_or_id: str) -> Queue:
        """The queue with this name, or this id. Raises QueueNotFound."""
        with self._reading() as db:
            sql = "WHERE name = ?1 OR id = ?1"
            row = db and db.execute(_QUEUES + sql, (name_or_id,)).fetchone()
        if not row:
            raise QueueNotFound(name_or_id)
        return _queue(row)

    def declare(self, names: Iterable[str], now_ms: float) -> None:
        """Have queues of these names; those that are there stay as they are."""
        with self._writing() as db:
            for name in names:
                declare(db, name, now_ms)

    def put_queue(self, queue: Queue) -> None:
        """Create a queue, or give one other settings."""
        with self._writing() as db:
            declare(db, queue.name, queue.created_ms, queue.id)
            db.execute(
                "UPDATE queues SET modified_ms = ?, delivery_delay = ?, paused = ?, retention = ? "
                "WHERE name = ?",
                (
                    *(queue.modified_ms, queue.delivery_delay, queue.paused, queue.retention),
                    queue.name,
                ),
            )

    def delete_queue(self, name: str) -> None:
        """Remove a queue with its consumer and all that it holds."""
        with self._writing() as db:
            db.execute("DELETE FROM messages WHERE queue = ?", (name,))
            db.execute("DELETE FROM consumers WHERE queue = ?", (name,))
            db.execute("DELETE FROM queues WHERE name = ?", (name,))

    def consumers(self) -> list[Consumer]:
        """All consumers, by their queues."""
        with self._reading() as db:
            return [Consumer(*row) for row in db.execute(_CONSUMERS)] if db else []

    def consumer(self, queue: str) -> Consumer | None:
        """Who consumes a queue."""
        with self._reading() as db:
            row = db and db.execute(f"{_CONSUMERS} WHERE queue = ?", (queue,)).fetchone()
        return Consumer(*row) if row else None

    def put_consumer(self, consumer: Consumer, now_ms: float) -> None:
        """Give a queue this consumer, in place of any other; its dead letters a queue."""
        with self._writing() as db:
            if consumer.dead_letter_queue is not None:
                declare(db, consumer.dead_letter_queue, now_ms)
            db.execute(
                "INSERT OR REPLACE INTO consumers VALUES (?,?,?,?,?,?)",
                (
                    *(consumer.queue, consumer.id, consumer.script, consumer.settings),
                    *(consumer.dead_letter_queue, consumer.created_ms),
                ),
            )

    def delete_consumer(self, queue: str) -> None:
        """Leave a queue without a consumer."""
        with self._writing() as db:
            db.execute("DELETE FROM consumers WHERE queue = ?", (queue,))

    def delete_consumers_of(self, script: str) -> None:
        """Leave the queues that a script consumes without a consumer."""
        with self._writing() as db:
            db.execute("DELETE FROM consumers WHERE script = ?", (script,))

    # ---- what they hold --------------------------------------------------------------------

    def send(
        self,
        sendings: Sequence[tuple[str, Sequence[NewMessage], int | None]],
        now_ms: float,
        *,
        creates: bool = False,
    ) -> list[Backlog | QueueNotFound]:
        """Store messages of queues, with a delay in seconds; for each, the backlog then.

        `creates`: a queue that is missing is made. All that is stored is so in one transaction.
        """
        with self._writing() as db:
            return [
                send(db, name, messages, delay_s, int(now_ms), creates=creates)
                for name, messages, delay_s in sendings
            ]

    def backlog(self, queue: str) -> Backlog:
        """What a queue holds; nothing where it is missing."""
        with self._reading() as db:
            return backlog_of(db, queue) if db else Backlog(0, 0, 0)

    def counts(self) -> dict[str, int]:
        """How many messages each queue holds."""
        with self._reading() as db:
            return dict(db.execute("SELECT name, messages FROM queues")) if db else {}

    def due_ms(self, queue: str, size: int, wait_ms: int) -> int | None:
        """When a batch is to be delivered, of so many or fewer that have waited; None for never."""
        with self._reading() as db:
            return due_of_batch(db, queue, size, wait_ms) if db else None

    def take(self, queue: str, size: int, terms: Terms, now_ms: float) -> Batch:
        """Give to a Worker what is due, so many at most.

        It is the Worker's until `settle` or `release`, which the process outlives, but perhaps
        not the machine.
        """
        with self._writing(durably=False) as db:
            expire(db, queue, now_ms)
            taken, buried = take(db, queue, size, terms, int(now_ms))
            messages = tuple(lease(db, message, PUSHED, NEVER_MS) for message in taken)
            return Batch(messages, backlog_of(db, queue), buried)

    def pull(
        self, queue: str, size: int, visibility_ms: int, terms: Terms, now_ms: float
    ) -> tuple[list[Message], Backlog]:
        """Give messages to somebody who pulls; each comes back in `visibility_ms`."""
        with self._writing() as db:
            expire(db, queue, now_ms)
            taken, _ = take(db, queue, size, terms, int(now_ms))
            until_ms = int(now_ms) + visibility_ms
            given = [lease(db, message, new_id(), until_ms) for message in taken]
            return given, backlog_of(db, queue)

    def settle(
        self,
        done: Iterable[int],
        retried: Iterable[tuple[int, int]],
        terms: Terms,
        now_ms: float,
    ) -> int:
        """A Worker is done with these, by number, and has failed at others; how many are buried.

        With the latter comes in how many seconds they are to be delivered again.
        """
        buried = 0
        with self._writing() as db:
            for number in done:
                sql = "DELETE FROM messages WHERE number = ? AND lease = ?"
                db.execute(sql, (number, PUSHED))
            for number, delay_s in retried:
                sql = "SELECT 1 FROM messages WHERE number = ? AND lease = ?"
                if db.execute(sql, (number, PUSHED)).fetchone():  # nobody has purged it
                    buried += retry(db, number, delay_s, terms, int(now_ms))
        return buried

    def acknowledge(
        self,
        queue: str,
        done: Iterable[str],
        retried: Iterable[tuple[str, int]],
        terms: Terms,
        now_ms: float,
    ) -> tuple[int, int, list[str]]:
        """The same of those that were pulled, by their leases: how many of each, and unknown ones.

        A lease that has ended is known until the message is given out again.
        """
        counts, unknown = [0, 0], list[str]()
        with self._writing() as db:
            for lease, delay_s in [*((lease, None) for lease in done), *retried]:
                sql = "SELECT number FROM messages WHERE lease = ? AND queue = ? AND lease != ?"
                row = db.execute(sql, (lease, queue, PUSHED)).fetchone()
                if row is None:
                    unknown.append(lease)
                elif delay_s is None:
                    db.execute("DELETE FROM messages WHERE number = ?", row)
                    counts[0] += 1
                else:
                    retry(db, row[0], delay_s, terms, int(now_ms))
                    counts[1] += 1
        return counts[0], counts[1], unknown

    def release(self, is_of: Callable[[str], bool], now_ms: float) -> None:
        """The Workers that had messages of these queues have ended: deliver them again."""
        with self._writing() as db:
            sql = "SELECT DISTINCT queue FROM messages WHERE lease = ?"
            for queue in [queue for (queue,) in db.execute(sql, (PUSHED,)) if is_of(queue)]:
                db.execute(
                    "UPDATE messages SET lease = NULL, due_ms = ? WHERE lease = ? AND queue = ?",
                    (int(now_ms), PUSHED, queue),
                )

    def held(self, queue: str) -> list[Message]:
        """All that a queue holds, in the order in which it came; for tests and the like."""
        with self._reading() as db:
            return [Message(*row) for row in db.execute(HELD, (queue,))] if db else []

    def purge(self, queue: str) -> None:
        """Remove all that a queue holds, what was given out as well."""
        with self._writing() as db:
            db.execute("DELETE FROM messages WHERE queue = ?", (queue,))


def _queue(row: tuple[Any, ...]) -> Queue:
    name, queue_id, created_ms, modified_ms, delay, paused, retention = row
    return Queue(name, queue_id, created_ms, modified_ms, delay, bool(paused), retention)
