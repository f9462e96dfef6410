"""Answers that are XML, or nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from aiohttp import web

from holdfast.api.s3.xml import document, element, text

OWNER = element("Owner", text("ID", "local"), text("DisplayName", "local"))


def xml_answer(name: str, *content: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer that is a document of elements."""
    body = document(name, *content)
    return web.Response(body=body, content_type="application/xml", headers=headers)


def empty_answer(
    status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> web.Response:
    """An answer without a body."""
    return web.Response(status=status, headers=headers)


def time_text(milliseconds: float) -> str:
    """A time as documents tell it."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
