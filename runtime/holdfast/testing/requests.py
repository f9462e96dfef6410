"""The body and the headers of a request, from what a test says."""

import json as json_module
import secrets
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from holdfast.host.header_lines import in_lines
from holdfast.testing.errors import HarnessError, hidden_from_tracebacks

__tracebackhide__ = hidden_from_tracebacks

HeadersLike = Mapping[str, str] | Iterable[tuple[str, str]]
Files = Mapping[str, Any]


def absolute(base: str, url: str) -> str:
    """The URL of a request, whose path is never empty."""
    whole = urlsplit(urljoin(base, url))
    return (whole if whole.path else whole._replace(path="/")).geturl()


def make_request(
    headers: HeadersLike | None,
    *,
    body: bytes | str | None = None,
    json: Any = None,
    data: Mapping[str, str] | None = None,
    files: Files | None = None,
) -> tuple[str, bytes | None]:
    """The raw headers and the body. Raises HarnessError where several bodies are given."""
    pairs = [*(headers.items() if isinstance(headers, Mapping) else headers or ())]
    if sum(part is not None for part in (body, json, data or files)) > 1:
        raise HarnessError("Give a request one of body=, json= and data=/files=, not several.")
    content, kind = _body(body, json, data, files)
    if kind and not any(name.lower() == "content-type" for name, _ in pairs):
        pairs.append(("content-type", kind))
    if content is not None:
        pairs.append(("content-length", str(len(content))))
    for name, value in pairs:
        if "\n" in f"{name}{value}" or "\r" in f"{name}{value}":
            raise HarnessError(f"The header {name!r} has a line break.")
    return in_lines(pairs), content


def _body(
    body: bytes | str | None, json: Any, data: Mapping[str, str] | None, files: Files | None
) -> tuple[bytes | None, str]:
    if isinstance(body, str):
        return body.encode(), "text/plain;charset=UTF-8"
    if body is not None:
        return body, ""
    if json is not None:
        return json_module.dumps(json).encode(), "application/json"
    if files is not None:
        return _multipart(data or {}, files)
    if data is not None:
        return urlencode(data).encode(), "application/x-www-form-urlencoded"
    return None, ""


def _multipart(data: Mapping[str, str], files: Files) -> tuple[bytes, str]:
    """https://www.rfc-editor.org/rfc/rfc7578; a file is its content, or (name, content[, type])."""
    boundary = secrets.token_hex(16)
    parts = bytearray()
    for name, value in data.items():
        parts += _part(boundary, f'name="{_quoted(name)}"', "", str(value).encode())
    for name, given in files.items():
        entry = given if isinstance(given, tuple) else (name, given)
        file_name, content = entry[0], entry[1]
        kind = entry[2] if len(entry) > 2 else "application/octet-stream"
        where = f'name="{_quoted(name)}"; filename="{_quoted(file_name)}"'
        encoded = content.encode() if isinstance(content, str) else bytes(content)
        parts += _part(boundary, where, f"Content-Type: {kind}\r\n", encoded)
    parts += f"--{boundary}--\r\n".encode()
    return bytes(parts), f"multipart/form-data; boundary={boundary}"


def _part(boundary: str, where: str, more: str, content: bytes) -> bytes:
    head = f"--{boundary}\r\nContent-Disposition: form-data; {where}\r\n{more}\r\n"
    return head.encode() + content + b"\r\n"


def _quoted(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
