"""Scripts under the other names that Wrangler has for them: services, workers; and who uses them.

None of it is in Cloudflare's documentation: the shapes are those that Wrangler reads.
https://github.com/cloudflare/workers-sdk/tree/main/packages/wrangler
"""

import hashlib
from typing import Any

from aiohttp import web

from holdfast.api.accounts import shown_subdomain
from holdfast.api.auth import SETTINGS
from holdfast.api.envelope import success
from holdfast.api.platform import Platform
from holdfast.api.routing import Route
from holdfast.catalog import ScriptRecord

ENVIRONMENT = "production"


class ServiceHandlers:
    """The handlers of `/workers/services`, `/workers/workers` and of references."""

    def __init__(self, platform: Platform) -> None:
        self._catalog = platform.catalog

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account."""
        workers = f"{account}/workers"
        return [
            ("GET", f"{workers}/services/{{name}}", self.service),
            ("GET", f"{workers}/workers/{{name}}", self.worker),
            ("GET", f"{workers}/scripts/{{name}}/references", self.references),
            ("GET", f"{workers}/tails/by-consumer/{{name}}", self.producers),
            ("GET", f"{account}/containers/applications", self.none),
        ]

    async def service(self, request: web.Request) -> web.Response:
        """What a script is, before it is replaced."""
        record = self._catalog.record(request.match_info["name"])
        script = self._script(record)
        return success(
            {
                "id": record.name,
                "default_environment": {
                    "environment": ENVIRONMENT,
                    "script_tag": script["tag"],
                    "script": script,
                },
                "created_on": record.created_on,
                "modified_on": record.modified_on,
                "environments": [{"environment": ENVIRONMENT}],
            }
        )

    async def worker(self, request: web.Request) -> web.Response:
        """A script, and where it is served."""
        record = self._catalog.record(request.match_info["name"])
        kept = self._catalog.settings(record.name)
        return success(
            {
                "id": _tag(record),
                "name": record.name,
                "created_on": record.created_on,
                "updated_on": record.modified_on,
                "tags": kept.get("tags") or [],
                "subdomain": shown_subdomain(record.name, kept, request.app[SETTINGS]),
            }
        )

    async def references(self, request: web.Request) -> web.Response:
        """The scripts that are bound to this one, or to its namespaces."""
        name = request.match_info["name"]
        self._catalog.record(name)
        own = {namespace.id: namespace for namespace in self._catalog.namespaces_of(name)}
        services, objects = [], []
        for record in self._catalog.records():
            user = {"service": record.name, "environment": ENVIRONMENT}
            for entry in record.bindings:
                if entry.get("service") == name and record.name != name:
                    services.append({**user, "name": entry["name"]})
                if namespace := own.get(entry.get("namespace_id", "")):
                    objects.append(
                        {
                            **user,
                            "name": entry["name"],
                            "durable_object_namespace_id": namespace.id,
                            "durable_object_namespace_name": namespace.name,
                        }
                    )
        return success(
            {
                "services": {"incoming": services, "outgoing": [], "pages_function": False},
                "durable_objects": objects,
                "dispatch_outbounds": [],
            }
        )

    async def producers(self, request: web.Request) -> web.Response:
        """The scripts whose Tail Worker this is."""
        name = request.match_info["name"]
        return success(
            [
                {
                    "consumer": {"service": name, "environment": ENVIRONMENT},
                    "producer": {"service": producer, "environment": ENVIRONMENT},
                }
                for producer, consumers in self._catalog.all_tail_consumers().items()
                if name in consumers and producer != name
            ]
        )

    async def none(self, _request: web.Request) -> web.Response:
        """What a script has of a kind that Holdfast does not know."""
        return success([])

    def _script(self, record: ScriptRecord) -> dict[str, Any]:
        return {
            "id": record.name,
            "tag": _tag(record),
            "tags": self._catalog.settings(record.name).get("tags") or [],
            "etag": record.etag,
            "handlers": record.handlers,
            "created_on": record.created_on,
            "modified_on": record.modified_on,
            "migration_tag": record.migration_tag,
            "compatibility_date": record.compatibility_date,
            "compatibility_flags": record.compatibility_flags,
            "usage_model": "standard",
            "last_deployed_from": "wrangler",
        }


def _tag(record: ScriptRecord) -> str:
    """What stays the same for as long as there is a script of this name."""
    return hashlib.sha256(f"{record.name} {record.created_on}".encode()).hexdigest()[:32]
