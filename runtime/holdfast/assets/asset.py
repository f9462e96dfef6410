"""`Asset`: a file that is served at a path, and who finds it."""

from typing import Protocol

from holdfast.dataclass import dataclass

MAX_ASSETS = 100_000
MAX_ASSET_BYTES = 25 << 20
"""As on Cloudflare. https://developers.cloudflare.com/workers/platform/limits/#static-assets"""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that is served at a path.

    `etag` is without quotes, `file` where it is read from. `content_type` is None where none is
    to be told.
    """

    etag: str
    content_type: str | None
    size: int
    file: str


class AssetFiles(Protocol):
    """Finds files."""

    def find(self, path: str) -> Asset | None:
        """The file at a path, decoded and with "/" in front; None where there is none."""

    def rule_files(self) -> tuple[str | None, str | None]:
        """The texts of `_headers` and `_redirects`, the same objects while they are the same."""
