"""The API on a port of its own."""

from collections.abc import Callable, Sequence
from socket import socket

from aiohttp import web

from holdfast.api.app import make_app
from holdfast.api.platform import Platform
from holdfast.api.settings import ApiSettings


class ApiServer:
    """Serves the API for a platform."""

    def __init__(self, platform: Platform, settings: ApiSettings) -> None:
        # What comes compressed may be an object that is to stay so.
        self._runner = web.AppRunner(
            make_app(platform, settings), access_log=None, auto_decompress=False
        )

    async def start_on(
        self,
        listeners: Sequence[socket],
        _on_request: Callable[[], None] | None = None,
        _balance: object = None,
    ) -> None:
        """Take what connects to sockets, which are bound."""
        await self._runner.setup()
        for listener in listeners:
            await web.SockSite(self._runner, listener).start()

    async def stop(self) -> None:
        """Let the requests under way finish, and close."""
        await self._runner.cleanup()
