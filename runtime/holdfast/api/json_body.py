"""Bodies that are a JSON object or list, whatever their content type says.

What is large is read on a thread (host/large_json.py).
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from aiohttp import web

from holdfast.api.auth import SETTINGS
from holdfast.api.body import read_body, too_large
from holdfast.api.metadata import parse_list, parse_object
from holdfast.catalog import ErrorCode, UploadRejected
from holdfast.host.byte_streams import BodyError
from holdfast.host.codings import ZlibDecoder

MAX_BODY_BYTES = 1 << 20
AT_ONCE_BYTES = 1 << 16  # what a thread would not be worth
GZIP = {"gzip", "x-gzip"}

T = TypeVar("T")


async def read_object(request: web.Request, max_bytes: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """The object in the body. Raises UploadRejected where it is none, or larger than 1 MiB."""
    return await read_as(request, lambda body: parse_object(body, "the body"), max_bytes)


async def read_list(request: web.Request) -> list[Any]:
    """The list in the body. Raises UploadRejected where it is none, or larger than 1 MiB."""
    return await read_as(request, lambda body: parse_list(body, "the body"))


async def read_as(
    request: web.Request, make: Callable[[bytes], T], max_bytes: int = MAX_BODY_BYTES
) -> T:
    """What `make` has of the body; raises what that does, and UploadRejected as `read_object`.

    `make` is for any thread.
    """
    body = await read_content(request, max_bytes)
    if len(body) <= AT_ONCE_BYTES:
        return make(body)
    return await asyncio.to_thread(make, body)


async def read_content(request: web.Request, max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """The body, whatever is in it, unpacked where it came as gzip.

    Raises UploadRejected where it is larger, packed or not.
    """
    timeout_s = request.app[SETTINGS].upload_timeout_s
    body = await read_body(request, max_bytes=max_bytes, timeout_s=timeout_s)
    if request.headers.get("Content-Encoding", "").lower() not in GZIP:
        return body
    return await asyncio.to_thread(_decoded, body, max_bytes)


def _decoded(body: bytes, max_bytes: int) -> bytes:
    """The content of a gzip file, of which no more is made than it may be."""
    decoder, content = ZlibDecoder("gzip"), bytearray()
    try:
        decoder.feed(body)
        while piece := decoder.pull():
            content += piece
            if len(content) > max_bytes:
                raise too_large(max_bytes)
        decoder.finish()
    except BodyError as error:
        message = f"The body is said to be gzip, and is not: {error}"
        raise UploadRejected(ErrorCode.INVALID_SCRIPT, message) from error
    return bytes(content)
