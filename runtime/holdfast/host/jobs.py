"""Work for threads whose answer no promise may carry.

A script can watch whatever a promise is settled with: by a getter `then` on
`Object.prototype`, by its own `Promise.prototype.then`. Where the answer is a secret,
such as the private key that was just generated, an op therefore *adds* a job and returns
its number; JS waits for the number with one op and takes the answer with another, a
synchronous one. The same holds for the arguments, which an async op would pass in an
array.

An isolate runs only a few jobs at a time: threads are shared by all.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from holdfast.engine import ScriptError
from holdfast.host.ops import in_thread

MAX_RUNNING = 2


class Jobs:
    """The jobs of one isolate, by number, until their answers are taken."""

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[Callable[..., Any], tuple[Any, ...]]] = {}
        self._answers: dict[int, Any] = {}
        self._last = 0
        self._slots = asyncio.Semaphore(MAX_RUNNING)

    def __len__(self) -> int:
        """How many there are that were not run or whose answers were not taken."""
        return len(self._waiting) + len(self._answers)

    def add(self, function: Callable[..., Any], *arguments: Any) -> int:
        """Keep a job, which begins when `run` is called with its number."""
        self._last += 1
        self._waiting[self._last] = function, arguments
        return self._last

    async def run(self, number: int) -> None:
        """Do the job in a thread. Raises what it raises, and then there is no answer."""
        job = self._waiting.pop(number, None)
        if job is None:
            raise _unknown()
        function, arguments = job
        async with self._slots:
            self._answers[number] = await in_thread(function, *arguments)

    def take(self, number: int) -> Any:
        """The answer of a job that was run; it is handed out once."""
        try:
            return self._answers.pop(number)
        except KeyError:
            raise _unknown() from None


def _unknown() -> ScriptError:
    """Only a script that replaced `Promise.prototype.then` gets here."""
    return ScriptError("OperationError", "The operation was disturbed.")
