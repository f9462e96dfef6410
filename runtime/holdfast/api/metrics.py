"""`/metrics`: what is counted, for Prometheus and the like."""

from aiohttp import web

from holdfast.api.auth import METRICS
from holdfast.api.platform import Platform
from holdfast.api.routing import Route
from holdfast.server.metrics import CONTENT_TYPE


class MetricsHandlers:
    """The handler of `/metrics`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def routes(self, _account: str) -> list[Route]:
        """The handler, which is of no account."""
        return [("GET", METRICS, self.metrics)]

    async def metrics(self, _request: web.Request) -> web.Response:
        """All that is counted."""
        text = await self._platform.metrics()
        return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE})
