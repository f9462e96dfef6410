"""The ops behind the script's console, and behind what is told of its objects' events."""

import json
from itertools import count

from holdfast.host.context import Host
from holdfast.host.ops import op

_traced = count(-1, -1)


@op
def trace_begin(host: Host, slot: int, depth: int, kind: str, *what: str) -> int:
    """An object has got an event, while somebody listens; its number.

    `depth` is that of the call (kernel/depth.js).

    `what` is of a "request" its method, URL and headers; of an "rpc" the name of the method; of an
    "alarm" its time; of another "event" how frames tell of it, in JSON.
    """
    number = next(_traced)
    identity = host.objects.identity(slot)
    if host.tracer is not None and identity is not None:
        host.tracer.object_event(number, *identity, depth, kind, *what)
    return number


@op
def trace_end(
    host: Host,
    number: int,
    outcome: str,
    name: str,
    message: str,
    stack: str,
    status: int | None = None,
) -> None:
    """An object's event has ended: "ok", with an "exception", or as if it had never been ("")."""
    if host.tracer is None:
        return
    if outcome == "exception":
        host.tracer.fail(number, name, message, stack, outcome)
    elif status is not None:
        host.tracer.responded(number, status)
    host.tracer.finish(number, counts=bool(outcome))


@op
def console_write(host: Host, level: str, text: str, event: int) -> None:
    """Give what a script logged to whoever shows its console.

    `level` is "log", "info", "warn", "error" or "debug"; `text` may have several lines. `event`
    is the number of the event that logs, or 0; that of an object's is negative.
    """
    host.console(level, text)


@op
def trace_log(host: Host, level: str, message: str, errors: str | None, event: int) -> None:
    """Tell those who listen what a script logged: a list of values, in JSON.

    `errors` is a list of what is told of those among them that are errors, null for others.
    """
    if host.tracer is not None:
        told = None if errors is None else json.loads(errors)
        host.tracer.log(event, level, json.loads(message), told)


@op
def trace_publish(host: Host, channel: str, message: bytes, event: int) -> None:
    """Tell those who listen what a script published on a diagnostics channel, serialized."""
    if host.tracer is not None:
        host.tracer.published(event, channel, message)
