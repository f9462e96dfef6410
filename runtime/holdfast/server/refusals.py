"""What a client is told that sends what is no request, or none that is taken."""

from typing import Any

from aiohttp.http_exceptions import HttpProcessingError, InvalidURLError, LineTooLong
from aiohttp.http_parser import RawRequestMessage
from aiohttp.http_writer import HttpVersion10, HttpVersion11

MAX_TARGET_BYTES = 16_384  # Cloudflare's limit on a URL
MAX_HEADER_BYTES = 32_768
MAX_HEAD_BYTES = 131_072  # of all headers; Cloudflare's limit, too
MAX_HEADERS = 2_048  # each takes a hundred times its least size while the head is not whole
HEAD_LIMITS: dict[str, Any] = {  # of aiohttp's parser
    "max_line_size": MAX_TARGET_BYTES,
    "max_field_size": MAX_HEADER_BYTES,
    "max_headers": MAX_HEADERS,
}

MAX_BODY_BYTES = 2**53 - 1  # what JavaScript counts exactly
VERSIONS = (HttpVersion11, HttpVersion10)

TOO_MANY_HEADERS = 431, "The request's headers are larger than 128 kB."
_MANY_HEADERS = 431, "The request has more than 2,048 headers."
_LONG_TARGET = 414, "The request's URL is longer than 16 kB."
_LONG_HEADER = 431, "A header of the request is longer than 32 kB."
_HTTP_2 = 505, "HTTP/2 is not spoken here: ask with HTTP/1.1, or through a proxy that does."


TOO_MUCH_BESIDE = 431, "The body's trailers and chunk extensions are larger than 128 kB."
UNKNOWN_VERSION = 505, "Ask with HTTP/1.1."
_LARGE_BODY = 413, "The request's Content-Length is too large."
_NO_PROXY = 501, "CONNECT is for proxies, and this is none."
_OTHER_CODING = 501, "The request's body has a transfer coding other than chunked."
_OLD_CHUNKED = 400, "A request of HTTP/1.0 has no Transfer-Encoding."


class RequestRefused(Exception):
    """The request is whole and none that is taken: its status and the text for the client."""


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
    if error.message.startswith("Too many headers"):
        return _MANY_HEADERS
    if error.message.startswith("Pause on PRI/Upgrade"):  # llhttp's words for HTTP/2's preface
        return _HTTP_2
    if "Invalid HTTP version" in error.message:
        return UNKNOWN_VERSION
    # What follows shows bytes of the request.
    return 400, " ".join(error.message.partition("\n\n")[0].split()).removesuffix(":")


def check_body(message: RawRequestMessage) -> int | None:
    """The length of a body, where that is told. Raises RequestRefused if it cannot be read."""
    if message.chunked:
        # https://www.rfc-editor.org/rfc/rfc9112#section-6.1
        if message.version == HttpVersion10:
            raise RequestRefused(*_OLD_CHUNKED)
        if message.headers["Transfer-Encoding"].lower() != "chunked":
            raise RequestRefused(*_OTHER_CODING)
        return None
    if message.method == "CONNECT":
        raise RequestRefused(*_NO_PROXY)
    length = int(message.headers["Content-Length"])
    if length > MAX_BODY_BYTES:
        raise RequestRefused(*_LARGE_BODY)
    return length


def checked_empty(message: RawRequestMessage) -> bytes:
    """A body of 0 bytes. Raises RequestRefused where the parser takes a large one for that."""
    if int(message.headers["Content-Length"]):
        raise RequestRefused(*_LARGE_BODY)
    return b""


def wants_to_continue(message: RawRequestMessage) -> bool:
    """Whether the client sends the body when it is told to: https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1."""
    expected = message.headers.get("Expect")
    return (
        expected is not None
        and message.version == HttpVersion11
        and expected.lower() == "100-continue"
    )
