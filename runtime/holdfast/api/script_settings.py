"""A script's settings over HTTP: those of its live version, and those of every version.

https://developers.cloudflare.com/api/resources/workers/subresources/scripts/subresources/settings/
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from holdfast.api.asset_tokens import check_assets
from holdfast.api.auth import SETTINGS
from holdfast.api.envelope import success
from holdfast.api.form import read_form
from holdfast.api.json_body import read_object
from holdfast.api.making import (
    latest_if_live,
    refuse_unknown,
    refuse_unknown_tails,
    shown_bindings,
    shown_limits,
    source_of,
)
from holdfast.api.metadata import parse_object
from holdfast.api.platform import Platform
from holdfast.api.routing import Route
from holdfast.catalog import ErrorCode, Note, UploadRejected
from holdfast.catalog.binding_entries import parse_patched_bindings
from holdfast.catalog.bindings import RequestedBinding
from holdfast.catalog.resolve import resolve_bindings
from holdfast.catalog.script import as_new_version
from holdfast.catalog.tail_consumers import parse_tail_consumers

TAIL_CONSUMERS = "tail_consumers"
# Kept and told again; Holdfast acts upon the last alone.
_DEFAULTS: Mapping[str, Any] = {
    "logpush": False,
    "observability": {"enabled": False},
    "tags": [],
    TAIL_CONSUMERS: [],
}


class ScriptSettingsHandlers:
    """The handlers of `settings` and `script-settings`. `turn` is held while something changes."""

    def __init__(self, platform: Platform, turn: asyncio.Lock) -> None:
        self._platform = platform
        self._turn = turn

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account."""
        script = f"{account}/workers/scripts/{{name}}"
        return [
            ("GET", f"{script}/settings", self.get_all),
            ("PATCH", f"{script}/settings", self.patch_version),
            ("GET", f"{script}/script-settings", self.get),
            ("PATCH", f"{script}/script-settings", self.patch),
        ]

    async def get_all(self, request: web.Request) -> web.Response:
        """What the script was uploaded with, without its text and its secrets."""
        return success(self._all(request.match_info["name"]))

    async def patch_version(self, request: web.Request) -> web.Response:
        """Make a version with the bindings in the body out of the live one, and make it live."""
        name, fields = request.match_info["name"], await _read_settings(request)
        bindings = parse_patched_bindings(fields.get("bindings"))
        async with self._turn:
            if "bindings" in fields:
                await self._rebind(name, bindings, source_of(request))
            given = self._given(name, fields)
            await self._platform.put_settings(name, given)
            return success(self._all(name))

    async def get(self, request: web.Request) -> web.Response:
        """What stays whatever the version."""
        return success(_shown(self._platform.catalog.settings(request.match_info["name"])))

    async def patch(self, request: web.Request) -> web.Response:
        """Set those in the body, and leave the others as they are."""
        name, fields = request.match_info["name"], await read_object(request)
        async with self._turn:
            kept = await self._platform.put_settings(name, self._given(name, fields))
        return success(_shown(kept))

    def _given(self, name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The settings among the fields of a body. Raises UploadRejected."""
        given = {key: fields[key] for key in _DEFAULTS if key in fields}
        if TAIL_CONSUMERS in given:
            consumers = parse_tail_consumers(given[TAIL_CONSUMERS], TAIL_CONSUMERS)
            refuse_unknown_tails(self._platform.catalog, name, consumers, TAIL_CONSUMERS)
            given[TAIL_CONSUMERS] = consumers
        return given

    async def _rebind(self, name: str, bindings: tuple[RequestedBinding, ...], source: str) -> None:
        catalog = self._platform.catalog
        latest = latest_if_live(catalog, name, ErrorCode.SETTINGS_NOT_DEPLOYED)
        resolved = resolve_bindings(catalog, name, bindings)
        await refuse_unknown(self._platform, resolved.bindings)
        script = as_new_version(latest, resolved.bindings)
        check_assets(script)
        note = Note({"workers/triggered_by": "secret"}, source)
        await self._platform.deploy(script, resolved.changes, note)

    def _all(self, name: str) -> dict[str, Any]:
        catalog = self._platform.catalog
        record = catalog.record(name)
        return {
            "bindings": shown_bindings(catalog, record),
            "compatibility_date": record.compatibility_date,
            "compatibility_flags": record.compatibility_flags,
            "usage_model": "standard",
            "limits": shown_limits(record),
            "migration_tag": record.migration_tag,
            **_shown(catalog.settings(name)),
        }


async def _read_settings(request: web.Request) -> dict[str, Any]:
    """The body's object, or that of a form's part `settings`."""
    if not request.content_type.startswith("multipart/"):
        return await read_object(request)
    for part in await read_form(request, request.app[SETTINGS]):
        if part.field == "settings":
            return parse_object(part.content, "settings")
    raise UploadRejected(ErrorCode.INVALID_SCRIPT, 'The form has no part named "settings".')


def _shown(kept: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: kept[name] for name in _DEFAULTS if kept.get(name) is not None}
    return {**_DEFAULTS, **given}
