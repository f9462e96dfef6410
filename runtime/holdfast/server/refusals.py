"""What a client is told that sends what is no request, or none that is taken."""

from typing import Any

from aiohttp.http_exceptions import HttpProcessingError, InvalidURLError, LineTooLong
from aiohttp.http_parser import RawRequestMessage

MAX_TARGET_BYTES = 16_384  # Cloudflare's limit on a URL
MAX_HEADER_BYTES = 32_768
MAX_HEAD_BYTES = 131_072  # of all headers; Cloudflare's limit, too
HEAD_LIMITS: dict[str, Any] = {  # of aiohttp's parser
    "max_line_size": MAX_TARGET_BYTES,
    "max_field_size": MAX_HEADER_BYTES,
    "max_headers": MAX_HEAD_BYTES // len(b"a:\r\n"),  # so that their size alone has the say
}

TOO_MANY_HEADERS = 431, "The request's headers are larger than 128 kB."
_LONG_TARGET = 414, "The request's URL is longer than 16 kB."
_LONG_HEADER = 431, "A header of the request is longer than 32 kB."
_HTTP_2 = 505, "HTTP/2 is not spoken here: ask with HTTP/1.1, or through a proxy that does."


class RequestBodyBroken(Exception):
    """A request's body was not HTTP, or ended too early: the client's fault."""


def has_large_head(messages: list[tuple[RawRequestMessage, Any]]) -> bool:
    """Whether one of these, which are whole, has larger headers than one may have that is not."""
    return any(
        sum(len(name) + len(value) + 4 for name, value in message.raw_headers) > MAX_HEAD_BYTES
        for message, _ in messages
    )


def refusal_of(error: HttpProcessingError) -> tuple[int, str]:
    """The status and the text for what the parser does not take."""
    if isinstance(error, LineTooLong):
        return _LONG_TARGET if MAX_TARGET_BYTES in error.args else _LONG_HEADER
    if isinstance(error, InvalidURLError):
        return 400, "The request's target is no URL."
    if error.message.startswith("Pause on PRI/Upgrade"):  # llhttp's words for HTTP/2's preface
        return _HTTP_2
    return 400, error.message
