"""Placement: who owns an object now.

Each object has one owner among the shards. Where that is another one, calls go to it as
they would go to another isolate; nothing above may assume that an owner is local.
"""

from functools import lru_cache
from typing import NamedTuple, Protocol
from zlib import crc32

from holdfast.catalog.namespace import Namespace
from holdfast.dataclass import dataclass
from holdfast.host.byte_streams import ByteStream, discard_body
from holdfast.host.rpc import Message
from holdfast.objects.calls import Caller
from holdfast.objects.wait_graph import Circle

REMEMBERED_OBJECTS = 4096


@dataclass(frozen=True, slots=True)
class ObjectAddress:
    """A Durable Object, live or not."""

    namespace: Namespace
    id: str
    name: str | None

    def __hash__(self) -> int:
        return hash(self.id)  # which is known, where that of all would be worked out each time

    def drop(self) -> None:
        """Nothing is held."""


class ObjectRequest(NamedTuple):
    """A request to an object; `headers` has names and values, one a line.

    `cf` is JSON, or None where the request came in from a client.
    """

    method: str
    url: str
    headers: str
    body: bytes | ByteStream | None
    cf: str | None

    def discard(self) -> None:
        """Nobody will read its body: whoever writes that is to know."""
        discard_body(self.body)


class Owner(Protocol):
    """Another shard, to which calls to its objects go. They arrive in the order they are made."""

    def fetch(
        self, caller: Caller, number: int, address: ObjectAddress, request: ObjectRequest
    ) -> None:
        """Send a request to an object; `caller` gets the answer under `number`."""

    def call(
        self,
        caller: Caller,
        number: int,
        address: ObjectAddress,
        route: str,
        message: Message | None,
    ) -> None:
        """Call an object by RPC, or look at a property; `caller` gets the answer."""


class Placement(Protocol):
    """Answers one question for each object."""

    index: int  # our own place among those that share the data folder

    def is_here(self, object_id: str) -> bool:
        """True if this shard owns the object."""

    def owner(self, object_id: str) -> Owner | None:
        """The owner of an object; None where it is here."""

    def takes_new(self) -> bool:
        """True if this shard may as well own what is made here and could be anybody's."""

    async def follow_call(self, caller: Caller, number: int, known: Circle) -> Circle | None:
        """See WaitGraph, for a call that has gone to another owner."""

    def abandon(self, caller: Caller, number: int) -> None:
        """The caller waits no more for a call that has gone to another owner."""


class InProcess:
    """One shard that owns everything."""

    index = 0

    def is_here(self, object_id: str) -> bool:
        """Always."""
        return True

    def owner(self, object_id: str) -> None:
        """It is here."""

    def takes_new(self) -> bool:
        """It does in any case."""
        return False

    async def follow_call(self, _caller: Caller, _number: int, _known: Circle) -> None:
        """No call has gone there."""

    def abandon(self, _caller: Caller, _number: int) -> None:
        """No call has gone there."""


@lru_cache(maxsize=REMEMBERED_OBJECTS)
def shard_of(object_id: str, count: int) -> int:
    """The index of the shard, of so many, that owns an object: always the same one."""
    return crc32(object_id.encode()) % count
