"""Requests and responses as tests see them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from holdfast.host.header_lines import pairs_in
from holdfast.testing.errors import HarnessError, hidden_from_tracebacks

__tracebackhide__ = hidden_from_tracebacks

_SHOWN = 200


class Headers(Mapping[str, str]):
    """Headers by name, in any case; those that come several times are joined by a comma."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self.pairs = pairs

    @classmethod
    def from_raw(cls, raw: str) -> "Headers":
        """Of the host's form: names and values, one a line."""
        return cls(pairs_in(raw))

    def all(self, name: str) -> list[str]:
        """Every value of a header, one by one."""
        return [value for key, value in self.pairs if key.lower() == name.lower()]

    def __getitem__(self, name: str) -> str:
        if values := self.all(name):
            return ", ".join(values)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.lower() for name, _ in self.pairs))

    def __len__(self) -> int:
        return len([*iter(self)])

    def __repr__(self) -> str:
        return repr(dict(self))


class _Body:
    """What requests and responses have in common."""

    headers: Headers
    content: bytes

    def text(self) -> str:
        """The body as text."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body parsed as JSON. Raises HarnessError, which shows it, where it is none."""
        try:
            return json.loads(self.content)
        except ValueError as error:
            raise HarnessError(f"The body is no JSON ({error}): {self!r}") from None

    def _shown(self) -> str:
        text = self.text()
        return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


class Response(_Body):
    """A response whose body is here: `status`, `headers`, `text()`, `json()`, `content`."""

    def __init__(
        self, status: int, headers: Headers, content: bytes, *, status_text: str = "", url: str = ""
    ) -> None:
        self.status = status
        self.status_text = status_text
        self.headers = headers
        self.content = content
        self.url = url
        self.redirected = False

    @classmethod
    def of(
        cls, status: int, body: bytes | str = b"", headers: Mapping[str, str] | None = None
    ) -> "Response":
        """A response that Python code gives to a script."""
        content = body.encode() if isinstance(body, str) else body
        return cls(status, Headers([*(headers or {}).items()]), content)

    @property
    def ok(self) -> bool:
        """True for a status from 200 to 299."""
        return 200 <= self.status < 300

    def __repr__(self) -> str:
        reason = f" {self.status_text}" if self.status_text else ""
        return f"<Response {self.status}{reason} {self.headers!r} {self._shown()}>"


class Request(_Body):
    """A request that a script makes, as Python code that answers it gets it."""

    def __init__(self, method: str, url: str, headers: Headers, content: bytes) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self.content = content

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.url} {self.headers!r} {self._shown()}>"
