"""What a script's calls to R2 buckets do, on threads.

A script meets what goes wrong as "put: … (10037)": the method, Cloudflare's words and number.
"""

import json
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from holdfast.engine import ScriptError
from holdfast.host.bodies import body_errors_for_script, table_of
from holdfast.host.byte_streams import ByteStream
from holdfast.host.context import Host
from holdfast.host.ops import in_thread
from holdfast.host.r2_bodies import Receiving, body_of, from_thread
from holdfast.storage.r2 import Bucket, Buckets, Condition, Metadata, R2Error
from holdfast.storage.r2.bucket import MAX_UPLOAD_BYTES, Got
from holdfast.storage.r2.contents import NewContent
from holdfast.storage.r2.errors import EntityTooLarge, NoSuchKey, PreconditionFailed
from holdfast.storage.r2.listing import Page

_Use = Callable[[Callable[[Bucket], Any]], Any]
_Body = str | bytes | int


class BucketBindings:
    """The buckets that one isolate may reach, by number (the capability `r2`).

    The methods are the ops of host/r2.py.
    """

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets
        self._names: list[str] = []

    def bind(self, name: str, *, is_implied: bool) -> int:
        """Let the isolate reach a bucket; its number there. `is_implied`: nobody creates it."""
        if is_implied:
            self._buckets.imply(name)
        self._names.append(name)
        return len(self._names) - 1

    def _user(self, number: int) -> _Use:
        """What calls a function with a bucket. It blocks."""
        name = self._names[number]
        return lambda do: self._buckets.use(name, do)

    # ---- objects -------------------------------------------------------------------

    async def head(self, bucket: int, key: str) -> str | None:
        """See r2_head."""
        use = self._user(bucket)
        with _told("head"):
            try:
                found = await in_thread(use, lambda one: one.head(key))
            except NoSuchKey:
                return None
        return json.dumps(found.as_json)

    async def get(
        self, host: Host, bucket: int, key: str, options: str
    ) -> tuple[str, bytes | int | None] | None:
        """See r2_get."""
        use, given = self._user(bucket), json.loads(options)
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

    def put(
        self, host: Host, bucket: int, key: str, options: str, body: _Body
    ) -> Coroutine[None, None, str | None]:
        """See r2_put."""
        given = json.loads(options)
        condition, checksums = Condition.from_json(given.get("onlyIf")), given["checksums"]
        now_ms = host.clock.now_ms()

        def begin(one: Bucket) -> NewContent:
            return one.begin(key, [*checksums])

        def finish(one: Bucket, new: NewContent) -> str:
            metadata = _metadata(given, one)
            stored = one.put(
                key, new, metadata, checksums=checksums, condition=condition, now_ms=now_ms
            )
            return json.dumps(stored.as_json)

        return _unless_refused(self._received(host, bucket, "put", body, begin, finish))

    async def delete(self, bucket: int, keys: str) -> None:
        """See r2_delete."""
        use, wanted = self._user(bucket), json.loads(keys)
        with _told("delete"):
            await in_thread(use, lambda one: one.delete(wanted))

    async def list(self, bucket: int, options: str) -> str:
        """See r2_list."""
        use, page = self._user(bucket), Page(**json.loads(options))

        def read() -> str:
            found = use(lambda one: one.list(page))
            objects = [one.as_json for one in found.objects]
            told = {"objects": objects, "prefixes": found.prefixes, "cursor": found.cursor}
            return json.dumps(told)

        with _told("list"):
            told: str = await in_thread(read)
        return told

    # ---- uploads in parts ------------------------------------------------------------

    async def create_upload(self, host: Host, bucket: int, key: str, options: str) -> str:
        """See r2_create_upload."""
        use, given, now_ms = self._user(bucket), json.loads(options), host.clock.now_ms()

        def begin(one: Bucket) -> str:
            return one.uploads.begin(key, _metadata(given, one), now_ms)

        with _told("createMultipartUpload"):
            upload: str = await in_thread(use, begin)
        return upload

    def upload_part(
        self, host: Host, bucket: int, key: str, upload: str, number: int, body: _Body
    ) -> Coroutine[None, None, str]:
        """See r2_upload_part."""

        def begin(one: Bucket) -> NewContent:
            return one.uploads.begin_part(key, upload)

        def finish(one: Bucket, new: NewContent) -> str:
            return one.uploads.put_part(key, upload, number, new)

        return self._received(host, bucket, "uploadPart", body, begin, finish)

    async def complete_upload(
        self, host: Host, bucket: int, key: str, upload: str, parts: str
    ) -> str:
        """See r2_complete_upload."""
        use, now_ms = self._user(bucket), host.clock.now_ms()
        chosen = [(number, etag) for number, etag in json.loads(parts)]
        with _told("completeMultipartUpload"):
            stored = await in_thread(
                use, lambda one: one.uploads.complete(key, upload, chosen, now_ms)
            )
        return json.dumps(stored.as_json)

    async def abort_upload(self, bucket: int, key: str, upload: str) -> None:
        """See r2_abort_upload."""
        use = self._user(bucket)
        with _told("abortMultipartUpload"):
            await in_thread(use, lambda one: one.uploads.abort(key, upload))

    # ---- bodies ----------------------------------------------------------------------

    def _received(
        self,
        host: Host,
        bucket: int,
        action: str,
        body: _Body,
        begin: Callable[[Bucket], NewContent],
        finish: Callable[[Bucket, NewContent], str],
    ) -> Coroutine[None, None, str]:
        """Write a body to what `begin` gives, and have `finish` store it."""
        with body_errors_for_script():
            received = table_of(host).received(body)
        assert received is not None, "there is always a body"
        store = _streamed if isinstance(received, ByteStream) else _at_once
        return store(self._user(bucket), action, received, begin, finish)


async def _at_once(
    use: _Use,
    action: str,
    content: Any,
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
    use: _Use,
    action: str,
    stream: Any,
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


async def _unless_refused(putting: Coroutine[None, None, str]) -> str | None:
    """What comes of a put; None where its condition does not hold."""
    try:
        return await putting
    except ScriptError as error:
        if isinstance(error.__cause__, PreconditionFailed):
            return None
        raise


@contextmanager
def _told(action: str) -> Iterator[None]:
    """Lets a script see the R2Errors of what is done inside."""
    try:
        yield
    except R2Error as error:
        raise ScriptError("Error", f"{action}: {error.message} ({error.code})") from error
