"""Cron triggers as rows of the catalog.

https://developers.cloudflare.com/workers/configuration/cron-triggers/
"""

from collections.abc import Iterator, Sequence

import apsw

from holdfast.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Schedule:
    """One cron trigger of a script."""

    script: str
    cron: str
    created_on: str
    modified_on: str


def read_of_script(db: apsw.Connection, script: str) -> Iterator[Schedule]:
    """A script's triggers, in the order given."""
    rows = db.execute(
        "SELECT script, cron, created_on, modified_on FROM schedules WHERE script = ? "
        "ORDER BY position",
        (script,),
    )
    return (Schedule(*map(str, row)) for row in rows)


def read_all(db: apsw.Connection) -> Iterator[tuple[str, str]]:
    """(script, cron) of every trigger."""
    rows = db.execute("SELECT script, cron FROM schedules ORDER BY script, position")
    return ((str(script), str(cron)) for script, cron in rows)


def replace(db: apsw.Connection, script: str, crons: Sequence[str], now: str) -> None:
    """Give a script these triggers; those that it had keep the time of their creation."""
    created = {schedule.cron: schedule.created_on for schedule in read_of_script(db, script)}
    db.execute("DELETE FROM schedules WHERE script = ?", (script,))
    for position, cron in enumerate(dict.fromkeys(crons)):
        db.execute(
            "INSERT INTO schedules VALUES (?, ?, ?, ?, ?)",
            (script, position, cron, created.get(cron, now), now),
        )
