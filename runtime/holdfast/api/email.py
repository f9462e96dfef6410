"""Mail for scripts over HTTP: what a mail server pipes its mail to.

Cloudflare takes mail itself, so there is no such request; the answer tells what its server would.
"""

from http import HTTPStatus

from aiohttp import web

from holdfast.api.auth import SETTINGS
from holdfast.api.body import read_body
from holdfast.api.envelope import ApiRefusal, success
from holdfast.api.platform import Platform
from holdfast.api.routing import Route
from holdfast.catalog import ErrorCode
from holdfast.catalog.errors import rejected
from holdfast.host.mail import MAX_MAIL_BYTES
from holdfast.workers import WorkerError
from holdfast.workers.mail import IncomingMail, MailUnusable


class EmailHandlers:
    """The handlers of `/workers/scripts/:name/email`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account."""
        return [("POST", f"{account}/workers/scripts/{{name}}/email", self.give)]

    async def give(self, request: web.Request) -> web.Response:
        """Give the script the message in the body; why it rejects it, if it does."""
        name = request.match_info["name"]
        self._platform.catalog.record(name)
        timeout_s = request.app[SETTINGS].upload_timeout_s
        raw = await read_body(request, max_bytes=MAX_MAIL_BYTES, timeout_s=timeout_s)
        sender, recipient = (request.query.get(end, "") for end in ("from", "to"))
        try:
            mail = IncomingMail.read(sender, recipient, raw)
        except MailUnusable as error:
            raise rejected(str(error)) from error
        try:
            rejection = await self._platform.email(name, mail)
        except WorkerError as error:
            raise ApiRefusal(
                HTTPStatus.BAD_GATEWAY,
                ErrorCode.INVALID_SCRIPT,
                f"The Worker has failed: {error}",
            ) from error
        return success({"rejected": rejection is not None, "reason": rejection})
