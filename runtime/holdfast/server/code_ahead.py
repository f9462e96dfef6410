"""The code of scripts that are about to be loaded, compiled on threads.

Loading a script takes the loop; compiling what is large would keep it from everybody else for
seconds. So an event that is the first for such a script waits until a thread has done that.
"""

import asyncio
from collections.abc import Callable

from holdfast.catalog.script import Script, Syntax
from holdfast.engine import KeptCode, compile_ahead, takes_time
from holdfast.workers import NotCompiled


class CodeAhead:
    """Compiles scripts; one for each shard, on the loop."""

    def __init__(self, kept: KeptCode, loop: asyncio.AbstractEventLoop) -> None:
        self._kept = kept
        self._loop = loop
        self._begun: dict[str, _Compiling] = {}

    def script(self, name: str, read: Callable[[str], Script]) -> Script:
        """What `read` has, or raises, of this name, once it can be loaded at once.

        Raises NotCompiled while it cannot.
        """
        begun = self._begun.get(name)
        if begun is None:
            script = read(name)
            if not takes_time(script.modules):
                return script
            begun = self._begun[name] = _Compiling(self._loop.create_task(self.compile(script)))
        if not begun.is_done:
            raise NotCompiled(begun.task)
        return read(name)

    async def compile(self, script: Script) -> object:
        """Compile what takes time of a script; who holds on to the result loads it at once."""
        if not takes_time(script.modules):
            return None
        classic = script.main if script.syntax is Syntax.SERVICE_WORKER else ""
        return await asyncio.to_thread(compile_ahead, self._kept, script.modules, classic)

    def forget(self, name: str) -> None:
        """The script is loaded, or is no more."""
        self._begun.pop(name, None)


class _Compiling:
    """A script that is compiled, or was: `is_done` as soon as the first callback hears of it.

    Those who wait are called right after that, and so before anybody who finds it done.
    """

    def __init__(self, task: asyncio.Task[object]) -> None:
        self.task = task
        self.is_done = False
        task.add_done_callback(self._note)

    def _note(self, _task: asyncio.Task[object]) -> None:
        self.is_done = True
