"""The CORS rules of R2 buckets over HTTP.

https://developers.cloudflare.com/api/resources/r2/subresources/buckets/subresources/cors/
"""

import asyncio
from http import HTTPStatus
from typing import Any

from aiohttp import web

from holdfast.api.envelope import MALFORMED_PARAMETER, ApiRefusal, success
from holdfast.api.json_body import read_object
from holdfast.api.platform import Platform
from holdfast.api.routing import Route
from holdfast.storage.r2.cors import CorsRule
from holdfast.storage.r2.errors import NoSuchCors


class BucketCorsHandlers:
    """The handlers of `/r2/buckets/:bucket/cors`."""

    def __init__(self, platform: Platform) -> None:
        self._buckets = platform.buckets

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account."""
        path = f"{account}/r2/buckets/{{bucket}}/cors"
        return [("GET", path, self.read), ("PUT", path, self.put), ("DELETE", path, self.delete)]

    async def read(self, request: web.Request) -> web.Response:
        """The rules of a bucket."""
        rules = await asyncio.to_thread(self._buckets.cors, request.match_info["bucket"])
        if not rules:
            raise NoSuchCors
        return success({"rules": [_told(rule) for rule in rules]})

    async def put(self, request: web.Request) -> web.Response:
        """Give a bucket these `rules`, and no others."""
        given = (await read_object(request)).get("rules")
        if not isinstance(given, list):
            raise _malformed("rules is to be a list")
        rules = [_rule(one) for one in given]
        await asyncio.to_thread(self._buckets.put_cors, request.match_info["bucket"], rules)
        return success({})

    async def delete(self, request: web.Request) -> web.Response:
        """Forget the rules of a bucket."""
        await asyncio.to_thread(self._buckets.put_cors, request.match_info["bucket"], [])
        return success({})


def _rule(given: Any) -> CorsRule:
    allowed = given.get("allowed") if isinstance(given, dict) else None
    if not isinstance(allowed, dict):
        raise _malformed("a rule is an object with `allowed`, an object")
    age = given.get("maxAgeSeconds")
    if age is not None and (not isinstance(age, int) or isinstance(age, bool)):
        raise _malformed("maxAgeSeconds is to be a whole number")
    return CorsRule(
        _words(allowed, "origins"),
        _words(allowed, "methods"),
        _words(allowed, "headers"),
        _words(given, "exposeHeaders"),
        age,
        str(given.get("id") or ""),
    )


def _words(given: dict[str, Any], name: str) -> list[str]:
    words = given.get(name) or []
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise _malformed(f"{name} is to be a list of strings")
    return words


def _told(rule: CorsRule) -> dict[str, Any]:
    allowed = {"origins": rule.origins, "methods": rule.methods, "headers": rule.headers}
    told: dict[str, Any] = {"allowed": allowed, "exposeHeaders": rule.exposed}
    if rule.id:
        told["id"] = rule.id
    if rule.max_age_s is not None:
        told["maxAgeSeconds"] = rule.max_age_s
    return told


def _malformed(reason: str) -> ApiRefusal:
    message = f"The CORS configuration is malformed: {reason}."
    return ApiRefusal(HTTPStatus.BAD_REQUEST, MALFORMED_PARAMETER, message)
