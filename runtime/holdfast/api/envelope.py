"""The shape of every answer, and the one place where exceptions become answers.

    {"success": true, "errors": [], "messages": [], "result": …}

https://developers.cloudflare.com/fundamentals/api/how-to/make-api-calls/
"""

import asyncio
import errno
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web

from holdfast.catalog import (
    CatalogUnusable,
    ErrorCode,
    NamespaceNotFound,
    ScriptNotFound,
    UploadRejected,
    VersionNotFound,
)
from holdfast.host.large_json import dumps
from holdfast.server.deployments import OthersSilent
from holdfast.server.object_files import OwnerLost
from holdfast.storage import StorageError
from holdfast.storage.r2 import R2Error

logger = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# Cloudflare's numbers that are not about uploads.
INFORMATION = 1000
NO_SUCH_ROUTE = 7000
METHOD_NOT_ALLOWED = 7001
AUTHENTICATION_ERROR = 10000
MALFORMED_PARAMETER = 10004
UNKNOWN_ERROR = 10013

_BEGUN = web.RequestKey("begun", web.StreamResponse)  # of requests: what has begun to leave

_STATUSES: dict[int, HTTPStatus] = {
    ErrorCode.SCRIPT_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ErrorCode.UNSUPPORTED_CONTENT_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ErrorCode.DUPLICATE_ROUTE: HTTPStatus.CONFLICT,
    ErrorCode.NAMESPACE_EXISTS: HTTPStatus.CONFLICT,
    ErrorCode.STILL_IN_USE: HTTPStatus.CONFLICT,
    ErrorCode.MIGRATION_TAG: HTTPStatus.PRECONDITION_FAILED,
}


class ApiRefusal(Exception):
    """An answer other than success that no lower layer has an error for."""

    def __init__(
        self, status: HTTPStatus, code: int, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers


def success(
    result: Any,
    *,
    messages: Iterable[str] = (),
    result_info: Mapping[str, Any] | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> web.Response:
    """The answer to a request that was carried out."""
    body: dict[str, Any] = {
        "success": True,
        "errors": [],
        "messages": [{"code": INFORMATION, "message": message} for message in messages],
        "result": result,
    }
    if result_info is not None:
        body["result_info"] = result_info
    return _response(status, body)


async def success_of_much(
    result: Any, *, result_info: Mapping[str, Any] | None = None
) -> web.Response:
    """As `success`, of what may be megabytes: the answer is written on a thread."""
    body: dict[str, Any] = {"success": True, "errors": [], "messages": [], "result": result}
    if result_info is not None:
        body["result_info"] = result_info
    content = await asyncio.to_thread(lambda: f"{dumps(body)}\n".encode())
    return web.Response(body=content, content_type="application/json", charset="utf-8")


def failure(
    status: int, code: int, message: str, headers: Mapping[str, str] | None = None
) -> web.Response:
    """The answer to a request that was not carried out; `message` tells why."""
    body = {
        "success": False,
        "errors": [{"code": code, "message": message}],
        "messages": [],
        "result": None,
    }
    return _response(status, body, headers)


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Middleware: turns whatever a handler raises into an answer of the usual shape."""
    return await answered(request, handler, answer)


async def answered(
    request: web.Request, handler: Handler, answer: Callable[[Exception], web.Response]
) -> web.StreamResponse:
    """What a handler returns, or the answer that tells of what it raises."""
    try:
        return await handler(request)
    except ConnectionError:
        if request.transport is not None and not request.transport.is_closing():
            raise
        # The client has hung up: there is nobody to answer, and nothing to tell of.
        return request[_BEGUN] if _BEGUN in request else web.Response()
    except Exception as error:  # noqa: BLE001 - it is answered, or logged
        if _BEGUN not in request:
            return answer(error)
        logger.error("A response of the API broke off: %s", error)
        if request.transport is not None:
            request.transport.abort()  # that the client does not take the part for the whole
        return request[_BEGUN]


async def note_begin(request: web.Request, response: web.StreamResponse) -> None:
    """The response to a request begins: it can be followed by no other."""
    request[_BEGUN] = response


def answer(error: Exception) -> web.Response:
    """The answer that tells of an error; one that nobody foresaw is logged and not told."""
    match error:
        case ApiRefusal():
            return failure(error.status, error.code, error.message, error.headers)
        case UploadRejected():
            status = _STATUSES.get(error.code, HTTPStatus.BAD_REQUEST)
            return failure(status, error.code, error.message)
        case ScriptNotFound() | VersionNotFound():
            return failure(HTTPStatus.NOT_FOUND, ErrorCode.NOT_FOUND, str(error))
        case NamespaceNotFound():
            return failure(HTTPStatus.NOT_FOUND, ErrorCode.NAMESPACE_NOT_FOUND, str(error))
        case OwnerLost() | OthersSilent():
            return failure(HTTPStatus.SERVICE_UNAVAILABLE, UNKNOWN_ERROR, str(error))
        case StorageError() | OSError(errno=errno.ENOSPC | errno.EDQUOT | errno.EROFS | errno.EIO):
            # Of the disk, mostly: whoever has the token looks after that as well.
            logger.error("A request to the API failed: %s", error)
            return failure(HTTPStatus.INTERNAL_SERVER_ERROR, UNKNOWN_ERROR, str(error))
        case R2Error():
            return failure(error.status, error.code, error.message)
        case web.HTTPException():
            return failure(error.status, UNKNOWN_ERROR, error.reason)
        case CatalogUnusable():
            logger.error("%s", error)
            return failure(HTTPStatus.INTERNAL_SERVER_ERROR, UNKNOWN_ERROR, str(error))
    logger.error("A request to the API failed.", exc_info=error)
    return failure(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        UNKNOWN_ERROR,
        "An internal error occurred. Holdfast's log has the details.",
    )


def _response(
    status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> web.Response:
    # Escaped to ASCII, so that even a lone surrogate out of a client's words can be answered.
    text = json.dumps(body) + "\n"
    return web.Response(status=status, text=text, content_type="application/json", headers=headers)
