"""Ops with which a Worker answers its events."""

from holdfast.host.context import Host
from holdfast.host.ops import op


@op
def event_respond(
    host: Host,
    number: int,
    status: int,
    status_text: str,
    headers: str,
    body: None | str | bytes | int,
) -> None:
    """Answer an event with a response; a body of type int is a handle."""
    host.events.respond(number, status, status_text, headers, body)


@op
def event_failed(host: Host, number: int, description: str) -> None:
    """Answer an event with the script's failure."""
    host.events.fail(number, description)


@op
def event_finished(host: Host, number: int) -> None:
    """An event was answered and nothing that it started is under way any more."""
    host.events.finish(number)


@op
def console_exception(host: Host, description: str) -> None:
    """Log an exception that no handler of the script caught."""
    host.console("error", "Uncaught " + description)
