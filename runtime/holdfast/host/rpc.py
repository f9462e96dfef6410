"""Ops of calls by RPC: what crosses is a message, bytes and the capabilities that go with them.

A message's bytes mean nothing to the host. Its capabilities are listed in one string of
tokens, each of which means something in one isolate only:

    e<number>   an export of the isolate's own: a function or an object that others may call
    c<number>   an import: what another isolate exported
    b<handle>   a body
    s<number>   a service binding, then `;` and its props in base64 where it has any
    o<number>/<class>/<uses SQLite>/<id>[/<name>]   a Durable Object, percent-encoded
    d<number>   a Durable Object class, as a service is told; in what is kept, and not in calls

and calls are also for

    f<slot>     a facet that lives in another isolate (host/facets.py)
    w<target>   a Worker that the isolate has loaded (host/loaders.py)

neither of which can be sent.

`IsolateRpc` (objects/rpc.py) turns one isolate's tokens into capabilities, and those into
another's. The JavaScript half is `polyfills/rpc/`.
"""

from typing import Protocol

from holdfast.dataclass import dataclass
from holdfast.host.context import Host
from holdfast.host.ops import deferred_op, op


class Sent(Protocol):
    """A capability between two isolates."""

    def drop(self) -> None:
        """Nobody will receive it."""


@dataclass(frozen=True, slots=True)
class Message:
    """Arguments or a result on their way; nobody but the receiver takes the capabilities."""

    data: bytes
    capabilities: tuple[Sent, ...] = ()

    def drop(self) -> None:
        """Nobody will receive it."""
        for capability in self.capabilities:
            capability.drop()


class RpcCapability(Protocol):
    """Calls as one isolate may make and answer them."""

    def take(self, data: bytes, tokens: str) -> Message:
        """The message that the isolate sends."""

    def give(self, message: Message) -> str:
        """The tokens of a message's capabilities, which are the isolate's from now on."""

    def let_go(self, tokens: str) -> None:
        """The isolate has not got the message that these went with."""

    def address_of(self, token: str) -> str:
        """See token_address."""

    def token_at(self, address: str) -> str:
        """See token_at."""

    def call(self, number: int, target: str, route: str, message: Message | None) -> None:
        """Make a call; settles the op with this number with the result's data and tokens."""

    def release(self, number: int) -> None:
        """The isolate holds this import no longer."""

    def respond(self, number: int, message: Message) -> None:
        """Answer a call that the host delivered."""

    def fail(self, number: int, name: str, message: str, flags: str, data: bytes | None) -> None:
        """Answer a call that the host delivered with an error, serialized in `data`."""


@deferred_op
def rpc_call(
    host: Host, number: int, target: str, route: str, data: bytes | None, tokens: str
) -> None:
    """Call what a token means, by a route (rpc/message.js); without data, look at a property."""
    message = None if data is None else host.rpc.take(data, tokens)
    host.rpc.call(number, target, route, message)


@op
def rpc_release(host: Host, number: int) -> None:
    """An import is not held any longer."""
    host.rpc.release(number)


@op
def rpc_return(host: Host, number: int, data: bytes, tokens: str) -> None:
    """Answer a call that the host delivered to an object or to an export."""
    host.rpc.respond(number, host.rpc.take(data, tokens))


@op
def rpc_throw(
    host: Host,
    number: int,
    name: str,
    message: str,
    flags: str,
    description: str,
    data: bytes | None,
) -> None:
    """Answer a call that the host delivered to an object or to an export with an error."""
    host.rpc.fail(number, name, message, flags, data)
