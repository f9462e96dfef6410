"""An instance of a Workflow as a test speaks to it."""

import json as json_module
from typing import Any

from holdfast.testing.driven import Async, Sync, driven
from holdfast.testing.errors import HarnessError, JavaScriptError, hidden_from_tracebacks
from holdfast.testing.objects import AnyObject, SocketT
from holdfast.testing.sockets import AsyncSocket, Socket
from holdfast.testing.values import to_javascript

__tracebackhide__ = hidden_from_tracebacks

MAX_WAKES = 100_000
LOOK_S = 1.0  # into the future, while code of a step runs

_GOES_ON = ("queued", "running", "waiting", "waitingForPause")


class AnyWorkflowInstance(AnyObject[SocketT]):
    """One instance; it need not have been created. It is an object, with its storage and alarm."""

    def __repr__(self) -> str:
        return f"<WorkflowInstance {self.name} of {self._namespace.name}>"

    @driven
    async def create(self, params: Any = None, *, retention: dict[str, str] | None = None) -> None:
        """Create it with these parameters, as the binding's `create` does.

        `retention` has `successRetention` and `errorRetention`. Raises HarnessError where there is
        one of this id.
        """
        given: dict[str, Any] = {"id": self.name, "source": "binding", "retention": retention or {}}
        given["workflowName"] = self._namespace.name.partition(":")[2]
        given["params"] = {} if params is None else params
        if not await self._ask("create", given):
            raise HarnessError(f"{self!r} was created before.")

    @driven
    async def status(self) -> str:
        """Its status, in Cloudflare's words."""
        status: str = (await self._ask("status"))["status"]
        return status

    @driven
    async def wait(self) -> Any:
        """Let time pass until it has ended; what `run` has returned.

        What `run` has thrown is raised, and HarnessError where it was terminated or is paused.
        """
        for _ in range(MAX_WAKES):
            told = await self._ask("status")
            match told["status"]:
                case "complete":
                    return told["output"]
                case "errored":
                    raise JavaScriptError(told["error"]["name"], told["error"]["message"])
                case status if status not in _GOES_ON:
                    raise HarnessError(f"{self!r} does not go on: it is {status}.")
            await self._core.waiting.advance(self._seconds_to_alarm() or LOOK_S)
        raise HarnessError(f"{self!r} does not end.")

    def _seconds_to_alarm(self) -> float:
        with self.storage.store() as store:
            alarm_ms = store.get_alarm()
        return max(0.0, (alarm_ms or 0) - self._core.clock.now_ms()) / 1000

    @driven
    async def steps(self) -> list[dict[str, Any]]:
        """Its steps so far, as the API tells of them: `name`, `type`, `output` and so on."""
        steps: list[dict[str, Any]] = (await self._ask("report"))["steps"]
        return steps

    @driven
    async def send_event(self, type: str, payload: Any = None) -> None:  # noqa: A002 - its name
        """Send it an event, which may come before it is waited for."""
        await self._ask("sendEvent", {"type": type, "payload": payload})

    @driven
    async def replace_step(
        self,
        name: str,
        *,
        result: Any = None,
        error: str | None = None,
        times: int | None = None,
        count: int = 1,
    ) -> None:
        """Have a step come to a result, or fail with an error, without its code.

        It fails for good, or with `times` so many attempts, which others follow as it says itself.
        To be said before the instance is created, or gets there.
        """
        outcome = {"value": result} if error is None else {"error": error, "times": times}
        await self._ask("replaceStep", {"name": name, "count": count, **outcome})

    @driven
    async def pause(self) -> None:
        """Begin no further step."""
        await self._ask("pause")

    @driven
    async def resume(self) -> None:
        """Go on after a pause."""
        await self._ask("resume")

    @driven
    async def terminate(self) -> None:
        """End it."""
        await self._ask("terminate")

    async def _ask(self, method: str, *arguments: Any) -> Any:
        data = to_javascript([*arguments])
        answer = self._event("callObject", json_module.dumps([method]), data)
        return await self._result(answer, f"{method}() of {self!r}")


class WorkflowInstance(AnyWorkflowInstance[Socket], Sync):
    """An instance in a Harness."""


class AsyncWorkflowInstance(AnyWorkflowInstance[AsyncSocket], Async):
    """An instance in an AsyncHarness: what takes time is awaited."""
