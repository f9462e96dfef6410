"""What every long-running command needs: settings, a loop, signals, sentences for failures."""

import argparse
import asyncio
import ctypes
import gc
import logging
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from holdfast.engine import Limits, TurnWatch
from holdfast.engine.limits import MEBIBYTE
from holdfast.host.edge import Edge
from holdfast.host.origins import Origins
from holdfast.server.data_folder import FolderInUse
from holdfast.server.settings import Bounds, Settings
from holdfast.server.signals import stop_signals

log = logging.getLogger("holdfast")

WANTED_DESCRIPTORS = 65_536
NEEDED_DESCRIPTORS = 64  # with which a start, and a few clients and objects, get by
M_TRIM_THRESHOLD, M_ARENA_MAX = -1, -8  # malloc.h
KEPT_FREE_BYTES = 16 * MEBIBYTE
HEAPS = 2

# Look at the youngest when there are so many more objects, one time in ten at those that were left
# then, and one time in a hundred of these at all.
YOUNG_COLLECTIONS = (700, 10, 100)

ENDING = "Finishing what is under way; once more ends at once."


def settings_from(
    options: argparse.Namespace, *, clients: Mapping[str, Any] = MappingProxyType({})
) -> Settings:
    """The settings that the options of `dev`, `run` or `serve` give.

    `clients` is what `request.cf` tells of them where the options do not.
    """
    return Settings(
        data=options.data,
        limits=Limits(memory_bytes=options.memory_mb * MEBIBYTE, turn_cpu_ms=options.cpu_ms),
        bounds=Bounds(
            requests=options.max_requests,
            object_calls=options.max_object_calls,
            connections=options.max_connections,
            held_bytes=options.max_held_mb * MEBIBYTE,
            delay_seconds=options.max_delay_ms / 1000,
        ),
        idle_seconds=options.idle_seconds,
        hang_seconds=options.hang_seconds,
        drain_seconds=options.drain_seconds,
        history_days=options.history_days,
        object_bytes=options.object_mb * MEBIBYTE,
        allow_private_egress=options.allow_private_egress,
        trusted_proxies=tuple(options.trusted_proxy),
        smtp=options.smtp,
        origins=Origins(dict(options.origin)),
        edge=Edge({**clients, **options.cf}, options.cf_header or ""),
    )


def run_until_stopped(
    command: Callable[[asyncio.Event], Coroutine[Any, Any, int]], *, patience_s: float
) -> int:
    """Run a command on uvloop; its event is set by the signals to stop (signals.py).

    A second signal ends the process at once, and so does a turn that takes longer than `patience_s`
    and that nothing ends.
    """
    return run_with(lambda: _with_signals(command), patience_s=patience_s)


def run_with(
    command: Callable[[], Coroutine[Any, Any, int]], *, patience_s: float = float("inf")
) -> int:
    """Run a command on uvloop; a supervisor looks after it where no `patience_s` is given."""
    import uvloop

    keep_to_utc()
    keep_free_memory()
    if sys.platform == "linux":
        watch = TurnWatch.of_this_thread()
        watch.patience_s, watch.on_endless = patience_s, _give_up
        watch.start()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(command())


def _give_up(seconds: float) -> None:
    """End the process, in which nothing has a turn any more; what it has acknowledged is there."""
    text = "a script is in a call that nothing ends, for %.1f s of CPU time: the process ends"
    log.critical(text, seconds)
    os._exit(os.EX_SOFTWARE)


def keep_to_utc() -> None:
    """Have the engine's local time be UTC, as it is for scripts everywhere."""
    os.environ["TZ"] = "UTC"
    time.tzset()


def keep_free_memory() -> None:
    """Have the C library keep some of what was freed for the next request, where it is glibc.

    It would give back whatever is free at the heap's end from 128 KiB on. A script that parses a
    megabyte of JSON frees several MB of values with each request, which the kernel would take
    and have to fill with zeros again for the next one: a third of the time.

    And have it take memory from one heap for the loop and one for all other threads, rather than
    one for each: what thousands of objects leave free in it can be given back (server/freed.py),
    but for the pages where something stays.
    https://man7.org/linux/man-pages/man3/mallopt.3.html
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_TRIM_THRESHOLD, KEPT_FREE_BYTES)
        mallopt(M_ARENA_MAX, HEAPS)


def spare_what_stays() -> None:
    """Have Python's garbage collector leave alone what the start has made, and live objects too.

    Looking at all that is there takes tens of milliseconds, in which nobody is served. Most garbage
    dies young, so it is found all the same.
    """
    gc.freeze()
    gc.set_threshold(*YOUNG_COLLECTIONS)


async def _with_signals(command: Callable[[asyncio.Event], Coroutine[Any, Any, int]]) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(number: int) -> None:
        if stop.is_set():
            # With the handler in place the loop would swallow it.
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stop.set()

    for number in stop_signals():
        loop.add_signal_handler(number, on_signal, number)
    return await command(stop)


def raise_descriptor_limit() -> None:
    """Allow as many open files as the system lets us: each open object takes some.

    Raises ValueError where those are too few to start with.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, WANTED_DESCRIPTORS)
    if wanted < NEEDED_DESCRIPTORS:
        raise ValueError(f"{wanted} open files are too few; raise the limit with `ulimit -n 1024`")
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def unusable_folder(data: Path, error: Exception) -> str:
    """Why a data folder cannot be used, and what helps."""
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    way_out = "choose another with --data"
    if isinstance(error, FolderInUse):
        way_out = f"stop that first, or {way_out}"
    if isinstance(error, FileExistsError):
        reason = "it is a file"
    if isinstance(error, PermissionError):
        path = Path(error.filename or data)
        what = "read and write" if os.access(path, os.F_OK) else "make"
        way_out = f"let this user {what} {path.absolute()}, or {way_out}"
    return f"the data folder {data} cannot be used: {reason}; {way_out}"
