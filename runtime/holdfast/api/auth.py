"""The token: who has it may do everything, who has not is told nothing."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from aiohttp import web

from holdfast.api.envelope import AUTHENTICATION_ERROR, ApiRefusal, Handler
from holdfast.api.secret_text import are_same
from holdfast.api.settings import ApiSettings

OPEN_PREFIX = "/tails/"
"""Paths that have a secret of their own; what is there must check it."""

HEALTH = "/health"
"""Who has no token may ask whether anybody is there: the answer tells nothing else."""

METRICS = "/metrics"
"""Who may only watch has a token that opens nothing else."""

_Handler = TypeVar("_Handler", bound=Callable[..., Any])
_CHECKS = "holdfast_checks_who_asks"

SETTINGS = web.AppKey("settings", ApiSettings)


def with_own_token(handler: _Handler) -> _Handler:
    """A decorator: the handler checks a token of its own, before it does anything else."""
    setattr(handler, _CHECKS, True)
    return handler


@web.middleware
async def authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Middleware: lets a request pass that carries the token.

    Any other gets the same answer whatever its path, before its body is read.
    """
    settings = request.app[SETTINGS]
    open_to_all = request.path == HEALTH or request.path.startswith(OPEN_PREFIX)
    open_to_all = open_to_all or getattr(request.match_info.handler, _CHECKS, False)
    if not open_to_all and not carries_token(request, settings.token):
        watches = request.path == METRICS and settings.metrics_token
        if not watches or not carries_token(request, settings.metrics_token):
            raise unauthenticated()
    return await handler(request)


def unauthenticated() -> ApiRefusal:
    """The answer to a request that carries no token, or not the right one."""
    return ApiRefusal(
        HTTPStatus.UNAUTHORIZED,
        AUTHENTICATION_ERROR,
        "Authentication error",
        {"WWW-Authenticate": "Bearer"},
    )


def carries_token(request: web.BaseRequest, token: str) -> bool:
    """True if the request presents `token`; takes as long for a near miss as for a far one."""
    return are_same(token, presented(request))


def presented(request: web.BaseRequest) -> str:
    """What the request offers as `Authorization: Bearer …` or as `X-Auth-Key`."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    return request.headers.get("X-Auth-Key", "").strip()
