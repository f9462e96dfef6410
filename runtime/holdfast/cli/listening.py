"""Where the options have a server listen, how that is told, and why it cannot be."""

import argparse
import errno
import os
import socket
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from holdfast.server.listening import Address, CannotListen

if TYPE_CHECKING:
    from holdfast.catalog.project_reader import DevAddress

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8787
_FIRST_GIVEN = 3  # SD_LISTEN_FDS_START
_EVERY_HOST = ("::", "0.0.0.0")  # noqa: S104 - it is compared with


def workers_address(options: argparse.Namespace) -> Address:
    """Where Workers answer.

    With --socket, or sockets that were given, a port is listened on where it is asked for only.
    """
    given = given_descriptors()
    hosts = options.host or ([DEFAULT_HOST] if options.port is not None else [])
    if options.socket is None and not given:
        hosts = hosts or [DEFAULT_HOST]
    port = DEFAULT_PORT if options.port is None else options.port
    return Address(tuple(dict.fromkeys(hosts)), port, "--port", options.socket, given)


@cache
def given_descriptors() -> Sequence[int]:
    """The sockets that whoever started this process, such as systemd, gives it and its children.

    https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
    """
    count = os.environ.pop("LISTEN_FDS", "")
    is_for_us = os.environ.pop("LISTEN_PID", "") == str(os.getpid())
    os.environ.pop("LISTEN_FDNAMES", None)
    if not (is_for_us and count.isdecimal()):
        return ()
    return range(_FIRST_GIVEN, _FIRST_GIVEN + int(count))


def take_dev_address(options: argparse.Namespace, dev: "DevAddress") -> None:
    """Fill in what a project says, where the options say nothing."""
    if options.socket is not None:
        return  # which is in the place of a port
    if options.port is None:
        options.port = dev.port
    if not options.host and dev.ip is not None:
        options.host = [dev.ip.removeprefix("[").removesuffix("]")]


def api_address(options: argparse.Namespace) -> Address:
    """Where the API answers."""
    return Address((options.api_host,), options.api_port, "--api-port")


def have_one_port(first: Address, second: Address) -> bool:
    """Whether both ask for the same port of the same host."""
    hosts = {*first.hosts, *second.hosts}
    shared = bool({*first.hosts} & {*second.hosts}) or not hosts.isdisjoint(_EVERY_HOST)
    return first.port == second.port != 0 and bool(first.hosts and second.hosts) and shared


def places(address: Address, port: int) -> str:
    """Where a server listens, as people are told."""
    told = [f"http://{url_host(host)}:{port}/" for host in address.hosts]
    if address.path is not None:
        told.append(f"unix:{address.path.absolute()}")
    if address.given:
        told.append("the sockets that it was given")
    return ", ".join(told[:-1]) + " and " + told[-1] if told[1:] else told[0]


def url_host(host: str) -> str:
    """An address as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


def listening_failure(error: CannotListen) -> str:
    """Why nobody can listen there, and which option helps."""
    address, cause = error.address, error.reason
    if address.given and cause.errno in (errno.ENOTSOCK, errno.EBADF):
        return "what LISTEN_FDS tells of are not all stream sockets that listen"
    if error.host is None:
        return _socket_failure(cause, os.fspath(address.path or ""))
    port, option = address.port, address.option
    hosts = option.replace("port", "host")
    if cause.errno == errno.EADDRINUSE:
        return f"port {port} is in use; choose another with {option} (0 is any free one)"
    if cause.errno in (errno.EACCES, errno.EPERM):
        return f"this user may not listen on port {port}; choose one from 1024 with {option}"
    if cause.errno == errno.EAFNOSUPPORT:
        kind = "IPv6" if ":" in error.host else "IPv4"
        return f"this machine has no {kind}, as {error.host} is; choose another with {hosts}"
    if cause.errno == errno.EINVAL and ":" in error.host:
        example = f"{error.host}%eth0"
        return (
            f"{error.host} needs the name of its interface, as in {example}; give it with {hosts}"
        )
    if cause.errno == errno.EADDRNOTAVAIL or isinstance(cause, socket.gaierror):
        return f"{error.host!r} is no address of this machine; choose another with {hosts}"
    return f"cannot listen on port {port} of {error.host}: {cause}; see {option} and {hosts}"


def _socket_failure(cause: OSError, path: str) -> str:
    number = cause.errno
    if number is None:  # the system was not even asked
        return f"the path {path} is too long for a socket; choose a shorter one with --socket"
    if number == errno.EADDRINUSE:
        return f"another process listens on {path}; choose another with --socket"
    if number == errno.EEXIST:
        return f"{path} is there and is no socket; choose another with --socket"
    if number in (errno.ENOENT, errno.ENOTDIR):
        return f"the folder of {path} does not exist; make it, or choose another with --socket"
    if number in (errno.EACCES, errno.EPERM):
        return f"this user may not listen on {path}; choose another with --socket"
    return f"cannot listen on {path}: {cause.strerror}; choose another with --socket"
