"""Notices that files have changed, by looking at them often."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

INTERVAL_SECONDS = 0.05

Snapshot = dict[Path, tuple[int, int]]


def snapshot(paths: Iterable[Path]) -> Snapshot:
    """Modification time and size of each file; (0, 0) for one that is not there now."""
    return {path: _state(path) for path in paths}


def _state(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)


async def until_changed(before: Snapshot) -> None:
    """Return once a file differs from the snapshot."""
    while snapshot(before) == before:  # noqa: ASYNC110 - files tell nobody that they changed
        await asyncio.sleep(INTERVAL_SECONDS)
