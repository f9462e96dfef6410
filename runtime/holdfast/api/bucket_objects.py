"""The objects of R2 buckets over HTTP: as files, with their metadata in headers.

https://developers.cloudflare.com/api/resources/r2/subresources/buckets/subresources/objects/
"""

import asyncio
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from aiohttp import web

from holdfast.api.body import bounded_body, object_timeout_s, send_stream
from holdfast.api.buckets import time_of
from holdfast.api.envelope import success
from holdfast.api.object_headers import http_metadata, object_headers
from holdfast.api.paging import number_of
from holdfast.api.platform import Platform
from holdfast.api.routing import Route
from holdfast.host.byte_streams import ByteStream
from holdfast.host.r2_bodies import Receiving, from_thread, stream_of
from holdfast.storage.r2 import Bucket, Metadata, StoredObject
from holdfast.storage.r2.bucket import MAX_UPLOAD_BYTES, Got
from holdfast.storage.r2.contents import NewContent
from holdfast.storage.r2.errors import EntityTooLarge
from holdfast.storage.r2.listing import MAX_LISTED, Page

DEFAULT_LISTED = 20
_CHUNK_BYTES = 1 << 18
T = TypeVar("T")


class BucketObjectHandlers:
    """The handlers of `/r2/buckets/:bucket/objects`."""

    def __init__(self, platform: Platform) -> None:
        self._buckets = platform.buckets

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account."""
        objects = f"{account}/r2/buckets/{{bucket}}/objects"
        one = f"{objects}/{{key:.*}}"
        return [
            ("GET", objects, self.list_all),
            ("GET", one, self.get),
            ("PUT", one, self.put),
            ("DELETE", one, self.delete),
        ]

    def _user(self, request: web.Request) -> Callable[[Callable[[Bucket], T]], T]:
        name = request.match_info["bucket"]
        return lambda do: self._buckets.use(name, do)

    async def list_all(self, request: web.Request) -> web.Response:
        """Objects in the order of their keys: `prefix`, `delimiter`, `cursor`, `per_page`."""
        query = request.query
        page = Page(
            query.get("prefix", ""),
            query.get("delimiter", ""),
            query.get("cursor", ""),
            query.get("start_after", ""),
            number_of(request, "per_page", DEFAULT_LISTED, most=MAX_LISTED),
            with_http=True,
            with_custom=True,
        )
        found = await asyncio.to_thread(self._user(request), lambda one: one.list(page))
        info = {
            "cursor": found.cursor,
            "is_truncated": found.cursor != "",
            "per_page": page.limit,
            "delimited": found.prefixes,
        }
        return success([_listed(one) for one in found.objects], result_info=info)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """The content of an object, or of a range of it, and its metadata as headers."""
        key, use = request.match_info["key"], self._user(request)
        header = request.headers.get("Range")

        def read() -> tuple[Got, ByteStream]:
            got = use(lambda one: one.get(key, header))
            return got, stream_of(got)

        got, body = await from_thread(read, lambda found: found[1].cancel())
        try:
            response = web.StreamResponse(headers=object_headers(got.object))
            if len(got.range) < got.object.size:
                response.set_status(HTTPStatus.PARTIAL_CONTENT)
                told = f"bytes {got.range.start}-{got.range.stop - 1}/{got.object.size}"
                response.headers["Content-Range"] = told
            response.content_length = len(got.range)
            await send_stream(request, response, body)
        finally:
            body.cancel()
        return response

    async def put(self, request: web.Request) -> web.Response:
        """Store the body as an object, with what the headers say of it."""
        key, use = request.match_info["key"], self._user(request)
        storage_class = request.headers.get("cf-r2-storage-class")
        if (request.content_length or 0) > MAX_UPLOAD_BYTES:
            raise EntityTooLarge
        now_ms = time.time() * 1000

        def store(new: NewContent) -> StoredObject:
            def put(bucket: Bucket) -> StoredObject:
                metadata = Metadata(
                    http_metadata(request.headers.get), {}, storage_class or bucket.storage_class
                )
                return bucket.put(key, new, metadata, now_ms=now_ms)

            return use(put)

        new = await from_thread(lambda: use(lambda one: one.begin(key)), NewContent.close)
        receiving = Receiving(new)
        try:
            length = request.content_length or MAX_UPLOAD_BYTES
            timeout_s = object_timeout_s(request, length)
            async with bounded_body(
                request, max_bytes=MAX_UPLOAD_BYTES, timeout_s=timeout_s
            ) as stream:
                await receiving.take(lambda: stream.read(_CHUNK_BYTES))
            stored = await receiving.do(store)
        finally:
            receiving.close()
        return success(_listed(stored))

    async def delete(self, request: web.Request) -> web.Response:
        """Remove an object; one that is not there counts as removed."""
        key = request.match_info["key"]
        await asyncio.to_thread(self._user(request), lambda one: one.delete([key]))
        return success({"key": key})


def _listed(stored: StoredObject) -> dict[str, Any]:
    http = dict(stored.metadata.http)
    if "cacheExpiry" in http:
        http["cacheExpiry"] = time_of(http["cacheExpiry"])
    return {
        "key": stored.key,
        "etag": stored.etag,
        "last_modified": time_of(stored.uploaded),
        "size": stored.size,
        "version": stored.version,
        "http_metadata": http,
        "custom_metadata": stored.metadata.custom,
        "storage_class": stored.metadata.storage_class,
    }
