"""`Platform`: what the API asks of whoever runs the Workers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from holdfast.catalog import Catalog, Deployed, Namespace, Note, ObjectInfo, Script, Traffic
from holdfast.catalog.catalog import NO_NOTE
from holdfast.catalog.migrations import NO_CHANGES, NamespaceChanges
from holdfast.catalog.routes import ScriptRoute
from holdfast.catalog.schedules import Schedule
from holdfast.server.object_data import ObjectData
from holdfast.server.queues import Queues
from holdfast.server.workflows import Workflows
from holdfast.storage.d1 import D1Databases
from holdfast.storage.key_value import KeyValueStore
from holdfast.storage.r2 import Buckets
from holdfast.workers.mail import IncomingMail
from holdfast.workers.trace import Frame


class Platform(Protocol):
    """The running Workers, as the API sees them.

    The API calls one of those that change something at a time.
    """

    @property
    def catalog(self) -> Catalog:
        """Where scripts and namespaces are kept; the API only reads it."""

    @property
    def key_value(self) -> KeyValueStore:
        """The KV namespaces. Its calls block."""

    @property
    def buckets(self) -> Buckets:
        """The R2 buckets. Its calls block."""

    @property
    def d1(self) -> D1Databases:
        """The D1 databases."""

    @property
    def queues(self) -> Queues:
        """The queues. The calls of its store block."""

    async def queues_changed(self) -> None:
        """Have queues delivered to the consumers, and in the way, that their store has now."""

    @property
    def objects(self) -> ObjectData:
        """What the objects hold."""

    @property
    def workflows(self) -> Workflows:
        """Workflows and their instances."""

    async def deploy(
        self,
        script: Script,
        changes: NamespaceChanges = NO_CHANGES,
        note: Note = NO_NOTE,
        max_delay_s: float = 0.0,
    ) -> Deployed:
        """Load `script`, store it with what becomes of namespaces, make it live.

        Objects that are live keep their code for so long at most.

        Raises UploadRejected when the script does not load, handles no event, or
        lacks a class; then nothing has changed. Once it returns, the script
        survives `kill -9`.
        """

    async def upload_version(self, script: Script, note: Note = NO_NOTE) -> Deployed:
        """Load a version of a script that exists, and store it; what is live stays live.

        Raises ScriptNotFound, or UploadRejected when the version does not load or
        handles no event.
        """

    async def deploy_versions(self, name: str, traffic: Traffic, note: Note = NO_NOTE) -> None:
        """Make versions that are stored the live ones.

        Raises ScriptNotFound, VersionNotFound, or UploadRejected when one lacks the class of
        one of the script's namespaces, or they cannot be live together.
        """

    async def put_settings(self, name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Set these for a script whatever its version; all that are set. Raises ScriptNotFound."""

    async def delete_script(self, name: str) -> None:
        """Take a script and its namespaces out of service and out of the catalog.

        Raises ScriptNotFound.
        """

    async def put_schedules(self, name: str, crons: Sequence[str]) -> list[Schedule]:
        """Give a script these cron triggers, and no others; they survive `kill -9`.

        Raises ScriptNotFound, or UploadRejected where one is no cron expression.
        """

    async def put_routes(
        self,
        name: str,
        patterns: Sequence[str],
        *,
        is_domain: bool = False,
        takes_over: bool = False,
    ) -> list[ScriptRoute]:
        """Give a script these routes, or custom domains, and no others; they survive `kill -9`.

        With `takes_over`, custom domains of other scripts become its own. Raises ScriptNotFound,
        or UploadRejected for what is no pattern or leads to another script.
        """

    async def put_route(self, route: ScriptRoute) -> None:
        """Add a route or custom domain, in the place of the one with its id if there is one.

        Raises ScriptNotFound, or UploadRejected where its pattern is another's.
        """

    async def delete_route(self, route_id: str) -> None:
        """Forget a route or custom domain."""

    async def metrics(self) -> str:
        """What is counted, in Prometheus' text format."""

    async def listen(self, name: str, hear: Callable[[Frame], None]) -> Callable[[], None]:
        """Have each event of a script told to `hear`, until the function returned is called."""

    async def email(self, name: str, mail: IncomingMail) -> str | None:
        """Give a script a mail; why it rejects it, if it does.

        Raises ScriptNotFound, or WorkerError where the script fails.
        """

    async def create_namespace(
        self, name: str, script: str, class_name: str, *, use_sqlite: bool = False
    ) -> Namespace:
        """Create the namespace of a class that a live script exports.

        Raises ScriptNotFound, or UploadRejected when the script does not export the
        class, or the name or the class has a namespace already.
        """

    async def list_objects(
        self, namespace: Namespace, cursor: str | None, limit: int
    ) -> tuple[list[ObjectInfo], str | None]:
        """At most `limit` objects of a namespace, and the cursor for the next ones if there are.

        Raises ValueError for a cursor that no listing gave out.
        """
