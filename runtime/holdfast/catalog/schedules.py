"""Cron triggers as rows of the catalog: of scripts, and of their Workflows.

https://developers.cloudflare.com/workers/configuration/cron-triggers/
https://developers.cloudflare.com/changelog/post/2026-06-02-cron-workflows/
"""

from collections.abc import Iterator, Sequence

import apsw

from holdfast.catalog.namespace import Trigger
from holdfast.catalog.namespaces import read
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


def read_all(db: apsw.Connection) -> Iterator[Trigger]:
    """Every trigger."""
    for script, cron in db.execute("SELECT script, cron FROM schedules ORDER BY script, position"):
        yield Trigger(str(script), str(cron))
    rows = db.execute("SELECT namespace, cron FROM workflow_schedules ORDER BY namespace, position")
    for namespace_id, cron in rows.fetchall():
        workflow = read(db, str(namespace_id))
        yield Trigger(workflow.script, str(cron), workflow)


def read_of_workflow(db: apsw.Connection, namespace_id: str) -> list[str]:
    """When instances of a Workflow are created, in the order given."""
    rows = db.execute(
        "SELECT cron FROM workflow_schedules WHERE namespace = ? ORDER BY position", (namespace_id,)
    )
    return [str(cron) for (cron,) in rows]


def replace_of_workflow(db: apsw.Connection, namespace_id: str, crons: Sequence[str]) -> None:
    """Have instances of a Workflow created at these times, and at no others."""
    db.execute("DELETE FROM workflow_schedules WHERE namespace = ?", (namespace_id,))
    db.executemany(
        "INSERT INTO workflow_schedules VALUES (?, ?, ?)",
        [(namespace_id, position, cron) for position, cron in enumerate(crons)],
    )


def replace(db: apsw.Connection, script: str, crons: Sequence[str], now: str) -> None:
    """Give a script these triggers; those that it had keep the time of their creation."""
    created = {schedule.cron: schedule.created_on for schedule in read_of_script(db, script)}
    db.execute("DELETE FROM schedules WHERE script = ?", (script,))
    for position, cron in enumerate(dict.fromkeys(crons)):
        db.execute(
            "INSERT INTO schedules VALUES (?, ?, ?, ?, ?)",
            (script, position, cron, created.get(cron, now), now),
        )
