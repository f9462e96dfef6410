"""Calls that left their isolate and wait for an answer."""

from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.objects.home import ObjectHome

CONNECTION_LOST = "Network connection lost."


class Calls:
    """Who asked, by the number of the call; one per shard."""

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[Host, int, ObjectHome]] = {}
        self._last_number = 0

    def begin(self, caller: Host, op_number: int, home: ObjectHome) -> int:
        """Remember a call into `home`; its number."""
        self._last_number = number = self._last_number + 1
        self._waiting[number] = (caller, op_number, home)
        return number

    def end(self, number: int) -> tuple[Host, int] | None:
        """Take who asked and the op to settle; None if the call has ended already."""
        entry = self._waiting.pop(number, None)
        return None if entry is None else entry[:2]

    def fail_all(self, home: ObjectHome, message: str = CONNECTION_LOST) -> None:
        """The isolate ended: every call into it fails, and may be tried again."""
        for number, (caller, op_number, target) in [*self._waiting.items()]:
            if target is home:
                del self._waiting[number]
                error = ScriptError("Error", message, remote=True, retryable=True)
                caller.loop.call_soon(caller.fail, op_number, error)
