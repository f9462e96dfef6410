"""A server of the test's own."""

import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.inprocess import Server


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with Server(tmp_path) as server:
        yield server


@pytest.fixture(scope="module")
def what_is_new() -> Iterator[None]:
    """Python's collector looks at what these tests make alone: there are a million others."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
