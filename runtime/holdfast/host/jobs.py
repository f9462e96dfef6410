"""Work for threads whose answer no promise may carry.

A script can watch whatever a promise is settled with: by a getter `then` on
`Object.prototype`, by its own `Promise.prototype.then`. Where the answer is a secret,
such as the private key that was just generated, an op therefore *adds* a job and returns
its number; JS waits for the number with one op and takes the answer with another, a
synchronous one. The same holds for the arguments, which an async op would pass in an
array.

An isolate runs only a few jobs at a time, since threads are shared by all, and their data,
which the isolate's own limit does not count, has a limit.
"""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from holdfast.engine import ScriptError
from holdfast.host.ops import in_thread

MAX_RUNNING = 2
MAX_HELD_BYTES = 134_217_728


class _Job(NamedTuple):
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    size: int


class Jobs:
    """The jobs of one isolate, by number, until their answers are taken."""

    def __init__(self, max_held_bytes: int = MAX_HELD_BYTES) -> None:
        self._max_held_bytes = max_held_bytes
        self._waiting: dict[int, _Job] = {}
        self._answers: dict[int, Any] = {}
        self._last = 0
        self._held_bytes = 0
        self._slots = asyncio.Semaphore(MAX_RUNNING)

    def __len__(self) -> int:
        """How many there are that were not run or whose answers were not taken."""
        return len(self._waiting) + len(self._answers)

    def add(self, function: Callable[..., Any], *arguments: Any) -> int:
        """Keep a job, which begins when `run` is called with its number.

        Raises an OperationError when the isolate has too much data under way already.
        """
        size = sum(map(_size, arguments))
        if self._held_bytes + size > self._max_held_bytes:
            raise ScriptError(
                "OperationError", "Too many operations were begun before others were awaited."
            )
        self._held_bytes += size
        self._last += 1
        self._waiting[self._last] = _Job(function, arguments, size)
        return self._last

    def add_or_do(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """The number of a new job or, with too much data under way already, the answer.

        For work that takes no longer than its data is long.
        """
        if self._held_bytes + sum(map(_size, arguments)) > self._max_held_bytes:
            return function(*arguments)
        return self.add(function, *arguments)

    async def run(self, number: int) -> None:
        """Do the job in a thread. Raises what it raises, and then there is no answer."""
        job = self._waiting.pop(number, None)
        if job is None:
            raise _unknown()
        try:
            async with self._slots:
                answer = await in_thread(job.function, *job.arguments)
        finally:
            self._held_bytes -= job.size
        self._held_bytes += _size(answer)
        self._answers[number] = answer

    def take(self, number: int) -> Any:
        """The answer of a job that was run; it is handed out once."""
        try:
            answer = self._answers.pop(number)
        except KeyError:
            raise _unknown() from None
        self._held_bytes -= _size(answer)
        return answer


def _size(value: Any) -> int:
    return len(value) if isinstance(value, bytes) else 0


def _unknown() -> ScriptError:
    """Only a script that replaced `Promise.prototype.then` gets here."""
    return ScriptError("OperationError", "The operation was disturbed.")
