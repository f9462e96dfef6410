"""Bodies that are a JSON object or list, whatever their content type says.

What is large is read on a thread (host/large_json.py).
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from aiohttp import web

from holdfast.api.auth import SETTINGS
from holdfast.api.body import read_body
from holdfast.api.metadata import parse_list, parse_object

MAX_BODY_BYTES = 1 << 20
AT_ONCE_BYTES = 1 << 16  # what a thread would not be worth

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
    """The body, whatever is in it. Raises UploadRejected where it is larger."""
    timeout_s = request.app[SETTINGS].upload_timeout_s
    return await read_body(request, max_bytes=max_bytes, timeout_s=timeout_s)
