"""The objects of this shard, as calls reach them."""

from collections.abc import Callable
from functools import partial

from holdfast.catalog.errors import CatalogError
from holdfast.catalog.namespace import Namespace
from holdfast.host.rpc import Message
from holdfast.objects.calls import Caller, Calls
from holdfast.objects.directory import ObjectDirectory
from holdfast.objects.home import ObjectHome
from holdfast.objects.placement import ObjectAddress, ObjectRequest
from holdfast.objects.record import ObjectRecord
from holdfast.objects.wait_graph import WaitGraph
from holdfast.workers import NotCompiled, WorkerError

# Why a call may find nobody at the other end; the message is for the caller.
UNREACHABLE = (WorkerError, CatalogError, OSError)

NAMESPACE_DELETED = "The Durable Object namespace of this binding was deleted."

HomeFinder = Callable[[str, str], ObjectHome]
NamespaceFinder = Callable[[str], Namespace | None]


class LocalObjects:
    """Brings up objects and gives them calls (placement.Owner); raises as UNREACHABLE says."""

    def __init__(
        self,
        directory: ObjectDirectory,
        calls: Calls,
        waits: WaitGraph,
        home_of: HomeFinder,
        namespace_of: NamespaceFinder,
    ) -> None:
        """`home_of(script, object_id)` finds, or loads, the isolate that an object lives in.

        It may raise NotCompiled.

        `namespace_of` finds a namespace as it is here and now, by its unique key. Who calls may be
        in a shard that has not heard yet that the class has another name, or script, or that has.
        It raises CatalogError for one that was deleted, and NotCompiled while it is looked for.
        """
        self._directory = directory
        self._calls = calls
        self.home_of = home_of
        self._namespace_of = namespace_of
        self.waits = waits

    def fetch(
        self, caller: Caller, number: int, address: ObjectAddress, request: ObjectRequest
    ) -> None:
        """See Owner."""
        try:
            record = self._record(address)
        except NotCompiled as late:
            again = partial(self.fetch, caller, number, address, request)
            self._wait(late, again, caller, number, request.discard)
            return
        home = record.home
        home.deliver(self._calls.begin(caller, number, home), record.slot, request)

    def call(
        self,
        caller: Caller,
        number: int,
        address: ObjectAddress,
        route: str,
        message: Message | None,
    ) -> None:
        """See Owner."""
        try:
            record = self._record(address)
        except NotCompiled as late:
            again = partial(self.call, caller, number, address, route, message)
            self._wait(late, again, caller, number, message.drop if message is not None else None)
            return
        call = self._calls.begin(caller, number, record.home)
        record.home.deliver_call(call, record.slot, route, message)

    def _wait(
        self,
        late: NotCompiled,
        again: Callable[[], None],
        caller: Caller,
        number: int,
        drop: Callable[[], None] | None,
    ) -> None:
        """Call `again` when the script can be loaded; `drop` what it has where nobody is there."""

        def deliver(_: object) -> None:
            try:
                again()
            except UNREACHABLE as error:
                if drop is not None:
                    drop()
                caller.failed(number, "Error", str(error), "remote")

        late.done.add_done_callback(deliver)

    def abandon(self, caller: Caller, number: int) -> None:
        """See Owner; the call may be one that has gone on to another owner."""
        call = self._calls.find(caller, number)
        if call is None:
            self._directory.placement.abandon(caller, number)
        else:
            callee_number, home = call
            home.worker.client_left("call", callee_number)

    def _record(self, address: ObjectAddress) -> ObjectRecord:
        """The record of an object, which is brought up where it is not live yet."""
        namespace = address.namespace
        if not namespace.script:
            raise CatalogError(NAMESPACE_DELETED)
        record = self._directory.find(address.id)
        if record is None:
            namespace = self._namespace_of(namespace.unique_key) or namespace
            home = self.home_of(namespace.script, address.id)
            record = self._directory.bring_up(namespace, address.id, address.name, home)
            home.admit(record)
        return record
