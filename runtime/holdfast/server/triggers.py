"""Cron triggers and mail by URL, for development.

https://developers.cloudflare.com/workers/configuration/cron-triggers/#test-cron-triggers-locally
https://developers.cloudflare.com/email-routing/email-workers/local-development/
"""

import asyncio
import time
from collections.abc import Mapping
from urllib.parse import parse_qsl

from aiohttp.http_parser import RawRequestMessage

from holdfast.host.byte_streams import BodyError, ByteStream, collect
from holdfast.server.listener import Listener
from holdfast.server.response import plain_response
from holdfast.workers import WorkerError, WorkerResponse

# The second is where Wrangler has it of late, the last where it was before any of them.
TRIGGER_PATHS = ("/cdn-cgi/handler/scheduled", "/cdn-cgi/local/scheduled", "/__scheduled")
MAIL_PATHS = ("/cdn-cgi/handler/email", "/cdn-cgi/local/email")


class TriggeringListener(Listener):
    """A listener where requests for some paths run other handlers than `fetch`.

    TRIGGER_PATHS, `?cron=…&time=…`: `scheduled`, which is told that; the time is in milliseconds
    since the epoch. MAIL_PATHS, `?from=…&to=…`: `email`, which is given the body.
    """

    def handle(
        self, message: RawRequestMessage, client: str, body: bytes | ByteStream | None
    ) -> "WorkerResponse | asyncio.Future[WorkerResponse]":
        """See http_server.Handler."""
        path, _, query = message.path.partition("?")
        if path not in TRIGGER_PATHS and path not in MAIL_PATHS:
            return super().handle(message, client, body)
        route = self._routes.route(message.headers.get("Host", ""), message.path)
        if route is None:
            return plain_response(404, self._routes.nowhere)
        asked = dict(parse_qsl(query))
        if path in MAIL_PATHS:
            return asyncio.ensure_future(self._mail(route.script, asked, body))
        time_ms = asked.get("time", "")
        now_ms = int(time_ms) if time_ms.isdecimal() else time.time() * 1000
        return asyncio.ensure_future(self._trigger(route.script, asked.get("cron", ""), now_ms))

    async def _trigger(self, script: str, cron: str, time_ms: float) -> WorkerResponse:
        try:
            worker = await self._runtime.worker_in_time(script)
            await worker.scheduled(cron, time_ms)
        except WorkerError as error:
            self._runtime.tell(script, "error", str(error))
            return plain_response(500, f"exception\n{error}")
        return _told(200, "ok")

    async def _mail(
        self, script: str, asked: Mapping[str, str], body: bytes | ByteStream | None
    ) -> WorkerResponse:
        from holdfast.workers.mail import TOO_LARGE, IncomingMail, MailUnusable, rejection_of

        try:
            raw = await collect(body) if isinstance(body, ByteStream) else body or b""
            mail = IncomingMail.read(asked.get("from", ""), asked.get("to", ""), raw)
        except BodyError:
            return _told(400, TOO_LARGE)
        except MailUnusable as error:
            return _told(400, str(error))
        try:
            worker = await self._runtime.worker_in_time(script)
            reason = rejection_of(await worker.email(mail))
        except WorkerError as error:
            self._runtime.tell(script, "error", str(error))
            return plain_response(500, f"exception\n{error}")
        if reason is not None:
            return _told(400, f"Worker rejected email with the following reason: {reason}")
        return _told(200, "Worker successfully processed email")


def _told(status: int, text: str) -> WorkerResponse:
    """What Miniflare answers, down to the last byte."""
    body = text.encode("utf-8", "replace")
    return WorkerResponse(status, "", "content-type\ntext/plain;charset=UTF-8\n", body)
