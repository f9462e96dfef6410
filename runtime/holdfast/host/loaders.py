"""Ops of Worker Loaders: Workers that a script gives the code of, each in an isolate of its own.

A Worker that is loaded has a number in the isolate that loads it, as long as that holds it. Its
calls are told by a *target*: `<number>/<entrypoint, percent-encoded>/<props>`, these as
polyfills/workers/props.js writes them, or nothing. The JavaScript half is
`polyfills/workers/loader.js`.

https://developers.cloudflare.com/dynamic-workers/api-reference/
"""

from typing import Protocol

from holdfast.engine import ScriptError
from holdfast.host.byte_streams import discard_body
from holdfast.host.constants import FIRST_VIA
from holdfast.host.context import Host
from holdfast.host.fetch_messages import FetchedResponse, FetchRequest
from holdfast.host.objects import Body
from holdfast.host.ops import deferred_op, op
from holdfast.host.origins import Origins

BLOCKED = (
    "This worker is not permitted to access the internet via global functions like fetch(). "
    "It must use capabilities (such as bindings in 'env') to talk to the outside world."
)
NO_CONNECT = (
    "proxy request failed, cannot connect to the specified address. It looks like you might be "
    "trying to connect to a HTTP-based service — consider using fetch instead"
)


class LoadersCapability(Protocol):
    """The Workers that one isolate loads. Raises ScriptError."""

    def get(self, loader: str, name: str | None) -> int:
        """The number of a Worker; negative where its code is to come, by `start` or `fail`."""

    def add_module(self, number: int, name: str, kind: str, content: bytes) -> None:
        """A module of its code."""

    def start(self, number: int, told: str, env: bytes | None, tokens: str) -> None:
        """Its code is there."""

    def fail(self, number: int, name: str, message: str, data: bytes | None) -> None:
        """There is no code: whoever calls it gets this error."""

    def release(self, number: int) -> None:
        """Nobody in the isolate holds it any more."""

    def fetch(
        self,
        number: int,
        target: str,
        method: str,
        url: str,
        headers: str,
        body: Body,
        cf: str | None,
    ) -> None:
        """Send it a request; settles the op with this number."""


class NoNetwork:
    """What stands in the place of a FetchClient where a Worker has no network of its own."""

    origins = Origins()

    def __init__(self, why: str = BLOCKED) -> None:
        self._why = why

    def _refusal(self) -> ScriptError:
        return ScriptError("Error", self._why)

    async def fetch(self, request: FetchRequest, on_end: object = None) -> FetchedResponse:
        """See FetchClient; raises ScriptError."""
        discard_body(request.body)
        raise self._refusal()

    async def follow(self, request: FetchRequest, handshake: object) -> FetchedResponse:
        """See FetchClient; raises ScriptError."""
        raise self._refusal()

    def socket_here(self, _url: str, _headers: object) -> None:
        """See FetchClient: nothing is."""

    async def addresses_of(self, host: str, port: int) -> list[str]:
        """See FetchClient; raises ScriptError."""
        raise self._refusal()


class NoCache:
    """What stands in the place of a script's caches: a Worker that is loaded has none."""

    def __getattr__(self, name: str) -> object:
        raise ScriptError("Error", "No Cache was configured")


@op
def loader_get(host: Host, loader: str, name: str | None) -> int:
    """The number of the Worker that a loader has by this name; without one, of a new Worker.

    It is negative where its code is to come: by loader_module and loader_start, or loader_fail.
    """
    return host.capabilities.loaders.get(loader, name)  # type: ignore[no-any-return]


@op
def loader_module(host: Host, number: int, name: str, kind: str, content: str | bytes) -> None:
    """A module of a Worker's code; `kind` is one of engine.ModuleKind."""
    content = content.encode("utf-8", "replace") if isinstance(content, str) else content
    host.capabilities.loaders.add_module(number, name, kind, content)


@op
def loader_start(host: Host, number: int, told: str, env: bytes | None, tokens: str) -> None:
    """All of a Worker's modules are there.

    `told` is JSON: `main`, `date`, `flags`, `outbound` ("inherited", "none" or a token's index),
    `tails` (indexes), `cpuMs`. `env` is its environment in V8's format, with `tokens` (host/rpc.py)
    for it and for what else has an index. Raises ScriptError for a flag that there is not.
    """
    host.capabilities.loaders.start(number, told, env, tokens)


@op
def loader_fail(
    host: Host, number: int, name: str, message: str, data: bytes | None = None
) -> None:
    """There is no code for a Worker: each call of it fails with this error, as rpc_throw's."""
    host.capabilities.loaders.fail(number, name, message, data)


@op
def loader_release(host: Host, number: int) -> None:
    """The script holds a Worker no longer that it got by loader_get."""
    host.capabilities.loaders.release(number)


@deferred_op
def loader_fetch(
    host: Host,
    number: int,
    target: str,
    url: str,
    method: str = "GET",
    headers: str = FIRST_VIA,
    body: Body = None,
    cf: str | None = "null",
) -> None:
    """Send a request to a Worker that is loaded; as object_fetch."""
    host.capabilities.loaders.fetch(number, target, method, url, headers, body, cf)


__all__ = ["BLOCKED", "NO_CONNECT", "LoadersCapability", "NoCache", "NoNetwork"]
