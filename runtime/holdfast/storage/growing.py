"""How a database comes to hold more than its memory or its file has: see newborn.py."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import apsw

from holdfast.storage.newborn import LARGE_BYTES, Newborn

if TYPE_CHECKING:
    from holdfast.storage.database import Database
    from holdfast.storage.session import Session
    from holdfast.storage.snapshot import Snapshot


def grow_up(database: "Database", newborn: Newborn) -> None:
    """Go over to the file that a round has opened, unless a statement is under way.

    Raises StoreBroken.
    """
    if not database.transactions.has_explicit and not database.is_being_read:
        database.commit_written()
        if database.session is newborn:
            leave_memory(database, newborn, newborn.hand_over)


def leave_memory(database: "Database", newborn: Newborn, grown: "Callable[[], Session]") -> None:
    """Go over to the file that this makes, or has. Raises StoreBroken."""
    try:
        session = grown()
    except (apsw.Error, OSError) as error:
        raise database.break_down(error) from error
    session.companion = newborn.companion
    database.attach_session(session)
    if database.store:
        database.store.lose_cursor()
    newborn.close()


def drop_memory(database: "Database") -> None:
    """Let go of a copy in memory, of which everything is durable.

    Then the file is open, or closed with nothing left to do, or there is none. Raises StoreBroken.
    """
    newborn = database.session
    assert isinstance(newborn, Newborn), "the object is in memory"
    assert database.rounds.settled, "outstanding writes are nowhere else"
    if newborn.grown:
        leave_memory(database, newborn, newborn.hand_over)
        return
    database.let_go()
    newborn.close()


def adopt(database: "Database", snapshot: "Snapshot") -> None:
    """Hold what another database does, in place of all that is here. Raises StorageError."""
    session = database.connect()
    with database.own_commit():
        with snapshot.opened() as source:
            if isinstance(session, Newborn) and snapshot.size_of(source) > LARGE_BYTES:
                leave_memory(database, session, session.outgrow)
                session = database.connect()
            session.clone(source)
        session.forget_schema()
