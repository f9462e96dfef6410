"""What `deploy_project` does about queues."""

import json
from collections.abc import Iterable
from typing import Any

from holdfast.api.session import Session
from holdfast.catalog.consumers import DeclaredConsumer

_QUEUES = "/queues"


def make_queues(session: Session, names: Iterable[str]) -> None:
    """Create the queues of these names that are missing."""
    wanted = [*dict.fromkeys(names)]
    if not wanted:
        return
    known = {queue["queue_name"] for queue in _listed(session)}
    for name in wanted:
        if name not in known:
            session.send_json("POST", _QUEUES, {"queue_name": name})


def put_consumers(session: Session, script: str, consumers: Iterable[DeclaredConsumer]) -> None:
    """Have a script consume these queues, and no others."""
    declared = {consumer.queue: consumer for consumer in consumers}
    listed = _listed(session)
    for queue in listed:
        path = f"{_QUEUES}/{queue['queue_id']}/consumers"
        wanted = declared.get(queue["queue_name"])
        known = next((one for one in queue["consumers"] if one.get("script") == script), None)
        if wanted is not None and known is not None:
            session.send_json("PUT", f"{path}/{known['consumer_id']}", _fields(script, wanted))
        elif wanted is not None:
            session.send_json("POST", path, _fields(script, wanted))
        elif known is not None:
            session.send("DELETE", f"{path}/{known['consumer_id']}")


def _listed(session: Session) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = session.send("GET", f"{_QUEUES}?per_page=10000")["result"]
    return found


def _fields(script: str, consumer: DeclaredConsumer) -> dict[str, Any]:
    return {
        "type": "worker",
        "script_name": script,
        "settings": json.loads(consumer.settings.written()),
        "dead_letter_queue": consumer.dead_letter_queue,
    }
