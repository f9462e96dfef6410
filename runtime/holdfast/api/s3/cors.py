"""What browsers ask before they let a page of another origin use a bucket, and what they are told.

https://developers.cloudflare.com/r2/buckets/cors/
https://fetch.spec.whatwg.org/#http-cors-protocol
"""

import asyncio
from http import HTTPStatus

from aiohttp import web

from holdfast.api.s3.answers import empty_answer
from holdfast.api.s3.errors import S3Error
from holdfast.api.s3.request import S3Request
from holdfast.storage.r2.cors import CorsRule
from holdfast.storage.r2.errors import NoSuchBucket


async def preflight(request: S3Request) -> web.Response:
    """The answer to a browser that asks whether it may make a request. Raises S3Error."""
    headers = request.http.headers
    asked = headers.get("Access-Control-Request-Headers", "")
    names = [name for one in asked.split(",") if (name := one.strip().lower())]
    method = headers.get("Access-Control-Request-Method", "")
    rule = await _rule(request, method, names)
    if rule is None:
        raise S3Error(
            "AccessForbidden",
            HTTPStatus.FORBIDDEN,
            "CORSResponse: This CORS request is not allowed.",
        )
    told = _headers(rule, headers["Origin"])
    told["Access-Control-Allow-Methods"] = ", ".join(rule.methods)
    if names:
        told["Access-Control-Allow-Headers"] = ", ".join(names)
    if rule.max_age_s is not None:
        told["Access-Control-Max-Age"] = str(rule.max_age_s)
    return empty_answer(HTTPStatus.NO_CONTENT, told)


async def cors_headers(request: S3Request) -> dict[str, str]:
    """The headers that an answer has for the page that asks, if one does."""
    if "Origin" not in request.http.headers:
        return {}
    rule = await _rule(request, request.method, [])
    return {} if rule is None else _headers(rule, request.http.headers["Origin"])


async def _rule(request: S3Request, method: str, names: list[str]) -> CorsRule | None:
    """The first rule of the bucket that allows a request."""
    try:
        rules = await asyncio.to_thread(request.buckets.cors, request.bucket)
    except NoSuchBucket:
        return None
    origin = request.http.headers.get("Origin", "")
    return next((rule for rule in rules if rule.allows(origin, method, names)), None)


def _headers(rule: CorsRule, origin: str) -> dict[str, str]:
    headers = {"Access-Control-Allow-Origin": "*" if rule.is_for_all else origin}
    headers["Vary"] = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"
    if rule.exposed:
        headers["Access-Control-Expose-Headers"] = ", ".join(rule.exposed)
    return headers
