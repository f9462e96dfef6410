"""What a test has left behind that is its own to close."""

from collections.abc import Iterable, Iterator

from holdfast.host.context import Host


def open_connections(hosts: Iterable[Host]) -> list[str]:
    """The connections to the outside that scripts have made and have not closed, in words."""
    return [text for host in hosts if not host.isolate.closed for text in _of(host)]


def _of(host: Host) -> Iterator[str]:
    if host.sockets is not None:
        for end in host.sockets.ends.values():
            if end.peer is not None and end.peer.outside and not end.has_closed:
                yield f"a WebSocket of a script to {end.peer.outside}"
    if host.connections is not None:
        for connection in host.connections.connections.values():
            if connection.is_open:
                yield f"a connection of a script to {connection.address}"
