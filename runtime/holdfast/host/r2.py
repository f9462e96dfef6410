"""Ops behind R2 buckets. `BucketBindings` does the work, and is imported with the first bucket.

https://developers.cloudflare.com/r2/api/workers/workers-api-reference/
"""

from collections.abc import Coroutine
from typing import TYPE_CHECKING

from holdfast.host.context import Host
from holdfast.host.ops import async_op

if TYPE_CHECKING:
    from holdfast.host.r2_bindings import BucketBindings


def _buckets(host: Host) -> "BucketBindings":
    reached: BucketBindings = host.capabilities.r2
    return reached


@async_op
async def r2_head(host: Host, bucket: int, key: str) -> str | None:
    """What is told of an object, as JSON; nothing where there is none."""
    return await _buckets(host).head(bucket, key)


@async_op
async def r2_get(
    host: Host, bucket: int, key: str, options: str
) -> tuple[str, bytes | int | None] | None:
    """An object as JSON with its `range`, and its body: none where `onlyIf` does not hold.

    `options`: JSON with `onlyIf` and `range`. Nothing where there is no such object.
    """
    return await _buckets(host).get(host, bucket, key, options)


@async_op
def r2_put(
    host: Host, bucket: int, key: str, options: str, body: str | bytes | int
) -> Coroutine[None, None, str | None]:
    """Store a body, which is taken over; the object as JSON, nothing where `onlyIf` does not hold.

    `options`: JSON with the metadata, `onlyIf` and `checksums`.
    """
    return _buckets(host).put(host, bucket, key, options, body)


@async_op
async def r2_delete(host: Host, bucket: int, keys: str) -> None:
    """Remove objects: a JSON list of keys."""
    await _buckets(host).delete(bucket, keys)


@async_op
async def r2_list(host: Host, bucket: int, options: str) -> str:
    """JSON: `objects`, `prefixes`, and `cursor`, which is empty at the end.

    `options`: what `Page` takes, as JSON.
    """
    return await _buckets(host).list(bucket, options)


@async_op
async def r2_create_upload(host: Host, bucket: int, key: str, options: str) -> str:
    """Begin an object that comes in parts; its id. `options`: the metadata as JSON."""
    return await _buckets(host).create_upload(host, bucket, key, options)


@async_op
def r2_upload_part(
    host: Host, bucket: int, key: str, upload: str, number: int, body: str | bytes | int
) -> Coroutine[None, None, str]:
    """Store a part, which is taken over; its etag."""
    return _buckets(host).upload_part(host, bucket, key, upload, number, body)


@async_op
async def r2_complete_upload(host: Host, bucket: int, key: str, upload: str, parts: str) -> str:
    """Make an object of parts, a JSON list of numbers and etags; the object as JSON."""
    return await _buckets(host).complete_upload(host, bucket, key, upload, parts)


@async_op
async def r2_abort_upload(host: Host, bucket: int, key: str, upload: str) -> None:
    """End an upload without an object."""
    await _buckets(host).abort_upload(bucket, key, upload)
