"""Origins: the servers that lie behind Workers, and answer what scripts fetch of their hosts.

On Cloudflare a Worker stands in front of an origin: `fetch(request)` asks that, and not the Worker
again, by whatever name it was asked.
https://developers.cloudflare.com/workers/runtime-apis/fetch/
"""

from collections.abc import Mapping
from dataclasses import field
from urllib.parse import urlsplit, urlunsplit

from holdfast.dataclass import dataclass
from holdfast.host.context import Host
from holdfast.host.ops import op


@dataclass(frozen=True, slots=True)
class Behind:
    """Where a request for a URL goes, and the authority that it asks for."""

    url: str
    authority: str


@dataclass(frozen=True, slots=True)
class Origins:
    """Origins by the names of their hosts, in lower case: their scheme and authority.

    What is asked of them need not be permitted otherwise: whoever runs the server says where
    they are.
    """

    by_host: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def behind(self, url: str) -> Behind | None:
        """Where a request for a URL goes instead; None where it goes where its name leads."""
        parts = urlsplit(url)
        origin = self.by_host.get(parts.hostname or "")
        if origin is None:
            return None
        scheme, authority = origin
        target = urlunsplit((scheme, authority, parts.path, parts.query, ""))
        return Behind(target, parts.netloc.rpartition("@")[2])


@op
def origin_is_behind(host: Host, url: str) -> bool:
    """Whether an origin answers what is asked of this URL."""
    return host.capabilities.fetch.origins.behind(url) is not None
