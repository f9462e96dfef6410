"""How SQLite is told of what is recent, and its log comes to have it: see recent.py.

On a disk that is full, or fails, that fails with nothing lost: the journal has it. So nobody is to
suffer who only reads, and what nobody has asked for is put off.
"""

import contextlib
from typing import TYPE_CHECKING

import apsw

from holdfast.storage.errors import StoreBroken
from holdfast.storage.session import Session

if TYPE_CHECKING:
    from holdfast.storage.database import Database
    from holdfast.storage.recent import Unsettled
    from holdfast.storage.shard import Shard


def settle(database: "Database", shard: "Shard") -> None:
    """Tell SQLite; what is fresh is in the implicit transaction then. Raises StoreBroken."""
    session = database.session
    assert isinstance(session, Session), "only what is in a file is recent"
    try:
        session.settle()
        if database.goes_on:
            shard.inherited(database.key)
        if fresh := session.recent.fresh:
            session.begin_with(fresh)
            session.recent.fresh = {}
            database.transactions.begun_by_itself()
    except (apsw.Error, OSError) as error:
        raise database.break_down(error) from error


def settle_if_possible(database: "Database", shard: "Shard") -> bool:
    """The same, for what is committed and nobody waits for; false where that cannot be done now.

    Raises StoreBroken.
    """
    session = database.session
    assert isinstance(session, Session), "only what is in a file is recent"
    try:
        session.settle()
    except (apsw.FullError, apsw.IOError) as error:
        if shard.lifecycle.at_leisure:  # at the end it is left to the next process
            raise database.break_down(error) from error
        return False
    except (apsw.Error, OSError) as error:
        raise database.break_down(error) from error
    settle(database, shard)
    return True


def catch_up(database: "Database", shard: "Shard") -> None:
    """Have the log have all that the journal does, by a round, if it lags. Never raises."""
    session = database.session
    if database.broken:
        shard.revive(database)
    elif session and session.lags and not database.transactions.implicit:
        if session.settled_in_round > session.settled_durably:
            return  # a round is under way
        with contextlib.suppress(StoreBroken):  # the owner is told by on_broken
            if session.settled != session.settled_in_round:
                database.ask_for_round()  # an explicit transaction that is open has settled it
            elif settle_if_possible(database, shard):
                database.ask_for_round()


def go_on_with(
    database: "Database", session: Session, unsettled: "Unsettled", shard: "Shard"
) -> None:
    """Write what a connection had that broke, with the first round; if need be, later.

    Raises StoreBroken.
    """
    session.recent.kept.update(unsettled.recent.kept)
    database.goes_on = True
    if settle_if_possible(database, shard):
        database.ask_for_round()


def round_ended(database: "Database", shard: "Shard") -> None:
    """What it was to keep is durable, and what a broken connection had."""
    if database.session and database.session.recent:
        database.session.recent.round_ended()
    if database.goes_on:
        database.goes_on = False
        shard.forget_unsettled(database.key)
