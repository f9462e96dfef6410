"""Where clients connect: sockets that are opened before anybody takes what comes there.

A server with several shards opens them all, for each shard its own; one that is alone does, too.
"""

import errno
import os
import socket
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

BACKLOG = 1024
SOCKET_MODE = 0o666  # as nginx has it: who may enter the folder may connect
ANY_PORT_TRIES = 16  # a port that is free at one address may be in use at the next

_ABSENT = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)  # of an address that this machine lacks


class Address(NamedTuple):
    """Where to listen: a port of each of some hosts, a Unix socket, or both.

    `option` is the one that says the port; port 0 asks for any. `given` are the descriptors of
    sockets that whoever has started this process listens on for it.
    """

    hosts: Sequence[str]
    port: int
    option: str
    path: Path | None = None
    given: Sequence[int] = ()


class CannotListen(Exception):
    """A part of an address cannot be listened on."""

    def __init__(self, address: Address, host: str | None, reason: OSError) -> None:
        """`host` is None where it is the Unix socket, or one that was given."""
        super().__init__(address, host, reason)
        self.address = address
        self.host = host
        self.reason = reason


@contextmanager
def open_address(address: Address, count: int) -> Iterator[list[list[socket.socket]]]:
    """Sockets bound to an address, for each of `count` shards its own, while the context lasts.

    Those of a port listen from when their shard is ready for the first time, and the kernel spreads
    connections over them. A Unix socket, or one that was given, is one for all shards, and whoever
    is free takes what connects. Raises CannotListen.
    """
    with ExitStack() as stack:
        shards = _open_ports(address, count) if address.hosts else [[] for _ in range(count)]
        for sockets in shards:
            for each in sockets:
                stack.enter_context(each)
        try:
            common = [stack.enter_context(_opened_for_us(each)) for each in address.given]
            if address.path is not None:
                common.append(stack.enter_context(_open_path(address.path)))
        except OSError as error:
            raise CannotListen(address, None, error) from error
        for sockets in shards:
            sockets.extend(stack.enter_context(listener.dup()) for listener in common)
        for listener in (each for sockets in shards for each in sockets):
            listener.setblocking(False)
        yield shards


def port_of(listeners: Sequence[socket.socket]) -> int:
    """The port where they listen; 0 where that is a Unix socket alone."""
    ports = (each.getsockname()[1] for each in listeners if each.family != socket.AF_UNIX)
    return next(ports, 0)


def _opened_for_us(descriptor: int) -> socket.socket:
    """A copy of a socket that was given, which stays as it is. Raises OSError."""
    os.set_inheritable(descriptor, False)  # what we start has no use for it
    listener = socket.socket(fileno=os.dup(descriptor))
    try:
        is_stream = listener.type == socket.SOCK_STREAM
        if is_stream and listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return listener
        raise OSError(errno.ENOTSOCK, os.strerror(errno.ENOTSOCK))
    except BaseException:
        listener.close()
        raise


# ---- ports -----------------------------------------------------------------------------


def _open_ports(address: Address, count: int) -> list[list[socket.socket]]:
    for tries_left in reversed(range(ANY_PORT_TRIES)):
        try:
            return _open_port(address, count)
        except CannotListen as error:
            if address.port or error.reason.errno != errno.EADDRINUSE or not tries_left:
                raise
    raise AssertionError("the last try returns or raises")


def _open_port(address: Address, count: int) -> list[list[socket.socket]]:
    resolved = _resolve(address)
    with_ipv4 = all(len(place) == 4 for found in resolved.values() for place in found)
    port = address.port
    bound: dict[tuple[Any, ...], list[socket.socket]] = {}  # by their place
    with ExitStack() as undo:
        for host, found in resolved.items():
            missing: OSError | None = None
            for place in found:
                if place in bound:
                    continue
                try:
                    made = _bind(place, port, count, with_ipv4=with_ipv4)
                except OSError as error:
                    if error.errno not in _ABSENT:
                        raise CannotListen(address, host, error) from error
                    missing = error  # a name may have an address of a kind that is switched off
                    continue
                for one in made:
                    undo.enter_context(one)
                bound[place] = made
                port = made[0].getsockname()[1]
            if missing is not None and bound.keys().isdisjoint(found):
                raise CannotListen(address, host, missing) from missing
        undo.pop_all()
    return [list(sockets) for sockets in zip(*bound.values(), strict=True)]


def _resolve(address: Address) -> dict[str, list[tuple[Any, ...]]]:
    """The IP addresses of each host, as sockets have them."""
    resolved = {}
    for host in address.hosts:
        try:
            found = socket.getaddrinfo(
                host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
        except OSError as error:
            raise CannotListen(address, host, error) from error
        resolved[host] = list(dict.fromkeys(entry[4] for entry in found))
    return resolved


def _bind(
    address: tuple[Any, ...], port: int, count: int, *, with_ipv4: bool
) -> list[socket.socket]:
    """`count` sockets at one IP address; `::` is all of IPv4 as well, if that is wanted."""
    chosen = (address[0], port, *address[2:])
    if count == 1:
        return [_bound(chosen, with_ipv4=with_ipv4, shares=False)]
    with _bound(chosen, with_ipv4=with_ipv4, shares=False) as probe:  # or others could share it
        chosen = (address[0], probe.getsockname()[1], *address[2:])
    with ExitStack() as undo:
        made = []
        for _ in range(count):
            made.append(_bound(chosen, with_ipv4=with_ipv4, shares=True))
            undo.enter_context(made[-1])
        undo.pop_all()
        return made


def _bound(address: tuple[Any, ...], *, with_ipv4: bool, shares: bool) -> socket.socket:
    is_ipv6 = len(address) == 4
    bound = socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_ipv6:
            _join_ipv4(bound, joined=with_ipv4 and address[0] == "::")
        if shares:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(address)
    except BaseException:
        bound.close()
        raise
    return bound


def _join_ipv4(bound: socket.socket, *, joined: bool) -> None:
    """Have a socket of IPv6 take IPv4 or not; a system that has them apart may forbid the former.

    https://www.rfc-editor.org/rfc/rfc3493#section-5.3
    """
    try:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if joined else 1)
    except OSError:
        if not joined:
            raise


# ---- Unix sockets ----------------------------------------------------------------------


@contextmanager
def _open_path(path: Path) -> Iterator[socket.socket]:
    """A Unix socket that listens, in the place of one that a killed server has left.

    Its file goes with it, unless another server has put one of its own there. Raises OSError.
    """
    _remove_stale(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(os.fspath(path))
        made = path.lstat()
        try:
            path.chmod(SOCKET_MODE)
            listener.listen(BACKLOG)  # at once, or it would look stale to the next one
            yield listener
        finally:
            # While the socket is open, nothing else gets the number of its file.
            try:
                found = path.lstat()
                if (found.st_dev, found.st_ino) == (made.st_dev, made.st_ino):
                    path.unlink()
            except OSError:
                pass  # it is gone already, or its folder is


def _remove_stale(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except BlockingIOError:
            pass  # somebody listens, and has much to do
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
