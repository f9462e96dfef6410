"""`.py` handlers of a checkout, and responses sent as they are."""

from pathlib import Path

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter


class RawResponse(web.Response):
    """Bytes that go to the socket as they are, headers and all; the connection ends with them."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._raw = content
        self.force_close()

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send everything."""
        assert request.transport is not None
        request.transport.write(self._raw)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """All has been sent."""


class Handlers:
    """Runs the handlers of a checkout."""

    def __init__(self, checkout: Path) -> None:
        self._checkout = checkout

    async def answer(self, file: Path, request: web.BaseRequest) -> web.StreamResponse:
        """What the handler in `file` answers."""
        return web.Response(status=501, text="no handlers yet")
