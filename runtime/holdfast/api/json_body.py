"""Bodies that are a JSON object or list, whatever their content type says."""

from typing import Any

from aiohttp import web

from holdfast.api.auth import SETTINGS
from holdfast.api.body import read_body
from holdfast.api.metadata import parse_list, parse_object

MAX_BODY_BYTES = 1 << 20


async def read_object(request: web.Request, max_bytes: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """The object in the body. Raises UploadRejected where it is none, or larger than 1 MiB."""
    return parse_object(await read_content(request, max_bytes), "the body")


async def read_list(request: web.Request) -> list[Any]:
    """The list in the body. Raises UploadRejected where it is none, or larger than 1 MiB."""
    return parse_list(await read_content(request), "the body")


async def read_content(request: web.Request, max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """The body, whatever is in it. Raises UploadRejected where it is larger."""
    timeout_s = request.app[SETTINGS].upload_timeout_s
    return await read_body(request, max_bytes=max_bytes, timeout_s=timeout_s)
