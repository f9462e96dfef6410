"""A server of the test's own, and clients that speak WebSocket to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.inprocess import Server
from tests.sockets.clients import Clients, Console


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    server = Server(tmp_path, allow_private_egress=True)
    server.lines = Console()
    async with server:
        yield server


@pytest.fixture
async def clients(server: Server) -> AsyncIterator[Clients]:
    async with Clients(server) as clients:
        yield clients
