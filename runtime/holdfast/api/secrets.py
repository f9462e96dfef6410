"""Secrets of a script over HTTP. Each change makes a version.

https://developers.cloudflare.com/api/resources/workers/subresources/scripts/subresources/secrets/
"""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web

from holdfast.api.envelope import ApiRefusal, success
from holdfast.api.json_body import read_object
from holdfast.api.making import latest_if_live, source_of
from holdfast.api.metadata import parse_annotations
from holdfast.api.platform import Platform
from holdfast.api.routing import Route
from holdfast.api.versions import shown_version
from holdfast.catalog import ErrorCode, Note, Script, SecretText, UploadRejected
from holdfast.catalog.binding_entries import parse_bindings
from holdfast.catalog.errors import rejected
from holdfast.catalog.script import as_new_version

_PATCH = "workers/triggered_by"


class SecretHandlers:
    """The handlers of secrets. `turn` is held while something changes."""

    def __init__(self, platform: Platform, turn: asyncio.Lock) -> None:
        self._platform = platform
        self._turn = turn

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account."""
        script = f"{account}/workers/scripts/{{name}}"
        return [
            ("GET", f"{script}/secrets", self.list_all),
            ("PUT", f"{script}/secrets", self.put),
            ("GET", f"{script}/secrets/{{key}}", self.get),
            ("DELETE", f"{script}/secrets/{{key}}", self.delete),
            ("PATCH", f"{script}/secrets-bulk", self.patch),
            ("PATCH", f"{account}/workers/workers/{{name}}/versions/latest", self.patch_latest),
        ]

    async def list_all(self, request: web.Request) -> web.Response:
        """The names of the script's secrets."""
        return success(self._names(request.match_info["name"]))

    async def get(self, request: web.Request) -> web.Response:
        """The name of one secret; nothing ever shows its text."""
        return success(self._named(request))

    async def put(self, request: web.Request) -> web.Response:
        """Add a secret, or give one another text."""
        secret = _secret(await read_object(request))
        await self._change(request, {secret.name: secret})
        return success({"name": secret.name, "type": "secret_text"})

    async def delete(self, request: web.Request) -> web.Response:
        """Remove a secret."""
        secret = self._named(request)
        await self._change(request, {secret["name"]: None})
        return success(None)

    async def patch(self, request: web.Request) -> web.Response:
        """Add, change and remove secrets at once: null removes."""
        changes = _secrets((await read_object(request)).get("secrets"), "secrets")
        await self._change(request, changes)
        return success(self._names(request.match_info["name"]))

    async def patch_latest(self, request: web.Request) -> web.Response:
        """Make a version with other secrets out of the latest one; what is live stays live."""
        name, fields = request.match_info["name"], await read_object(request)
        changes = _secrets(fields.get("env"), "env")
        annotations = parse_annotations(fields.get("annotations"), "annotations")
        catalog = self._platform.catalog
        async with self._turn:
            script = _with_secrets(catalog.latest(name, changes), changes)
            note = Note({_PATCH: "secret", **annotations}, source_of(request))
            await self._platform.upload_version(script, note)
        return success(shown_version(catalog, catalog.version_record(name, script.version)))

    async def _change(self, request: web.Request, changes: Mapping[str, SecretText | None]) -> None:
        """Make a version with these secrets, and make it live."""
        name, catalog = request.match_info["name"], self._platform.catalog
        async with self._turn:
            latest = latest_if_live(catalog, name, ErrorCode.VERSION_NOT_DEPLOYED, changes)
            script = _with_secrets(latest, changes)
            note = Note({_PATCH: "secret"}, source_of(request))
            await self._platform.deploy(script, note=note)

    def _names(self, name: str) -> list[dict[str, Any]]:
        record = self._platform.catalog.record(name)
        return [entry for entry in record.bindings if entry["type"] == "secret_text"]

    def _named(self, request: web.Request) -> dict[str, Any]:
        key = request.match_info["key"]
        for entry in self._names(request.match_info["name"]):
            if entry["name"] == key:
                return entry
        raise _not_found(key)


def _with_secrets(script: Script, changes: Mapping[str, SecretText | None]) -> Script:
    """The same script with other secrets, as a new version."""
    for binding in script.bindings:
        if binding.name in changes and not isinstance(binding, SecretText):
            raise UploadRejected(
                ErrorCode.BINDING_EXISTS,
                f"Binding name '{binding.name}' already in use. Please use a different name and "
                "try again.",
            )
    names = {binding.name for binding in script.bindings}
    for name, secret in changes.items():
        if secret is None and name not in names:
            raise _not_found(name)
    bindings = (
        *(binding for binding in script.bindings if binding.name not in changes),
        *(secret for secret in changes.values() if secret is not None),
    )
    return as_new_version(script, bindings)


def _secrets(entries: object, field: str) -> dict[str, SecretText | None]:
    """Secrets by name; None is one to be removed."""
    if not isinstance(entries, dict):
        raise rejected(f'The body must have "{field}", an object.')
    changes: dict[str, SecretText | None] = {}
    for name, entry in entries.items():
        if entry is not None and not isinstance(entry, dict):
            raise rejected(f'"{field}": {name!r} must be an object, or null.')
        changes[name] = None if entry is None else _secret({**entry, "name": name})
    return changes


def _secret(fields: Mapping[str, Any]) -> SecretText:
    entry = {"type": "secret_text", **fields}
    if entry["type"] != "secret_text":
        raise rejected(f"Holdfast has no secrets of type {entry['type']!r}; it has: secret_text.")
    (secret,) = parse_bindings([entry])
    assert isinstance(secret, SecretText), "its type says so"
    return secret


def _not_found(name: str) -> ApiRefusal:
    return ApiRefusal(
        HTTPStatus.NOT_FOUND, ErrorCode.BINDING_NOT_FOUND, f'There is no secret named "{name}".'
    )
