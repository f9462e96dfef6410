"""What a FetchClient is given, and what it gives."""

from typing import TYPE_CHECKING, NamedTuple

from holdfast.host.byte_streams import ByteStream
from holdfast.host.constants import MAX_CALL_DEPTH
from holdfast.host.redirects import Headers

if TYPE_CHECKING:
    from holdfast.host.fetch_connections import ResponseBody


class FetchRequest(NamedTuple):
    """What to send; header names in lower case. `redirect`: "follow", "manual", "error"."""

    method: str
    url: str
    headers: Headers
    body: bytes | ByteStream | None = None
    redirect: str = "follow"
    calls_left: int = MAX_CALL_DEPTH


class FetchedResponse(NamedTuple):
    """What came back; `body` is None where there can be none, and has to be read or cancelled."""

    status: int
    status_text: str
    url: str
    headers: str
    body: "ResponseBody | None"
    redirected: bool
