"""A platform of a test's own: scripts, objects, storage, time, and the world outside.

`Harness` and `AsyncHarness` differ in who runs the loop.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, Generic, Self, TypeVar, cast

from holdfast.testing.core import Core
from holdfast.testing.driven import Async, Sync
from holdfast.testing.errors import HarnessError, JavaScriptError, LeakError, hidden_from_tracebacks
from holdfast.testing.harness_clock import AsyncHarnessClock, HarnessClock
from holdfast.testing.queues import AsyncQueue, Queue
from holdfast.testing.responses import Response
from holdfast.testing.sockets import AsyncSocket, Socket
from holdfast.testing.stage import open_harnesses
from holdfast.testing.streams import AsyncStream, Stream
from holdfast.testing.worker import AsyncWorker, Worker

T = TypeVar("T")

__tracebackhide__ = hidden_from_tracebacks


class _Pending:
    """What stands for the result of a call that was only begun."""

    def __getattr__(self, name: str) -> Any:
        raise HarnessError(
            "A function for gather() or start() makes one call and returns it: "
            "lambda: worker.fetch('/'). Look at the results afterwards."
        )


_PENDING = _Pending()


class Started(Generic[T]):
    """A call that was started: `done`, and its `result()`."""

    def __init__(self, harness: "Harness", task: "asyncio.Task[T]") -> None:
        self._harness = harness
        self._task = task

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self._task.done()

    def result(self) -> T:
        """Wait for it; its result, or what it raises."""
        return self._harness.drive(self._harness.waiting.wait(self._task, "a call"))


class Harness(Core[Worker], Sync):
    """For plain functions: each call returns when it is done. A context manager.

    With `async with`, it is an AsyncHarness that is entered.
    """

    alone = True
    clock: HarnessClock
    clock_type = HarnessClock
    socket_type = Socket
    stream_type = Stream
    worker_type = Worker

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._options = options
        self._entered: AsyncHarness | None = None
        self._private: asyncio.AbstractEventLoop | None = None
        self._collected: list[Coroutine[Any, Any, Any]] | None = None
        self._started: list[asyncio.Task[Any]] = []

    def _loop(self) -> asyncio.AbstractEventLoop:
        if self._private is None:
            self._private = asyncio.SelectorEventLoop()
        return self._private

    def fetch(self, url: str, **options: Any) -> Response:
        """Send a request to the Worker that `worker_at` finds; for the rest, see Worker.fetch."""
        return self.worker_at(url).fetch(url, **options)

    def drive(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine."""
        if self._collected is not None:
            self._collected.append(coroutine)
            return cast("T", _PENDING)
        if asyncio._get_running_loop() is not None:
            coroutine.close()
            raise HarnessError(
                "Harness and the fixture `holdfast` are for plain functions. In an async test, "
                "use the fixture `aholdfast`, or AsyncHarness."
            )
        try:
            self.begin()
        except HarnessError:
            coroutine.close()
            raise
        try:
            return self._loop().run_until_complete(coroutine)
        except (HarnessError, JavaScriptError) as error:
            raise error.with_traceback(None) from None  # the loop's frames tell nothing

    def queue(self, name: str) -> Queue:
        """The queue of this name; it is there as soon as something is sent to it."""
        return Queue(self, name)

    def start(self, call: Callable[[], T]) -> Started[T]:
        """Start a call, `lambda: worker.fetch("/")`, and go on; see Started."""
        self.begin()
        (coroutine,) = self._collect([call])
        task = self._loop().run_until_complete(self._begin_call(coroutine))
        self._started.append(task)
        return Started(self, task)

    async def _begin_call(self, coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        task = self._background(coroutine)
        await self.waiting.quiet(until=task)
        return task

    def gather(self, calls: Iterable[Callable[[], T]], *, seed: int | None = None) -> list[T]:
        """Make calls at the same time, each `lambda: worker.fetch("/")`; their results.

        With a seed, they are interleaved; see `interleave`.
        """
        self.begin()
        if seed is not None:
            self.interleave(seed)
        coroutines = self._collect([*calls])
        return self.drive(self._gathered([*coroutines]))

    def _collect(self, calls: list[Callable[[], Any]]) -> list[Coroutine[Any, Any, Any]]:
        collected: list[Coroutine[Any, Any, Any]] = []
        for number, call in enumerate(calls, 1):
            if not callable(call):
                raise HarnessError(
                    "gather() and start() take functions, lambda: worker.fetch('/'), and make the "
                    "calls themselves."
                )
            self._collected = collected
            try:
                call()
            except BaseException:
                for coroutine in collected:
                    coroutine.close()
                raise
            finally:
                self._collected = None
            if len(collected) != number:
                for coroutine in collected:
                    coroutine.close()
                raise HarnessError(
                    "A function for gather() or start() makes one call: lambda: worker.fetch('/')."
                )
        return collected

    def close(self) -> None:
        """End everything. Raises LeakError where the test has left something behind."""
        loop = self._private
        try:
            if loop is not None:
                loop.run_until_complete(self._close_all())
        finally:
            self._closed = True
            open_harnesses.discard(self)
            if loop is not None:
                self._private = None
                loop.close()

    async def _close_all(self) -> None:
        for task in self._started:
            task.cancel()
        await asyncio.gather(*self._started, return_exceptions=True)
        await self._close()
        await asyncio.get_running_loop().shutdown_default_executor()
        self._look_for_leaks()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        if left:
            names = ", ".join(repr(task) for task in left)
            raise LeakError(f"The test has left tasks behind: {names}")

    def abandoned(self) -> None:
        """See Stage."""
        super().abandoned()
        loop, self._private = self._private, None
        if loop is not None:
            loop.close()

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> "AsyncHarness":
        self._entered = AsyncHarness(**self._options)
        return await self._entered.__aenter__()

    async def __aexit__(self, *_: object) -> None:
        assert self._entered is not None, "what is left was entered"
        await self._entered.aclose()


class AsyncHarness(Core[AsyncWorker], Async):
    """For coroutines: the same, but what takes time is awaited. An async context manager."""

    alone = False
    clock: AsyncHarnessClock
    clock_type = AsyncHarnessClock
    socket_type = AsyncSocket
    stream_type = AsyncStream
    worker_type = AsyncWorker

    def _loop(self) -> asyncio.AbstractEventLoop:
        try:
            return asyncio.get_running_loop()
        except RuntimeError:
            raise HarnessError(
                "AsyncHarness and the fixture `aholdfast` are for async functions, in asyncio's "
                "loop. A fixture that uses it is `async def`, too (with @pytest_asyncio.fixture, "
                "or with anyio's @pytest.fixture). In a plain test, use the fixture `holdfast`, or "
                "Harness."
            ) from None

    def drive(self, coroutine: Coroutine[Any, Any, T]) -> Coroutine[Any, Any, T]:
        """The coroutine itself."""
        return coroutine

    def fetch(self, url: str, **options: Any) -> Awaitable[Response]:
        """Send a request to the Worker that `worker_at` finds; for the rest, see Worker.fetch."""
        return cast("Awaitable[Response]", self.worker_at(url).fetch(url, **options))

    def queue(self, name: str) -> AsyncQueue:
        """The queue of this name; it is there as soon as something is sent to it."""
        return AsyncQueue(self, name)

    async def gather(self, calls: Iterable[Awaitable[T]], *, seed: int | None = None) -> list[T]:
        """Make calls at the same time; their results. With a seed, they are interleaved."""
        self.begin()
        if seed is not None:
            self.interleave(seed)
        return await self._gathered([*calls])

    async def aclose(self) -> None:
        """End everything. Raises LeakError where the test has left something behind."""
        try:
            await self._close()
            self._look_for_leaks()
        finally:
            self._closed = True
            open_harnesses.discard(self)

    async def __aenter__(self) -> Self:
        self.begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
