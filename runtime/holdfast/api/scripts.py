"""Scripts over HTTP: upload, download, listing, deletion.

https://developers.cloudflare.com/api/resources/workers/subresources/scripts/
"""

import asyncio
from typing import Any

from aiohttp import web

from holdfast.api.asset_tokens import redeem
from holdfast.api.auth import SETTINGS
from holdfast.api.envelope import success
from holdfast.api.form import read_script
from holdfast.api.making import script_of, shown_bindings, source_of
from holdfast.api.multipart import OutgoingPart, encode_form
from holdfast.api.platform import Platform
from holdfast.api.routing import Route
from holdfast.api.upload import Upload, parse_upload
from holdfast.catalog import (
    ErrorCode,
    Namespace,
    Note,
    Script,
    ScriptRecord,
    Syntax,
    UploadRejected,
    check_script_name,
)


class ScriptHandlers:
    """The handlers of `/workers/scripts`. `turn` is held while something changes."""

    def __init__(self, platform: Platform, turn: asyncio.Lock) -> None:
        self._platform = platform
        self._turn = turn

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account."""
        script = f"{account}/workers/scripts/{{name}}"
        return [
            ("GET", f"{account}/workers/scripts", self.list_all),
            ("GET", script, self.get),
            ("PUT", script, self.put),
            ("DELETE", script, self.delete),
            ("GET", f"{script}/content/v2", self.content),
            ("GET", f"{script}/bindings", self.bindings),
            ("DELETE", f"{account}/workers/services/{{name}}", self.delete),
        ]

    async def list_all(self, _request: web.Request) -> web.Response:
        """All scripts, by name."""
        return success([_listed(record) for record in self._platform.catalog.records()])

    async def get(self, request: web.Request) -> web.Response:
        """The script's text, or a form with its modules."""
        script = self._platform.catalog.script(request.match_info["name"])
        return _download(script)

    async def content(self, request: web.Request) -> web.Response:
        """As `get`; `?version=` asks for another than the live one."""
        name, version = request.match_info["name"], request.query.get("version")
        if version is None:
            return await self.get(request)
        return _download(self._platform.catalog.version(name, version))

    async def put(self, request: web.Request) -> web.Response:
        """Make an upload live."""
        name = request.match_info["name"]
        check_script_name(name)
        settings = request.app[SETTINGS]
        parts = await read_script(request, settings)
        upload = parse_upload(parts, max_script_bytes=settings.max_script_bytes)
        async with self._turn:
            result, created = await self._deploy(name, upload, source_of(request))
            await redeem(self._platform.catalog, upload.metadata.assets)
        return success(result, messages=(*upload.notes, *map(_created_note, created)))

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a script and its namespaces, unless somebody would miss them."""
        name = request.match_info["name"]
        async with self._turn:
            self._platform.catalog.record(name)
            if request.query.get("force") not in ("true", "1"):
                await self._refuse_if_needed(name)
            await self._platform.delete_script(name)
        return success({"id": name})

    async def bindings(self, request: web.Request) -> web.Response:
        """The script's bindings."""
        catalog = self._platform.catalog
        return success(shown_bindings(catalog, catalog.record(request.match_info["name"])))

    async def _deploy(
        self, name: str, upload: Upload, source: str
    ) -> tuple[dict[str, Any], tuple[Namespace, ...]]:
        """Make an upload live; returns what to tell of it, and the namespaces made with it."""
        script, changes = await script_of(self._platform, name, upload)
        note = Note(upload.metadata.annotations, source)
        max_delay_s = upload.metadata.max_delay_s
        deployed = await self._platform.deploy(script, changes, note, max_delay_s)
        consumers = [*upload.metadata.tail_consumers]
        if consumers != (self._platform.catalog.settings(name).get("tail_consumers") or []):
            await self._platform.put_settings(name, {"tail_consumers": consumers})
        record = self._platform.catalog.record(name)
        result = {**_listed(record), "startup_time_ms": deployed.startup_time_ms}
        return result, changes.created

    async def _refuse_if_needed(self, name: str) -> None:
        """Raise UploadRejected if others are bound to the script, or its objects hold data."""
        if users := self._platform.catalog.users_of(name):
            shown = ", ".join(f"{script} (as {binding})" for script, binding in users)
            raise UploadRejected(
                ErrorCode.STILL_IN_USE,
                f'The Worker "{name}" is still in use by other Workers: {shown}. Take it out of '
                "their bindings, or delete it all the same with ?force=true.",
            )
        consumers = self._platform.catalog.all_tail_consumers()
        told = [producer for producer, names in consumers.items() if name in names]
        if producers := ", ".join(producer for producer in told if producer != name):
            raise UploadRejected(
                ErrorCode.STILL_IN_USE,
                f'The Worker "{name}" is the Tail Worker of other Workers: {producers}. Take it '
                "out of their tail_consumers, or delete it all the same with ?force=true.",
            )
        for namespace in self._platform.catalog.namespaces_of(name):
            if await self._holds_objects(namespace):
                raise UploadRejected(
                    ErrorCode.STILL_IN_USE,
                    f'The Durable Object namespace "{namespace.name}" of the Worker "{name}" '
                    "holds objects, which would be deleted with it. To delete them too, "
                    "add ?force=true (with Wrangler: --force).",
                )

    async def _holds_objects(self, namespace: Namespace) -> bool:
        objects, _ = await self._platform.list_objects(namespace, None, 1)
        return bool(objects)


def _listed(record: ScriptRecord) -> dict[str, Any]:
    return {
        "id": record.name,
        "etag": record.etag,
        "created_on": record.created_on,
        "modified_on": record.modified_on,
        "handlers": record.handlers,
        "has_modules": record.syntax is Syntax.MODULES and bool(record.main),
        "has_assets": record.has_assets,
        "compatibility_date": record.compatibility_date,
        "compatibility_flags": record.compatibility_flags,
        "migration_tag": record.migration_tag,
        "usage_model": "standard",
        "logpush": False,
        "deployment_id": record.version.replace("-", ""),
    }


def _created_note(namespace: Namespace) -> str:
    return f'Created the Durable Object namespace "{namespace.name}" with the id {namespace.id}.'


def _download(script: Script) -> web.Response:
    headers = {"ETag": f'"{script.etag}"'}
    if script.syntax is Syntax.SERVICE_WORKER:
        body = script.main_module.content
        headers["Content-Type"] = "application/javascript"
    else:
        parts = [OutgoingPart.of_module(module) for module in script.modules]
        headers["Content-Type"], body = encode_form(parts)
        headers["CF-Entrypoint"] = script.main
    return web.Response(body=body, headers=headers)
