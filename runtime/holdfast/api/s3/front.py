"""A request of S3, from its first byte to its answer."""

from aiohttp import web

from holdfast.api.auth import SETTINGS
from holdfast.api.envelope import answered
from holdfast.api.s3.cors import cors_headers, preflight
from holdfast.api.s3.errors import answer
from holdfast.api.s3.operations import operation_of
from holdfast.api.s3.request import S3Request
from holdfast.api.s3.signature import check_signature
from holdfast.storage.r2 import Buckets


async def serve(http: web.Request, buckets: Buckets) -> web.StreamResponse:
    """Carry out a request, or refuse it."""
    request = S3Request(http, buckets)

    async def handle(_: web.Request) -> web.StreamResponse:
        request.check_text()
        if http.method == "OPTIONS" and "Origin" in http.headers:
            return await preflight(request)
        request.cors = await cors_headers(request)
        signature = check_signature(request, http.app[SETTINGS].token)
        return await operation_of(request)(request, signature)

    response = await answered(http, handle, answer)
    if not response.prepared:
        response.headers.update(request.cors)
    return response
