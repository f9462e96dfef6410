"""Ops of the Cache API: what a script keeps and finds in its caches.

Each script has caches of its own, by name; the default one has the name "".
"""

from collections.abc import Coroutine
from typing import TYPE_CHECKING

from holdfast.host.bodies import body_errors_for_script, table_of
from holdfast.host.byte_streams import BodyError, BufferedBody, ByteStream
from holdfast.host.caching import byte_range, is_not_modified, lifetime_seconds
from holdfast.host.header_lines import fields_in, pairs_in
from holdfast.host.ops import async_op
from holdfast.storage.cache import PIECE_BYTES, CachedResponse, ResponseCache

if TYPE_CHECKING:
    from holdfast.host.context import Host

_NULL_BODY_STATUSES = frozenset({101, 204, 205, 304})
_NOT_KEPT = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "age"})


class ScriptCaches:
    """The caches that one script may use: `host.capabilities.cache`."""

    def __init__(self, cache: ResponseCache, script: str) -> None:
        self.responses = cache
        self._script = script

    def scope(self, name: str) -> str:
        """What keeps a cache of this script apart from all others."""
        return f"{self._script}\n{name}"


class CachedBody(ByteStream):
    """A range of a cached body; it is the reader's until it is read or cancelled."""

    def __init__(self, cache: ResponseCache, entry: int, wanted: range) -> None:
        self.length = len(wanted)
        self._cache = cache
        self._entry = entry
        self._next = wanted.start
        self._end = wanted.stop
        self._released = False

    async def read(self) -> bytes:
        """The next bytes. Raises BodyError if the cache has lost them."""
        if self._next >= self._end:
            self.cancel()
            return b""
        position, skipped = divmod(self._next, PIECE_BYTES)
        piece = await self._cache.piece(self._entry, position)
        content = b"" if piece is None else piece[skipped : skipped + self._end - self._next]
        if not content:
            self.cancel()
            raise BodyError
        self._next += len(content)
        return content

    def cancel(self) -> None:
        """Nobody reads any more."""
        if not self._released:
            self._released = True
            self._cache.release(self._entry)


@async_op
async def cache_match(host: "Host", name: str, key: str, headers: str) -> str | None:
    """Find a response; `headers` are the request's, for conditions and ranges.

    Returns lines: status, status text, the handle of the body (none: empty), then the
    headers' raw string. None where there is nothing.
    """
    caches: ScriptCaches = host.capabilities.cache
    now_ms = host.clock.now_ms()
    found = await caches.responses.match(caches.scope(name), key, now_ms)
    if found is None:
        return None
    body, status, text, raw = _answer(caches.responses, found, fields_in(headers), now_ms)
    handle = "" if body is None else table_of(host).add(body)
    return f"{status}\n{text}\n{handle}\n{raw}"


def _answer(
    cache: ResponseCache, found: CachedResponse, request: dict[str, str], now_ms: float
) -> tuple[CachedBody | None, int, str, str]:
    size = found.size
    age = max(int(now_ms - found.stored_ms) // 1000, 0)
    raw = f"{found.headers}age\n{age}\ncf-cache-status\nHIT\n"
    if is_not_modified(request, fields_in(found.headers)):
        cache.release(found.id)
        return None, 304, "Not Modified", raw
    if found.status in _NULL_BODY_STATUSES:
        cache.release(found.id)
        return None, found.status, found.status_text, raw
    wanted = byte_range(request, size) if found.status == 200 else None
    if wanted is not None and not wanted:
        cache.release(found.id)
        told = f"content-range\nbytes */{size}\ncf-cache-status\nHIT\n"
        return None, 416, "Range Not Satisfiable", told
    if wanted is None:
        body = CachedBody(cache, found.id, range(size))
        return body, found.status, found.status_text, f"{raw}content-length\n{size}\n"
    told = f"content-range\nbytes {wanted[0]}-{wanted[-1]}/{size}\n"
    raw += f"{told}content-length\n{len(wanted)}\n"
    return CachedBody(cache, found.id, wanted), 206, "Partial Content", raw


@async_op
def cache_put(
    host: "Host",
    name: str,
    key: str,
    request_headers: str,
    status: int,
    status_text: str,
    headers: str,
    body: str | bytes | int | None,
) -> Coroutine[None, None, None]:
    """Keep a response, if HTTP and Cloudflare let a shared cache do that; takes the body over."""
    caches: ScriptCaches = host.capabilities.cache
    with body_errors_for_script():
        received = table_of(host).received(body)
    stream = received if isinstance(received, ByteStream) else BufferedBody(received or b"")
    now_ms = host.clock.now_ms()
    kept, lifetime = _kept(fields_in(request_headers), status, headers, now_ms)
    expires_ms = int(now_ms + lifetime * 1000)
    response = CachedResponse(0, status, status_text, kept, 0, int(now_ms), expires_ms)
    if lifetime <= 0:
        return _discard(stream)
    return _keep(caches.responses, caches.scope(name), key, response, stream)


def _kept(request: dict[str, str], status: int, headers: str, now_ms: float) -> tuple[str, float]:
    """The headers that are kept, and for how many seconds."""
    response = fields_in(headers)
    lifetime = lifetime_seconds(request, status, response, now_ms / 1000)
    dropped = _NOT_KEPT | {"set-cookie"}  # a cookie is there only if it is not to be kept
    kept = (f"{n}\n{v}\n" for n, v in pairs_in(headers) if n.lower() not in dropped)
    return "".join(kept), lifetime


async def _discard(stream: ByteStream) -> None:
    """Who writes the body is not to notice that nobody keeps it."""
    with body_errors_for_script():
        while await stream.read():
            pass


async def _keep(
    cache: ResponseCache, scope: str, key: str, response: CachedResponse, stream: ByteStream
) -> None:
    try:
        with body_errors_for_script():
            await cache.put(scope, key, response, stream.read)
    finally:
        stream.cancel()


@async_op
async def cache_delete(host: "Host", name: str, key: str) -> bool:
    """Forget a response; whether there was one."""
    caches: ScriptCaches = host.capabilities.cache
    return await caches.responses.delete(caches.scope(name), key, host.clock.now_ms())
