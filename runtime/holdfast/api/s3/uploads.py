"""Objects that come in parts.

https://developers.cloudflare.com/r2/objects/multipart-objects/
"""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus

from aiohttp import web

from holdfast.api.s3.answers import OWNER, empty_answer, time_text, xml_answer
from holdfast.api.s3.checksums import Given, checksum_headers
from holdfast.api.s3.conditions import condition_of
from holdfast.api.s3.copies import SOURCE, upload_part_copy
from holdfast.api.s3.errors import invalid_argument, malformed_xml
from holdfast.api.s3.listings import key_encoding
from holdfast.api.s3.metadata import class_name, metadata_of
from holdfast.api.s3.objects import create_if_missing
from holdfast.api.s3.receiving import read_document, receive
from holdfast.api.s3.request import S3Request
from holdfast.api.s3.signature import Signature
from holdfast.api.s3.xml import element, flag, text
from holdfast.api.s3.xml_in import Node, parse
from holdfast.storage.r2 import Bucket, R2Error, StoredObject
from holdfast.storage.r2.contents import NewContent
from holdfast.storage.r2.errors import InvalidPart, NoSuchUpload, PreconditionFailed
from holdfast.storage.r2.upload_listing import UploadsPage

MAX_PARTS = 10_000
_MAX_LISTED = 1_000


async def create_upload(request: S3Request, _: Signature) -> web.Response:
    """Begin an upload."""
    await create_if_missing(request)

    def begin(bucket: Bucket) -> str:
        metadata = metadata_of(request, bucket.storage_class)
        return bucket.uploads.begin(request.key, metadata, request.now_ms)

    upload = await asyncio.to_thread(request.use, begin)
    content = (text("Bucket", request.bucket), text("Key", request.key), text("UploadId", upload))
    return xml_answer("InitiateMultipartUploadResult", *content)


async def upload_part(request: S3Request, signature: Signature) -> web.Response:
    """Keep the body, or an object that is there, as a part."""
    upload, number = _upload_of(request), request.number("partNumber", 0)
    if not 1 <= number <= MAX_PARTS:
        raise invalid_argument(f"Part number must be an integer between 1 and {MAX_PARTS}")

    def begin(bucket: Bucket, algorithms: Sequence[str] = ()) -> NewContent:
        return bucket.uploads.begin_part(request.key, upload, algorithms)

    def put(bucket: Bucket, new: NewContent, checksums: dict[str, str] | None = None) -> str:
        return bucket.uploads.put_part(request.key, upload, number, new, checksums)

    def finish(
        bucket: Bucket, new: NewContent, checksums: dict[str, str]
    ) -> tuple[str, dict[str, str]]:
        return put(bucket, new, checksums), checksums

    if request.header(SOURCE) is not None:
        return await upload_part_copy(request, put, begin)
    etag, checksums = await receive(request, signature, begin, finish)
    return empty_answer(headers={"ETag": f'"{etag}"', **checksum_headers(checksums)})


async def complete_upload(request: S3Request, signature: Signature) -> web.Response:
    """Make an object of the parts that a document names, in the order of their numbers.

    Where a condition does not hold, the upload is aborted, as at Cloudflare.
    """
    upload, condition = _upload_of(request), condition_of(request)
    given = Given(request, signature.payload)
    of_object, given.kept = given.kept, {}
    body = await read_document(request, signature, given)
    asked = await asyncio.to_thread(parse, body, "CompleteMultipartUpload")
    chosen = sorted(_part(one) for one in asked.all("Part"))
    if not chosen:
        raise malformed_xml()
    if len({number for number, _ in chosen}) < len(chosen):
        raise InvalidPart

    def complete(bucket: Bucket) -> StoredObject:
        uploads = bucket.uploads
        try:
            uploads.check(request.key, upload, chosen, of_object)
            return uploads.complete(
                request.key, upload, chosen, request.now_ms, condition, of_object
            )
        except PreconditionFailed:
            uploads.abort(request.key, upload)
            raise
        except R2Error as error:
            raise _named(error) from None

    stored = await asyncio.to_thread(request.use, complete)
    place = f"{request.http.scheme}://{request.http.host}{request.raw_path}"
    content = (
        text("Location", place),
        text("Bucket", request.bucket),
        text("Key", request.key),
        text("ETag", f'"{stored.etag}"'),
    )
    headers = checksum_headers(of_object)
    return xml_answer("CompleteMultipartUploadResult", *content, headers=headers)


async def abort_upload(request: S3Request, _: Signature) -> web.Response:
    """End an upload without an object."""
    upload = _upload_of(request)

    def abort(bucket: Bucket) -> None:
        try:
            bucket.uploads.abort(request.key, upload)
        except R2Error as error:
            raise _named(error) from None

    await asyncio.to_thread(request.use, abort)
    return empty_answer(HTTPStatus.NO_CONTENT)


async def list_parts(request: S3Request, _: Signature) -> web.Response:
    """The parts of an upload that is under way."""
    upload, after = _upload_of(request), request.number("part-number-marker", 0)
    limit = min(request.number("max-parts", _MAX_LISTED), _MAX_LISTED)
    found = await asyncio.to_thread(
        request.use, lambda bucket: bucket.uploads.parts(request.key, upload, after, limit)
    )
    encoded = key_encoding(request)
    last = found.parts[-1].number if found.parts else after
    content = [
        text("Bucket", request.bucket),
        text("Key", encoded(request.key)),
        text("UploadId", upload),
        text("PartNumberMarker", after),
        text("NextPartNumberMarker", last),
        text("MaxParts", limit),
        flag("IsTruncated", value=found.is_cut_off),
        OWNER.replace("Owner>", "Initiator>"),
        OWNER,
        text("StorageClass", class_name(found.upload.storage_class)),
    ]
    content += (
        element(
            "Part",
            text("PartNumber", part.number),
            text("LastModified", time_text(part.uploaded)),
            text("ETag", f'"{part.etag}"'),
            text("Size", part.size),
        )
        for part in found.parts
    )
    return xml_answer("ListPartsResult", *content)


async def list_uploads(request: S3Request, _: Signature) -> web.Response:
    """The uploads that are under way."""
    encoded = key_encoding(request)
    page = UploadsPage(
        request.parameter("prefix") or "",
        request.parameter("delimiter") or "",
        request.parameter("key-marker") or "",
        request.parameter("upload-id-marker") or "",
        min(request.number("max-uploads", _MAX_LISTED), _MAX_LISTED),
    )
    found = await asyncio.to_thread(request.use, lambda bucket: bucket.uploads.list(page))
    content = [
        text("Bucket", request.bucket),
        text("KeyMarker", encoded(page.after_key)),
        text("UploadIdMarker", page.after_id),
        text("Prefix", encoded(page.prefix)),
        *([text("Delimiter", encoded(page.delimiter))] if page.delimiter else []),
        *([text("EncodingType", "url")] if request.parameter("encoding-type") else []),
        text("MaxUploads", page.limit),
        flag("IsTruncated", value=found.is_cut_off),
    ]
    if found.is_cut_off:
        content.append(text("NextKeyMarker", encoded(found.after_key)))
        content.append(text("NextUploadIdMarker", found.after_id))
    content += (
        element(
            "Upload",
            text("Key", encoded(upload.key)),
            text("UploadId", upload.id),
            OWNER.replace("Owner>", "Initiator>"),
            OWNER,
            text("StorageClass", class_name(upload.storage_class)),
            text("Initiated", time_text(upload.begun)),
        )
        for upload in found.uploads
    )
    content += (
        element("CommonPrefixes", text("Prefix", encoded(prefix))) for prefix in found.prefixes
    )
    return xml_answer("ListMultipartUploadsResult", *content)


def _upload_of(request: S3Request) -> str:
    upload = request.parameter("uploadId")
    if not upload:
        raise NoSuchUpload
    return upload


def _part(node: Node) -> tuple[int, str]:
    number, etag = (node.find("PartNumber") or "").strip(), (node.find("ETag") or "").strip()
    if not (number.isascii() and number.isdigit() and len(number) < 6 and etag):
        raise malformed_xml()
    return int(number), etag.strip('"')


def _named(error: R2Error) -> R2Error:
    """R2 tells scripts of an upload that never was by its general number, and clients of S3 not."""
    return NoSuchUpload() if type(error) is R2Error else error
