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

CODE = object()  # what a step comes to of which no result is told

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
            await self._pass_time()
        raise HarnessError(f"{self!r} does not end.")

    async def _pass_time(self) -> None:
        """Go on to when it goes on."""
        with self.storage.store() as store:
            alarm_ms = store.get_alarm()
        seconds = max(0.0, (alarm_ms or 0) - self._core.clock.now_ms()) / 1000
        await self._core.waiting.advance(seconds or LOOK_S)

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
        result: Any = CODE,
        error: str | None = None,
        times: int | None = None,
        count: int = 1,
    ) -> None:
        """Have a step come to a result, or fail with an error, without its code.

        It fails for good, or with `times` so many attempts, which others follow as it says itself:
        they come to the result, where one is given, or run its code. To be said before the instance
        is created, or gets there.
        """
        await self._ask("replaceStep", replacement(name, result, error, times, count))

    @driven
    async def wait_for_step(self, name: str, *, count: int = 1) -> Any:
        """Let time pass until a step has ended; what it has come to. The instance goes on later.

        What it has failed with is raised, and HarnessError where the instance ends, or is paused,
        without it.
        """
        keys = [f"{kind} {count} {name}" for kind in ("do", "waitForEvent", "sleep")]
        for _ in range(MAX_WAKES):
            told = await self._ask("status")
            for key in keys:
                step = self.storage.get(f"step {key}")
                if step is not None and step["end"] is not None:
                    if error := step.get("error"):
                        raise JavaScriptError(error["name"], error["message"])
                    return (self.storage.get(f"result {key}") or {}).get("value")
            if told["status"] not in _GOES_ON:
                raise HarnessError(f"{self!r} is {told['status']}, without the step {name!r}.")
            await self._pass_time()
        raise HarnessError(f"{self!r} does not come to the end of the step {name!r}.")

    @driven
    async def pause(self) -> None:
        """Begin no further step."""
        await self._ask("pause")

    @driven
    async def resume(self) -> None:
        """Go on after a pause."""
        await self._ask("resume")

    @driven
    async def restart(self) -> None:
        """Begin anew, with the steps that are replaced; events have to be sent again."""
        await self._ask("restart")

    @driven
    async def terminate(self) -> None:
        """End it."""
        await self._ask("terminate")

    async def _ask(self, method: str, *arguments: Any) -> Any:
        data = to_javascript([*arguments])
        answer = self._event("callObject", json_module.dumps([method]), data)
        return await self._result(answer, f"{method}() of {self!r}")


def replacement(
    name: str, result: Any, error: str | None, times: int | None, count: int
) -> dict[str, Any]:
    """What is told of a step that is replaced. Raises HarnessError for what makes no sense."""
    if error is not None and result is not CODE and times is None:
        raise HarnessError("A step that fails and then has a result fails so many times: times=2.")
    said: dict[str, Any] = {"name": name, "count": count}
    if error is not None:
        said |= {"error": error, "times": times}
    if error is None or result is not CODE:
        said["value"] = None if result is CODE else result
    return said


class WorkflowInstance(AnyWorkflowInstance[Socket], Sync):
    """An instance in a Harness."""


class AsyncWorkflowInstance(AnyWorkflowInstance[AsyncSocket], Async):
    """An instance in an AsyncHarness: what takes time is awaited."""
