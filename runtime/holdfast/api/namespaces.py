"""Durable Object namespaces over HTTP.

https://developers.cloudflare.com/api/resources/durable_objects/
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from holdfast.api.envelope import success
from holdfast.api.json_body import read_object
from holdfast.api.objects import listed
from holdfast.api.paging import malformed, number_of, paged
from holdfast.api.platform import Platform
from holdfast.api.routing import Route
from holdfast.catalog import ErrorCode, Namespace, UploadRejected
from holdfast.catalog.json_values import is_well_formed

MAX_BODY_BYTES = 1 << 16
DEFAULT_PAGE = 1_000


class NamespaceHandlers:
    """The handlers of `/workers/durable_objects`. `turn` is held while something changes."""

    def __init__(self, platform: Platform, turn: asyncio.Lock) -> None:
        self._platform = platform
        self._turn = turn

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account."""
        namespaces = f"{account}/workers/durable_objects/namespaces"
        return [
            ("GET", namespaces, self.list_all),
            ("POST", namespaces, self.create),
            ("GET", f"{namespaces}/{{id}}/objects", self.list_objects),
        ]

    async def create(self, request: web.Request) -> web.Response:
        """Create the namespace of a class."""
        fields = await read_object(request, MAX_BODY_BYTES)
        use_sqlite = fields.get("use_sqlite", False)
        if not isinstance(use_sqlite, bool):
            raise UploadRejected(ErrorCode.INVALID_SCRIPT, '"use_sqlite" must be true or false.')
        name, script, class_name = (_word(fields, key) for key in ("name", "script", "class"))
        async with self._turn:
            namespace = await self._platform.create_namespace(
                name, script, class_name, use_sqlite=use_sqlite
            )
        return success(_listed(namespace))

    async def list_all(self, request: web.Request) -> web.Response:
        """All namespaces, by pages (`page`, `per_page`) or from a `cursor` on (`limit`)."""
        namespaces = self._platform.catalog.namespaces()
        if "cursor" in request.query or "limit" in request.query:
            return _from_cursor(namespaces, request)
        return paged(namespaces, request, _listed, DEFAULT_PAGE)

    async def list_objects(self, request: web.Request) -> web.Response:
        """The objects of a namespace, from a `cursor` on."""
        namespace = self._platform.catalog.namespace(request.match_info["id"])
        limit = number_of(request, "limit", DEFAULT_PAGE)
        cursor = request.query.get("cursor") or None
        if request.query.get("details") in ("true", "1"):
            found = await self._platform.objects.summaries(namespace, cursor, limit + 1)
            shown, more = found[:limit], len(found) > limit
            return success(
                [listed(summary) for summary in shown],
                result_info={"count": len(shown), "cursor": shown[-1].id if more else ""},
            )
        try:
            objects, following = await self._platform.list_objects(namespace, cursor, limit)
        except ValueError as error:
            raise malformed("cursor", "none that a listing gave out") from error
        return success(
            [{"id": info.id, "hasStoredData": info.has_stored_data} for info in objects],
            result_info={"count": len(objects), "cursor": following or ""},
        )


def _from_cursor(namespaces: list[Namespace], request: web.Request) -> web.Response:
    limit = number_of(request, "limit", DEFAULT_PAGE)
    after = request.query.get("cursor", "")
    rest = [namespace for namespace in namespaces if namespace.id > after]
    shown = rest[:limit]
    cursor = shown[-1].id if len(rest) > limit else ""
    return success(
        [_listed(namespace) for namespace in shown],
        result_info={"count": len(shown), "cursor": cursor},
    )


def _listed(namespace: Namespace) -> dict[str, Any]:
    return {
        "id": namespace.id,
        "name": namespace.name,
        "script": namespace.script,
        "class": namespace.class_name,
        "use_sqlite": namespace.use_sqlite,
    }


def _word(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value or not is_well_formed(value):
        raise UploadRejected(
            ErrorCode.INVALID_SCRIPT,
            f'The body must have "{name}", a non-empty string. A namespace is created with '
            '{"name": …, "script": …, "class": …}.',
        )
    return value
