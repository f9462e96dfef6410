"""Time Travel for D1 databases over HTTP: bookmarks of moments, and going back to one.

https://developers.cloudflare.com/d1/reference/time-travel/
https://developers.cloudflare.com/api/resources/d1/subresources/database/subresources/time_travel/
"""

from collections.abc import Awaitable
from datetime import datetime
from http import HTTPStatus

from aiohttp import web

from holdfast.api.d1 import QUERY_FAILED, created_of, refused
from holdfast.api.envelope import ApiRefusal, success
from holdfast.api.platform import Platform
from holdfast.api.routing import Route
from holdfast.storage.d1 import D1Error
from holdfast.storage.d1.encoding import restored
from holdfast.storage.errors import BookmarkInvalid


class D1TimeTravelHandlers:
    """The handlers of `time_travel`."""

    def __init__(self, platform: Platform) -> None:
        self._databases = platform.d1

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account."""
        time_travel = f"{account}/d1/database/{{id}}/time_travel"
        return [
            ("GET", f"{time_travel}/bookmark", self.bookmark),
            ("POST", f"{time_travel}/restore", self.restore),
        ]

    async def bookmark(self, request: web.Request) -> web.Response:
        """The bookmark of now, or the one that comes closest before a `timestamp`."""
        created = await created_of(self._databases.registry, request)
        time_ms = _time_ms(request)
        found = await _told(self._databases.bookmark(created.id, time_ms))
        return success({"bookmark": found})

    async def restore(self, request: web.Request) -> web.Response:
        """Go back to a `bookmark`, or to a `timestamp`."""
        created = await created_of(self._databases.registry, request)
        bookmark, time_ms = request.query.get("bookmark"), _time_ms(request)
        if (bookmark is None) == (time_ms is None):
            raise refused('Give either "bookmark" or "timestamp", in the query.')
        if bookmark is None:
            bookmark = await _told(self._databases.bookmark(created.id, time_ms))
        previous = await _told(self._databases.restore(created.id, bookmark))
        return success(restored(bookmark, previous))


async def _told(asked: Awaitable[str]) -> str:
    try:
        return await asked
    except BookmarkInvalid as error:
        raise refused(str(error)) from error
    except D1Error as error:
        raise ApiRefusal(HTTPStatus.BAD_REQUEST, QUERY_FAILED, str(error)) from error


def _time_ms(request: web.Request) -> float | None:
    timestamp = request.query.get("timestamp")
    if timestamp is None:
        return None
    try:
        moment = datetime.fromisoformat(timestamp)
        if moment.tzinfo is None:
            raise ValueError("it does not say of which time zone it is")
        return moment.timestamp() * 1000
    except (ValueError, OverflowError) as error:
        message = f'"timestamp" is no time such as 2026-01-31T12:00:00Z: {error}.'
        raise refused(message) from error
