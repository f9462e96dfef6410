"""KV namespaces and their entries over HTTP.

https://developers.cloudflare.com/api/resources/kv/
"""

import asyncio
import base64
import json
import time
import uuid
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from aiohttp import web

from holdfast.api.auth import SETTINGS
from holdfast.api.body import read_body
from holdfast.api.envelope import ApiRefusal, success, success_of_much
from holdfast.api.json_body import read_as, read_object
from holdfast.api.paging import number_of, paged
from holdfast.api.platform import Platform
from holdfast.api.routing import Route
from holdfast.api.unknown import first_unknown
from holdfast.catalog import Binding, ErrorCode, KeyValue, UploadRejected
from holdfast.catalog.json_values import is_well_formed
from holdfast.engine import ScriptError
from holdfast.host.kv import (
    MAX_BULK_KEYS,
    MAX_VALUE_BYTES,
    check_key,
    check_metadata,
    check_value,
    expiration_of,
    list_keys,
)
from holdfast.host.large_json import loads
from holdfast.storage.key_value import Entry, KeyValueNamespace, KeyValueStore

# Cloudflare's numbers.
KEY_NOT_FOUND = 10009
INVALID_ENTRY = 10012
NAMESPACE_NOT_FOUND = 10013
TITLE_TAKEN = 10014

DEFAULT_PAGE = 20  # namespaces
MAX_BULK_BYTES = 100 * 1024 * 1024
MAX_BULK_ENTRIES = 10_000
MAX_BULK_KEY_BYTES = 16 * 1024 * 1024  # of a list of as many keys
_OVERHEAD_BYTES = 1 << 20  # of a form, or of JSON, around a value


class KeyValueHandlers:
    """The handlers of `/storage/kv/namespaces`."""

    def __init__(self, platform: Platform) -> None:
        self._store = platform.key_value

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account."""
        namespaces = f"{account}/storage/kv/namespaces"
        namespace = f"{namespaces}/{{id}}"
        value = f"{namespace}/values/{{key:.*}}"
        return [
            ("GET", namespaces, self.list_all),
            ("POST", namespaces, self.create),
            ("GET", namespace, self.read),
            ("PUT", namespace, self.rename),
            ("DELETE", namespace, self.delete),
            ("GET", f"{namespace}/keys", self.keys),
            ("GET", value, self.get_value),
            ("PUT", value, self.put_value),
            ("DELETE", value, self.delete_value),
            ("GET", f"{namespace}/metadata/{{key:.*}}", self.get_metadata),
            ("PUT", f"{namespace}/bulk", self.put_many),
            ("DELETE", f"{namespace}/bulk", self.delete_many),
            ("POST", f"{namespace}/bulk/delete", self.delete_many),
            ("POST", f"{namespace}/bulk/get", self.get_many),
        ]

    # ---- namespaces ----------------------------------------------------------------

    async def list_all(self, request: web.Request) -> web.Response:
        """The namespaces, by pages (`page`, `per_page`)."""
        found = await asyncio.to_thread(self._store.namespaces)
        return paged(found, request, _listed, DEFAULT_PAGE)

    async def create(self, request: web.Request) -> web.Response:
        """Create a namespace of this title."""
        title = await self._title(request)
        namespace = KeyValueNamespace(uuid.uuid4().hex, title)
        await asyncio.to_thread(self._store.put_namespace, namespace)
        return success(_listed(namespace))

    async def read(self, request: web.Request) -> web.Response:
        """A namespace."""
        return success(_listed(await self._namespace(request)))

    async def rename(self, request: web.Request) -> web.Response:
        """Give a namespace another title."""
        namespace = await self._namespace(request)
        renamed = KeyValueNamespace(namespace.id, await self._title(request))
        await asyncio.to_thread(self._store.put_namespace, renamed)
        return success(_listed(renamed))

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a namespace with all that it holds."""
        namespace = await self._namespace(request)
        await asyncio.to_thread(self._store.delete_namespace, namespace.id)
        return success(None)

    async def _namespace(self, request: web.Request) -> KeyValueNamespace:
        found = await asyncio.to_thread(self._store.namespace, request.match_info["id"])
        if found is None:
            raise ApiRefusal(HTTPStatus.NOT_FOUND, NAMESPACE_NOT_FOUND, "namespace not found")
        return found

    async def _title(self, request: web.Request) -> str:
        fields = await read_object(request, _OVERHEAD_BYTES)
        title = fields.get("title")
        if not isinstance(title, str) or not title or not is_well_formed(title):
            raise _refused('The body must have "title", a non-empty string.')
        namespaces = await asyncio.to_thread(self._store.namespaces)
        if any(namespace.title == title for namespace in namespaces):
            raise ApiRefusal(
                HTTPStatus.BAD_REQUEST,
                TITLE_TAKEN,
                "a namespace with this account ID and title already exists",
            )
        return title

    # ---- one entry -----------------------------------------------------------------

    async def get_value(self, request: web.Request) -> web.Response:
        """The value of a key, as it is."""
        entry = await self._entry(request)
        headers = {} if entry.expiration is None else {"Expiration": str(entry.expiration)}
        return web.Response(
            body=entry.value, content_type="application/octet-stream", headers=headers
        )

    async def get_metadata(self, request: web.Request) -> web.Response:
        """The metadata of a key."""
        entry = await self._entry(request)
        return success(None if entry.metadata is None else json.loads(entry.metadata))

    async def put_value(self, request: web.Request) -> web.Response:
        """Keep a value: the body, or a form with `value` and `metadata`."""
        namespace = await self._namespace(request)
        with _Refusing():
            check_key("PUT", request.match_info["key"])
            now_s = time.time()
            expiration = expiration_of(
                "PUT", now_s, _seconds(request, "expiration"), _seconds(request, "expiration_ttl")
            )
        value, metadata = await self._value_and_metadata(request)
        with _Refusing():
            check_value("PUT", value)
            check_metadata("PUT", metadata)
        entry = Entry(request.match_info["key"], value, metadata, expiration)
        await asyncio.to_thread(self._store.put, namespace.id, [entry], now_s)
        return success(None)

    async def delete_value(self, request: web.Request) -> web.Response:
        """Remove a key."""
        namespace = await self._namespace(request)
        await asyncio.to_thread(self._store.delete, namespace.id, [request.match_info["key"]])
        return success(None)

    async def _entry(self, request: web.Request) -> Entry:
        namespace = await self._namespace(request)
        key = request.match_info["key"]
        entry = await asyncio.to_thread(self._store.get, namespace.id, key, time.time())
        if entry is None:
            raise ApiRefusal(HTTPStatus.NOT_FOUND, KEY_NOT_FOUND, "get: 'key not found'")
        return entry

    async def _value_and_metadata(self, request: web.Request) -> tuple[bytes, str | None]:
        if not request.content_type.startswith("multipart/"):
            return await _body(request, MAX_VALUE_BYTES + _OVERHEAD_BYTES), None
        value, metadata = b"", None
        reader = await request.multipart()
        async for part in reader:
            content = bytearray()
            while chunk := await part.read_chunk():  # type: ignore[union-attr]
                content += chunk
                if len(content) > MAX_VALUE_BYTES + _OVERHEAD_BYTES:
                    raise _refused(f"A value may have {MAX_VALUE_BYTES} bytes.")
            if part.name == "value":  # type: ignore[union-attr]
                value = bytes(content)
            elif part.name == "metadata":  # type: ignore[union-attr]
                metadata = _json(bytes(content), "metadata")
        return value, metadata

    # ---- many entries ----------------------------------------------------------------

    async def keys(self, request: web.Request) -> web.Response:
        """Keys in their order, from a `cursor` on, up to `limit`."""
        namespace = await self._namespace(request)
        limit = number_of(request, "limit", 1_000)
        prefix, cursor = request.query.get("prefix", ""), request.query.get("cursor", "")
        with _Refusing():
            found = await asyncio.to_thread(
                list_keys, self._store, namespace.id, time.time(), prefix, limit, cursor
            )
        for key in found["keys"]:
            if "metadata" in key:
                key["metadata"] = json.loads(key["metadata"])
        info = {"count": len(found["keys"]), "cursor": found.get("cursor", "")}
        return success(found["keys"], result_info=info)

    async def put_many(self, request: web.Request) -> web.Response:
        """Keep up to 10,000 entries, all or none: `[{key, value, …}]`."""
        namespace = await self._namespace(request)
        now_s = time.time()

        def entries_in(body: bytes) -> list[Entry]:
            return [_bulk_entry(fields, now_s) for fields in _list(body)]

        entries = await read_as(request, entries_in, MAX_BULK_BYTES)
        await asyncio.to_thread(self._store.put, namespace.id, entries, now_s)
        return success({"successful_key_count": len(entries), "unsuccessful_keys": []})

    async def delete_many(self, request: web.Request) -> web.Response:
        """Remove up to 10,000 keys: `["key", …]`."""
        namespace = await self._namespace(request)
        keys = await read_as(request, lambda body: _strings(_list(body)), MAX_BULK_KEY_BYTES)
        await asyncio.to_thread(self._store.delete, namespace.id, keys)
        return success({"successful_key_count": len(keys), "unsuccessful_keys": []})

    async def get_many(self, request: web.Request) -> web.Response:
        """The values of up to 100 keys: `{"keys": […], "type": "text"|"json", "withMetadata"}`."""
        namespace = await self._namespace(request)
        fields = await read_object(request, _OVERHEAD_BYTES)
        wanted = fields.get("keys")
        if not isinstance(wanted, list) or len(wanted) > MAX_BULK_KEYS:
            raise _refused(f'The body must have "keys", a list of up to {MAX_BULK_KEYS} strings.')
        keys, now_s = _strings(wanted), time.time()

        def read() -> dict[str, Any]:
            values: dict[str, Any] = {}
            size = 0
            for key in keys:
                entry = self._store.get(namespace.id, key, now_s)
                size += 0 if entry is None else len(entry.value)
                if size > MAX_VALUE_BYTES:
                    raise _too_much()
                values[key] = None if entry is None else _bulk_value(entry, fields)
            return values

        return await success_of_much({"values": await asyncio.to_thread(read)})


async def refuse_unknown_namespaces(store: KeyValueStore, bindings: Iterable[Binding]) -> None:
    """Raise UploadRejected for a binding whose KV namespace was not created."""
    ids = lambda: {namespace.id for namespace in store.namespaces()}  # noqa: E731
    unknown = await first_unknown(bindings, KeyValue, lambda one: one.namespace_id, ids)
    if unknown is not None:
        raise UploadRejected(
            ErrorCode.KEY_VALUE_NAMESPACE_NOT_FOUND,
            f'Binding "{unknown.name}": KV namespace "{unknown.namespace_id}" not found. '
            "Create it with POST …/storage/kv/namespaces first.",
        )


def _bulk_entry(fields: object, now_s: float) -> Entry:
    if not isinstance(fields, dict):
        raise _refused("The body must be a list of objects.")
    key, value = fields.get("key"), fields.get("value")
    if not isinstance(key, str) or not isinstance(value, str):
        raise _refused('Each entry must have "key" and "value", which are strings.')
    content = _decoded(value) if fields.get("base64") is True else value.encode("utf-8", "replace")
    metadata = None if fields.get("metadata") is None else json.dumps(fields["metadata"])
    times = [fields.get(name) for name in ("expiration", "expiration_ttl")]
    if any(time is not None and not isinstance(time, int | float) for time in times):
        raise _refused('"expiration" and "expiration_ttl" are numbers of seconds.')
    with _Refusing():
        check_key("PUT", key)
        check_value("PUT", content)
        check_metadata("PUT", metadata)
        return Entry(key, content, metadata, expiration_of("PUT", now_s, *times))


def _bulk_value(entry: Entry, fields: dict[str, Any]) -> Any:
    text = entry.value.decode("utf-8", "replace")
    value: Any = text
    if fields.get("type") == "json":
        try:
            value = loads(text)
        except ValueError as error:
            raise _refused(
                "At least one of the requested keys corresponds to a non-json value"
            ) from error
    if not fields.get("withMetadata"):
        return value
    metadata = None if entry.metadata is None else json.loads(entry.metadata)
    return {"value": value, "metadata": metadata, "expiration": entry.expiration}


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except ValueError as error:
        raise _refused('A value with "base64" is not base64.') from error


def _listed(namespace: KeyValueNamespace) -> dict[str, Any]:
    return {"id": namespace.id, "title": namespace.title, "supports_url_encoding": True}


async def _body(request: web.Request, max_bytes: int) -> bytes:
    timeout_s = request.app[SETTINGS].upload_timeout_s
    return await read_body(request, max_bytes=max_bytes, timeout_s=timeout_s)


def _list(content: bytes) -> list[Any]:
    try:
        value = loads(content)
    except ValueError as error:
        raise _refused(f"The body is not valid JSON: {error}.") from error
    if not isinstance(value, list) or len(value) > MAX_BULK_ENTRIES:
        raise _refused(f"The body must be a list of up to {MAX_BULK_ENTRIES} entries.")
    return value


def _strings(values: list[Any]) -> list[str]:
    if not all(isinstance(value, str) for value in values):
        raise _refused("Keys are strings.")
    return values


def _json(content: bytes, what: str) -> str:
    try:
        return json.dumps(json.loads(content))
    except ValueError as error:
        raise _refused(f"{what} is not valid JSON: {error}.") from error


def _seconds(request: web.Request, name: str) -> float | None:
    text = request.query.get(name)
    if text is None:
        return None
    try:
        return int(text)
    except ValueError as error:
        raise _refused(f'The parameter "{name}" is no number of seconds.') from error


def _too_much() -> ApiRefusal:
    message = "Total size of request exceeds the limit of 25MB"
    return ApiRefusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, INVALID_ENTRY, message)


def _refused(message: str) -> ApiRefusal:
    return ApiRefusal(HTTPStatus.BAD_REQUEST, INVALID_ENTRY, message)


class _Refusing:
    """Answers with what an entry is refused for."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, ScriptError):
            text = error.message.partition("failed: ")[2] or error.message
            raise _refused(text) from error
