"""Ops behind R2 buckets.

A script meets what goes wrong as "put: … (10037)": the method, Cloudflare's words and number.

https://developers.cloudflare.com/r2/api/workers/workers-api-reference/
"""

import json
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from holdfast.engine import ScriptError
from holdfast.host.bodies import ByteStream, body_errors_for_script, table_of
from holdfast.host.context import Host
from holdfast.host.ops import async_op, in_thread
from holdfast.host.r2_bodies import Receiving, body_of, from_thread
from holdfast.storage.r2 import Bucket, Buckets, Condition, Metadata, R2Error
from holdfast.storage.r2.bucket import MAX_UPLOAD_BYTES, Got
from holdfast.storage.r2.contents import NewContent
from holdfast.storage.r2.errors import EntityTooLarge, NoSuchKey, PreconditionFailed
from holdfast.storage.r2.listing import Page

T = TypeVar("T")


class BucketBindings:
    """The buckets that one isolate may reach, by number (the capability `r2`)."""

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets
        self._names: list[str] = []

    def bind(self, name: str, *, is_implied: bool) -> int:
        """Let the isolate reach a bucket; its number there. `is_implied`: nobody creates it."""
        if is_implied:
            self._buckets.imply(name)
        self._names.append(name)
        return len(self._names) - 1

    def user(self, number: int) -> "Use":
        """What calls a function with a bucket. It blocks."""
        name = self._names[number]
        return lambda do: self._buckets.use(name, do)


Use = Callable[[Callable[[Bucket], Any]], Any]


@async_op
async def r2_head(host: Host, bucket: int, key: str) -> str | None:
    """What is told of an object, as JSON; nothing where there is none."""
    use = host.capabilities.r2.user(bucket)
    with _told("head"):
        try:
            found = await in_thread(use, lambda one: one.head(key))
        except NoSuchKey:
            return None
    return json.dumps(found.as_json)


@async_op
async def r2_get(
    host: Host, bucket: int, key: str, options: str
) -> tuple[str, bytes | int | None] | None:
    """An object as JSON with its `range`, and its body: none where `onlyIf` does not hold.

    `options`: JSON with `onlyIf` and `range`. Nothing where there is no such object.
    """
    use = host.capabilities.r2.user(bucket)
    given = json.loads(options)
    condition = Condition.from_json(given.get("onlyIf"))

    def get() -> tuple[Got, bytes | ByteStream | None]:
        got: Got = use(lambda one: one.get(key, given.get("range"), condition))
        return got, None if got.content is None else body_of(got)

    def forget(found: tuple[Got, bytes | ByteStream | None]) -> None:
        if isinstance(found[1], ByteStream):
            found[1].cancel()

    with _told("get"):
        try:
            got, body = await from_thread(get, forget)
        except NoSuchKey:
            return None
    told = got.object.as_json
    told["range"] = {"offset": got.range.start, "length": len(got.range)}
    return json.dumps(told), table_of(host).sent(body)


@async_op
def r2_put(
    host: Host, bucket: int, key: str, options: str, body: str | bytes | int
) -> Coroutine[None, None, str | None]:
    """Store a body, which is taken over; the object as JSON, nothing where `onlyIf` does not hold.

    `options`: JSON with the metadata, `onlyIf` and `checksums`.
    """
    given = json.loads(options)
    condition = Condition.from_json(given.get("onlyIf"))
    checksums = given["checksums"]
    now_ms = host.clock.now_ms()
    use = host.capabilities.r2.user(bucket)

    def begin(one: Bucket) -> NewContent:
        return one.begin(key, [*checksums])

    def finish(one: Bucket, new: NewContent) -> str:
        metadata = _metadata(given, one)
        stored = one.put(
            key, new, metadata, checksums=checksums, condition=condition, now_ms=now_ms
        )
        return json.dumps(stored.as_json)

    return _unless(PreconditionFailed, _received(host, use, "put", body, begin, finish))


@async_op
async def r2_delete(host: Host, bucket: int, keys: str) -> None:
    """Remove objects: a JSON list of keys."""
    use = host.capabilities.r2.user(bucket)
    wanted = json.loads(keys)
    with _told("delete"):
        await in_thread(use, lambda one: one.delete(wanted))


@async_op
async def r2_list(host: Host, bucket: int, options: str) -> str:
    """JSON: `objects`, `prefixes`, and `cursor`, which is empty at the end.

    `options`: what `Page` takes, as JSON.
    """
    use = host.capabilities.r2.user(bucket)
    page = Page(**json.loads(options))

    def read() -> str:
        found = use(lambda one: one.list(page))
        objects = [one.as_json for one in found.objects]
        return json.dumps({"objects": objects, "prefixes": found.prefixes, "cursor": found.cursor})

    with _told("list"):
        told: str = await in_thread(read)
    return told


@async_op
async def r2_create_upload(host: Host, bucket: int, key: str, options: str) -> str:
    """Begin an object that comes in parts; its id. `options`: the metadata as JSON."""
    use = host.capabilities.r2.user(bucket)
    given, now_ms = json.loads(options), host.clock.now_ms()

    def begin(one: Bucket) -> str:
        return one.uploads.begin(key, _metadata(given, one), now_ms)

    with _told("createMultipartUpload"):
        upload: str = await in_thread(use, begin)
    return upload


@async_op
def r2_upload_part(
    host: Host, bucket: int, key: str, upload: str, number: int, body: str | bytes | int
) -> Coroutine[None, None, str]:
    """Store a part, which is taken over; its etag."""
    use = host.capabilities.r2.user(bucket)

    def begin(one: Bucket) -> NewContent:
        return one.uploads.begin_part(key, upload)

    def finish(one: Bucket, new: NewContent) -> str:
        return one.uploads.put_part(key, upload, number, new)

    return _received(host, use, "uploadPart", body, begin, finish)


@async_op
async def r2_complete_upload(host: Host, bucket: int, key: str, upload: str, parts: str) -> str:
    """Make an object of parts, a JSON list of numbers and etags; the object as JSON."""
    use = host.capabilities.r2.user(bucket)
    chosen = [(number, etag) for number, etag in json.loads(parts)]
    now_ms = host.clock.now_ms()
    with _told("completeMultipartUpload"):
        stored = await in_thread(use, lambda one: one.uploads.complete(key, upload, chosen, now_ms))
    return json.dumps(stored.as_json)


@async_op
async def r2_abort_upload(host: Host, bucket: int, key: str, upload: str) -> None:
    """End an upload without an object."""
    use = host.capabilities.r2.user(bucket)
    with _told("abortMultipartUpload"):
        await in_thread(use, lambda one: one.uploads.abort(key, upload))


def _received(
    host: Host,
    use: Use,
    action: str,
    body: str | bytes | int,
    begin: Callable[[Bucket], NewContent],
    finish: Callable[[Bucket, NewContent], str],
) -> Coroutine[None, None, str]:
    """Write a body to what `begin` gives, and have `finish` store it."""
    with body_errors_for_script():
        received = table_of(host).received(body)
    assert received is not None, "there is always a body"
    if isinstance(received, ByteStream):
        return _streamed(use, action, received, begin, finish)
    return _at_once(use, action, received, begin, finish)


async def _at_once(
    use: Use,
    action: str,
    content: bytes,
    begin: Callable[[Bucket], NewContent],
    finish: Callable[[Bucket, NewContent], str],
) -> str:
    def store(bucket: Bucket) -> str:
        with begin(bucket) as new:
            new.write(content)
            return finish(bucket, new)

    with _told(action):
        stored: str = await in_thread(use, store)
    return stored


async def _streamed(
    use: Use,
    action: str,
    stream: ByteStream,
    begin: Callable[[Bucket], NewContent],
    finish: Callable[[Bucket, NewContent], str],
) -> str:
    try:
        with _told(action), body_errors_for_script():
            if (stream.length or 0) > MAX_UPLOAD_BYTES:
                raise EntityTooLarge
            receiving = Receiving(await from_thread(lambda: use(begin), NewContent.close))
            try:
                await receiving.take(stream.read)
                return await receiving.do(lambda new: use(lambda bucket: finish(bucket, new)))
            finally:
                receiving.close()
    finally:
        stream.cancel()


def _metadata(given: dict[str, Any], bucket: Bucket) -> Metadata:
    storage_class = given.get("storageClass", bucket.storage_class)
    return Metadata(given["http"], given["custom"], storage_class)


async def _unless(kind: type[R2Error], doing: Coroutine[None, None, str]) -> str | None:
    """What comes of doing something; None where it is refused in this way."""
    try:
        return await doing
    except ScriptError as error:
        if isinstance(error.__cause__, kind):
            return None
        raise


@contextmanager
def _told(action: str) -> Iterator[None]:
    """Lets a script see the R2Errors of what is done inside."""
    try:
        yield
    except R2Error as error:
        raise ScriptError("Error", f"{action}: {error.message} ({error.code})") from error
