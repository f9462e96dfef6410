"""Ops on the past of the objects that live in this isolate."""

import asyncio
from collections.abc import Callable
from typing import Any

from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.host.ops import async_op
from holdfast.storage import StorageError


async def _answer(ask: Callable[..., "asyncio.Future[str]"], *arguments: Any) -> str:
    try:
        return await ask(*arguments)
    except StorageError as error:
        raise ScriptError("Error", str(error)) from error


@async_op
async def bookmark_current(host: Host, slot: int) -> str:
    """A bookmark of what is written now."""
    return await _answer(host.stores[slot].current_bookmark)


@async_op
async def bookmark_at(host: Host, slot: int, time_ms: float) -> str:
    """The bookmark that comes closest to a time."""
    return await _answer(host.stores[slot].bookmark_at, time_ms)


@async_op
async def bookmark_restore(host: Host, slot: int, bookmark: str) -> str:
    """Have the object go back to a bookmark when it starts next; a bookmark to undo that with."""
    return await _answer(host.stores[slot].restore_at_next_opening, bookmark)
