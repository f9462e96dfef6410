"""Routes over HTTP, by script and by zone.

A Holdfast has one zone for all names, since whoever holds a name's DNS record decides what comes
here; it is found under each.

https://developers.cloudflare.com/api/resources/workers/subresources/routes/
https://github.com/cloudflare/workers-sdk/tree/main/packages/wrangler
"""

import asyncio
import hashlib
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from aiohttp import web

from holdfast.api.envelope import ApiRefusal, success
from holdfast.api.json_body import read_list, read_object
from holdfast.api.platform import Platform
from holdfast.api.routing import Route
from holdfast.catalog import ErrorCode
from holdfast.catalog.routes import ScriptRoute, invalid_route, new_route

_ZONES = "/client/v4/zones"


class RouteHandlers:
    """The handlers of `/workers/scripts/:name/routes` and of `/zones`."""

    def __init__(self, platform: Platform, turn: asyncio.Lock) -> None:
        self._platform = platform
        self._turn = turn

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account, and those of zones."""
        of_script = f"{account}/workers/scripts/{{name}}/routes"
        of_zone = f"{_ZONES}/{{zone}}/workers/routes"
        return [
            ("GET", of_script, self.list_of_script),
            ("PUT", of_script, self.put_of_script),
            ("GET", _ZONES, self.zones),
            ("GET", of_zone, self.list_all),
            ("POST", of_zone, self.add),
            ("GET", f"{of_zone}/{{id}}", self.get),
            ("PUT", f"{of_zone}/{{id}}", self.replace),
            ("DELETE", f"{of_zone}/{{id}}", self.delete),
        ]

    async def list_of_script(self, request: web.Request) -> web.Response:
        """The script's routes."""
        name = request.match_info["name"]
        return success([*map(_told, self._platform.catalog.routes_of(name, is_domain=False))])

    async def put_of_script(self, request: web.Request) -> web.Response:
        """Give the script the routes in the body, `[{"pattern": …}]`, and no others."""
        patterns = [_pattern(entry) for entry in await read_list(request)]
        async with self._turn:
            routes = await self._platform.put_routes(request.match_info["name"], patterns)
        return success([*map(_told, routes)])

    async def zones(self, request: web.Request) -> web.Response:
        """The zone of the name that is asked for, whatever that is."""
        name = request.query.get("name", "")
        zones = [{"id": zone_id(name), "name": name, "status": "active"}] if name else []
        return success(zones, result_info={"page": 1, "total_pages": 1, "count": len(zones)})

    async def list_all(self, _request: web.Request) -> web.Response:
        """All scripts' routes."""
        known = self._platform.catalog.all_routes()
        return success([_told(route) for route in known if not route.is_domain])

    async def get(self, request: web.Request) -> web.Response:
        """A route."""
        return success(_told(self._known(request)))

    async def add(self, request: web.Request) -> web.Response:
        """Add a route; without a script, what it is for goes to none."""
        fields = await read_object(request)
        route = new_route(_pattern(fields), _script(fields))
        async with self._turn:
            await self._platform.put_route(route)
        return success(_told(route))

    async def replace(self, request: web.Request) -> web.Response:
        """Give a route another pattern or script."""
        fields = await read_object(request)
        route = new_route(_pattern(fields), _script(fields))
        async with self._turn:
            known = self._known(request)
            await self._platform.put_route(replace(route, id=known.id))
        return success(_told(replace(route, id=known.id)))

    async def delete(self, request: web.Request) -> web.Response:
        """Forget a route."""
        async with self._turn:
            known = self._known(request)
            await self._platform.delete_route(known.id)
        return success({"id": known.id})

    def _known(self, request: web.Request) -> ScriptRoute:
        route = self._platform.catalog.route(request.match_info["id"])
        if route is None or route.is_domain:
            raise no_such(request.match_info["id"], "route")
        return route


def zone_id(name: str) -> str:
    """An id for the zone, as clients want one for each name."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def no_such(route_id: str, kind: str) -> ApiRefusal:
    """The error for an id that is none of a route or of a custom domain."""
    message = f'There is no {kind} with the id "{route_id}".'
    return ApiRefusal(HTTPStatus.NOT_FOUND, ErrorCode.NOT_FOUND, message)


def _pattern(entry: Any) -> str:
    pattern = entry.get("pattern") if isinstance(entry, dict) else entry
    if not isinstance(pattern, str):
        raise invalid_route('Each route must have a "pattern", which is a string.')
    return pattern


def _script(fields: dict[str, Any]) -> str | None:
    script = fields.get("script")
    if not isinstance(script, str | None):
        raise invalid_route('A route\'s "script" must be a name.')
    return script or None


def _told(route: ScriptRoute) -> dict[str, Any]:
    return {"id": route.id, "pattern": route.pattern, "script": route.script}
