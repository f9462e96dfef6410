"""Cron triggers by URL, for development.

https://developers.cloudflare.com/workers/configuration/cron-triggers/#test-cron-triggers-locally
https://developers.cloudflare.com/workers/runtime-apis/handlers/scheduled/
"""

import asyncio
import time
from urllib.parse import parse_qsl

from aiohttp.http_parser import RawRequestMessage

from holdfast.host.bodies import ByteStream
from holdfast.server.listener import Listener
from holdfast.server.response import plain_response
from holdfast.workers import WorkerError, WorkerResponse

# The second is where Wrangler has it of late, the last where it was before any of them.
TRIGGER_PATHS = ("/cdn-cgi/handler/scheduled", "/cdn-cgi/local/scheduled", "/__scheduled")


class TriggeringListener(Listener):
    """A listener where a request for one of TRIGGER_PATHS runs the script's `scheduled` handler.

    `?cron=…&time=…` is what the handler is told, the time in milliseconds since the epoch.
    """

    def handle(
        self, message: RawRequestMessage, client: str, body: bytes | ByteStream | None
    ) -> "WorkerResponse | asyncio.Future[WorkerResponse]":
        """See http_server.Handler."""
        path, _, query = message.path.partition("?")
        if path not in TRIGGER_PATHS:
            return super().handle(message, client, body)
        route = self._routes.route(message.headers.get("Host", ""), message.path)
        if route is None:
            return plain_response(404, "There is no Worker at this host.")
        asked = dict(parse_qsl(query))
        time_ms = asked.get("time", "")
        now_ms = int(time_ms) if time_ms.isdecimal() else time.time() * 1000
        return asyncio.ensure_future(self._trigger(route.script, asked.get("cron", ""), now_ms))

    async def _trigger(self, script: str, cron: str, time_ms: float) -> WorkerResponse:
        try:
            await self._runtime.worker(script).scheduled(cron, time_ms)
        except WorkerError as error:
            self._runtime.tell(script, "error", str(error))
            return plain_response(500, f"exception\n{error}")
        return plain_response(200, "ok")
