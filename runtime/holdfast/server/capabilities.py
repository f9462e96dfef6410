"""What all scripts of a process share: storage, and the way to the network."""

import asyncio
from typing import Any

from holdfast.server.settings import Settings
from holdfast.storage import LocalBarrier, Storage


def open_storage(settings: Settings, loop: asyncio.AbstractEventLoop) -> Storage:
    """The object databases below the data folder. Raises OSError where it cannot be used."""
    folder = settings.data / "objects"
    folder.mkdir(parents=True, exist_ok=True)
    return Storage(
        folder, barrier=LocalBarrier(loop), max_open=settings.open_databases, loop=loop
    )


def shared_capabilities(settings: Settings) -> dict[str, Any]:
    """Capabilities that every isolate of the process gets."""
    return {}
