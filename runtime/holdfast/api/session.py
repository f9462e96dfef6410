"""One way to the API: where it is, as whom, and what its answers mean."""

import json
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field
from http.client import HTTPResponse
from pathlib import Path
from typing import IO, Any

from holdfast.dataclass import dataclass

DEFAULT_ACCOUNT = "holdfast"
_PREFIX = "/client/v4"
_TIMEOUT_S = 300.0


class ApiError(Exception):
    """The API refused. `errors` are its (code, message) pairs, `status` the HTTP status."""

    def __init__(self, status: int, errors: Sequence[tuple[int, str]]) -> None:
        super().__init__("; ".join(f"{message} [code: {code}]" for code, message in errors))
        self.status = status
        self.errors = tuple(errors)


@dataclass(frozen=True, slots=True)
class Session:
    """Requests to an account of the API. Each blocks; raises ApiError and OSError."""

    base_url: str
    token: str = field(repr=False)
    account: str

    def send(
        self, method: str, path: str, body: bytes | None = None, content_type: str | None = None
    ) -> dict[str, Any]:
        """One request; returns the answer's envelope."""
        with self._request(method, path, body, content_type) as response:
            return _envelope(response.status, response.read())

    def send_json(self, method: str, path: str, value: object) -> Any:
        """A request whose body is this value as JSON; returns the answer's result."""
        return self.send(method, path, json.dumps(value).encode(), "application/json")["result"]

    def upload(self, method: str, path: str, file: Path) -> dict[str, Any]:
        """A request with a file for a body; returns the answer's envelope."""
        with (
            file.open("rb") as body,
            self._request(
                method, path, body, "application/octet-stream", file.stat().st_size
            ) as response,
        ):
            return _envelope(response.status, response.read())

    def download(self, path: str, file: IO[bytes]) -> None:
        """Write what is at a path, which is no envelope, to a file."""
        with self._request("GET", path) as response:
            shutil.copyfileobj(response, file, 1 << 20)

    @contextmanager
    def _request(
        self,
        method: str,
        path: str,
        body: bytes | IO[bytes] | None = None,
        content_type: str | None = None,
        length: int | None = None,
    ) -> Iterator[HTTPResponse]:
        # urllib writes header values as Latin-1; the token travels as UTF-8.
        headers = {"Authorization": f"Bearer {self.token}".encode().decode("latin-1")}
        if content_type is not None:
            headers["Content-Type"] = content_type
        if length is not None:
            headers["Content-Length"] = str(length)
        url = self._account_url() + path
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"{self.base_url!r} is not an http or https URL")
        request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310 - checked
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310
                yield response
        except urllib.error.HTTPError as error:
            with error:
                _envelope(error.code, error.read())
            raise ApiError(error.code, [(error.code, "an odd answer")]) from error

    def send_paged(self, path: str) -> list[dict[str, Any]]:
        """The results of as many GETs as it takes, by cursor."""
        results: list[dict[str, Any]] = []
        cursor = ""
        while True:
            query = urllib.parse.urlencode({"limit": 1000, "cursor": cursor})
            joint = "&" if "?" in path else "?"
            envelope = self.send("GET", f"{path}{joint}{query}")
            results += envelope["result"]
            cursor = envelope["result_info"]["cursor"]
            if not cursor:
                return results

    def _account_url(self) -> str:
        base = self.base_url.rstrip("/").removesuffix(_PREFIX)
        return f"{base}{_PREFIX}/accounts/{urllib.parse.quote(self.account, safe='')}"


def _envelope(status: int, body: bytes) -> dict[str, Any]:
    """The answer, if it is a success. Raises ApiError."""
    try:
        envelope: dict[str, Any] = json.loads(body)
        if envelope["success"]:
            return envelope
        errors = [(error["code"], error["message"]) for error in envelope["errors"]]
    except (ValueError, TypeError, KeyError) as error:
        text = " ".join(body[:200].decode("utf-8", "replace").split())
        raise ApiError(status, [(status, f"not an answer of Holdfast's API: {text}")]) from error
    raise ApiError(status, errors)
