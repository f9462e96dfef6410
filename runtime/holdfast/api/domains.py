"""Custom domains over HTTP.

https://developers.cloudflare.com/api/resources/workers/subresources/domains/
https://github.com/cloudflare/workers-sdk/tree/main/packages/wrangler
"""

import asyncio
from typing import Any

from aiohttp import web

from holdfast.api.envelope import success
from holdfast.api.json_body import read_list, read_object
from holdfast.api.platform import Platform
from holdfast.api.routes import no_such, zone_id
from holdfast.api.routing import Route
from holdfast.api.services import ENVIRONMENT
from holdfast.catalog.routes import ScriptRoute, invalid_route, new_route


class DomainHandlers:
    """The handlers of `/workers/domains` and `/workers/scripts/:name/domains`."""

    def __init__(self, platform: Platform, turn: asyncio.Lock) -> None:
        self._platform = platform
        self._turn = turn

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account."""
        domains = f"{account}/workers/domains"
        of_script = f"{account}/workers/scripts/{{name}}/domains"
        return [
            ("GET", domains, self.list_all),
            ("PUT", domains, self.attach),
            ("GET", f"{domains}/records", self.list_all),
            ("GET", f"{domains}/records/{{id}}", self.get),
            ("GET", f"{domains}/{{id}}", self.get),
            ("DELETE", f"{domains}/{{id}}", self.detach),
            ("POST", f"{of_script}/changeset", self.changeset),
            ("PUT", f"{of_script}/records", self.put_of_script),
        ]

    async def list_all(self, request: web.Request) -> web.Response:
        """The custom domains of all scripts, or of `service`, or the one that is `hostname`."""
        query = request.query
        shown = [
            _told(route)
            for route in self._all()
            if query.get("service", route.script) == route.script
            and query.get("hostname", route.pattern) == route.pattern
        ]
        return success(shown, result_info={"page": 1, "total_pages": 1, "count": len(shown)})

    async def get(self, request: web.Request) -> web.Response:
        """A custom domain."""
        return success(_told(self._known(request)))

    async def attach(self, request: web.Request) -> web.Response:
        """Have a hostname lead to a script: `{"hostname": …, "service": …}`."""
        fields = await read_object(request)
        service = fields.get("service")
        if not isinstance(service, str) or not service:
            raise invalid_route('A custom domain must have a "service", which is a Worker\'s name.')
        domain = new_route(_hostname(fields), service, is_domain=True)
        async with self._turn:
            mine = self._platform.catalog.routes_of(service, is_domain=True)
            known = next((route for route in mine if route.pattern == domain.pattern), None)
            if known is None:
                await self._platform.put_route(domain)
        return success(_told(known or domain))

    async def detach(self, request: web.Request) -> web.Response:
        """Have a hostname lead nowhere."""
        async with self._turn:
            known = self._known(request)
            await self._platform.delete_route(known.id)
        return success({"id": known.id})

    async def changeset(self, request: web.Request) -> web.Response:
        """What `put_of_script` would change, `[{"hostname": …}]`; nothing changes.

        An update that is `modified` takes the hostname from another script.
        """
        name = request.match_info["name"]
        entries = await read_list(request)
        wanted = [new_route(_hostname(entry), name, is_domain=True) for entry in entries]
        known = {route.pattern: route for route in self._all()}
        mine = self._platform.catalog.routes_of(name, is_domain=True)
        hostnames = {route.pattern for route in wanted}
        return success(
            {
                "added": [_told(route) for route in wanted if route.pattern not in known],
                "removed": [_told(route) for route in mine if route.pattern not in hostnames],
                "updated": [
                    {**_told(known[hostname]), "modified": known[hostname].script != name}
                    for hostname in hostnames
                    if hostname in known
                ],
                "conflicting": [],
            }
        )

    async def put_of_script(self, request: web.Request) -> web.Response:
        """Give the script these hostnames and no others: `{"origins": [{"hostname": …}]}`.

        With `override_existing_origin`, those of other scripts as well.
        """
        name = request.match_info["name"]
        fields = await read_object(request)
        origins = fields.get("origins")
        if not isinstance(origins, list):
            raise invalid_route(
                'The body must have "origins", a list: [{"hostname": "a.example"}].'
            )
        async with self._turn:
            domains = await self._platform.put_routes(
                name,
                [*map(_hostname, origins)],
                is_domain=True,
                takes_over=fields.get("override_existing_origin") is True,
            )
        return success([*map(_told, domains)])

    def _all(self) -> list[ScriptRoute]:
        return [route for route in self._platform.catalog.all_routes() if route.is_domain]

    def _known(self, request: web.Request) -> ScriptRoute:
        route = self._platform.catalog.route(request.match_info["id"])
        if route is None or not route.is_domain:
            raise no_such(request.match_info["id"], "custom domain")
        return route


def _hostname(entry: Any) -> str:
    hostname = entry.get("hostname") if isinstance(entry, dict) else None
    if not isinstance(hostname, str):
        raise invalid_route('Each custom domain must have a "hostname", which is a string.')
    return hostname


def _told(route: ScriptRoute) -> dict[str, Any]:
    return {
        "id": route.id,
        "hostname": route.pattern,
        "service": route.script,
        "environment": ENVIRONMENT,
        "zone_id": zone_id(route.pattern),
        "zone_name": route.pattern,
    }
