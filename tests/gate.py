"""A server that answers nobody until it is told to: what scripts of tests wait for."""

import asyncio
from types import TracebackType
from typing import Self

from aiohttp import web


class Gate:
    """Use as an async context manager; scripts fetch `url`."""

    def __init__(self) -> None:
        self.came = 0
        self.url = ""
        self._open = asyncio.Event()
        self._news = asyncio.Condition()
        app = web.Application()
        app.router.add_get("/", self._answer)
        self._runner = web.AppRunner(app)

    async def _answer(self, _request: web.Request) -> web.Response:
        async with self._news:
            self.came += 1
            self._news.notify_all()
        await self._open.wait()
        return web.Response(text="open")

    async def until(self, count: int) -> None:
        """Return when so many have come."""
        async with asyncio.timeout(60), self._news:
            await self._news.wait_for(lambda: self.came >= count)

    def open(self) -> None:
        """Let everybody through from now on."""
        self._open.set()

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open.set()
        await self._runner.cleanup()
