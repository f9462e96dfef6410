"""What every long-running command needs: a loop, signals, file descriptors."""

import asyncio
import resource
import signal
from collections.abc import Callable, Coroutine
from typing import Any

WANTED_DESCRIPTORS = 65_536


def run_until_stopped(command: Callable[[asyncio.Event], Coroutine[Any, Any, int]]) -> int:
    """Run a command on uvloop; its event is set by SIGTERM or SIGINT.

    A second signal ends the process at once.
    """
    import uvloop

    raise_descriptor_limit()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_with_signals(command))


async def _with_signals(command: Callable[[asyncio.Event], Coroutine[Any, Any, int]]) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(number: int) -> None:
        if stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    return await command(stop)


def raise_descriptor_limit() -> None:
    """Allow as many open files as the system lets us: each open object takes some."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, WANTED_DESCRIPTORS)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
