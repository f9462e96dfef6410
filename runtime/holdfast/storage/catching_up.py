"""How SQLite is told of what is recent, and its log comes to have it: see recent.py."""

import contextlib
from typing import TYPE_CHECKING

import apsw

from holdfast.storage.errors import StoreBroken
from holdfast.storage.session import Session

if TYPE_CHECKING:
    from holdfast.storage.database import Database
    from holdfast.storage.shard import Shard


def settle(database: "Database") -> None:
    """Tell SQLite; what is fresh is in the implicit transaction then. Raises StoreBroken."""
    session = database.session
    assert isinstance(session, Session), "only what is in a file is recent"
    try:
        session.settle()
        if fresh := session.recent.fresh:
            session.begin_with(fresh)
            session.recent.fresh = {}
            database.transactions.begun_by_itself()
    except (apsw.Error, OSError) as error:
        raise database.break_down(error) from error


def catch_up(database: "Database", shard: "Shard") -> None:
    """Have the log have all that the journal does, by a round, if it lags. Never raises."""
    session = database.session
    if database.broken:
        shard.revive(database)
    elif session and session.lags and not database.transactions.implicit:
        if session.settled_in_round > session.settled_durably:
            return  # a round is under way
        with contextlib.suppress(StoreBroken):  # the owner is told by on_broken
            if session.settled == session.settled_in_round:
                settle(database)  # which an explicit transaction that is open has done before
            database.ask_for_round()


def go_on_with(database: "Database", session: Session, unsettled: Session) -> None:
    """Write what a connection had that broke; with the first round. Raises StoreBroken."""
    try:
        session.take_over(unsettled.recent.kept)
    except (apsw.Error, OSError) as error:
        raise database.break_down(error) from error
    # Whoever comes next, if this breaks, may find that something newer has followed.
    unsettled.recent.settled()
    unsettled.settled += 1
    database.goes_on = True
    database.ask_for_round()
