"""Workers that a script loads: their code, their isolates while they are in use, and calls of them.

One that has a name is kept until it was idle for a while, so that whoever asks for the name finds
its isolate; any other as long as the script holds it. The script may hold one whose isolate has
ended, of idleness or past a limit: the next call starts the same code again.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import field
from functools import partial
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import unquote

from holdfast.catalog.flags import mistake_in
from holdfast.catalog.script import Script, Syntax, new_version
from holdfast.dataclass import dataclass
from holdfast.engine import Module, ModuleKind, ScriptError, takes_time
from holdfast.host.byte_streams import discard_body
from holdfast.host.context import Host
from holdfast.host.objects import Body
from holdfast.host.rpc import Message
from holdfast.objects.home import ObjectHome
from holdfast.objects.loaded_code import (
    Failure,
    Live,
    LoadedCode,
    LoadFailed,
    Shelter,
    TooManyLoaded,
)
from holdfast.workers import Worker, WorkerError

if TYPE_CHECKING:
    from holdfast.objects.capability import IsolateObjects

NEVER_CAME = (
    "The code of this Dynamic Worker never came: the promise of the callback that was given to "
    "get() can never be settled."
)
ENDED = "The Worker that has loaded this one was replaced or shut down."
TOO_MUCH_CODE = (
    "Dynamic Workers that this Worker holds have more than 256 MiB of code: let go of some first."
)
MAX_CODE_SECONDS = 60.0  # that a callback has before somebody else is asked for the code
MAX_CODE_BYTES = 256 << 20  # of all that one isolate holds, which its own memory does not count


@dataclass(slots=True, eq=False)
class _Loaded:
    number: int
    key: tuple[str, str] | None  # its loader and its name, while that leads to it
    since: float  # on the loop's clock: when its code was asked for, or is compiled
    modules: list[Module] = field(default_factory=list, repr=False)
    code: LoadedCode | None = None
    error: Failure | None = None
    live: Live | None = None
    is_cold: bool = False  # its code is to be compiled before it is brought up again
    code_bytes: int = 0
    holders: int = 1
    waiting: list[Callable[[], None]] = field(default_factory=list)

    @property
    def is_starting(self) -> bool:
        """True until its code has come, or its error."""
        return self.code is None and self.error is None


class IsolateLoaders:
    """The Workers that one isolate loads (host.loaders.LoadersCapability)."""

    def __init__(
        self, host: Host, objects: "IsolateObjects", script_name: str, shelter: Shelter
    ) -> None:
        self._host = host
        self._objects = objects
        self._script_name = script_name
        self._shelter = shelter
        self._numbers = count(1)
        self._by_number: dict[int, _Loaded] = {}
        self._named: dict[tuple[str, str], _Loaded] = {}
        self._compiling: set[asyncio.Task[None]] = set()
        self._code_bytes = 0
        self._closed = False
        self._on_idle: Callable[[], None] | None = None

    # ---- their code ----------------------------------------------------------------

    def get(self, loader: str, name: str | None) -> int:
        """See LoadersCapability."""
        key = None if name is None else (loader, name)
        known = None if key is None else self._named.get(key)
        now = self._host.loop.time()
        if known is not None and known.is_starting and now - known.since > MAX_CODE_SECONDS:
            self._fail(known, Failure("Error", NEVER_CAME))
            known = None
        if known is not None:
            known.holders += 1
            return known.number
        loaded = _Loaded(next(self._numbers), key, now)
        self._by_number[loaded.number] = loaded
        if key is not None:
            self._named[key] = loaded
        if self._on_idle is None:
            self._on_idle, self._host.on_idle = self._host.on_idle, self._look_for_hung
        return -loaded.number

    def _starting(self, number: int) -> _Loaded | None:
        """One whose code is awaited; None where nobody waits any more."""
        loaded = self._by_number.get(number)
        return loaded if loaded is not None and loaded.is_starting else None

    def add_module(self, number: int, name: str, kind: str, content: bytes) -> None:
        """See LoadersCapability."""
        loaded = self._starting(number)
        if loaded is None:
            return
        if self._code_bytes + len(content) > MAX_CODE_BYTES:
            raise ScriptError("Error", TOO_MUCH_CODE, overloaded=True)
        loaded.modules.append(Module(name, ModuleKind(kind), content))
        loaded.code_bytes += len(content)
        self._code_bytes += len(content)

    def start(self, number: int, told: str, env: bytes | None, tokens: str) -> None:
        """See LoadersCapability."""
        loaded, given = self._starting(number), json.loads(told)
        if loaded is None:
            return
        flags = tuple(given["flags"])
        if mistake := mistake_in(flags):
            raise ScriptError("Error", mistake)
        message = self._objects.rpc.take(b"", tokens)
        outbound = given["outbound"]
        name = f"{self._script_name}:{number if loaded.key is None else loaded.key[1]}"
        code = LoadedCode(
            self._script_name,
            Script(
                name=name,
                main=given["main"],
                syntax=Syntax.MODULES,
                modules=tuple(loaded.modules),
                bindings=(),
                compatibility_date=given["date"],
                compatibility_flags=flags,
                version=new_version(),
                cpu_ms=given["cpuMs"],
            ),
            Message(env or b"", message.capabilities[: given["envTokens"]]),
            outbound if isinstance(outbound, str) else message.capabilities[outbound],
            tuple(message.capabilities[tail] for tail in given["tails"]),
            given["subRequests"],
        )
        loaded.modules = []
        if takes_time(code.script.modules):
            self._begin_compiling(loaded, code)
        else:
            self._settle(loaded, code)

    def _begin_compiling(self, loaded: _Loaded, code: LoadedCode) -> None:
        loaded.code, loaded.is_cold, loaded.since = None, False, self._host.loop.time()
        self._host.pending += 1
        self._compiling.add(task := self._host.loop.create_task(self._compile(loaded, code)))
        task.add_done_callback(self._compiling.discard)

    async def _compile(self, loaded: _Loaded, code: LoadedCode) -> None:
        compiled: object = None
        try:
            compiled = await self._shelter.compile(code.script)
        finally:
            self._host.pending -= 1
            self._settle(loaded, code)
        await asyncio.sleep(0)  # in which whoever has waited brings it up
        del compiled

    def _settle(self, loaded: _Loaded, code: LoadedCode) -> None:
        loaded.code = code
        self._wake(loaded)
        self._forget_if_unused(loaded)

    def fail(self, number: int, name: str, message: str, data: bytes | None) -> None:
        """See LoadersCapability."""
        if loaded := self._starting(number):
            self._fail(loaded, Failure(name, message, data=data))

    def _fail(self, loaded: _Loaded, error: Failure) -> None:
        """Whoever holds it gets this error; who asks for its name again, gets another."""
        loaded.error, loaded.code = error, None
        self._count_no_more(loaded)
        self._unname(loaded)
        self._wake(loaded)
        self._forget_if_unused(loaded)

    def _count_no_more(self, loaded: _Loaded) -> None:
        self._code_bytes -= loaded.code_bytes
        loaded.code_bytes, loaded.modules = 0, []

    def _wake(self, loaded: _Loaded) -> None:
        waiting, loaded.waiting = loaded.waiting, []
        for resume in waiting:
            self._host.loop.call_soon(resume)
        self._host.pending += len(waiting)

    def _look_for_hung(self) -> None:
        """Nothing is under way in the isolate: code that has not come yet never comes."""
        hung = [loaded for loaded in self._by_number.values() if loaded.is_starting]
        for loaded in hung:
            self._fail(loaded, Failure("Error", NEVER_CAME))
        if not hung and self._on_idle is not None:
            self._on_idle()

    # ---- who holds them ------------------------------------------------------------

    def release(self, number: int) -> None:
        """See LoadersCapability."""
        loaded = self._by_number.get(number)
        if loaded is not None:
            loaded.holders -= 1
            self._forget_if_unused(loaded)

    def _unname(self, loaded: _Loaded) -> None:
        if loaded.key is not None:
            del self._named[loaded.key]
            loaded.key = None

    def _forget_if_unused(self, loaded: _Loaded) -> None:
        if loaded.holders or loaded.is_starting:
            return
        if loaded.live is None:
            self._unname(loaded)  # whoever asks for it tells its code
        if loaded.key is not None:
            return
        self._by_number.pop(loaded.number, None)
        self._count_no_more(loaded)
        if loaded.live is not None:
            self._host.loop.call_soon(self._shelter.let_go, loaded.live)

    def _ended(self, loaded: _Loaded) -> None:
        """Its isolate has ended: of idleness, or as it went past a limit."""
        dead, loaded.live = loaded.live, None
        loaded.is_cold = loaded.code is not None and takes_time(loaded.code.script.modules)
        if dead is not None and dead.worker.host.isolate.terminated:
            self._unname(loaded)
        self._forget_if_unused(loaded)

    def close(self) -> None:
        """The isolate has ended that holds them."""
        self._closed = True
        everything, self._by_number = self._by_number, {}
        self._named.clear()
        for loaded in everything.values():
            loaded.key, loaded.error = None, Failure("Error", ENDED)
            self._wake(loaded)
            if loaded.live is not None:
                self._shelter.end(loaded.live)

    # ---- calls of them ---------------------------------------------------------------

    def fetch(
        self,
        number: int,
        target: str,
        method: str,
        url: str,
        headers: str,
        body: Body,
        cf: str | None,
    ) -> None:
        """See LoadersCapability."""
        loaded, entrypoint, props = self._begin(target)
        stream = self._host.capabilities.bodies.received(body)

        def deliver(live: Live) -> None:
            worker = live.worker
            _check_entrypoint(worker, entrypoint)
            answer = worker.fetch(method, url, headers, stream, entrypoint, props=props, cf=cf)
            self._objects.waits_for(number, worker, answer)
            answer.add_done_callback(lambda done: self._objects.answered(number, method, done))
            answer.add_done_callback(lambda _: self._ended_call(loaded))

        reach = partial(self._reach, number, loaded, deliver, partial(discard_body, stream))
        self._host.loop.call_soon(reach)

    def call(self, number: int, target: str, route: str, message: Message | None) -> None:
        """Call one by RPC; settles the op with this number."""
        loaded, entrypoint, props = self._begin(target)

        def deliver(live: Live) -> None:
            worker = live.worker
            _check_entrypoint(worker, entrypoint)
            answer = worker.call(entrypoint, props, route, message)
            self._objects.waits_for(number, worker, answer)
            answer.add_done_callback(lambda done: self._objects.rpc.answered(number, done))
            answer.add_done_callback(lambda _: self._ended_call(loaded))

        def drop() -> None:
            if message is not None:
                message.drop()

        reach = partial(self._reach, number, loaded, deliver, drop)
        self._host.loop.call_soon(reach)

    def find_class(
        self, number: int, target: str, found: Callable[[ObjectHome, str, str | None], None]
    ) -> None:
        """Call back with where a class lives, its name and its props; else fail the op."""
        loaded, class_name, props = self._begin(target)

        def deliver(live: Live) -> None:
            found(live.home, class_name or "default", props)
            self._ended_call(loaded)

        reach = partial(self._reach, number, loaded, deliver, lambda: None)
        self._host.loop.call_soon(reach)

    def _begin(self, target: str) -> tuple[_Loaded, str, str | None]:
        """What a call is for. It holds its Worker until it is answered."""
        number, entrypoint, props = target.split("/", 2)
        loaded = self._by_number[int(number)]
        loaded.holders += 1
        return loaded, unquote(entrypoint), props or None

    def _ended_call(self, loaded: _Loaded) -> None:
        loaded.holders -= 1
        self._forget_if_unused(loaded)

    def _reach(
        self,
        number: int,
        loaded: _Loaded,
        deliver: Callable[[Live], None],
        drop: Callable[[], None],
    ) -> None:
        if loaded.is_cold and loaded.code is not None:
            self._begin_compiling(loaded, loaded.code)
        if loaded.is_starting:
            # A call that waits for code does not count as what could bring it.
            again = partial(self._reach, number, loaded, deliver, drop)
            loaded.waiting.append(again)
            self._host.pending -= 1
            self._host.look_for_idleness()
            return
        try:
            deliver(self._live(loaded))
        except LoadFailed as failed:
            drop()
            error = failed.failure
            self._ended_call(loaded)
            self._objects.rpc.fail_op(number, error.name, error.message, error.flags, error.data)

    def _live(self, loaded: _Loaded) -> Live:
        """Its isolate, brought up where it is not. Raises LoadFailed."""
        if self._closed:
            raise LoadFailed(Failure("Error", ENDED))
        live = loaded.live
        if live is None or live.worker.is_dead or live.worker.retired:
            if loaded.error is not None:
                raise LoadFailed(loaded.error)
            assert loaded.code is not None, "a Worker that is not starting has code or an error"
            try:
                live = self._shelter.bring_up(
                    loaded.code, self._objects.worker_named, partial(self._ended, loaded)
                )
            except TooManyLoaded as error:
                raise LoadFailed(Failure("Error", str(error), "overloaded")) from error
            except WorkerError as error:
                failure = Failure("Error", f"Failed to start Worker:\n{error}")
                self._fail(loaded, failure)
                raise LoadFailed(failure) from error
            loaded.live = live
        self._shelter.used(live)
        return live


def _check_entrypoint(worker: Worker, entrypoint: str) -> None:
    """Raise LoadFailed where a Worker has no such entrypoint."""
    if (entrypoint or "default") not in worker.exports.entrypoints:
        told = f"such entrypoint: {entrypoint}" if entrypoint else "default entrypoint."
        raise LoadFailed(Failure("Error", f"Worker has no {told}"))
