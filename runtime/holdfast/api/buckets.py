"""R2 buckets over HTTP.

https://developers.cloudflare.com/api/resources/r2/subresources/buckets/
"""

import asyncio
import json
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from holdfast.api.envelope import success
from holdfast.api.json_body import read_object
from holdfast.api.paging import number_of
from holdfast.api.platform import Platform
from holdfast.api.routing import Route
from holdfast.api.unknown import first_unknown
from holdfast.catalog import Binding, ErrorCode, R2Bucket, UploadRejected
from holdfast.storage.r2 import BucketInfo, Buckets
from holdfast.storage.r2.errors import InvalidBucketName, InvalidStorageClass
from holdfast.storage.r2.objects import STORAGE_CLASSES

MAX_PAGE = 1_000
_LOCATION = "local"


class BucketHandlers:
    """The handlers of `/r2/buckets`."""

    def __init__(self, platform: Platform) -> None:
        self._buckets = platform.buckets

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account, and of what Wrangler asks."""
        buckets = f"{account}/r2/buckets"
        return [
            ("GET", buckets, self.list_all),
            ("POST", buckets, self.create),
            ("GET", f"{buckets}/{{bucket}}", self.read),
            ("DELETE", f"{buckets}/{{bucket}}", self.delete),
            ("POST", f"{account.partition('/accounts/')[0]}/graphql", self.metrics),
        ]

    async def list_all(self, request: web.Request) -> web.Response:
        """The buckets by name, from `start_after` or `cursor` on, with `name_contains`."""
        query = request.query
        after = max(query.get("start_after", ""), query.get("cursor", ""))
        part, limit = query.get("name_contains", ""), number_of(request, "per_page", MAX_PAGE)
        every = await asyncio.to_thread(self._buckets.all)
        found = [one for one in every if one.name > after and part in one.name]
        cursor = found[limit - 1].name if len(found) > limit else ""
        info = {"cursor": cursor, "per_page": limit}
        return success({"buckets": [_listed(one) for one in found[:limit]]}, result_info=info)

    async def create(self, request: web.Request) -> web.Response:
        """Create a bucket of a `name`, and a `storageClass` for its objects."""
        fields = await read_object(request)
        name, storage_class = fields.get("name"), fields.get("storageClass", STORAGE_CLASSES[0])
        if not isinstance(name, str):
            raise InvalidBucketName
        if storage_class not in STORAGE_CLASSES:
            raise InvalidStorageClass
        now_ms = time.time() * 1000
        created = await asyncio.to_thread(self._buckets.create, name, now_ms, storage_class)
        return success(_listed(created))

    async def read(self, request: web.Request) -> web.Response:
        """A bucket."""
        name = request.match_info["bucket"]
        return success(_listed(await asyncio.to_thread(self._buckets.info, name)))

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a bucket that holds no objects."""
        name, now_ms = request.match_info["bucket"], time.time() * 1000
        await asyncio.to_thread(self._buckets.delete, name, now_ms)
        return success({})

    async def metrics(self, request: web.Request) -> web.Response:
        """What `wrangler r2 bucket info` asks of Cloudflare's GraphQL: objects and their size."""
        variables = (await read_object(request)).get("variables")
        wanted = variables.get("filter") if isinstance(variables, dict) else None
        name = wanted.get("bucketName") if isinstance(wanted, dict) else None
        groups = []
        if isinstance(name, str):
            count = await asyncio.to_thread(self._buckets.use, name, lambda one: one.count())
            told = {"objectCount": count[0], "payloadSize": count[1], "metadataSize": 0}
            groups.append({"max": told, "dimensions": {}})
        data = {"viewer": {"accounts": [{"r2StorageAdaptiveGroups": groups}]}}
        return web.Response(
            text=json.dumps({"data": data, "errors": None}), content_type="application/json"
        )


async def refuse_unknown_buckets(buckets: Buckets, bindings: Iterable[Binding]) -> None:
    """Raise UploadRejected for a binding whose R2 bucket was not created."""
    names = lambda: {info.name for info in buckets.all()}  # noqa: E731
    unknown = await first_unknown(bindings, R2Bucket, lambda one: one.bucket_name, names)
    if unknown is not None:
        raise UploadRejected(
            ErrorCode.BUCKET_NOT_FOUND,
            f'Binding "{unknown.name}": R2 bucket "{unknown.bucket_name}" not found. Create it '
            "with `wrangler r2 bucket create`, or POST …/r2/buckets, first.",
        )


def time_of(milliseconds: int) -> str:
    """A time as the API tells it."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _listed(bucket: BucketInfo) -> dict[str, Any]:
    return {
        "name": bucket.name,
        "creation_date": time_of(bucket.created),
        "location": _LOCATION,
        "storage_class": bucket.storage_class,
        "jurisdiction": "default",
    }
