"""Listings that come by pages."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

from aiohttp import web

from holdfast.api.envelope import MALFORMED_PARAMETER, ApiRefusal, success

MAX_PAGE = 10_000

Item = TypeVar("Item")


def paged(
    items: Sequence[Item],
    request: web.Request,
    listed: Callable[[Item], dict[str, Any]],
    default: int,
) -> web.Response:
    """The page that `page` and `per_page` ask for; `default` is how many are on one."""
    page, per_page = number_of(request, "page", 1), number_of(request, "per_page", default)
    shown = items[(page - 1) * per_page : page * per_page]
    return success(
        [listed(item) for item in shown],
        result_info={
            "count": len(shown),
            "page": page,
            "per_page": per_page,
            "total_count": len(items),
        },
    )


def number_of(request: web.Request, name: str, default: int, *, most: int = MAX_PAGE) -> int:
    """A parameter that is a number from 1 to `most`. Raises ApiRefusal for any other."""
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= most):
        raise malformed(name, f"no number from 1 to {most:,}")
    return int(text)


def malformed(name: str, what: str) -> ApiRefusal:
    """The error for a query parameter that makes no sense."""
    return ApiRefusal(
        HTTPStatus.BAD_REQUEST, MALFORMED_PARAMETER, f'The parameter "{name}" is {what}.'
    )
