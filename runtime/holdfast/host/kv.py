"""Ops behind KV namespaces, as https://developers.cloudflare.com/kv/api/ has them.

Limits and messages are those of Cloudflare's service, which a Worker meets as
"KV PUT failed: 400 …".
"""

import base64
import json
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.host.large_json import dumps
from holdfast.host.ops import async_op, in_thread
from holdfast.storage.key_value import Entry, KeyValueStore

MAX_KEY_BYTES = 512
MAX_VALUE_BYTES = 25 * 1024 * 1024
MAX_METADATA_BYTES = 1024
MAX_LIST_KEYS = 1000
MAX_BULK_KEYS = 100
MAX_SECONDS = 2**53 - 1  # as far as integers are exact in JavaScript
MIN_TTL_SECONDS = 60
MIN_CACHE_TTL_SECONDS = 30


class Entries(Protocol):
    """What has a namespace's entries: the server's `KeyValueStore`, or a `FileStore`."""

    def get(self, namespace: str, key: str, now_s: float, /) -> Entry | None:
        """See KeyValueStore."""

    def put(self, namespace: str, entries: Iterable[Entry], now_s: float, /) -> None:
        """See KeyValueStore."""

    def delete(self, namespace: str, keys: Sequence[str], /) -> None:
        """See KeyValueStore."""

    def page(
        self, namespace: str, now_s: float, /, *, prefix: str = "", after: str = "", limit: int
    ) -> tuple[list[Entry], bool]:
        """See KeyValueStore."""


class KeyValueBindings:
    """The KV namespaces that one isolate may reach, by number (the capability `kv`)."""

    def __init__(self, store: KeyValueStore) -> None:
        self._store = store
        self._namespaces: list[tuple[Entries, str]] = []

    def bind(self, namespace_id: str, store: Entries | None = None) -> int:
        """Let the isolate reach a namespace; its number there.

        `store` has its entries if it is not the server's.
        """
        self._namespaces.append((store or self._store, namespace_id))
        return len(self._namespaces) - 1

    def find(self, number: int) -> tuple[Entries, str]:
        """Where a namespace's entries are kept, and its id."""
        return self._namespaces[number]


@async_op
async def kv_get(
    host: Host, namespace: int, key: str, cache_ttl: float | None
) -> tuple[bytes, str | None] | None:
    """The value of a key and its metadata as JSON; nothing where there is no such key."""
    _check_cache_ttl("GET", cache_ttl)
    store, name = host.capabilities.kv.find(namespace)
    entry = await in_thread(store.get, name, key, _now_s(host))
    return None if entry is None else (entry.value, entry.metadata)


@async_op
async def kv_get_many(host: Host, namespace: int, keys: str, cache_ttl: float | None) -> str:
    """JSON: for each key its value as text and its metadata as JSON, or null."""
    wanted: list[str] = json.loads(keys)
    if len(wanted) > MAX_BULK_KEYS:
        raise failed("GET_BULK", 400, f"You can request a maximum of {MAX_BULK_KEYS} keys")
    if not wanted:
        raise failed("GET_BULK", 400, "You must request a minimum of 1 key")
    for key in wanted:
        check_key("GET_BULK", key)
    _check_cache_ttl("GET_BULK", cache_ttl)
    store, name = host.capabilities.kv.find(namespace)
    now_s = _now_s(host)

    def read() -> str:
        found: list[tuple[str, str | None] | None] = []
        size = 0
        for key in wanted:
            entry = store.get(name, key, now_s)
            found.append(entry and (entry.value.decode("utf-8", "replace"), entry.metadata))
            size += len(entry.value) if entry else 0
            if size > MAX_VALUE_BYTES:
                raise failed("GET_BULK", 413, "Total size of request exceeds the limit of 25MB")
        return dumps(found)

    answer: str = await in_thread(read)
    return answer


@async_op
async def kv_put(
    host: Host,
    namespace: int,
    key: str,
    value: bytes,
    metadata: str | None,
    expiration: float | None,
    expiration_ttl: float | None,
) -> None:
    """Keep a value; it is on the disk when the promise resolves."""
    check_value("PUT", value)
    check_metadata("PUT", metadata)
    now_s = _now_s(host)
    expires = expiration_of("PUT", now_s, expiration, expiration_ttl)
    store, name = host.capabilities.kv.find(namespace)
    await in_thread(store.put, name, [Entry(key, value, metadata, expires)], now_s)


@async_op
async def kv_delete(host: Host, namespace: int, key: str) -> None:
    """Remove a key; one that is not there counts as removed."""
    store, name = host.capabilities.kv.find(namespace)
    await in_thread(store.delete, name, [key])


@async_op
async def kv_list(host: Host, namespace: int, prefix: str, limit: float | None, cursor: str) -> str:
    """JSON: `keys` (`name`, `expiration`, `metadata` as JSON), and `cursor` if there are more."""
    store, name = host.capabilities.kv.find(namespace)
    return json.dumps(await in_thread(list_keys, store, name, _now_s(host), prefix, limit, cursor))


def list_keys(
    store: Entries, namespace: str, now_s: float, prefix: str, limit: float | None, cursor: str
) -> dict[str, Any]:
    """A page of a namespace's keys. Raises ScriptError for a limit or cursor that is none."""
    if limit is not None and not limit >= 1:
        raise failed(
            "GET",
            400,
            f"Invalid key_count_limit of {limit}. Please specify an integer greater than 0.",
        )
    if limit is not None and limit > MAX_LIST_KEYS:
        raise failed(
            "GET",
            400,
            f"Invalid key_count_limit of {limit}. "
            f"Please specify an integer less than {MAX_LIST_KEYS}.",
        )
    if prefix:
        _check_length("GET", prefix)
    count = MAX_LIST_KEYS if limit is None else int(limit)
    after = _key_of(cursor)
    entries, more = store.page(namespace, now_s, prefix=prefix, after=after, limit=count)
    keys = [_listed(entry) for entry in entries]
    return {"keys": keys, "cursor": _cursor_of(entries[-1].key)} if more else {"keys": keys}


def _listed(entry: Entry) -> dict[str, Any]:
    listed: dict[str, Any] = {"name": entry.key}
    if entry.expiration is not None:
        listed["expiration"] = entry.expiration
    if entry.metadata is not None:
        listed["metadata"] = entry.metadata
    return listed


def _cursor_of(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _key_of(cursor: str) -> str:
    if not cursor:
        return ""
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    except ValueError:
        raise failed("GET", 400, "Invalid cursor.") from None


# ---- what is refused -----------------------------------------------------------------


def check_key(method: str, key: str) -> None:
    """Raise ScriptError for a key that no entry can have."""
    if not key:
        raise failed(method, 400, "Key names must not be empty")
    if key in (".", ".."):
        raise failed(method, 400, f'Illegal key name "{key}". Please use a different name.')
    _check_length(method, key)


def _check_length(method: str, key: str) -> None:
    length = len(key.encode("utf-8", "replace"))
    if length > MAX_KEY_BYTES:
        raise failed(
            method,
            414,
            f"UTF-8 encoded length of {length} exceeds key length limit of {MAX_KEY_BYTES}.",
        )


def check_value(method: str, value: bytes) -> None:
    """Raise ScriptError for a value that is too large."""
    if len(value) > MAX_VALUE_BYTES:
        raise failed(
            method, 413, f"Value length of {len(value)} exceeds limit of {MAX_VALUE_BYTES}."
        )


def check_metadata(method: str, metadata: str | None) -> None:
    """Raise ScriptError for metadata, as JSON, that is too large."""
    length = len((metadata or "").encode("utf-8", "replace"))
    if length > MAX_METADATA_BYTES:
        raise failed(
            method, 413, f"Metadata length of {length} exceeds limit of {MAX_METADATA_BYTES}."
        )


def expiration_of(
    method: str, now_s: float, expiration: float | None, expiration_ttl: float | None
) -> int | None:
    """When an entry expires, in seconds since the epoch. Raises ScriptError if it already has."""
    now = int(now_s)
    if expiration_ttl is not None:
        ttl = _shown(expiration_ttl)
        if not 0 < expiration_ttl <= MAX_SECONDS:
            raise failed(
                method,
                400,
                f"Invalid expiration_ttl of {ttl}. Please specify integer greater than 0.",
            )
        if expiration_ttl < MIN_TTL_SECONDS:
            raise failed(
                method,
                400,
                f"Invalid expiration_ttl of {ttl}. "
                f"Expiration TTL must be at least {MIN_TTL_SECONDS}.",
            )
        return now + int(expiration_ttl)
    if expiration is None:
        return None
    if not now < expiration <= MAX_SECONDS:
        raise failed(
            method,
            400,
            f"Invalid expiration of {_shown(expiration)}. Please specify integer greater than the "
            "current number of seconds since the UNIX epoch.",
        )
    if expiration < now + MIN_TTL_SECONDS:
        raise failed(
            method,
            400,
            f"Invalid expiration of {_shown(expiration)}. Expiration times must be at least "
            f"{MIN_TTL_SECONDS} seconds in the future.",
        )
    return int(expiration)


def _shown(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:.17g}"


def _check_cache_ttl(method: str, cache_ttl: float | None) -> None:
    if cache_ttl is not None and not cache_ttl >= MIN_CACHE_TTL_SECONDS:
        raise failed(
            method,
            400,
            f"Invalid cache_ttl of {_shown(cache_ttl)}. "
            f"Cache TTL must be at least {MIN_CACHE_TTL_SECONDS}.",
        )


def failed(method: str, status: int, text: str) -> ScriptError:
    """What a script is told of a call that fails."""
    return ScriptError("Error", f"KV {method} failed: {status} {text}")


def _now_s(host: Host) -> float:
    return host.clock.now_ms() / 1000
