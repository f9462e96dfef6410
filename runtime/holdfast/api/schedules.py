"""Cron triggers over HTTP.

https://developers.cloudflare.com/api/resources/workers/subresources/scripts/subresources/schedules/
"""

import asyncio
import json
from typing import Any

from aiohttp import web

from holdfast.api.envelope import success
from holdfast.api.json_body import read_content
from holdfast.api.platform import Platform
from holdfast.api.routing import Route
from holdfast.catalog import ErrorCode, UploadRejected
from holdfast.catalog.schedules import Schedule

MAX_BODY_BYTES = 100_000


class ScheduleHandlers:
    """The handlers of `/workers/scripts/:name/schedules`."""

    def __init__(self, platform: Platform, turn: asyncio.Lock) -> None:
        self._platform = platform
        self._turn = turn

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account."""
        path = f"{account}/workers/scripts/{{name}}/schedules"
        return [("GET", path, self.get), ("PUT", path, self.put)]

    async def get(self, request: web.Request) -> web.Response:
        """The script's triggers."""
        return _told(self._platform.catalog.schedules(request.match_info["name"]))

    async def put(self, request: web.Request) -> web.Response:
        """Give the script the triggers in the body, and no others."""
        crons = _crons(await read_content(request, MAX_BODY_BYTES))
        async with self._turn:
            return _told(await self._platform.put_schedules(request.match_info["name"], crons))


def _crons(body: bytes) -> list[str]:
    """The expressions of `[{"cron": …}]`, or of `{"schedules": […]}`. Raises UploadRejected."""
    try:
        entries: Any = json.loads(body)
    except ValueError as error:
        raise _rejected("The body is no JSON.") from error
    if isinstance(entries, dict):
        entries = entries.get("schedules")
    return crons_of(entries)


def crons_of(entries: object) -> list[str]:
    """The expressions of `[{"cron": …}]`. Raises UploadRejected."""
    if not isinstance(entries, list):
        raise _rejected('Schedules must be a list: [{"cron": "*/5 * * * *"}].')
    return [_cron(entry) for entry in entries]


def _cron(entry: Any) -> str:
    cron = entry.get("cron") if isinstance(entry, dict) else entry
    if not isinstance(cron, str):
        raise _rejected('Each schedule must have a "cron", which is a string.')
    return cron


def _rejected(message: str) -> UploadRejected:
    return UploadRejected(ErrorCode.INVALID_SCHEDULE, message)


def _told(schedules: list[Schedule]) -> web.Response:
    return success(
        {
            "schedules": [
                {
                    "cron": schedule.cron,
                    "created_on": schedule.created_on,
                    "modified_on": schedule.modified_on,
                }
                for schedule in schedules
            ]
        }
    )
