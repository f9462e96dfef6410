"""Facets whose class is another isolate's than their object: calls of them, and their ends.

Such a facet lives where its class does: in a Worker that the script has loaded, or in the script
itself, where one that it has loaded was given a class of its. For the directory it is a facet like
any other, but that it ends with what it is in, wherever that is.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.host.objects import Body
from holdfast.host.rpc import Message
from holdfast.objects.calls import Calls
from holdfast.objects.directory import ObjectDirectory
from holdfast.objects.home import ObjectHome
from holdfast.objects.local import UNREACHABLE, HomeFinder
from holdfast.objects.placement import ObjectRequest
from holdfast.storage import StorageError
from holdfast.workers import NotCompiled

if TYPE_CHECKING:
    from holdfast.objects.capability import IsolateObjects

SettleIn = Callable[[ObjectHome, str, str | None], None]

GONE = "This Durable Object facet is no longer active."


class FarFacets:
    """The facets that the objects of one isolate have in others (host.facets)."""

    def __init__(
        self,
        host: Host,
        objects: "IsolateObjects",
        directory: ObjectDirectory,
        calls: Calls,
        home_of: HomeFinder,
    ) -> None:
        self._host = host
        self._objects = objects
        self._directory = directory
        self._calls = calls
        self._home_of = home_of

    # ---- their lives -----------------------------------------------------------------

    def open(self, number: int, slot: int, name: str, token: str, told: str, depth: int) -> None:
        """Bring up a facet of the object in `slot`; settles the op with the facet's slot."""
        kind, text = token[0], token[1:]

        def settle_in(home: ObjectHome, class_name: str, props: str | None) -> None:
            try:
                found = self._admit(home, slot, name, class_name, props, told, depth)
            except ScriptError as error:
                self._host.fail(number, error)
            else:
                self._host.settle(number, found)

        if kind == "w":
            self._host.capabilities.loaders.find_class(number, text, settle_in)
        else:
            self._host.loop.call_soon(self._of_script, number, slot, text, settle_in)

    def _of_script(self, number: int, slot: int, text: str, settle_in: SettleIn) -> None:
        target = self._objects.service(text)
        parent = self._directory.in_slot(slot)
        if parent is None:
            self._fail(number)
            return
        try:
            home = self._home_of(target.script, (parent.root or parent).id)
        except NotCompiled as late:
            again = partial(self._of_script, number, slot, text, settle_in)
            late.done.add_done_callback(lambda _: again())
        except UNREACHABLE as error:
            self._host.fail(number, ScriptError("Error", str(error)))
        else:
            settle_in(home, target.entrypoint, target.props)

    def _admit(
        self,
        home: ObjectHome,
        slot: int,
        name: str,
        class_name: str,
        props: str | None,
        told: str,
        depth: int,
    ) -> int:
        parent = self._directory.in_slot(slot)
        if parent is None:
            raise ScriptError("Error", GONE, durableObjectReset=True)
        exports = home.worker.exports
        is_default = class_name == "default" and class_name in exports.entrypoints
        if class_name not in exports.classes and not is_default:
            raise ScriptError("Error", f"Worker has no such actor class: {class_name}")
        try:
            record = self._directory.bring_up_facet(parent, name, home)
        except StorageError as error:
            raise ScriptError("Error", str(error)) from error
        loop, own_home = self._host.loop, parent.home
        home.far_facets += 1

        def gone(reason: str) -> None:
            home.far_facets -= 1
            if parent.far is not None:
                parent.far = [facet for facet in parent.far if facet is not record]
            loop.call_soon(own_home.facet_gone, record.slot, reason)

        record.on_gone = gone
        home.admit_facet(record, class_name, told, props, depth)
        return record.slot

    def close(self, slot: int, reason: str) -> None:
        """End a facet, which was idle where there is no reason; harmless where it has ended."""
        record = self._directory.in_slot(slot)
        if record is None:
            return
        if reason:
            self._directory.end_facet(record, reason)
        else:
            self._directory.released(slot, "")
            self._host.loop.call_soon(record.home.broken, slot, GONE, "durableObjectReset")

    def is_busy(self, slot: int) -> bool:
        """Whether something was under way, at the last sweep, that its end would cut off."""
        record = self._directory.in_slot(slot)
        if record is None:
            return False
        return slot in record.home.busy_facets or record.home.has_sockets(record)

    # ---- calls of them ---------------------------------------------------------------

    def fetch(
        self,
        number: int,
        slot: int,
        method: str,
        url: str,
        headers: str,
        body: Body,
        cf: str | None,
    ) -> None:
        """Send one a request; settles the op with this number."""
        stream = self._host.capabilities.bodies.received(body)
        request = ObjectRequest(method, url, headers, stream, cf)

        def deliver() -> None:
            record = self._directory.in_slot(slot)
            if record is None:
                request.discard()
                self._fail(number)
            else:
                home = record.home
                home.deliver(self._calls.begin(self._objects, number, home), slot, request)

        self._host.loop.call_soon(deliver)

    def call(self, number: int, slot: int, route: str, message: Message | None) -> None:
        """Call one by RPC; settles the op with this number."""

        def deliver() -> None:
            record = self._directory.in_slot(slot)
            if record is None:
                if message is not None:
                    message.drop()
                self._fail(number)
            else:
                home = record.home
                call = self._calls.begin(self._objects, number, home)
                home.deliver_call(call, slot, route, message)

        self._host.loop.call_soon(deliver)

    def _fail(self, number: int) -> None:
        self._host.fail(number, ScriptError("Error", GONE, durableObjectReset=True))
