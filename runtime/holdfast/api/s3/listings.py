"""Objects in the order of their keys: ListObjects and ListObjectsV2.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

import asyncio
from collections.abc import Callable
from urllib.parse import quote

from aiohttp import web

from holdfast.api.s3.answers import OWNER, time_text, xml_answer
from holdfast.api.s3.errors import invalid_argument
from holdfast.api.s3.metadata import class_name
from holdfast.api.s3.request import S3Request
from holdfast.api.s3.signature import Signature
from holdfast.api.s3.xml import element, flag, text
from holdfast.storage.r2.listing import MAX_LISTED, Listing, Page, cursor_after
from holdfast.storage.r2.objects import StoredObject


async def list_objects(request: S3Request, _: Signature) -> web.Response:
    """Keys after a `marker`."""
    encoded = key_encoding(request)
    marker = request.parameter("marker") or ""
    found, limit = await _listed(request, marker)
    more = [text("Marker", encoded(marker))]
    if found.cursor:
        last = [*(one.key for one in found.objects[-1:]), *found.prefixes[-1:]]
        more.append(text("NextMarker", encoded(max(last, key=str.encode))))
    return _answer(request, found, limit, more, OWNER)


async def list_objects_v2(request: S3Request, _: Signature) -> web.Response:
    """Keys after `start-after`, or from where a `continuation-token` leads."""
    encoded = key_encoding(request)
    token, start = request.parameter("continuation-token"), request.parameter("start-after") or ""
    if token == "":
        raise invalid_argument("The continuation token provided is incorrect")
    found, limit = await _listed(request, start, token or "")
    more = [text("KeyCount", len(found.objects) + len(found.prefixes))]
    if token:
        more.append(text("ContinuationToken", token))
    if start:
        more.append(text("StartAfter", encoded(start)))
    if found.cursor:
        more.append(text("NextContinuationToken", found.cursor))
    owner = OWNER if request.parameter("fetch-owner") == "true" else ""
    return _answer(request, found, limit, more, owner)


def key_encoding(request: S3Request) -> Callable[[str], str]:
    """How keys are told: escaped as in URLs, if that is asked for. Raises S3Error."""
    asked = request.parameter("encoding-type")
    if asked not in (None, "", "url"):
        raise invalid_argument("Invalid Encoding Method specified in Request")
    return (lambda key: quote(key, safe="/")) if asked else (lambda key: key)


async def _listed(request: S3Request, after: str, cursor: str = "") -> tuple[Listing, int]:
    limit = min(request.number("max-keys", MAX_LISTED), MAX_LISTED)
    prefix, delimiter = request.parameter("prefix") or "", request.parameter("delimiter") or ""
    if delimiter and after.startswith(prefix) and after.endswith(delimiter):
        cursor, after = max(cursor, cursor_after(after)), ""  # a prefix that was told before
    if limit == 0:
        await asyncio.to_thread(request.buckets.info, request.bucket)
        return Listing(), 0
    page = Page(prefix, delimiter, cursor, after, limit)
    return await asyncio.to_thread(request.use, lambda bucket: bucket.list(page)), limit


def _answer(
    request: S3Request, found: Listing, limit: int, more: list[str], owner: str
) -> web.Response:
    encoded = key_encoding(request)
    delimiter = request.parameter("delimiter")
    content = [
        text("Name", request.bucket),
        text("Prefix", encoded(request.parameter("prefix") or "")),
        *([text("Delimiter", encoded(delimiter))] if delimiter else []),
        text("MaxKeys", limit),
        *([text("EncodingType", "url")] if request.parameter("encoding-type") else []),
        flag("IsTruncated", value=bool(found.cursor)),
        *more,
    ]
    content += (_object(one, encoded, owner) for one in found.objects)
    content += (
        element("CommonPrefixes", text("Prefix", encoded(prefix))) for prefix in found.prefixes
    )
    return xml_answer("ListBucketResult", *content)


def _object(stored: StoredObject, encoded: Callable[[str], str], owner: str) -> str:
    return element(
        "Contents",
        text("Key", encoded(stored.key)),
        text("LastModified", time_text(stored.uploaded)),
        text("ETag", f'"{stored.etag}"'),
        text("Size", stored.size),
        owner,
        text("StorageClass", class_name(stored.metadata.storage_class)),
    )
