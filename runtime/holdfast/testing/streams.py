"""A response whose body is read bit by bit, such as that of server-sent events."""

from typing import TYPE_CHECKING, Self

from holdfast.host.byte_streams import BodyError, BufferedBody, ByteStream
from holdfast.testing.driven import Async, Sync, driven
from holdfast.testing.errors import JavaScriptError, hidden_from_tracebacks
from holdfast.testing.responses import Headers

if TYPE_CHECKING:
    from holdfast.testing.stage import Stage
    from holdfast.workers import WorkerResponse

__tracebackhide__ = hidden_from_tracebacks


class AnyStream:
    """A response that goes on: `status`, `headers`, and `read()`. A context manager."""

    def __init__(self, core: "Stage", what: str, given: "WorkerResponse") -> None:
        self.status = given.status
        self.headers = Headers.from_raw(given.headers)
        body = given.body
        self._body = body if isinstance(body, ByteStream) else BufferedBody(body or b"")
        self._core = core
        self._what = what

    def __repr__(self) -> str:
        return f"<Stream {self._what} → {self.status}>"

    @driven
    async def read(self) -> bytes:
        """The next bytes of the body, as the script has written them; b"" at the end.

        Time passes until there are any. Raises JavaScriptError where the body breaks off.
        """
        reading = self._core.view.real.create_task(self._body.read())
        try:
            return await self._core.waiting.wait(reading, f"more of the body of {self._what}")
        except BodyError as error:
            raise JavaScriptError(error.name, error.message) from None
        finally:
            reading.cancel()

    def close(self) -> None:
        """Want no more, as a client that leaves; harmless at the end."""
        self._body.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Stream(AnyStream, Sync):
    """A stream of a Harness."""


class AsyncStream(AnyStream, Async):
    """A stream of an AsyncHarness: `read` is awaited."""
