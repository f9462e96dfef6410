"""What a runtime answered, as observations that can be compared one by one."""

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator

from tests.differential.workers import Ask, Fixture

TIMEOUT_S = 10

# What each runtime says in place of a Worker that failed; its error is in the log.
FAILURE_PAGES = {
    "Internal Server Error",
    "The Worker threw an exception (error 1101); its log says which.\n",
}
FAILED = "the page of a failure"

# The same host for both runtimes, which listen on different ports.
HOST = "fixtures.test"

# What the server says of itself and of the connection, not of the Worker's response.
UNRELATED_HEADERS = {"date", "server", "connection", "keep-alive"}


def transcript(fixture: Fixture, port: int, *, host: str = HOST) -> dict[str, str]:
    """The observations of a fixture by their names; blocks until all its requests are answered.

    `host` is the Host that the requests name.
    """
    seen: dict[str, str] = {}
    for number, ask in enumerate(fixture.asks):
        prefix = f"{ask} #{number}: " if len(fixture.asks) > 1 else ""
        for name, value in _answer(ask, fixture.path, port, host):
            seen[prefix + name] = value
    return seen


def _answer(ask: Ask, path: str, port: int, host: str) -> Iterator[tuple[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        with contextlib.suppress(ConnectionError):  # an answer may come before all is sent
            _send(connection, path + ask.path, ask, host)
        try:
            response = connection.getresponse()
            content = response.read()
        except (http.client.HTTPException, OSError):
            # How much has arrived by then is a matter of timing.
            yield "connection", "broken off"
            return
        yield "status", f"{response.status} {response.reason}"
        kept = [
            f"{name.lower()}: {value}"
            for name, value in response.getheaders()
            if name.lower() not in UNRELATED_HEADERS
        ]
        yield from _observations(response, content, sorted(kept))
    finally:
        connection.close()


def _send(connection: http.client.HTTPConnection, path: str, ask: Ask, host: str) -> None:
    connection.putrequest(ask.method, path, skip_host=True, skip_accept_encoding=True)
    headers = [("Host", host), *ask.headers]
    chunked = bool(ask.chunks)
    body = iter(ask.chunks) if chunked else ask.body
    for name, value in headers:
        connection.putheader(name, value)
    if chunked:
        connection.putheader("Transfer-Encoding", "chunked")
    elif ask.body is not None:
        connection.putheader("Content-Length", str(len(ask.body)))
    # In one piece, since it shows in the answer whether a body has come with its head.
    if connection.sock is None:
        connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    connection.endheaders(body, encode_chunked=chunked)
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)


def _observations(
    response: http.client.HTTPResponse, content: bytes, headers: list[str]
) -> Iterator[tuple[str, str]]:
    """One for each that `observe` made; one for the body, where it was something else."""
    text = content.decode("latin-1")
    if response.status == 200 and text.startswith("{"):
        found = json.loads(text)
        yield "headers", "\n".join(h for h in headers if not h.startswith("content-length"))
        yield from found.items()
        return
    if response.status == 500 and (text in FAILURE_PAGES or response.length == 0 == len(text)):
        yield "body", FAILED
        return
    yield "headers", "\n".join(headers)
    yield "body", text
