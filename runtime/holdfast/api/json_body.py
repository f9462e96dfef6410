"""Bodies that are a JSON object, whatever their content type says."""

from typing import Any

from aiohttp import web

from holdfast.api.auth import SETTINGS
from holdfast.api.body import read_body
from holdfast.api.metadata import parse_object

MAX_BODY_BYTES = 1 << 20


async def read_object(request: web.Request) -> dict[str, Any]:
    """The object in the body. Raises UploadRejected where it is none, or larger than 1 MiB."""
    timeout_s = request.app[SETTINGS].upload_timeout_s
    body = await read_body(request, max_bytes=MAX_BODY_BYTES, timeout_s=timeout_s)
    return parse_object(body, "the body")
