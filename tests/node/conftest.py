"""A server of the test's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.inprocess import Server


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with Server(tmp_path) as server:
        yield server
