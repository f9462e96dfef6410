"""Ops with which a Worker answers its events."""

from holdfast.engine import StopTurn
from holdfast.host.constants import TEXT_HEADERS
from holdfast.host.context import Host
from holdfast.host.ops import op, utf8_op
from holdfast.host.sockets import table_of


@utf8_op
def event_respond(
    host: Host,
    number: int,
    body: str | bytes | int | None,
    headers: str | bytes = TEXT_HEADERS,
    status: int = 200,
    status_text: str | bytes = "",
    done: bool = True,  # noqa: FBT002 - as JavaScript calls it
) -> None:
    """Answer an event with a response; a body of type int is a handle.

    `done`: nothing that the event gave to `waitUntil` is under way. What is left out costs nothing.
    """
    # A text leaves as it came; what is left out, or interned, is a string all the same.
    if isinstance(headers, bytes):
        headers = headers.decode()
    if isinstance(status_text, bytes):
        status_text = status_text.decode()
    host.events.respond(number, status, status_text, headers, body)
    if done:
        host.events.finish(number)


@op
def event_upgrade(
    host: Host, number: int, status_text: str, headers: str, socket: int, done: bool
) -> None:
    """Answer an event with status 101 and this WebSocket; `done` as in event_respond."""
    host.events.upgrade(number, status_text, headers, table_of(host).passed_on(socket))
    if done:
        host.events.finish(number)


@op
def event_return(host: Host, number: int, data: bytes, tokens: str, done: bool) -> None:
    """Answer a call by RPC with its result; `done` as in event_respond."""
    host.events.give_back(number, host.rpc.take(data, tokens))
    if done:
        host.events.finish(number)


@op
def event_failed(
    host: Host,
    number: int,
    name: str,
    message: str,
    description: str,
    done: bool,
    flags: str = "",
    data: bytes | None = None,
) -> None:
    """Answer an event with the script's failure; `done` as in event_respond.

    Another script that has called this one is told the error whole: its `flags`, and all of it
    serialized in `data`.
    """
    host.events.fail(number, name, message, description, flags, data)
    if done:
        host.events.finish(number)


@op
def event_finished(host: Host, number: int) -> None:
    """The last promise that an answered event gave to `waitUntil` has settled."""
    host.events.finish(number)


@op
def turn_stop(host: Host) -> None:
    """End what runs, whatever it would catch: an object or an event was aborted."""
    raise StopTurn


@op
def isolate_abort(host: Host, reason: str) -> None:
    """End the isolate here and now; a new one takes its place when it is needed."""
    told = f": {reason}" if reason else ""
    host.isolate.end_soon(f"abortIsolate() was called{told}")
    raise StopTurn


@op
def memory_exhausted(host: Host) -> None:
    """Code of the script failed for lack of memory: what fills the isolate may never go."""
    host.events.exhausted()


@op
def console_exception(
    host: Host, where: str, description: str, name: str, message: str, event: int
) -> None:
    """Log an exception that no handler of the script caught; `event` as in console_write.

    `where` goes before what is shown of it.
    """
    host.console("error", f"Uncaught {where}{description}")
    if host.tracer is not None:
        host.tracer.exception(event, name, message, description)
