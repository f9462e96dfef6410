"""Bodies that are a JSON object or list, whatever their content type says."""

from typing import Any

from aiohttp import web

from holdfast.api.auth import SETTINGS
from holdfast.api.body import read_body
from holdfast.api.metadata import parse_list, parse_object

MAX_BODY_BYTES = 1 << 20


async def read_object(request: web.Request) -> dict[str, Any]:
    """The object in the body. Raises UploadRejected where it is none, or larger than 1 MiB."""
    return parse_object(await _read(request), "the body")


async def read_list(request: web.Request) -> list[Any]:
    """The list in the body. Raises UploadRejected where it is none, or larger than 1 MiB."""
    return parse_list(await _read(request), "the body")


async def _read(request: web.Request) -> bytes:
    timeout_s = request.app[SETTINGS].upload_timeout_s
    return await read_body(request, max_bytes=MAX_BODY_BYTES, timeout_s=timeout_s)
