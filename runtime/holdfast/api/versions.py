"""Versions of a script, and deployments of them, over HTTP.

https://developers.cloudflare.com/api/resources/workers/subresources/scripts/subresources/versions/
"""

import asyncio
from http import HTTPStatus
from typing import Any

from aiohttp import web

from holdfast.api.accounts import OPERATOR
from holdfast.api.asset_tokens import redeem
from holdfast.api.auth import SETTINGS
from holdfast.api.envelope import ApiRefusal, success
from holdfast.api.form import read_form
from holdfast.api.json_body import read_object
from holdfast.api.making import script_of, shown_bindings, shown_limits, source_of
from holdfast.api.metadata import parse_annotations
from holdfast.api.platform import Platform
from holdfast.api.routing import Route
from holdfast.api.upload import parse_upload
from holdfast.catalog import (
    Catalog,
    Deployment,
    ErrorCode,
    Namespace,
    Note,
    Share,
    Traffic,
    UploadRejected,
    VersionRecord,
)
from holdfast.catalog.code_updates import delay_of, strategy_of
from holdfast.catalog.errors import rejected
from holdfast.catalog.previews import has_preview
from holdfast.catalog.traffic import check_shares


class VersionHandlers:
    """The handlers of `versions` and `deployments`. `turn` is held while something changes."""

    def __init__(self, platform: Platform, turn: asyncio.Lock) -> None:
        self._platform = platform
        self._turn = turn

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account."""
        script = f"{account}/workers/scripts/{{name}}"
        return [
            ("GET", f"{script}/versions", self.list_all),
            ("POST", f"{script}/versions", self.upload),
            ("GET", f"{script}/versions/{{version}}", self.get),
            ("GET", f"{script}/deployments", self.deployments),
            ("POST", f"{script}/deployments", self.deploy),
            ("GET", f"{script}/deployments/{{deployment}}", self.deployment),
        ]

    async def list_all(self, request: web.Request) -> web.Response:
        """The versions that are kept, the newest first."""
        catalog = self._platform.catalog
        records = catalog.version_records(request.match_info["name"])
        return success({"items": [shown_version(catalog, record) for record in records]})

    async def get(self, request: web.Request) -> web.Response:
        """One version."""
        name, version = request.match_info["name"], request.match_info["version"]
        catalog = self._platform.catalog
        return success(shown_version(catalog, catalog.version_record(name, version)))

    async def upload(self, request: web.Request) -> web.Response:
        """Keep an upload as a version that is not live."""
        name, catalog = request.match_info["name"], self._platform.catalog
        catalog.record(name)
        settings = request.app[SETTINGS]
        parts = await read_form(request, settings)
        upload = parse_upload(parts, max_script_bytes=settings.max_script_bytes)
        if upload.metadata.migrations is not None:
            raise UploadRejected(
                ErrorCode.VERSION_WITH_MIGRATION,
                "Version upload failed. You attempted to upload a version of a Worker that "
                "includes a Durable Object migration, but migrations must be fully applied by "
                'running "wrangler deploy".',
            )
        async with self._turn:
            script, changes = await script_of(self._platform, name, upload)
            for namespace in changes.created:
                raise _unconfigured(namespace)
            note = Note(upload.metadata.annotations, source_of(request))
            await self._platform.upload_version(script, note)
            await redeem(self._platform.catalog, upload.metadata.assets)
        record = catalog.version_record(name, script.version)
        return success(shown_version(catalog, record), messages=upload.notes)

    async def deployments(self, request: web.Request) -> web.Response:
        """The deployments that are kept, the newest first: that one is live."""
        found = self._platform.catalog.deployments(request.match_info["name"])
        return success({"deployments": [_shown_deployment(entry) for entry in found]})

    async def deployment(self, request: web.Request) -> web.Response:
        """One deployment."""
        name, wanted = request.match_info["name"], request.match_info["deployment"]
        for entry in self._platform.catalog.deployments(name):
            if entry.id == wanted:
                return success(_shown_deployment(entry))
        raise ApiRefusal(
            HTTPStatus.NOT_FOUND,
            ErrorCode.NOT_FOUND,
            f'The Worker "{name}" has no deployment with the id "{wanted}".',
        )

    async def deploy(self, request: web.Request) -> web.Response:
        """Make a version live, or two."""
        name, fields = request.match_info["name"], await read_object(request)
        traffic = _traffic(fields)
        annotations = parse_annotations(fields.get("annotations"), "annotations")
        async with self._turn:
            note = Note(annotations, source_of(request))
            await self._platform.deploy_versions(name, traffic, note)
            return success(_shown_deployment(self._platform.catalog.deployments(name)[0]))


def shown_version(catalog: Catalog, record: VersionRecord) -> dict[str, Any]:
    """A version as the API tells of it."""
    script = record.script
    return {
        "id": script.version,
        "number": record.number,
        "metadata": {
            "created_on": record.created_on,
            "modified_on": record.created_on,
            "source": record.source,
            "author_id": "",
            "author_email": OPERATOR,
            "has_preview": has_preview(script, catalog.namespaces_of(script.name)),
        },
        "annotations": {"workers/triggered_by": "upload", **record.annotations},
        "resources": {
            "bindings": shown_bindings(catalog, script),
            "script": {
                "etag": script.etag,
                "handlers": script.handlers,
                "named_handlers": [
                    {"name": name, "handlers": ["class"]} for name in script.classes
                ],
                "last_deployed_from": record.source,
            },
            "script_runtime": {
                "compatibility_date": script.compatibility_date,
                "compatibility_flags": script.compatibility_flags,
                "migration_tag": script.migration_tag,
                "usage_model": "standard",
                "limits": shown_limits(script),
            },
        },
        "startup_time_ms": record.startup_time_ms,
    }


def _shown_deployment(entry: Deployment) -> dict[str, Any]:
    return {
        "id": entry.id,
        "source": entry.source,
        "strategy": "percentage",
        "author_email": OPERATOR,
        "annotations": entry.annotations,
        "created_on": entry.created_on,
        "code_update_strategy": strategy_of(entry.traffic.max_delay_s),
        "versions": [
            {"version_id": version, "percentage": _plain(percentage)}
            for version, percentage in entry.traffic.shares
        ],
    }


def _plain(percentage: float) -> float:
    """Without the fraction that it does not have."""
    return int(percentage) if percentage == int(percentage) else percentage


def _traffic(fields: dict[str, Any]) -> Traffic:
    """What the body says of versions. Raises UploadRejected for what cannot be deployed."""
    versions = fields.get("versions")
    if not isinstance(versions, list) or not all(isinstance(entry, dict) for entry in versions):
        raise rejected('The body must have "versions": [{"version_id": …, "percentage": 100}].')
    strategy = fields.get("strategy", "percentage")
    if strategy != "percentage":
        raise rejected(f'"strategy" must be "percentage"; Holdfast has no {strategy!r}.')
    shares = []
    for entry in versions:
        version, percentage = entry.get("version_id"), entry.get("percentage")
        if not isinstance(version, str):
            raise rejected('"version_id" must be a string.')
        if not isinstance(percentage, int | float) or isinstance(percentage, bool):
            raise rejected('"percentage" must be a number.')
        shares.append(Share(version, percentage))
    check_shares(shares)
    return Traffic(
        tuple(shares), delay_of(fields.get("code_update_strategy"), "code_update_strategy")
    )


def _unconfigured(namespace: Namespace) -> UploadRejected:
    return UploadRejected(
        ErrorCode.CLASS_NOT_FOUND,
        f"Cannot create binding for class '{namespace.class_name}' that is not currently "
        "configured to implement Durable Objects. Did you forget to apply a new_sqlite_classes "
        'migration with "wrangler deploy"?',
    )
