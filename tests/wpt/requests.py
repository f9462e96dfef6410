"""The requests that `.py` handlers are given, in the shapes that WPT's own server has for them.

https://web-platform-tests.org/tools/wptserve/docs/request.html: names and values are bytes.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator
from email.parser import BytesParser
from email.policy import HTTP
from http.cookies import CookieError, SimpleCookie
from threading import Lock
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web


def to_bytes(value: Any) -> bytes:
    """Text as bytes by the numbers of its characters, bytes as they are."""
    if isinstance(value, bytes):
        return value
    return str(value).encode("latin-1", "replace") if value is not None else b""


class MultiDict(dict[bytes, list[Any]]):
    """Several values to a name; the first is the one that counts."""

    def add(self, name: Any, value: Any) -> None:
        """One more value."""
        self.setdefault(to_bytes(name), []).append(value)

    def __getitem__(self, name: Any) -> Any:
        return super().__getitem__(to_bytes(name))[0]

    def __contains__(self, name: Any) -> bool:
        return super().__contains__(to_bytes(name))

    def first(self, name: Any, default: Any = KeyError) -> Any:
        """The first value, or `default` where one is given."""
        if name not in self and default is not KeyError:
            return default
        return self[name]

    def get(self, name: Any, default: Any = None) -> Any:
        """The first value, or `default`."""
        return self.first(name, default)

    def get_list(self, name: Any) -> list[Any]:
        """All values."""
        return super().get(to_bytes(name), [])


class RequestHeaders(MultiDict):
    """Headers by name in lower case; several of a name read as one."""

    def __getitem__(self, name: Any) -> Any:
        if name not in self:
            raise KeyError(name)
        return b", ".join(self.get_list(name))

    def __contains__(self, name: Any) -> bool:
        return dict.__contains__(self, to_bytes(name).lower())

    def get_list(self, name: Any) -> list[Any]:
        """All values."""
        return super().get_list(to_bytes(name).lower())


class ResponseHeaders:
    """Headers in the order in which they were set."""

    def __init__(self) -> None:
        self._lines: list[tuple[bytes, bytes]] = []

    def set(self, name: Any, value: Any) -> None:
        """Replace what there is under the name."""
        wanted = to_bytes(name).lower()
        self._lines = [line for line in self._lines if line[0].lower() != wanted]
        self.append(name, value)

    def __setitem__(self, name: Any, value: Any) -> None:
        self.set(name, value)

    def append(self, name: Any, value: Any) -> None:
        """One more line."""
        self._lines.append((to_bytes(name), to_bytes(value)))

    def update(self, lines: Iterable[tuple[Any, Any]]) -> None:
        """Set what is not there, append what the lines have several times."""
        given: list[bytes] = []
        for name, value in lines:
            key = to_bytes(name).lower()
            (self.append if key in given else self.set)(name, value)
            given.append(key)

    def get(self, name: Any, default: Any = None) -> Any:
        """The values under a name, or `default`."""
        wanted = to_bytes(name).lower()
        return [value for key, value in self._lines if key.lower() == wanted] or default

    __getitem__ = get

    def __contains__(self, name: Any) -> bool:
        return self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(self._lines)

    def items(self) -> list[tuple[bytes, bytes]]:
        """Every line."""
        return [*self._lines]


class Stash:
    """Values that one request leaves for another, by key and path."""

    def __init__(self) -> None:
        self.lock = Lock()
        self._values: dict[tuple[str, bytes], Any] = {}

    def at(self, path: str) -> SimpleNamespace:
        """The stash as a handler under `path` sees it."""

        def put(key: Any, value: Any, other: str | None = None) -> None:
            self._values[_folder(other or path), to_bytes(key)] = value

        def take(key: Any, other: str | None = None) -> Any:
            return self._values.pop((_folder(other or path), to_bytes(key)), None)

        return SimpleNamespace(put=put, take=take, lock=self.lock)


def _folder(path: str) -> str:
    return path.rstrip("/")


class HandlerRequest:
    """The `request` of a handler."""

    def __init__(self, request: web.BaseRequest, body: bytes, stash: Stash) -> None:
        self.method = request.method
        host = request.headers.get("Host", "")
        self.url = f"http://{host}{request.raw_path}"
        self.url_parts = urlsplit(self.url)
        self.request_path = self.url_parts.path
        peer = request.transport.get_extra_info("peername") if request.transport else None
        self.client_address = peer or ("127.0.0.1", 0)
        self.protocol_version = "HTTP/1.1"
        self.body = body
        self.headers = RequestHeaders()
        for name, value in request.raw_headers:
            self.headers.add(name.lower(), value)
        self.raw_headers = b"".join(n + b": " + v + b"\r\n" for n, v in request.raw_headers)
        self.GET = _pairs(self.url_parts.query.encode("latin-1", "replace"))
        self.server = SimpleNamespace(stash=stash.at(self.url_parts.path), config={})
        self.raw_input = SimpleNamespace(read=lambda size=-1: body if size < 0 else body[:size])

    @property
    def POST(self) -> MultiDict:  # noqa: N802 - the name that handlers use
        """The fields of a form in the body."""
        kind = self.headers.get(b"content-type", b"")
        if kind.startswith(b"multipart/form-data"):
            return _fields(kind, self.body)
        return _pairs(self.body)

    @property
    def cookies(self) -> MultiDict:
        """Each cookie as an object with a `value`."""
        found = MultiDict()
        jar: SimpleCookie = SimpleCookie()
        try:
            jar.load(self.headers.get(b"cookie", b"").decode("latin-1"))
        except CookieError:
            return found
        for name, morsel in jar.items():
            found.add(name, SimpleNamespace(value=morsel.value.encode("latin-1")))
        return found

    @property
    def auth(self) -> SimpleNamespace:
        """User name and password of basic authentication, None where there is none."""
        scheme, _, encoded = self.headers.get(b"authorization", b"").partition(b" ")
        try:
            user, _, password = base64.b64decode(encoded).partition(b":")
        except binascii.Error:
            scheme = b""
        if scheme.lower() != b"basic":
            return SimpleNamespace(username=None, password=None)
        return SimpleNamespace(username=user, password=password)


def _pairs(text: bytes) -> MultiDict:
    found = MultiDict()
    for name, value in parse_qsl(text.decode("latin-1"), True, encoding="latin-1"):
        found.add(name, to_bytes(value))
    return found


def _fields(kind: bytes, body: bytes) -> MultiDict:
    found = MultiDict()
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind + b"\r\n\r\n" + body)
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        found.add(name, part.get_payload(decode=True))
    return found
