"""multipart/form-data, as uploads send it (RFC 7578)."""

import asyncio
import urllib.parse
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from holdfast.api.body import bounded_body, read_body
from holdfast.api.envelope import ApiRefusal
from holdfast.api.settings import ApiSettings
from holdfast.catalog import ErrorCode, UploadRejected
from holdfast.dataclass import dataclass

MAX_PARTS = 2_000
# https://developers.cloudflare.com/api/resources/workers/subresources/scripts/methods/update/
SCRIPTS = (
    "application/javascript",
    "application/javascript+module",
    "text/javascript",
    "text/javascript+module",
)
_SCRIPT_NAME = "worker.js"

# RFC 7578, section 4.4.
_DEFAULT_CONTENT_TYPE = "text/plain"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form. `file_name` is None where the part has none."""

    field: str
    file_name: str | None
    content_type: str
    content: bytes


async def read_script(request: web.Request, settings: ApiSettings) -> list[Part]:
    """The parts of an upload, which may be a script alone, whose content type tells its syntax.

    Raises what `read_form` does.
    """
    if request.content_type not in SCRIPTS:
        return await read_form(request, settings)
    content = await read_body(
        request, max_bytes=settings.max_body_bytes, timeout_s=settings.upload_timeout_s
    )
    return [
        Part("metadata", None, "application/json", b'{"body_part": "script"}'),
        Part("script", _SCRIPT_NAME, request.content_type, content),
    ]


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
    async with reading_form(
        request, max_bytes=settings.max_body_bytes, timeout_s=settings.upload_timeout_s
    ) as reader:
        return await _read_parts(reader)


@asynccontextmanager
async def reading_form(
    request: web.Request, *, max_bytes: int, timeout_s: float
) -> AsyncIterator[MultipartReader]:
    """A multipart/form-data body, to be read within the block.

    Raises UploadRejected for a body that is too large, and ApiRefusal for one that is malformed
    or does not arrive.
    """
    try:
        async with bounded_body(request, max_bytes=max_bytes, timeout_s=timeout_s) as stream:
            yield MultipartReader(request.headers, stream)
    except (ValueError, RuntimeError, AssertionError, LookupError, Warning) as error:
        raise _malformed(str(error)) from error
    except HttpProcessingError as error:
        raise _malformed(error.message) from error


async def _read_parts(reader: MultipartReader) -> list[Part]:
    return [await _read_part(part) async for part in parts_of(reader)]


async def parts_of(reader: MultipartReader) -> AsyncIterator[BodyPartReader]:
    """The parts of a form, each to be read before the next is asked for. Raises ApiRefusal."""
    count = 0
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader):
            raise _malformed("a part is itself multipart")
        if count == MAX_PARTS:
            raise _malformed(f"it has more than {MAX_PARTS:,} parts")
        count += 1
        yield part
        await asyncio.sleep(0)  # many small ones arrive at once: others have turns in between


def name_of(part: BodyPartReader) -> str:
    """A part's name. Raises ApiRefusal where it has none."""
    with _without_warnings():
        field = _unescaped(part.name)
    if field is None:
        raise _malformed("a part has no name in its Content-Disposition header")
    return field


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Aiohttp warns of a malformed header and goes on without its parameters."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


async def _read_part(part: BodyPartReader) -> Part:
    field = name_of(part)
    with _without_warnings():
        file_name = _unescaped(part.filename)
    content_type = part.headers.get("Content-Type", _DEFAULT_CONTENT_TYPE)
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
