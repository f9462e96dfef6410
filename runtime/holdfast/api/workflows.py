"""Workflows and their instances over HTTP.

https://developers.cloudflare.com/api/resources/workflows/
"""

import asyncio
from collections.abc import Awaitable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from aiohttp import web

from holdfast.api.envelope import UNKNOWN_ERROR, ApiRefusal, success
from holdfast.api.json_body import read_as, read_object
from holdfast.api.paging import paged
from holdfast.api.platform import Platform
from holdfast.api.routing import Route
from holdfast.api.schedules import crons_of
from holdfast.catalog.cron import parse_crons
from holdfast.catalog.errors import rejected
from holdfast.catalog.limits import steps_of
from holdfast.catalog.workflows import max_steps_of
from holdfast.host.large_json import loads
from holdfast.server.workflows import (
    InstanceNotFound,
    InstanceRefused,
    Workflow,
    WorkflowNotFound,
)
from holdfast.workers import WorkerError

WORKFLOW_NOT_FOUND = 10200
INSTANCE_NOT_FOUND = 10400
DEFAULT_PAGE = 100
MAX_BATCH = 100
RUNNING = ("queued", "running", "paused", "waiting", "waitingForPause")
_CHANGES = ("pause", "resume", "terminate", "restart")

Result = TypeVar("Result")


class WorkflowHandlers:
    """The handlers of `/workflows`. `turn` is held while a Workflow changes."""

    def __init__(self, platform: Platform, turn: asyncio.Lock) -> None:
        self._platform = platform
        self._turn = turn

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account."""
        workflow = f"{account}/workflows/{{workflow}}"
        instances = f"{workflow}/instances"
        return [
            ("GET", f"{account}/workflows", self.list_all),
            ("GET", workflow, self.get),
            ("PUT", workflow, self.put),
            ("DELETE", workflow, self.delete),
            ("GET", f"{workflow}/versions", self.versions),
            ("GET", instances, self.list_instances),
            ("GET", f"{instances}/", self.list_instances),
            ("POST", instances, self.create),
            ("POST", f"{instances}/batch", self.create_batch),
            ("POST", f"{instances}/batch/delete", self.delete_batch),
            ("PUT", f"{instances}/terminate", self.terminate_all),
            ("GET", f"{instances}/{{id}}", self.describe),
            ("DELETE", f"{instances}/{{id}}", self.delete_instance),
            ("PATCH", f"{instances}/{{id}}/status", self.change),
            ("POST", f"{instances}/{{id}}/events/{{type}}", self.send_event),
        ]

    # ---- Workflows -----------------------------------------------------------------------

    async def list_all(self, request: web.Request) -> web.Response:
        """All Workflows, by pages."""
        return paged(self._platform.workflows.all(), request, _shown, DEFAULT_PAGE)

    async def get(self, request: web.Request) -> web.Response:
        """One Workflow, with how many instances are in each state."""
        workflow = self._workflow(request)
        return success(_shown(workflow))

    async def put(self, request: web.Request) -> web.Response:
        """Have a Workflow run a script's class."""
        fields = await read_object(request)
        script, class_name = (_word(fields, key) for key in ("script_name", "class_name"))
        steps = steps_of(fields.get("limits"), "limits")
        crons = parse_crons(crons_of(fields.get("schedules") or []))
        name = request.match_info["workflow"]
        async with self._turn:
            made = self._platform.workflows.put(name, script, class_name, steps, crons)
            workflow = await _answered(made)
        shown = _shown(workflow)
        return success({**shown, "version_id": self._version(workflow)})

    async def delete(self, request: web.Request) -> web.Response:
        """Forget a Workflow and its instances."""
        async with self._turn:
            await _answered(self._platform.workflows.delete(request.match_info["workflow"]))
        return success({"status": "ok", "success": True})

    async def versions(self, request: web.Request) -> web.Response:
        """The version that runs: the live one of its script."""
        workflow = self._workflow(request)
        record = self._platform.catalog.record(workflow.namespace.script)
        shown = {
            "id": record.version,
            "class_name": workflow.class_name,
            "created_on": record.modified_on,
            "modified_on": record.modified_on,
            "workflow_id": workflow.namespace.id,
        }
        return success([shown])

    # ---- instances -----------------------------------------------------------------------

    async def list_instances(self, request: web.Request) -> web.Response:
        """Instances, the youngest first, by pages; those of one `status` where that is given."""
        workflow = self._workflow(request)
        found = await _answered(self._platform.workflows.instances(workflow))
        status = request.query.get("status")
        wanted = [one for one in found if status in (None, "", one["status"])]
        whose = self._whose(workflow)
        return paged(wanted, request, lambda one: {**one, **whose}, DEFAULT_PAGE)

    async def create(self, request: web.Request) -> web.Response:
        """Create an instance; `instance_id` and `params` may be left out."""
        workflow = self._workflow(request)
        fields = await read_object(request) if request.can_read_body else {}
        (created,) = await self._created(workflow, [fields]) or (None,)
        if created is None:
            why = f'The Workflow "{workflow.name}" has an instance "{fields["instance_id"]}".'
            raise ApiRefusal(HTTPStatus.CONFLICT, UNKNOWN_ERROR, why)
        return success(created)

    async def create_batch(self, request: web.Request) -> web.Response:
        """Create up to 100 instances; those that are there already are left out."""
        workflow = self._workflow(request)
        fields = await self._json(request)
        if not isinstance(fields, list) or not all(isinstance(one, dict) for one in fields):
            raise rejected('The body must be a list of {"instance_id": …, "params": …}.')
        return success(await self._created(workflow, fields))

    async def _created(
        self, workflow: Workflow, wanted: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        options = [_options(fields) for fields in wanted]
        ids = await self._command(workflow, "create", instances=options)
        whose = self._whose(workflow)
        return [{"id": one, "status": "queued", **whose} for one in ids]

    async def describe(self, request: web.Request) -> web.Response:
        """All that is known of an instance."""
        workflow = self._workflow(request)
        report = await self._command(workflow, "report", id=request.match_info["id"])
        return success({**report, "versionId": self._version(workflow)})

    async def change(self, request: web.Request) -> web.Response:
        """Pause, resume, restart or terminate an instance."""
        workflow, instance = self._workflow(request), request.match_info["id"]
        fields = await read_object(request)
        verb, origin = fields.get("status"), fields.get("from")
        if verb not in _CHANGES:
            raise rejected(f'"status" must be one of {", ".join(_CHANGES)}.')
        rollback = fields.get("rollback", False)
        if not isinstance(rollback, bool) or (rollback and verb != "terminate"):
            raise rejected('"rollback" is true or false, and only valid when terminating.')
        if origin is not None and not isinstance(origin, dict):
            raise rejected('"from" must be an object with the "name" of a step.')
        extra = {"from": origin} if verb == "restart" else {"rollback": rollback}
        await self._command(workflow, verb, id=instance, **extra)
        report = await self._command(workflow, "report", id=instance)
        return success({"status": report["status"], "timestamp": report["end"] or report["queued"]})

    async def send_event(self, request: web.Request) -> web.Response:
        """Send an event, whose payload is the body."""
        workflow, names = self._workflow(request), request.match_info
        payload = await self._json(request) if request.can_read_body else None
        await self._command(workflow, "event", id=names["id"], type=names["type"], payload=payload)
        return success({})

    async def delete_instance(self, request: web.Request) -> web.Response:
        """Forget an instance."""
        await self._command(self._workflow(request), "delete", id=request.match_info["id"])
        return success({})

    async def delete_batch(self, request: web.Request) -> web.Response:
        """Forget up to 100 instances; those that are not there are told as errors."""
        workflow = self._workflow(request)
        fields = await self._json(request)
        ids = fields.get("instances") if isinstance(fields, dict) else fields
        if not isinstance(ids, list) or not 1 <= len(ids) <= MAX_BATCH:
            raise rejected(f'The body must have "instances", 1 to {MAX_BATCH} ids.')
        deleted: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for instance in ids:
            try:
                await self._command(workflow, "delete", id=str(instance))
                deleted.append({"id": instance})
            except ApiRefusal as error:
                errors.append({"id": instance, "code": error.code, "message": error.message})
        return success({"deleted": deleted, "errors": errors})

    async def terminate_all(self, request: web.Request) -> web.Response:
        """Terminate all that go on; those of one `status` where that is given."""
        workflow = self._workflow(request)
        wanted = [request.query["status"]] if request.query.get("status") else RUNNING
        for one in await _answered(self._platform.workflows.instances(workflow)):
            if one["status"] in wanted and one["status"] in RUNNING:
                await self._command(workflow, "terminate", id=one["id"])
        return success({"status": "ok"})

    # ---- what they have in common --------------------------------------------------------

    def _workflow(self, request: web.Request) -> Workflow:
        try:
            return self._platform.workflows.get(request.match_info["workflow"])
        except WorkflowNotFound as error:
            raise _refusal(error) from None

    async def _command(self, workflow: Workflow, verb: str, **arguments: Any) -> Any:
        return await _answered(self._platform.workflows.command(workflow, verb, **arguments))

    def _whose(self, workflow: Workflow) -> dict[str, str]:
        return {"version_id": self._version(workflow), "workflow_id": workflow.namespace.id}

    def _version(self, workflow: Workflow) -> str:
        return self._platform.catalog.record(workflow.namespace.script).version

    async def _json(self, request: web.Request) -> Any:
        try:
            return await read_as(request, loads)
        except ValueError as error:
            raise rejected(f"The body is no JSON: {error}.") from None


async def _answered(work: Awaitable[Result]) -> Result:
    """What comes of it; what the client did wrong, or its script, as an answer."""
    try:
        return await work
    except (WorkflowNotFound, InstanceNotFound, InstanceRefused, WorkerError) as error:
        raise _refusal(error) from None


def _refusal(error: Exception) -> ApiRefusal:
    match error:
        case WorkflowNotFound():
            return ApiRefusal(HTTPStatus.NOT_FOUND, WORKFLOW_NOT_FOUND, str(error))
        case InstanceNotFound():
            return ApiRefusal(HTTPStatus.NOT_FOUND, INSTANCE_NOT_FOUND, str(error))
        case InstanceRefused():
            return ApiRefusal(HTTPStatus.BAD_REQUEST, UNKNOWN_ERROR, str(error))
    return ApiRefusal(HTTPStatus.INTERNAL_SERVER_ERROR, UNKNOWN_ERROR, str(error))


def _shown(workflow: Workflow) -> dict[str, Any]:
    steps = max_steps_of(workflow.namespace)
    return {
        "id": workflow.namespace.id,
        "name": workflow.name,
        "script_name": workflow.namespace.script,
        "class_name": workflow.class_name,
        "created_on": workflow.created_on,
        "modified_on": workflow.created_on,
        "triggered_on": None,
        "limits": {} if steps is None else {"steps": steps},
        "schedules": [{"cron": cron} for cron in workflow.crons],
    }


def _word(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise rejected(f'The body must have "{name}", a non-empty string.')
    return value


def _options(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What `create` of a binding takes."""
    given = {"id": fields.get("instance_id"), "params": fields.get("params")}
    retention = fields.get("instance_retention")
    if isinstance(retention, dict):
        given["retention"] = {
            "successRetention": retention.get("success_retention"),
            "errorRetention": retention.get("error_retention"),
        }
    return {name: value for name, value in given.items() if value is not None}
