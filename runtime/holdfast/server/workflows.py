"""Workflows and their instances, as the REST API sees them."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from holdfast.catalog import Catalog, ErrorCode, Namespace, UploadRejected
from holdfast.catalog.workflows import check_name, is_workflow, names_of
from holdfast.dataclass import dataclass
from holdfast.server.environment import describe_namespace
from holdfast.workers import ScriptFailed

if TYPE_CHECKING:
    from holdfast.server.runtime import Runtime

INSTANCES_AT_A_TIME = 16  # each may have to be opened: 2 ms
MAX_LISTED = 10_000

_PREFIX = "WorkflowError: "
_SCHEDULED = UUID("5b0d46a5-7bd1-4c0e-9f0c-6a8f3c2f1f0e")  # the namespace of such ids


class WorkflowNotFound(LookupError):
    """There is no Workflow of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f'There is no Workflow named "{name}".')


class InstanceNotFound(LookupError):
    """The Workflow has no instance of this id."""

    def __init__(self, workflow: str, instance: str) -> None:
        super().__init__(f'The Workflow "{workflow}" has no instance "{instance}".')


class InstanceRefused(ValueError):
    """What was asked of an instance cannot be done; the message tells the client why."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """A Workflow: its script, the class there, and the namespace that its instances are in."""

    name: str
    class_name: str
    namespace: Namespace
    created_on: str
    crons: Sequence[str] = ()


class Workflows:
    """Finds, changes and runs them. Its methods raise WorkflowNotFound."""

    def __init__(
        self,
        catalog: Catalog,
        runtime: "Runtime",
        spread: Callable[[str, str, Sequence[Namespace]], Awaitable[None]],
    ) -> None:
        """`spread(script, news, deleted)` tells other processes, and removes what was deleted."""
        self._catalog = catalog
        self._runtime = runtime
        self._spread = spread

    def all(self) -> list[Workflow]:
        """Those that there are, by name."""
        found = [self._described(n) for n in self._catalog.namespaces() if is_workflow(n)]
        return sorted(found, key=lambda workflow: workflow.name)

    def get(self, name: str) -> Workflow:
        """The one of this name."""
        namespace = self._catalog.find_workflow(name)
        if namespace is None:
            raise WorkflowNotFound(name)
        return self._described(namespace)

    def _described(self, namespace: Namespace) -> Workflow:
        name, class_name = names_of(namespace)
        created_on = self._catalog.created_on(namespace.id)
        crons = self._catalog.workflow_crons(namespace.id)
        return Workflow(name, class_name, namespace, created_on, crons)

    async def put(
        self,
        name: str,
        script: str,
        class_name: str,
        steps: int | None = None,
        crons: Sequence[str] = (),
    ) -> Workflow:
        """Have instances run a script's class, by which the Workflow comes into being if need be.

        One has so many `steps` at most, and one is created by each of the `crons`.
        Raises ScriptNotFound, or UploadRejected where the script does not export the class.
        """
        check_name(name)
        self._catalog.record(script)
        resident = await self._runtime.in_time(self._runtime.resident, script)
        exported = resident.worker.exports.workflows
        if class_name not in exported:
            raise UploadRejected(
                ErrorCode.CLASS_NOT_FOUND,
                f'The Worker "{script}" exports no class "{class_name}" that is a Workflow. '
                f"Such classes that it exports: {', '.join(exported) or 'none'}.",
            )
        before = self._catalog.find_workflow(name)
        namespace = await asyncio.to_thread(
            self._catalog.put_workflow, name, script, class_name, steps, crons
        )
        if namespace != before:
            if before is not None:
                self._runtime.move_namespace(namespace)
            self._runtime.watch_alarms(namespace)
            await self._spread(script, f"it has the Workflow {name}", ())
        self.run_triggers()
        return self.get(name)

    def run_triggers(self) -> None:
        """Have every trigger of the catalog run when it is due."""
        self._runtime.crons.set(self._catalog.all_triggers())

    async def delete(self, name: str) -> None:
        """Forget a Workflow with its instances."""
        namespace = self.get(name).namespace
        await asyncio.to_thread(self._catalog.delete_namespace, namespace.id)
        self._runtime.end_namespace(namespace)
        self.run_triggers()
        await self._spread(namespace.script, f"its Workflow {name} was deleted", (namespace,))

    # ---- instances -----------------------------------------------------------------------

    async def command(self, workflow: Workflow, verb: str, **arguments: Any) -> Any:
        """Carry out a verb of polyfills/workflows/commands.js; what it results in.

        Raises InstanceNotFound, InstanceRefused, and what `Runtime.worker` does.
        """
        try:
            return await _command(self._runtime, workflow.namespace, verb, arguments)
        except ScriptFailed as error:
            if "instance.not_found" in error.message:
                raise InstanceNotFound(workflow.name, str(arguments.get("id"))) from None
            raise InstanceRefused(error.message.removeprefix(_PREFIX)) from None

    async def instances(self, workflow: Workflow) -> list[dict[str, Any]]:
        """What is listed of each, the youngest first; of ten thousand at most."""
        found = await self._runtime.files.list(workflow.namespace.unique_key, None, MAX_LISTED)
        listed: list[dict[str, Any]] = []
        for start in range(0, len(found), INSTANCES_AT_A_TIME):
            ids = found[start : start + INSTANCES_AT_A_TIME]
            listed += await self.command(workflow, "list", ids=ids)
        return sorted(listed, key=lambda one: str(one["created_on"]), reverse=True)


async def begin_scheduled(
    runtime: "Runtime", namespace: Namespace, cron: str, scheduled_ms: float
) -> None:
    """Create the instance of a Workflow that a cron trigger asks for at a time: one, if again.

    Raises ScriptNotFound, WorkerError.
    """
    instance = uuid5(_SCHEDULED, f"{namespace.unique_key} {cron} {scheduled_ms:.0f}")
    schedule = {"cron": cron, "scheduledTime": round(scheduled_ms)}
    await _command(runtime, namespace, "schedule", {"id": str(instance), "schedule": schedule})


async def _command(
    runtime: "Runtime", namespace: Namespace, verb: str, arguments: Mapping[str, Any]
) -> Any:
    resident = await runtime.in_time(runtime.resident, namespace.script)
    worker = resident.worker
    workflow, _ = names_of(namespace)
    binding = {
        **describe_namespace(namespace.name, namespace, resident.objects),
        "workflowName": workflow,
    }
    entry = worker.entry_once("commandWorkflow")
    command = json.dumps({"verb": verb, **arguments})
    message = await worker.event(entry, json.dumps(binding), command)
    return json.loads(message.data)
