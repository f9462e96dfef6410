"""Which operation a request is.

https://developers.cloudflare.com/r2/api/s3/api/
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from holdfast.api.s3 import bucket_cors, buckets, copies, listings, objects, uploads
from holdfast.api.s3.errors import S3Error, not_implemented
from holdfast.api.s3.request import S3Request
from holdfast.api.s3.signature import Signature

Operation = Callable[[S3Request, Signature], Awaitable[web.StreamResponse]]

# By the method, and the parameter that says what of a bucket or an object is meant.
_OF_BUCKETS: dict[tuple[str, str], Operation] = {
    ("GET", ""): listings.list_objects,
    ("GET", "location"): buckets.get_location,
    ("GET", "cors"): bucket_cors.get_cors,
    ("GET", "versioning"): buckets.get_versioning,
    ("GET", "uploads"): uploads.list_uploads,
    ("HEAD", ""): buckets.head_bucket,
    ("PUT", ""): buckets.create_bucket,
    ("PUT", "cors"): bucket_cors.put_cors,
    ("POST", "delete"): objects.delete_objects,
    ("DELETE", ""): buckets.delete_bucket,
    ("DELETE", "cors"): bucket_cors.delete_cors,
}
_OF_OBJECTS: dict[tuple[str, str], Operation] = {
    ("GET", ""): objects.get_object,
    ("GET", "uploadId"): uploads.list_parts,
    ("HEAD", ""): objects.head_object,
    ("PUT", ""): objects.put_object,
    ("PUT", "uploadId"): uploads.upload_part,
    ("POST", "uploads"): uploads.create_upload,
    ("POST", "uploadId"): uploads.complete_upload,
    ("DELETE", ""): objects.delete_object,
    ("DELETE", "uploadId"): uploads.abort_upload,
}
# All that S3 has of such parameters.
# fmt: off
_PARTS = frozenset((
    "accelerate", "acl", "analytics", "attributes", "cors", "delete", "encryption",
    "intelligent-tiering", "inventory", "legal-hold", "lifecycle", "location", "logging",
    "metadataConfiguration", "metadataTable", "metrics", "notification", "object-lock",
    "ownershipControls", "policy", "policyStatus", "publicAccessBlock", "renameObject",
    "replication", "requestPayment", "restore", "retention", "select", "session", "tagging",
    "torrent", "uploadId", "uploads", "versioning", "versions", "website",
))
# fmt: on
# After `x-amz-`.
_UNKNOWN_HEADERS = (
    "bucket-object-lock-",
    "bypass-governance-retention",
    "copy-source-server-side-encryption-",
    "expected-bucket-owner",
    "grant-",
    "mfa",
    "object-lock-",
    "request-payer",
    "server-side-encryption",
    "source-expected-bucket-owner",
    "tagging",
    "website-redirect-location",
    "write-offset-bytes",
)


def operation_of(request: S3Request) -> Operation:
    """What carries a request out. Raises S3Error for what R2, or Holdfast, does not have."""
    _refuse_headers(request)
    part = next((name for name, _ in request.query if name in _PARTS), "")
    version = request.parameter("versionId")
    if version not in (None, "", "null"):
        raise not_implemented(f"Parameter 'versionId' with value '{version}'")
    method = request.method
    if not request.bucket:
        if method == "GET" and not part:
            return buckets.list_buckets
    elif not request.key:
        found = _OF_BUCKETS.get((method, part))
        if found is listings.list_objects and request.parameter("list-type") == "2":
            return listings.list_objects_v2
        if found is not None:
            return found
    else:
        found = _OF_OBJECTS.get((method, part))
        if found is objects.put_object and request.header(copies.SOURCE) is not None:
            return copies.copy_object
        if found is not None:
            return found
    if part:
        raise not_implemented(f"{method} with the parameter '{part}' is")
    raise S3Error(
        "MethodNotAllowed", 405, "The specified method is not allowed against this resource."
    )


def _refuse_headers(request: S3Request) -> None:
    for name, value in request.named("x-amz-").items():
        if value and name.startswith(_UNKNOWN_HEADERS):
            raise not_implemented(f"Header 'x-amz-{name}' with value '{value}'")
