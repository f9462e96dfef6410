"""Calls that left their isolate and wait for an answer."""

from typing import Protocol

from holdfast.host.byte_streams import CONNECTION_LOST
from holdfast.host.rpc import Message
from holdfast.objects.home import ObjectHome
from holdfast.workers import WorkerResponse

# https://developers.cloudflare.com/durable-objects/observability/troubleshooting/
TOO_MANY_REQUESTS = "Durable Object is overloaded. Too many requests queued."
TOO_MUCH_DATA = "Durable Object is overloaded. Too much data queued."
QUEUED_TOO_LONG = "Durable Object is overloaded. Requests queued for too long."


class Caller(Protocol):
    """Who made a call, and gets its answer under the number that the caller gave it.

    Answers may come from within a turn of the callee: what they cause has to wait for its end.
    """

    def responded(self, number: int, response: WorkerResponse) -> None:
        """The answer to a request."""

    def returned(self, number: int, message: Message) -> None:
        """The result of a call by RPC."""

    def failed(
        self, number: int, name: str, message: str, flags: str, data: bytes | None = None
    ) -> None:
        """An error: its `flags`, comma-separated, and all of it serialized in `data`."""


class Calls:
    """Who asked, by the number of the call; one per shard."""

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[Caller, int, ObjectHome]] = {}
        self._last_number = 0

    def begin(self, caller: Caller, caller_number: int, home: ObjectHome) -> int:
        """Remember a call into `home`; its number."""
        self._last_number = number = self._last_number + 1
        self._waiting[number] = (caller, caller_number, home)
        return number

    def end(self, number: int) -> tuple[Caller, int, ObjectHome] | None:
        """Take who asked, the caller's number and whom; None if the call has ended already."""
        return self._waiting.pop(number, None)

    def find(self, caller: Caller, caller_number: int) -> tuple[int, ObjectHome] | None:
        """The number of a call that was begun and has not ended, and where it went."""
        for number, (who, its_number, home) in self._waiting.items():
            if its_number == caller_number and who is caller:
                return number, home
        return None

    def fail_all(self, home: ObjectHome, message: str = CONNECTION_LOST) -> None:
        """The isolate ended: every call into it fails, and may be tried again."""
        for number, (caller, caller_number, target) in [*self._waiting.items()]:
            if target is home:
                del self._waiting[number]
                caller.failed(caller_number, "Error", message, "remote,retryable")
