"""An isolate: one QuickJS runtime and context, entered one turn at a time.

Who owns what. Every JSValue has one owner. Values that this class makes for a
call it frees after the call; values that outlive a call are `Handle`s, which the
isolate frees when they are closed or when it closes itself. Arguments of ops
belong to QuickJS. C callbacks are kept alive by the isolate until its runtime is
freed, as is the memory shared with JavaScript.

Teardown runs in one order: refuse entry, free the handles and what rejected
promises hold, free the context, free the runtime, and only then drop the
callbacks and shared memory, because freeing the heap may still touch them.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from holdfast.engine.arguments import Arguments, Together
from holdfast.engine.collection_pace import CollectionPace
from holdfast.engine.entry import Entry
from holdfast.engine.errors import IsolateTerminated, JSError, ScriptError
from holdfast.engine.handle import Handle
from holdfast.engine.heap_limit import HeapLimit
from holdfast.engine.jobs import job_runner
from holdfast.engine.library import (
    EVAL_GLOBAL,
    EXCEPTION,
    PROMISE_PENDING,
    PROMISE_REJECTED,
    TAG_EXCEPTION,
    TAG_UNDEFINED,
    UNDEFINED,
    ffi,
    lib,
)
from holdfast.engine.limits import MEBIBYTE, OUT_OF_MEMORY, Limits, Watchdog, usable_stack_bytes
from holdfast.engine.loader import ModuleLoader
from holdfast.engine.modules import Module
from holdfast.engine.op_table import Op, OpTable
from holdfast.engine.promise_hook import PromiseHook
from holdfast.engine.rejections import Rejections
from holdfast.engine.thrown import describe
from holdfast.engine.values import Converter, Value
from holdfast.engine.wasm_door import WasmDoor

if TYPE_CHECKING:
    from holdfast.engine.kept_code import KeptCode

log = logging.getLogger("holdfast.engine")

SHARED_WORDS = 16
ROOM_TO_LOAD_BYTES = MEBIBYTE

NO_ARGUMENTS = ffi.NULL

_js_call = lib.JS_Call
_free = lib.JS_FreeValue


class Isolate:
    """One isolated JavaScript heap with its limits, entered by one thread at a time.

    Modules of bytecode import each other by their full names.

    `ops` become functions of a table, `holdfastOps`, which the internal module `holdfast:ops` is to
    take off the global object; `internal` maps internal module names to bytecode and `public` the
    few names under which scripts may import some of them. `interned` are strings that cross without
    being copied. `kept` has the code of scripts that earlier ones compiled.

    JS_NewRuntime, JS_NewContext, JS_SetMemoryLimit, JS_SetMaxStackSize.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        ops: Mapping[str, Op] | None = None,
        internal: Mapping[str, bytes | memoryview] | None = None,
        public: Mapping[str, str] | None = None,
        interned: Iterable[str] = (),
        explain: Callable[[str], str] | None = None,
        on_rejection: Callable[[JSError], None] | None = None,
        kept: "KeptCode | None" = None,
    ) -> None:
        self.limits = limits or Limits()
        self.closed = self.terminated = False
        self._ends_for = ""  # why it is to be terminated as soon as what runs has been stopped
        self.frees: Callable[[Callable[[], None]], None] | None = None  # calls it, on any thread
        self._on_rejection = on_rejection
        self._runtime = lib.JS_NewRuntime()
        lib.JS_SetMaxStackSize(self._runtime, usable_stack_bytes(self.limits.stack_bytes))
        self._context = lib.JS_NewContext(self._runtime)
        assert self._context, "a runtime that has no limit yet has room for its context"
        self._heap_limit = HeapLimit(self._runtime, self.limits.memory_bytes)
        self._pace = CollectionPace(self._runtime, self._heap_limit)
        self._handles: set[Handle] = set()
        self._converter = Converter(self._context)
        self._ops = OpTable(self._context, self._converter)
        self._arguments = Arguments(self._context, self._converter)
        self._run_ready = job_runner(self._runtime)
        self._entered = False
        self._rejections = Rejections(self._context)
        self._promise_hook: PromiseHook | None = None  # kept alive here
        self._watchdog = Watchdog(self.limits.turn_cpu_ms)
        self.bound_turns = self._watchdog.bound
        self._wasm = WasmDoor(
            self._context, self._heap_limit, self._watchdog, self._ops.throw, self._wasm_source
        )
        self._loader = ModuleLoader(
            self._runtime,
            self._context,
            internal or {},
            public or {},
            self._take_exception,
            explain=explain or (lambda _specifier: ""),
            internal_loader=self._internal_loader,
            throw=self._ops.throw,
            hold=self._hold,
            more_room=self._more_room,
            kept=kept,
        )
        self.shared = ffi.new("int32_t[]", SHARED_WORDS)
        self._install_callbacks()
        if ops:
            self._install_ops(ops)
        self._converter.intern(interned)
        self._arguments.forget()
        # Last, because QuickJS does not survive running out of memory before it is set up.
        self._heap_limit.apply()

    def serve(
        self,
        answering: Callable[[str], Op],
        on_rejection: Callable[[JSError], None] | None = None,
    ) -> None:
        """Have other functions answer the ops, on this thread from now on.

        `answering(name)` gives an op's, when it is first called. So an isolate can be made
        before there is somebody to serve it. JS_UpdateStackTop.
        """
        lib.JS_UpdateStackTop(self._runtime)
        self._on_rejection = on_rejection
        self._ops.answer_with(answering)

    # ---- calls -------------------------------------------------------------

    def call(self, function: Handle, *arguments: "Value | Handle | Together") -> Value:
        """Run one turn: call `function`, then every job that became ready.

        Returns what the function returned, converted; an object or a promise
        comes back as None, a Uint8Array as bytes. Raises JSError for an exception the function let
        escape, IsolateTerminated past the CPU budget, NoRoom for arguments that the memory
        limit has no room for. Must not be called from inside an op.
        """
        assert not self._entered, "an op must not enter the isolate that called it"
        assert not self.closed, "a closed isolate cannot be entered"
        if self.terminated:
            raise IsolateTerminated("the isolate was terminated earlier")
        self._entered = True
        self._watchdog.deadline = None
        try:
            lent = self._arguments
            count = lent.lend(arguments) if arguments else 0
            returned = _js_call(self._context, function.value, UNDEFINED, count, lent.memory)
            if count:
                lent.take_back()
            result = None if returned.tag == TAG_UNDEFINED else self._converted(returned)
            if not self._run_ready():
                self._go_on_with_jobs()
        finally:
            self._entered = False
            if self._rejections.waiting:
                self._report_rejections()
        return result

    def run_while(self, flag: int, function: Handle, most: int) -> int:
        """Run turns of `function`, called without arguments, while `shared[flag]` is set.

        How many ran, `most` at the most. What it returns is dropped; raises as `call`.
        """
        assert not self._entered, "an op must not enter the isolate that called it"
        assert not self.closed, "a closed isolate cannot be entered"
        if self.terminated:
            raise IsolateTerminated("the isolate was terminated earlier")
        context, shared, turn = self._context, self.shared, function.value
        watchdog, run_ready, rejections = self._watchdog, self._run_ready, self._rejections
        ran = 0
        try:
            while shared[flag] and ran < most:
                ran += 1
                self._entered = True
                watchdog.deadline = None
                returned = _js_call(context, turn, UNDEFINED, 0, NO_ARGUMENTS)
                if returned.tag != TAG_UNDEFINED:
                    self._drop(returned)
                if not run_ready():
                    self._go_on_with_jobs()
                if rejections.waiting:
                    self._report_rejections()
        finally:
            self._entered = False
            if rejections.waiting:
                self._report_rejections()
        return ran

    def _drop(self, returned: Any) -> None:
        """Nobody wants what a turn returned, unless that is an exception."""
        if returned.tag == TAG_EXCEPTION:
            self._raise_unless_stopped()
        else:
            _free(self._context, returned)

    def _converted(self, returned: Any) -> Value:
        """What a call has returned, taken over. Raises as `call`."""
        if returned.tag == TAG_EXCEPTION:
            self._raise_unless_stopped()
            return None
        try:
            return self._converter.result(returned)
        finally:
            _free(self._context, returned)

    def _go_on_with_jobs(self) -> None:
        """One has left an exception: raise it, or run the others."""
        self._raise_unless_stopped()
        self._run_jobs()

    def _run_jobs(self) -> None:
        while not self._run_ready():
            self._raise_unless_stopped()

    # ---- modules and scripts -----------------------------------------------

    def add_modules(self, modules: Mapping[str, Module]) -> None:
        """Make a script's modules importable; names must not be ours (`holdfast:`)."""
        self._loader.add(modules)

    def describe_modules(self, module: str, main: str) -> None:
        """Have the function `describe` of an internal module fill in each `import.meta`.

        It is called with that, the name, and whether this is the module `main`.
        """
        self._loader.describe(module, main)

    @property
    def modules(self) -> dict[str, Module]:
        """A script's own modules, by their names."""
        return self._loader.modules

    def _wasm_source(self, name: str) -> bytes:
        return self._loader.modules[name].content

    def evaluate(self, name: str) -> Handle:
        """Import a module, run it to the end of its top level; its namespace.

        Raises JSError when it cannot be found, compiled or linked, when its top
        level throws, or awaits what never settles (Error "top-level await …").

        JS_ResolveModule, JS_EvalFunction, JS_GetModuleNamespace.
        """
        with Entry(self), self._loader.names_of(name):
            try:
                with self._loader.before_code():
                    definition = self._loader.load(name)
                    module = self._resolved(definition)
            except ScriptError as error:
                raise JSError(error.name, error.message) from error
            return self._evaluate(name, definition, module)

    def evaluate_bundle(self, bundle: bytes, name: str) -> Handle:
        """Read internal modules that belong together, and evaluate one of them; as `evaluate`.

        JS_ReadObject.
        """
        with Entry(self), self._loader.names_of(name):
            definition = self._loader.read_bundle(bundle)
            return self._evaluate(name, definition, self._resolved(definition))

    def _resolved(self, definition: Any) -> Any:
        """The module with this definition, all that it imports being loaded; the caller's."""
        module = ffi.new("JSValue *", {"u": int(ffi.cast("uintptr_t", definition)), "tag": -3})[0]
        lib.JS_DupValue(self._context, module)
        if lib.JS_ResolveModule(self._context, module) < 0:
            _free(self._context, module)
            raise self._take_exception()
        return module

    def _evaluate(self, name: str, definition: Any, module: Any) -> Handle:
        promise = lib.JS_EvalFunction(self._context, module)
        self._finish_evaluation(promise, name)
        namespace = lib.JS_GetModuleNamespace(self._context, definition)
        return self._hold(namespace)

    def run_script(self, name: str, source: bytes) -> None:
        """Run a classic script in global scope. Raises JSError. JS_Eval."""
        with Entry(self):
            result = self._loader.compiled(name, source, EVAL_GLOBAL)
            if result.tag != TAG_EXCEPTION:
                result = lib.JS_EvalFunction(self._context, result)
            if result.tag == TAG_EXCEPTION:
                raise self._take_exception()
            _free(self._context, result)
            self._run_jobs()

    def expression(self, name: str, source: str) -> Handle:
        """The value of an expression in global scope. Raises JSError. JS_Eval."""
        text = f"({source}\n)".encode()
        with Entry(self):
            value = lib.JS_Eval(self._context, text, len(text), name.encode(), EVAL_GLOBAL)
            if value.tag == TAG_EXCEPTION:
                raise self._take_exception()
            return self._hold(value)

    def _finish_evaluation(self, promise: Any, name: str) -> None:
        if promise.tag == TAG_EXCEPTION:
            raise self._take_exception()
        try:
            self._run_jobs()
            state = lib.JS_PromiseState(self._context, promise)
            if state == PROMISE_PENDING:
                raise JSError("Error", f'Top-level await in "{name}" never settles.')
            if state == PROMISE_REJECTED:
                raise self._rejection_of(promise)
        finally:
            _free(self._context, promise)

    def export(self, namespace: Handle, name: str) -> Handle:
        """A property of an object that is held, held in its turn. JS_GetPropertyStr."""
        assert not self.closed, "what a closed isolate held is gone"
        value = lib.JS_GetPropertyStr(self._context, namespace.value, name.encode())
        if value.tag == TAG_EXCEPTION:
            raise self._take_exception()
        return self._hold(value)

    def watch_promises(self, namespace: Handle, name: str, word: int) -> None:
        """Have the function `name` of a namespace told of promises, from now on for good.

        `word` is the index of the shared word that says whether JavaScript is in a frame.
        """
        listener = self.export(namespace, name)
        self._promise_hook = PromiseHook(
            self._runtime, self._context, listener.value, self.shared + word
        )

    # ---- what is held --------------------------------------------------------

    def _hold(self, value: Any) -> Handle:
        handle = Handle(self, value)
        self._handles.add(handle)
        return handle

    def _release(self, handle: Handle) -> None:
        if not self.closed and handle in self._handles:
            self._handles.discard(handle)
            _free(self._context, handle.value)

    def is_out_of_time(self) -> bool:
        """True once the running turn has used its CPU budget; the engine then ends it.

        For work that an op does by itself, in as many steps as the script likes.
        """
        return self._watchdog.should_interrupt()

    def collect_garbage(self) -> None:
        """Free unreachable cycles now. JS_RunGC."""
        lib.JS_RunGC(self._runtime)

    def pace_collections(self) -> None:
        """Have the engine look for garbage less often than it would; to be called now and then."""
        if not self.closed:
            self._pace.adjust()

    @property
    def may_be_full(self) -> bool:
        """False where the last look for garbage left room; to be asked after `pace_collections`.

        It costs nothing, unlike `memory_used`.
        """
        return self._pace.may_be_full

    def memory_used(self) -> int:
        """The bytes that it holds now: its heap, which is walked, and WebAssembly's memories."""
        return self._heap_limit.heap_bytes() + self._heap_limit.outside_bytes

    def close(self) -> None:
        """Free the heap and everything held; harmless the second time."""
        if self.closed:
            return
        assert not self._entered, "an op must not close the isolate that called it"
        self.closed = True
        if self.frees is None:
            self._free()
        else:
            self.frees(self._free)

    def _free(self) -> None:
        self._heap_limit.apply()
        self._rejections.close()
        held = [handle.value for handle in self._handles]
        held += self._arguments.take_kept()
        held += self._converter.take_interned()
        held += self._ops.take_held()
        self._handles.clear()
        self._wasm.release_held()
        # An array takes all of them over, and needs one call: see op_table.py. So it does where
        # there is no room for it.
        array = lib.JS_NewArrayFrom(self._context, len(held), ffi.new("JSValue[]", held))
        _free(self._context, array)
        lib.JS_FreeContext(self._context)
        lib.JS_FreeRuntime(self._runtime)
        self._wasm.close()
        self._ops.close()
        del self._callbacks, self._promise_hook

    @contextmanager
    def _more_room(self, memory_bytes: int = ROOM_TO_LOAD_BYTES) -> Iterator[None]:
        """Room beyond the limits, for loading a module of ours wherever a script first needs it.

        One that found no room on the stack, or none for its functions, would stay broken when
        there is some again. And QuickJS does not survive reading bytecode without room for it.
        JS_SetMaxStackSize, JS_SetMemoryLimit.
        """
        stack_bytes = usable_stack_bytes(self.limits.stack_bytes)
        lib.JS_SetMaxStackSize(self._runtime, stack_bytes + ROOM_TO_LOAD_BYTES)
        try:
            with self._heap_limit.raised_by(memory_bytes):
                yield
        finally:
            lib.JS_SetMaxStackSize(self._runtime, stack_bytes)

    # ---- errors ----------------------------------------------------------------

    def _take_exception(self) -> Exception:
        """The pending exception, as one of ours; the context is clean afterwards."""
        raised = self._loader.take_raised()
        failure = self._failure(lib.JS_GetException(self._context))
        # A script may have caught the one that was raised, and thrown another since.
        if (
            raised is not None
            and isinstance(failure, JSError)
            and failure.message == raised.message
        ):
            return raised
        return failure

    def _raise_unless_stopped(self) -> None:
        """Raise the pending exception, unless it is but the end of what an op stopped."""
        thrown = lib.JS_GetException(self._context)
        if lib.JS_IsUncatchableError(thrown) and not self._watchdog.expired:
            _free(self._context, thrown)
            if self._ends_for:
                self.terminated = True
                raise IsolateTerminated(self._ends_for)
            return
        lib.JS_Throw(self._context, thrown)
        raise self._take_exception()

    def end_soon(self, reason: str) -> None:
        """For an op that raises StopTurn next: that ends the isolate, too, with this reason."""
        self._ends_for = reason

    @property
    def is_overdue(self) -> bool:
        """Whether the turn that goes on has had its time: an op that takes long raises StopTurn."""
        return self._watchdog.expired

    def _rejection_of(self, promise: Any) -> Exception:
        """What a rejected promise of an evaluation means; it is told by whoever asked."""
        self._rejections.forget(promise)
        return self._failure(lib.JS_PromiseResult(self._context, promise))

    def _failure(self, thrown: Any) -> Exception:
        """What a thrown value means; takes `thrown` over."""
        if not self._watchdog.expired:
            return describe(self._context, thrown)
        self._heap_limit.apply()
        where = ""
        if lib.JS_IsUncatchableError(thrown):  # the engine's own, of what was interrupted
            where = describe(self._context, thrown).stack
        else:
            _free(self._context, thrown)
        return self._overran(where)

    def _overran(self, where: str = "") -> IsolateTerminated:
        self.terminated = True
        return IsolateTerminated(self._watchdog.why, where)

    def watch_rejections(self, unhandled: Handle, handled: Handle) -> None:
        """Have JavaScript hear of rejections before `on_rejection` does.

        `unhandled(promise, reason)` is called for what `on_rejection` is told of, which then
        hears only of those for which it returned false; `handled(promise)` for a promise that
        is listened to in a later turn. They may queue turns, and nothing else.
        """
        self._rejections.watch(unhandled.value, handled.value)

    def _report_rejections(self) -> None:
        """Tell of promises that ended a turn rejected with nobody listening."""
        overran = self._overran() if self._watchdog.expired and not self.terminated else None
        self._entered = True
        reasons = list(self._rejections.end_turn(is_terminated=lambda: self.terminated))
        self._entered = False
        for reason in reasons:
            if self.terminated or self._on_rejection is None:
                _free(self._context, reason)
            else:
                self._on_rejection(describe(self._context, reason))
        if overran is not None:
            raise overran

    # ---- callbacks from C --------------------------------------------------------

    def _install_callbacks(self) -> None:
        callbacks = (
            ffi.callback("JSInterruptHandler", self._interrupt, error=0),
            ffi.callback("JSHostPromiseRejectionTracker", self._track_rejection),
            ffi.callback("JSCFunctionData", self._import, error=EXCEPTION),
        )
        interrupt, track, self._c_import = callbacks
        self._callbacks = callbacks
        lib.JS_SetInterruptHandler(self._runtime, interrupt, ffi.NULL)
        lib.JS_SetHostPromiseRejectionTracker(self._runtime, track, ffi.NULL)

    def _interrupt(self, _runtime: Any, _opaque: Any) -> int:
        if self._heap_limit.is_full():
            self._watchdog.expire(OUT_OF_MEMORY)
        return 1 if self._watchdog.should_interrupt() else 0

    def _track_rejection(
        self,
        context: Any,
        promise: Any,
        reason: Any,
        is_handled: bool,  # noqa: FBT001 - the C signature
        _opaque: Any,
    ) -> None:
        self._rejections.track(promise, reason, is_handled=is_handled)

    # ---- ops -------------------------------------------------------------------------

    def _install_ops(self, ops: Mapping[str, Op]) -> None:
        """Put the ops and the shared words where `holdfast:ops` picks them up."""
        table = self._ops.add(ops)
        lib.JS_SetPropertyStr(self._context, table, b"loadModule", self._internal_loader())
        lib.JS_SetPropertyStr(self._context, table, b"wasm", self._wasm.function())
        words = lib.JS_NewArrayBuffer(
            self._context,
            ffi.cast("uint8_t *", self.shared),
            4 * SHARED_WORDS,
            0,
            ffi.NULL,
            ffi.NULL,
            False,
        )
        lib.JS_SetPropertyStr(self._context, table, b"shared", words)
        world = lib.JS_GetGlobalObject(self._context)
        lib.JS_SetPropertyStr(self._context, world, b"holdfastOps", table)
        _free(self._context, world)

    def _internal_loader(self) -> Any:
        """The function `loadModule(name)`; the caller's."""
        return lib.JS_NewCFunctionData(self._context, self._c_import, 1, 0, 0, ffi.NULL)

    def _import(
        self, _context: Any, _this: Any, _count: int, arguments: Any, _magic: int, _data: Any
    ) -> Any:
        """C callback `loadModule(name)`: an internal module's namespace, evaluated on first use.

        QuickJS itself finds a module that some other has imported already.
        """
        try:
            name = self._converter.string(arguments[0])
            return self._loader.namespace(name, self._rejection_of)
        except JSError as error:
            return self._ops.throw(ScriptError(error.name or "Error", error.message))
        except IsolateTerminated:
            return EXCEPTION
        except Exception:
            log.exception("an internal module cannot be loaded")
            return self._ops.throw(ScriptError("Error", "internal error"))
