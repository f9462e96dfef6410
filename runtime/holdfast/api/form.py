"""multipart/form-data, as uploads send it (RFC 7578)."""

import urllib.parse
import warnings
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from holdfast.api.body import bounded_body
from holdfast.api.envelope import ApiRefusal
from holdfast.api.settings import ApiSettings
from holdfast.catalog import ErrorCode, UploadRejected

MAX_PARTS = 2_000

# RFC 7578, section 4.4.
_DEFAULT_CONTENT_TYPE = "text/plain"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form. `file_name` is None where the part has none."""

    field: str
    file_name: str | None
    content_type: str
    content: bytes


async def read_form(request: web.Request, settings: ApiSettings) -> list[Part]:
    """All parts of a multipart/form-data body.

    Raises UploadRejected for a body that is something else or too large, and
    ApiRefusal for one that is malformed or does not arrive.
    """
    if request.content_type != "multipart/form-data":
        raise UploadRejected(
            ErrorCode.UNSUPPORTED_CONTENT_TYPE,
            f"A script is uploaded as multipart/form-data, but this was {request.content_type}. "
            'With curl, give each part as -F: -F "metadata=@metadata.json;type=application/json".',
        )
    try:
        async with bounded_body(
            request, max_bytes=settings.max_body_bytes, timeout_s=settings.upload_timeout_s
        ) as stream:
            return await _read_parts(MultipartReader(request.headers, stream))
    except (ValueError, RuntimeError, AssertionError, LookupError, Warning) as error:
        raise _malformed(str(error)) from error
    except HttpProcessingError as error:
        raise _malformed(error.message) from error


async def _read_parts(reader: MultipartReader) -> list[Part]:
    parts: list[Part] = []
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader):
            raise _malformed("a part is itself multipart")
        if len(parts) == MAX_PARTS:
            raise _malformed(f"it has more than {MAX_PARTS:,} parts")
        parts.append(await _read_part(part))
    return parts


async def _read_part(part: BodyPartReader) -> Part:
    with warnings.catch_warnings():
        # aiohttp warns of a malformed header and goes on without its parameters.
        warnings.simplefilter("ignore")
        field, file_name = _unescaped(part.name), _unescaped(part.filename)
    content_type = part.headers.get("Content-Type", _DEFAULT_CONTENT_TYPE)
    if field is None:
        raise _malformed("a part has no name in its Content-Disposition header")
    return Part(
        field=field,
        file_name=file_name,
        content_type=content_type.partition(";")[0].strip().lower(),
        content=bytes(await part.read(decode=True)),
    )


def _unescaped(name: str | None) -> str | None:
    """`name` without percent escapes: all clients escape quotes so, and some escape slashes.

    https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
    """
    return None if name is None else urllib.parse.unquote(name)


def _malformed(reason: str) -> ApiRefusal:
    return ApiRefusal(
        HTTPStatus.BAD_REQUEST,
        ErrorCode.INVALID_SCRIPT,
        f"The body is not well-formed multipart/form-data: {reason.rstrip('.')}.",
    )
