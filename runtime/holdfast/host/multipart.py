"""multipart/form-data, taken apart.

The standard's parser, and RFC 2046 where senders rely on it: text before the first
boundary and after the last is skipped, and white space after a boundary is allowed.
A form whose first line ends without a carriage return has none at all, as in workerd.
Boundaries count only at the start of a line, so content may be any bytes.

https://andreubotella.github.io/multipart-form-data/#multipart-form-data-parser
https://www.rfc-editor.org/rfc/rfc7578, https://www.rfc-editor.org/rfc/rfc2046#section-5.1
"""

import json
import re
import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from holdfast.engine import ScriptError
from holdfast.host.ops import op

if TYPE_CHECKING:
    from holdfast.host.context import Host

MAX_PARTS = 10_000
MAX_PART_HEADER_BYTES = 65_536

# A parsed part: a field (name, value), or a file (name, file name, type, start, end).
Part = tuple[str, str] | tuple[str, str, str, int, int]

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
# A quote behind a backslash, as curl and others write it, ends a text where a parameter may end.
_PARAMETER = re.compile(
    rb";[ \t]*(" + _TOKEN + rb")[ \t]*=[ \t]*"
    rb'(?:"((?:[^"\r\n]|\\")*?)"(?=[ \t]*(?:;|$))|(' + _TOKEN + rb"))[ \t]*"
)
_FORM_DATA = re.compile(rb"[ \t]*form-data[ \t]*", re.IGNORECASE)
_EXTENDED = re.compile(rb"([A-Za-z0-9\-]+)'[A-Za-z0-9\-]*'(.*)", re.DOTALL)
_NOT_IN_A_HEADER = re.compile(rb"[\0\r\n]")


class MultipartError(ValueError):
    """The bytes are no multipart/form-data; the message is meant for the script."""


def parse_multipart(content: bytes, boundary: str) -> Iterator[Part]:
    """The parts of a form, in order. Raises MultipartError, perhaps after some parts."""
    delimiter = b"--" + boundary.encode("utf-8", "replace")
    bare = re.compile(rb"(?:\A|\n)" + re.escape(delimiter) + rb"[ \t]*(\r?)\n").search(content)
    line_break = b"\n" if bare and not bare[1] else b"\r\n"
    positions = _delimiters(content, delimiter, line_break)
    _, start = next(positions)
    for count, (end, next_start) in enumerate(positions, 1):
        if count > MAX_PARTS:
            raise MultipartError(f"The form has more than {MAX_PARTS} parts.")
        yield _part(content, start, end, line_break)
        start = next_start


def _delimiters(content: bytes, delimiter: bytes, line_break: bytes) -> Iterator[tuple[int, int]]:
    """Where each delimiter line begins (with the line break before it) and ends.

    The last one is that which closes the form.
    """
    line = re.compile(
        b"(?:\\A|%b)%b(?:(--)|[ \t]*%b)" % (line_break, re.escape(delimiter), line_break)
    )
    position = 0
    while match := line.search(content, position):
        yield match.start(), match.end()
        if match[1]:
            return
        # The line break that ends this line may belong to the next delimiter.
        position = match.end() - len(line_break)
    if position:
        raise MultipartError("The form ends before its last boundary.")
    raise MultipartError("No initial boundary string (or you have a truncated message).")


def _part(content: bytes, start: int, end: int, line_break: bytes) -> Part:
    # A part without any header begins with the empty line itself.
    width = len(line_break)
    most = min(end + width, start + MAX_PART_HEADER_BYTES)
    headers_end = content.find(line_break * 2, start - width, most)
    if headers_end < 0 or headers_end + 2 * width > max(end, start):
        raise MultipartError("A part of the form has no end of its headers.")
    headers = _headers(content[start : max(start, headers_end)], line_break)
    name, filename = _disposition(headers.get(b"content-disposition"))
    body = headers_end + 2 * width
    if filename is None:
        return name, content[body:end].decode("utf-8", "replace")
    return name, filename, _content_type(headers.get(b"content-type")), body, end


def _headers(block: bytes, line_break: bytes) -> dict[bytes, bytes]:
    headers: dict[bytes, bytes] = {}
    for line in block.split(line_break) if block else ():
        name, colon, value = line.partition(b":")
        name = name.strip(b" \t")
        if not colon or not re.fullmatch(_TOKEN, name) or _NOT_IN_A_HEADER.search(value):
            raise MultipartError("A part of the form has an invalid header.")
        headers[name.lower()] = value.strip(b" \t")
    return headers


def _disposition(value: bytes | None) -> tuple[str, str | None]:
    """Name and file name of a part."""
    if value is None or not (match := _FORM_DATA.match(value)):
        told = (value or b"").decode("utf-8", "replace")
        raise MultipartError(
            'Content-Disposition header for FormData part must have the value "form-data", '
            f'possibly followed by parameters. Got: "{told}"'
        )
    parameters: dict[bytes, bytes] = {}
    position = match.end()
    while match := _PARAMETER.match(value, position):
        quoted, plain = match[2], match[3]
        text = quoted.replace(rb"\"", b'"') if plain is None else plain
        parameters.setdefault(match[1].lower(), text)
        position = match.end()
    if value[position:].strip(b" \t;"):
        raise MultipartError("A part of the form has an invalid Content-Disposition header.")
    name = parameters.get(b"name")
    if name is None:
        raise MultipartError("A part of the form has no name.")
    return name.decode("utf-8", "replace"), _filename(parameters)


def _filename(parameters: dict[bytes, bytes]) -> str | None:
    extended = _EXTENDED.fullmatch(parameters.get(b"filename*", b""))
    if extended and extended[1].lower() in (b"utf-8", b"iso-8859-1"):
        return unquote_to_bytes(extended[2]).decode(extended[1].decode(), "replace")
    filename = parameters.get(b"filename")
    return None if filename is None else filename.decode("utf-8", "replace")


def _content_type(value: bytes | None) -> str:
    """The header's value, a character for each byte; the one that a missing header stands for."""
    return "text/plain" if value is None else value.decode("latin-1")


@op
def multipart_parse(host: "Host", content: bytes, boundary: str) -> str:
    """The parts as a JSON array of arrays, each of them a `Part`. Raises TypeError."""
    try:
        return json.dumps(list(parse_multipart(content, boundary)))
    except MultipartError as error:
        raise ScriptError("TypeError", str(error)) from error


@op
def multipart_boundary(host: "Host") -> str:
    """A boundary that nobody can guess, so that no content can contain it by design."""
    return f"----HoldfastFormBoundary{secrets.token_hex(16)}"
