"""Messages as rows of the queues' database (`queues.py`); each function is part of a transaction.

A message is *due* at a time. What was given out is due when its lease ends: that of a Worker when
the Worker tells, which is at no time that is known.
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace

import apsw

from holdfast.dataclass import dataclass

PUSHED = "pushed"
"""The lease of what a Worker has."""

NEVER_MS = 2**62
"""The end of such a lease."""

_EXPIRED_AT_ONCE = 1_000

_STORE = """
INSERT INTO messages (queue, id, content_type, body, sent_ms, kept_from_ms, due_ms)
VALUES (?,?,?,?,?,?,?)
"""
_DUE = "SELECT due_ms FROM messages WHERE queue = ? AND due_ms < ? ORDER BY due_ms LIMIT ?"
_TAKE = """
SELECT number, id, content_type, body, sent_ms, attempts FROM messages
WHERE queue = ? AND due_ms <= ? ORDER BY due_ms, number LIMIT ?
"""
HELD = """
SELECT number, id, content_type, body, sent_ms, attempts FROM messages
WHERE queue = ? ORDER BY number
"""
_BURY = """
INSERT INTO messages (queue, id, content_type, body, sent_ms, kept_from_ms, due_ms)
SELECT ?, id, content_type, body, sent_ms, ?, ? FROM messages WHERE number = ?
"""
_EXPIRE = """
DELETE FROM messages WHERE number IN (
    SELECT number FROM messages
    WHERE queue = ?1
    AND kept_from_ms <= ?2 - (SELECT retention FROM queues WHERE name = ?1) * 1000
    AND due_ms < ?3 LIMIT ?4
)
"""
_BACKLOG = """
SELECT messages, bytes,
    (SELECT sent_ms FROM messages WHERE queue = name ORDER BY kept_from_ms LIMIT 1)
FROM queues WHERE name = ?
"""


class QueueNotFound(Exception):
    """There is no queue of this name, or of this id."""


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message that is to be sent; `delay_s` goes before the delay of its batch and queue."""

    body: bytes
    content_type: str
    delay_s: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was given out, for the `attempts`th time, until its lease ends."""

    number: int
    id: str
    content_type: str
    body: bytes
    sent_ms: int
    attempts: int
    lease: str = ""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a queue holds, with what was given out; `oldest_ms` is 0 where it holds nothing."""

    count: int
    bytes: int
    oldest_ms: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What becomes of messages that fail `max_retries` times more than once."""

    max_retries: int
    dead_letter_queue: str | None


def new_id() -> str:
    """An id that nothing else has, of 32 hexadecimal digits."""
    return secrets.token_hex(16)


def declare(db: apsw.Connection, name: str, now_ms: float, queue_id: str = "") -> None:
    """Have a queue of this name."""
    db.execute(
        "INSERT OR IGNORE INTO queues (name, id, created_ms, modified_ms) VALUES (?,?,?,?)",
        (name, queue_id or new_id(), int(now_ms), int(now_ms)),
    )


def send(
    db: apsw.Connection,
    name: str,
    messages: Sequence[NewMessage],
    delay_s: int | None,
    now_ms: int,
    *,
    creates: bool,
) -> Backlog | QueueNotFound:
    """Store messages; the backlog then, or an error where there is no such queue."""
    if creates:
        declare(db, name, now_ms)
    row = db.execute("SELECT delivery_delay FROM queues WHERE name = ?", (name,)).fetchone()
    if row is None:
        return QueueNotFound(name)
    expire(db, name, now_ms)
    for message in messages:
        given = (message.delay_s, delay_s, row[0], 0)
        delay = next(seconds for seconds in given if seconds is not None)
        told = (name, new_id(), message.content_type, message.body)
        db.execute(_STORE, (*told, now_ms, now_ms, now_ms + delay * 1000))
    return backlog_of(db, name)


def backlog_of(db: apsw.Connection, queue: str) -> Backlog:
    """What a queue holds; nothing where it is missing."""
    count, size, oldest_ms = db.execute(_BACKLOG, (queue,)).fetchone() or (0, 0, 0)
    return Backlog(count, size, oldest_ms or 0)


def expire(db: apsw.Connection, queue: str, now_ms: float) -> None:
    """Remove what is too old; what a Worker has is its until it is done."""
    db.execute(_EXPIRE, (queue, int(now_ms), NEVER_MS, _EXPIRED_AT_ONCE))


def due_of_batch(db: apsw.Connection, queue: str, size: int, wait_ms: float) -> int | None:
    """When a batch is to be delivered: when it is full, or its first message has waited.

    None where there is nothing to deliver.
    """
    dues: list[int] = [due_ms for (due_ms,) in db.execute(_DUE, (queue, NEVER_MS, size))]
    if not dues:
        return None
    waited = dues[0] + int(wait_ms)
    return min(waited, dues[size - 1]) if len(dues) >= size else waited


def take(
    db: apsw.Connection, queue: str, size: int, terms: Terms, now_ms: int
) -> tuple[list[Message], int]:
    """Messages that are due; how many of them are not given out, but buried."""
    found = [Message(*row) for row in db.execute(_TAKE, (queue, now_ms, size))]
    taken = [message for message in found if message.attempts <= terms.max_retries]
    for message in found:
        if message.attempts > terms.max_retries:
            _bury(db, message.number, terms, now_ms)
    return taken, len(found) - len(taken)


def lease(db: apsw.Connection, message: Message, lease_id: str, until_ms: int) -> Message:
    """Give a message out; as it is then."""
    db.execute(
        "UPDATE messages SET lease = ?, due_ms = ?, attempts = attempts + 1 WHERE number = ?",
        (lease_id, until_ms, message.number),
    )
    return replace(message, attempts=message.attempts + 1, lease=lease_id)


def retry(db: apsw.Connection, number: int, delay_s: int, terms: Terms, now_ms: int) -> bool:
    """Have a message that was given out delivered again, or bury it: then true."""
    sql = "SELECT attempts FROM messages WHERE number = ?"
    [(attempts,)] = db.execute(sql, (number,))
    if attempts > terms.max_retries:
        _bury(db, number, terms, now_ms)
        return True
    db.execute(
        "UPDATE messages SET lease = NULL, due_ms = ? WHERE number = ?",
        (now_ms + delay_s * 1000, number),
    )
    return False


def _bury(db: apsw.Connection, number: int, terms: Terms, now_ms: int) -> None:
    """Make a message a dead letter, or let go of it."""
    if terms.dead_letter_queue is not None:
        declare(db, terms.dead_letter_queue, now_ms)
        db.execute(_BURY, (terms.dead_letter_queue, now_ms, now_ms, number))
    db.execute("DELETE FROM messages WHERE number = ?", (number,))
