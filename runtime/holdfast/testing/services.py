"""Python code that scripts reach as a service: a function, a class or an object in `env`.

To a runtime, a service is a Worker (workers.Worker) as far as `fetch` and `call` go.
"""

import asyncio
import inspect
import json
import traceback
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from holdfast.engine.v8format import decode
from holdfast.engine.v8values import UNDEFINED
from holdfast.host.byte_streams import ByteStream, collect
from holdfast.host.header_lines import in_lines
from holdfast.host.rpc import Message
from holdfast.testing.errors import HarnessError
from holdfast.testing.outbound import answer_of
from holdfast.testing.responses import Headers, Request
from holdfast.testing.values import to_javascript
from holdfast.workers import ScriptFailed, WorkerResponse

if TYPE_CHECKING:
    from holdfast.testing.loop import LoopView
    from holdfast.testing.waiting import Waiting

Body = bytes | ByteStream | None
Told = Callable[[BaseException], None]


class PythonService:
    """Answers what scripts ask of a binding; `told` hears of what its code raises."""

    def __init__(
        self, name: str, target: Any, view: "LoopView", waiting: "Waiting", told: Told
    ) -> None:
        self.name = name
        self.tasks: set[asyncio.Task[Any]] = set()
        self._target = target() if inspect.isclass(target) else target
        self._view = view
        self._waiting = waiting
        self._told = told

    # ---- what a runtime asks ---------------------------------------------------------

    def fetch(
        self,
        method: str,
        url: str,
        headers: str,
        body: Body,
        entrypoint: str = "",
        **_: str | None,
    ) -> "asyncio.Future[WorkerResponse]":
        """See Worker.fetch. Whatever entrypoint and properties are asked for: there is one."""
        return self._start(self._fetch(method, url, headers, body))

    def call(
        self, entrypoint: str, props: str | None, path: str, message: Message | None
    ) -> "asyncio.Future[Message]":
        """See Worker.call. A route is how deep the call is, then the names on the way."""
        return self._start(self._call(json.loads(path)[1:], message))

    # ---- inside ----------------------------------------------------------------------

    def _start(self, coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Future[Any]":
        task = self._view.real.create_task(self._guarded(coroutine))
        self.tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self.tasks.discard(task)
        self._view.activity += 1

    async def _guarded(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        with self._waiting.outside():
            try:
                return await coroutine
            except ScriptFailed:
                raise
            except Exception as error:
                self._told(error)
                described = "".join(traceback.format_exception(error))
                text = str(error) or type(error).__name__
                raise ScriptFailed("Error", text, f"Error: {text}\n{described}") from error

    async def _fetch(self, method: str, url: str, headers: str, body: Body) -> WorkerResponse:
        content = await collect(body) if isinstance(body, ByteStream) else body or b""
        handler: Any = getattr(self._target, "fetch", None) or self._target
        if not callable(handler):
            raise HarnessError(f"{self.name} stands for an object that has no method fetch().")
        request = Request(method, url, Headers.from_raw(headers), content)
        response = await answer_of(handler(request), self._waiting)
        raw = in_lines(response.headers.pairs)
        return WorkerResponse(response.status, response.status_text, raw, response.content)

    async def _call(self, path: list[str], message: Message | None) -> Message:
        found: Any = self._target
        for name in path:
            if name.startswith("_") or not hasattr(found, name):
                raise HarnessError(f"{self.name} stands for an object that has no {name!r}.")
            found = getattr(found, name)
        if message is not None:
            if message.capabilities:
                message.drop()
                raise HarnessError("Functions, stubs and streams cannot be passed to Python code.")
            given = decode(message.data)
            found = found(*[None if value is UNDEFINED else value for value in given])
            if inspect.isawaitable(found):
                found = await found
        return Message(to_javascript([found]))
