"""Buckets themselves.

https://developers.cloudflare.com/r2/api/s3/api/#bucket-level-operations
https://developers.cloudflare.com/r2/api/s3/extensions/#listbuckets
"""

import asyncio
from http import HTTPStatus

from aiohttp import web

from holdfast.api.s3.answers import OWNER, empty_answer, time_text, xml_answer
from holdfast.api.s3.errors import S3Error, invalid_argument
from holdfast.api.s3.metadata import class_of
from holdfast.api.s3.receiving import read_document
from holdfast.api.s3.request import S3Request
from holdfast.api.s3.signature import REGIONS, Signature
from holdfast.api.s3.xml import element, flag, text
from holdfast.api.s3.xml_in import parse
from holdfast.storage.r2.objects import STORAGE_CLASSES

MAX_LISTED = 1_000


async def list_buckets(request: S3Request, _: Signature) -> web.Response:
    """All buckets by name, or those that parameters, or R2's headers in their place, ask for."""

    def asked(name: str) -> str:
        return request.header(f"cf-{name}") or request.parameter(name) or ""

    most = asked("max-keys") or request.parameter("max-buckets") or str(MAX_LISTED)
    if not (most.isascii() and most.isdigit() and 1 <= int(most[:9]) <= MAX_LISTED):
        raise invalid_argument("MaxKeys params must be positive integer <= 1000.")
    token, start = asked("continuation-token"), asked("start-after")
    prefix, after = asked("prefix"), max(token, start)
    every = await asyncio.to_thread(request.buckets.all)
    found = [one for one in every if one.name > after and one.name.startswith(prefix)]
    listed = found[: int(most)]
    content = [
        element("Bucket", text("Name", one.name), text("CreationDate", time_text(one.created)))
        for one in listed
    ]
    is_cut_off = len(found) > len(listed)
    headers = {"cf-is-truncated": "true" if is_cut_off else "false"}
    more = [flag("IsTruncated", value=is_cut_off), text("KeyCount", len(listed))]
    more.append(text("MaxKeys", most))
    if is_cut_off:
        headers["cf-next-continuation-token"] = listed[-1].name
        more.append(text("NextContinuationToken", listed[-1].name))
        more.append(text("ContinuationToken", listed[-1].name))  # as S3 calls it
    if start:
        more.append(text("StartAfter", start))
    buckets = element("Buckets", *content)
    return xml_answer("ListAllMyBucketsResult", buckets, OWNER, *more, headers=headers)


async def head_bucket(request: S3Request, _: Signature) -> web.Response:
    """Whether there is a bucket."""
    await asyncio.to_thread(request.buckets.info, request.bucket)
    return empty_answer(headers={"x-amz-bucket-region": "auto"})


async def get_location(request: S3Request, _: Signature) -> web.Response:
    """Where a bucket is, which is here."""
    await asyncio.to_thread(request.buckets.info, request.bucket)
    return xml_answer("LocationConstraint", "auto")


async def get_versioning(request: S3Request, _: Signature) -> web.Response:
    """Whether objects have versions: they never had."""
    await asyncio.to_thread(request.buckets.info, request.bucket)
    return xml_answer("VersioningConfiguration")


async def create_bucket(request: S3Request, signature: Signature) -> web.Response:
    """Create a bucket; any place that R2 knows is here."""
    body = await read_document(request, signature)
    if body.strip():
        region = (await asyncio.to_thread(parse, body, "CreateBucketConfiguration")).find(
            "LocationConstraint"
        )
        if (region or "").strip().lower() not in REGIONS:
            raise S3Error(
                "InvalidLocationConstraint",
                HTTPStatus.BAD_REQUEST,
                "The specified location constraint is not valid.",
            )
    storage_class = class_of(request, STORAGE_CLASSES[0])
    await asyncio.to_thread(request.buckets.create, request.bucket, request.now_ms, storage_class)
    return empty_answer(headers={"Location": f"/{request.bucket}"})


async def delete_bucket(request: S3Request, _: Signature) -> web.Response:
    """Delete a bucket that holds no objects."""
    await asyncio.to_thread(request.buckets.delete, request.bucket, request.now_ms)
    return empty_answer(HTTPStatus.NO_CONTENT)
