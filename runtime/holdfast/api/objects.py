"""Objects as data over HTTP: Holdfast's own, since Cloudflare's API has nothing like it.

An object is named by its id, or by `name:` and the name that its id was made from.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import web

from holdfast.api.auth import SETTINGS
from holdfast.api.body import bounded_body
from holdfast.api.envelope import ApiRefusal, success, success_of_much
from holdfast.api.json_body import read_object
from holdfast.api.paging import number_of
from holdfast.api.platform import Platform
from holdfast.api.routing import Route
from holdfast.catalog import Namespace
from holdfast.objects.ids import InvalidId
from holdfast.server.object_data import ObjectSummary
from holdfast.storage.errors import BookmarkInvalid
from holdfast.storage.portable import Contents, NotAnObject

OBJECT_NOT_FOUND = 90001
NOT_AN_OBJECT = 90002
NO_SUCH_MOMENT = 90003

MAX_IMPORT_BYTES = 10 * 1024**3  # what Cloudflare lets an object hold
_MAX_PAGE = 1_000
_MAX_FIELDS_BYTES = 1 << 16
_CHUNK_BYTES = 1 << 20


class ObjectHandlers:
    """The handlers of `…/namespaces/:id/objects/:object`, and of the backup of them all."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account."""
        one = f"{account}/workers/durable_objects/namespaces/{{id}}/objects/{{object}}"
        return [
            ("GET", f"{account}/backup", _answering(self.back_up)),
            ("GET", one, _answering(self.show)),
            ("DELETE", one, _answering(self.delete)),
            ("GET", f"{one}/keys", _answering(self.keys)),
            ("GET", f"{one}/export", _answering(self.export)),
            ("PUT", f"{one}/import", _answering(self.replace)),
            ("POST", f"{one}/restore", _answering(self.go_back)),
        ]

    async def back_up(self, request: web.Request) -> web.StreamResponse:
        """A tar archive of all that the server keeps."""
        response = web.StreamResponse(headers={"Content-Type": "application/x-tar"})
        await response.prepare(request)
        async for piece in self._platform.objects.archive():
            await response.write(piece)
        await response.write_eof()
        return response

    async def show(self, request: web.Request) -> web.StreamResponse:
        """What an object holds, in numbers."""
        namespace, object_id = self._object(request)
        summary, contents = await self._platform.objects.describe(namespace, object_id)
        return success({**listed(summary), **_described(contents)})

    async def keys(self, request: web.Request) -> web.StreamResponse:
        """Keys and values in the order of keys, by `prefix`, `limit` and `cursor`."""
        namespace, object_id = self._object(request)
        limit = number_of(request, "limit", 100, most=_MAX_PAGE)
        found, more = await self._platform.objects.entries(
            namespace,
            object_id,
            prefix=request.query.get("prefix", ""),
            after=request.query.get("cursor", ""),
            limit=limit,
        )
        return await success_of_much(
            [
                {"key": e.key, "size": e.size_bytes, "value": e.value, "exact": e.is_exact}
                for e in found
            ],
            result_info={"count": len(found), "cursor": found[-1].key if more else ""},
        )

    async def export(self, request: web.Request) -> web.StreamResponse:
        """The whole object as a file: a SQLite database."""
        namespace, object_id = self._object(request)
        async with self._platform.objects.exported(namespace, object_id) as file:
            response = web.StreamResponse(
                headers={
                    "Content-Type": "application/vnd.sqlite3",
                    "Content-Disposition": f'attachment; filename="{object_id}.sqlite"',
                    "Content-Length": str(file.stat().st_size),
                }
            )
            await response.prepare(request)
            with file.open("rb") as content:
                while chunk := await asyncio.to_thread(content.read, _CHUNK_BYTES):
                    await response.write(chunk)
            await response.write_eof()
        return response

    async def replace(self, request: web.Request) -> web.StreamResponse:
        """Put an exported file in the place of what the object holds."""
        namespace, object_id = self._object(request)
        async with self._platform.objects.incoming() as file:
            await _receive(request, file)
            contents = await self._platform.objects.replace(namespace, object_id, file)
        return success({"id": object_id, **_described(contents)})

    async def go_back(self, request: web.Request) -> web.StreamResponse:
        """Take an object back to a `bookmark`, or to a `time`."""
        namespace, object_id = self._object(request)
        fields = await read_object(request, _MAX_FIELDS_BYTES)
        bookmark, time = fields.get("bookmark"), fields.get("time")
        given = [value for value in (bookmark, time) if value is not None]
        if len(given) != 1 or not isinstance(given[0], str):
            raise _no_such_moment('The body must have either "bookmark" or "time", a string.')
        try:
            moment = datetime.fromisoformat(time) if time else datetime.now(UTC)
        except ValueError as error:
            raise _no_such_moment(
                f'"time" is no time such as 2026-01-31T12:00:00Z: {error}'
            ) from error
        went, undo = await self._platform.objects.go_back(
            namespace,
            object_id,
            bookmark=bookmark,
            time_ms=moment.astimezone(UTC).timestamp() * 1000,
        )
        return success({"id": object_id, "bookmark": went, "undo": undo})

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """Remove all that the object holds."""
        namespace, object_id = self._object(request)
        await self._platform.objects.delete(namespace, object_id)
        return success({"id": object_id})

    def _object(self, request: web.Request) -> tuple[Namespace, str]:
        namespace = self._platform.catalog.namespace(request.match_info["id"])
        return namespace, self._platform.objects.id_of(namespace, request.match_info["object"])


async def _receive(request: web.Request, file: Path) -> None:
    timeout_s = request.app[SETTINGS].upload_timeout_s
    async with bounded_body(request, max_bytes=MAX_IMPORT_BYTES, timeout_s=timeout_s) as body:
        with file.open("wb") as content:
            while chunk := await body.read(_CHUNK_BYTES):
                await asyncio.to_thread(content.write, chunk)


def _answering(handler: Any) -> Any:
    """The handler, with what can be wrong with an object turned into answers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            response: web.StreamResponse = await handler(request)
        except InvalidId as error:
            raise ApiRefusal(HTTPStatus.BAD_REQUEST, NOT_AN_OBJECT, str(error)) from error
        except BookmarkInvalid as error:
            raise _no_such_moment(str(error)) from error
        except NotAnObject as error:
            raise ApiRefusal(HTTPStatus.BAD_REQUEST, NOT_AN_OBJECT, str(error)) from error
        except LookupError as error:
            text = str(error.args[0]) if error.args else "There is no such object."
            raise ApiRefusal(HTTPStatus.NOT_FOUND, OBJECT_NOT_FOUND, text) from error
        return response

    return answer


def _no_such_moment(text: str) -> ApiRefusal:
    return ApiRefusal(HTTPStatus.BAD_REQUEST, NO_SUCH_MOMENT, text)


def listed(summary: ObjectSummary) -> dict[str, Any]:
    """An object as listings with details have it."""
    return {
        "id": summary.id,
        "name": summary.name,
        "size": summary.size_bytes,
        "hasStoredData": True,
    }


def _described(contents: Contents) -> Mapping[str, Any]:
    alarm = None
    if contents.alarm_ms is not None:
        alarm = datetime.fromtimestamp(contents.alarm_ms / 1000, UTC).isoformat()
    return {
        "size": contents.size_bytes,
        "keys": contents.keys,
        "tables": contents.tables,
        "alarm": alarm,
        "facets": dict(contents.facets),
    }
