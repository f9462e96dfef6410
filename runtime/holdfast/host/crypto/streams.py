"""Digests and checksums of what is streamed.

https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#digeststream
"""

from typing import Any
from weakref import WeakKeyDictionary

from holdfast.crc import CRCS
from holdfast.host.context import Host
from holdfast.host.crypto.digests import HASHES
from holdfast.host.ops import op

# Each isolate's streams under way, by the number that the polyfill gave them.
_streams: WeakKeyDictionary[Host, dict[int, Any]] = WeakKeyDictionary()


@op
def crypto_stream_begin(host: Host, stream: int, name: str) -> None:
    """Begin a digest by the name of a hash or of a checksum."""
    _streams.setdefault(host, {})[stream] = (HASHES.get(name) or CRCS[name])()


@op
def crypto_stream_add(host: Host, stream: int, data: bytes) -> None:
    """Add a chunk."""
    _streams[host][stream].update(data)


@op
def crypto_stream_add_large(host: Host, stream: int, data: bytes) -> Any:
    """`crypto_stream_add` as a job, whose answer is nothing."""
    return host.jobs.add_or_do(_streams[host][stream].update, data)


@op
def crypto_stream_end(host: Host, stream: int) -> bytes:
    """The digest of all chunks; the stream is forgotten."""
    digest: bytes = _streams[host].pop(stream).digest()
    return digest


@op
def crypto_stream_drop(host: Host, stream: int) -> None:
    """Forget a stream, if it was not ended."""
    _streams[host].pop(stream, None)
