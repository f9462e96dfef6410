"""Calls by RPC between isolates.

A message leaves one isolate with the capabilities that go with it, and enters another one;
`IsolateRpc` knows what an isolate's tokens (host/rpc.py) mean. What a capability leads to is
found when it is called: an object's owner, a service's Worker of now, an export's isolate.
"""

import asyncio
import json
from abc import ABC, abstractmethod
from dataclasses import astuple
from functools import partial
from typing import TYPE_CHECKING, Self
from urllib.parse import quote, unquote

from holdfast.catalog.namespace import Namespace
from holdfast.dataclass import dataclass
from holdfast.engine import ScriptError
from holdfast.host.bodies import BodyTable
from holdfast.host.byte_streams import CONNECTION_LOST, ByteStream, discard_body
from holdfast.host.context import Host
from holdfast.host.rpc import Message, Sent
from holdfast.objects.calls import Caller, Calls
from holdfast.objects.home import ObjectHome
from holdfast.objects.placement import ObjectAddress
from holdfast.objects.services import ClassTarget, ServiceTarget
from holdfast.workers import NotCompiled, ScriptFailed

if TYPE_CHECKING:
    from holdfast.objects.capability import IsolateObjects


class Callee(ABC):
    """What somebody lets others call. Each holder has one of its own or has acquired it."""

    __slots__ = ("_holders",)

    def __init__(self) -> None:
        self._holders = 1

    def acquire(self) -> Self:
        """One holder more."""
        self._holders += 1
        return self

    def drop(self) -> None:
        """One holder less."""
        self._holders -= 1
        if not self._holders:
            self.released()

    @abstractmethod
    def call(self, caller: Caller, number: int, route: str, message: Message | None) -> None:
        """Make a call; `caller` gets the answer. Raises ConnectionError."""

    @abstractmethod
    def released(self) -> None:
        """Nobody holds it any more."""


class Exported(Callee):
    """What an isolate of this shard lets others call."""

    __slots__ = ("number", "rpc")

    def __init__(self, rpc: "IsolateRpc", number: int) -> None:
        super().__init__()
        self.rpc = rpc
        self.number = number

    def call(self, caller: Caller, number: int, route: str, message: Message | None) -> None:
        """See Callee."""
        self.rpc.deliver(caller, number, self.number, route, message)

    def released(self) -> None:
        """See Callee."""
        self.rpc.released(self.number)


@dataclass(frozen=True, slots=True)
class SentBody:
    """A body on its way to another isolate."""

    stream: bytes | ByteStream | None

    def drop(self) -> None:
        """Nobody will read it."""
        discard_body(self.stream)


class IsolateRpc:
    """The RPC capability of one isolate (host.rpc.RpcCapability)."""

    def __init__(self, host: Host, objects: "IsolateObjects", calls: Calls) -> None:
        self.host = host
        self.home: ObjectHome | None = None  # set when the isolate's Worker has loaded
        self._objects = objects
        self._calls = calls
        self._bodies: BodyTable = host.capabilities.bodies
        self._imports: dict[int, Callee] = {}
        self._last_import = 0
        self._closed = False

    # ---- messages -----------------------------------------------------------------

    def take(self, data: bytes, tokens: str) -> Message:
        """See RpcCapability."""
        if not tokens:
            return Message(data)
        return Message(data, tuple(self._taken(token) for token in tokens.split(",")))

    def _taken(self, token: str) -> Sent:
        kind, text = token[0], token[1:]
        if kind == "e":
            self.host.pending += 1  # whoever holds it may call at any time
            return Exported(self, int(text))
        if kind == "c":
            return self._imports[int(text)].acquire()
        if kind == "b":
            return SentBody(self._bodies.received(int(text)))
        return self._address(kind, text)

    def _address(self, kind: str, text: str) -> ServiceTarget | ClassTarget | ObjectAddress:
        if kind == "s":
            return self._objects.service(text)
        if kind == "d":
            return ClassTarget(self._objects.service(text))
        number, _class, _sqlite, object_id, *name = map(unquote, text.split("/"))
        namespace = self._objects.namespace(int(number))
        return ObjectAddress(namespace, object_id, name[0] if name else None)

    def give(self, message: Message) -> str:
        """See RpcCapability."""
        return ",".join(self._given(capability) for capability in message.capabilities)

    def _given(self, capability: Sent) -> str:
        match capability:
            case Callee():
                self._last_import = number = self._last_import + 1
                self._imports[number] = capability
                return f"c{number}"
            case SentBody(stream):
                assert stream is not None and not isinstance(stream, bytes), "it has a handle"
                return f"b{self._bodies.add(stream)}"
            case ServiceTarget():
                return f"s{self._objects.service_text(capability)}"
            case ClassTarget(of):
                return f"d{self._objects.service_text(of)}"
            case ObjectAddress(namespace, object_id, name):
                number = self._objects.bind_namespace(namespace)
                fields = [str(number), namespace.class_name, str(int(namespace.use_sqlite))]
                fields += [object_id] if name is None else [object_id, name]
                return "o" + "/".join(quote(field, safe="") for field in fields)
        raise AssertionError(f"a capability of no known kind: {capability!r}")

    def address_of(self, token: str) -> str:
        """See RpcCapability."""
        match self._address(token[0], token[1:]):
            case ObjectAddress(namespace, object_id, name):
                return json.dumps(["o", [*astuple(namespace)], object_id, name])
            case ClassTarget(of) | (ServiceTarget() as of):
                return json.dumps([token[0], *astuple(of)])

    def token_at(self, address: str) -> str:
        """See RpcCapability."""
        match json.loads(address):
            case ["o", namespace, object_id, name]:
                return self._given(ObjectAddress(Namespace(*namespace), object_id, name))
            case ["d", *of]:
                return self._given(ClassTarget(ServiceTarget(*of)))
            case [_, *of]:
                return self._given(ServiceTarget(*of))
        raise AssertionError("an address is a list")

    def release(self, number: int) -> None:
        """See RpcCapability."""
        exported = self._imports.pop(number, None)
        if exported is not None:
            self.host.loop.call_soon(exported.drop)

    def released(self, number: int) -> None:
        """Nobody elsewhere holds this isolate's export any more."""
        self.host.pending -= 1
        if self.home is not None and not self._closed:
            self.home.release_export(number)

    # ---- calls out ----------------------------------------------------------------

    def call(self, number: int, target: str, route: str, message: Message | None) -> None:
        """See RpcCapability."""
        kind, text = target[0], target[1:]
        if kind in "wf":
            self._call_elsewhere(number, kind, text, route, message)
            return
        callee = self._imports[int(text)] if kind == "c" else self._address(kind, text)
        assert not isinstance(callee, ClassTarget), "a class cannot be called"
        self.host.loop.call_soon(self._deliver, number, callee, route, message)

    def _call_elsewhere(
        self, number: int, kind: str, text: str, route: str, message: Message | None
    ) -> None:
        if kind == "w":
            self.host.capabilities.loaders.call(number, text, route, message)
        else:
            self._objects.far_facets.call(number, int(text), route, message)

    def _deliver(
        self,
        number: int,
        callee: Callee | ServiceTarget | ObjectAddress,
        route: str,
        message: Message | None,
    ) -> None:
        try:
            match callee:
                case Callee():
                    callee.call(self._objects, number, route, message)
                case ObjectAddress():
                    self._objects.call_object(number, callee, route, message)
                case ServiceTarget():
                    worker = self._objects.worker_of(callee)
                    answer = worker.call(callee.entrypoint, callee.props, route, message)
                    self._objects.waits_for(number, worker, answer)
                    answer.add_done_callback(lambda done: self.answered(number, done))
        except NotCompiled as late:
            again = partial(self._deliver, number, callee, route, message)
            late.done.add_done_callback(lambda _: again())
        except self._objects.unreachable as error:
            if message is not None:
                message.drop()
            lost = isinstance(error, ConnectionError)
            self.host.fail(number, ScriptError("Error", str(error), remote=True, retryable=lost))

    def answered(self, number: int, answer: "asyncio.Future[Message]") -> None:
        """An event of another Worker has answered a call."""
        error = answer.exception()
        if error is None:
            self.settle(number, answer.result())
        elif isinstance(error, ScriptFailed):
            self.fail_op(number, error.name, error.message, error.flags, error.data)
        else:
            self.host.fail(number, ScriptError("Error", str(error), remote=True))

    def settle(self, number: int, message: Message) -> None:
        """A call out has a result."""
        if self._closed:
            message.drop()
        else:
            self.host.settle(number, message.data, self.give(message))

    def fail_op(self, number: int, name: str, message: str, flags: str, data: bytes | None) -> None:
        """A call out, by RPC or for a response, has failed."""
        properties = {flag: True for flag in flags.split(",") if flag}
        error = ScriptError(name, message, **properties)
        self.host.fail(number, error, data)

    # ---- calls in -----------------------------------------------------------------

    def deliver(
        self, caller: Caller, number: int, export: int, route: str, message: Message | None
    ) -> None:
        """Give a call to one of this isolate's exports. Raises ConnectionError."""
        home = self.home
        if home is None or self._closed or home.worker.is_dead:
            raise ConnectionError(CONNECTION_LOST)
        home.deliver_export_call(self._calls.begin(caller, number, home), export, route, message)

    def respond(self, number: int, message: Message) -> None:
        """See RpcCapability."""
        caller = self._calls.end(number)
        if caller is None:
            message.drop()
            return
        who, its_number, _ = caller
        who.returned(its_number, message)

    def fail(self, number: int, name: str, message: str, flags: str, data: bytes | None) -> None:
        """See RpcCapability."""
        caller = self._calls.end(number)
        if caller is not None:
            who, its_number, _ = caller
            who.failed(its_number, name, message, flags, data)

    def refuse(self, why: str, number: int, tokens: str) -> None:
        """A call was too large for the isolate, which has given it `tokens`."""
        self.fail(number, "RangeError", why, "remote", None)
        self.let_go(tokens)

    def let_go(self, tokens: str) -> None:
        """What came with a message that the isolate did not get is nobody's."""
        for token in filter(None, tokens.split(",")):
            kind, number = token[0], token[1:]
            if kind == "c":
                self.release(int(number))
            elif kind == "b":
                SentBody(self._bodies.received(int(number))).drop()

    def close(self) -> None:
        """The isolate has ended: it holds nothing any more, and nothing of it can be called."""
        if self._closed:
            return
        self._closed = True
        imports, self._imports = self._imports, {}
        for exported in imports.values():
            self.host.loop.call_soon(exported.drop)
