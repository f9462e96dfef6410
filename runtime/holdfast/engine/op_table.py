"""Ops as JavaScript calls them: functions of C, behind each of which is one of Python.

QuickJS is given all of them in one list, by one call: to make an isolate while another thread
works, each call costs a fight for Python's lock.
"""

import json
import logging
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NoReturn

from holdfast.engine.errors import ScriptError, StopTurn
from holdfast.engine.insides import make_insides
from holdfast.engine.json_transcoder import parse_json
from holdfast.engine.library import (
    EVAL_GLOBAL,
    EXCEPTION,
    FUNCTION_WITH_MAGIC,
    TAG_EXCEPTION,
    TAG_OBJECT,
    UNDEFINED,
    ffi,
    lib,
)
from holdfast.engine.values import Converter, Json, Value

log = logging.getLogger("holdfast.engine")

# Makes the errors that ops throw, inside the isolate, so that they carry a stack.
_MAKE_ERROR = b"""(() => {
  const g = globalThis, { DOMException, Error } = g;
  return (name, message, properties) => {
    const own = typeof g[name] === "function" && g[name].prototype instanceof Error;
    const error = name === "Error" ? new Error(message)
      : own ? new g[name](message) : new DOMException(message, name);
    return properties ? Object.assign(error, JSON.parse(properties)) : error;
  };
})()"""

Op = Callable[..., Value | Json]


def _nobody(name: str) -> Op:
    raise AssertionError(f"nobody answers the op {name}")


def _stop_turn(*_arguments: Value) -> NoReturn:
    raise StopTurn


@cache
def _entries(names: tuple[str, ...]) -> tuple[Any, list[Any]]:
    """The entries of these ops, but for their function; and the texts that they point to."""
    entries = ffi.new("JSFunctionListEntry[]", len(names))
    texts = [ffi.new("char[]", name.encode()) for name in names]
    for number, (entry, text) in enumerate(zip(entries, texts, strict=True)):
        entry.name = text
        entry.magic = number
        entry.u.kind = FUNCTION_WITH_MAGIC
    return entries, texts


class OpTable:
    """The ops of one isolate, and how errors get into it.

    `take_held` comes before the runtime is freed, `close` after that. JS_SetPropertyFunctionList.
    """

    def __init__(self, context: Any, converter: Converter) -> None:
        self._context = context
        self._converter = converter
        self._result = ffi.new("JSValue *")
        self._declared: Mapping[str, Op] = {}
        self._names: tuple[str, ...] = ()
        self._list: list[
            tuple[Op, Callable[[Any, Any], str | bytes]] | None
        ] = []  # None: not called yet
        self._answering: Callable[[str], Op] = _nobody
        self._callback = ffi.callback("JSCFunctionMagic", self._run, error=EXCEPTION)
        self._entries: Any = None  # QuickJS makes a function of an entry when it is first read
        self._make_error = lib.JS_Eval(
            context, _MAKE_ERROR, len(_MAKE_ERROR), b"holdfast:engine", EVAL_GLOBAL
        )
        assert self._make_error.tag == TAG_OBJECT, "a helper of the engine evaluates to a function"

    def add(self, ops: Mapping[str, Op]) -> Any:
        """An object with a function for each op, and with `insides`; the caller's. Once."""
        assert not self._names, "an isolate's ops are chosen when it is made"
        self._declared, self._names = ops, tuple(ops)
        template, _ = _entries(self._names)
        entries = self._entries = ffi.new("JSFunctionListEntry[]", len(ops))
        ffi.memmove(entries, template, ffi.sizeof(template))
        for entry in entries:
            entry.u.function = self._callback
        self.answer_with(ops.__getitem__)
        table = lib.JS_NewObject(self._context)
        lib.JS_SetPropertyFunctionList(self._context, table, entries, len(ops))
        lib.JS_SetPropertyStr(self._context, table, b"insides", make_insides(self._context))
        return table

    def answer_with(self, answering: Callable[[str], Op]) -> None:
        """Have other functions answer the ops that were added: `answering(name)`, asked once."""
        self._answering = answering
        self._list = [None] * len(self._names)

    def stop_all(self) -> None:
        """Have the next op that is called end what runs, whichever it is. For any thread."""
        self.answer_with(lambda _name: _stop_turn)

    def _answer(self, index: int) -> tuple[Op, Callable[[Any, Any], str | bytes]]:
        name = self._names[index]
        as_bytes = getattr(self._declared[name], "takes_utf8", False)
        text = self._converter.utf8 if as_bytes else self._converter.recurring
        answer = self._list[index] = (self._answering(name), text)
        return answer

    def take_held(self) -> list[Any]:
        """What it holds in the heap, which is about to be freed, to be freed by the caller."""
        return [self._make_error]

    def close(self) -> None:
        """Let go of the functions; nothing calls them any more."""
        del self._callback, self._list, self._entries
        self._answering = _nobody

    def _run(self, context: Any, _this: Any, count: int, arguments: Any, magic: int) -> Any:
        try:
            converter = self._converter
            function, text = self._list[magic] or self._answer(magic)
            value = function(*converter.values(arguments, count, text=text))
            if value is None:
                return UNDEFINED
            if isinstance(value, Json):
                return parse_json(context, value)
            converter.write(self._result, value)
            return self._result[0]
        except ScriptError as error:
            return self.throw(error)
        except MemoryError:
            # The isolate has no room for the answer.
            return lib.JS_ThrowOutOfMemory(self._context)
        except StopTurn:
            return self._stop()
        except Exception:
            log.exception("an op failed")
            return self.throw(ScriptError("Error", "internal error"))

    def throw(self, error: ScriptError) -> Any:
        """Make `error` the pending exception of the context; the value to return to C."""
        made = ffi.new("JSValue[3]")
        properties = json.dumps(error.properties) if error.properties else None
        try:
            for index, part in enumerate((error.name, error.message, properties)):
                self._converter.write(made + index, part)
            thrown = lib.JS_Call(self._context, self._make_error, UNDEFINED, 3, made)
        except MemoryError:
            return lib.JS_ThrowOutOfMemory(self._context)
        finally:
            for value in made:
                lib.JS_FreeValue(self._context, value)
        if thrown.tag == TAG_EXCEPTION:
            return thrown
        return lib.JS_Throw(self._context, thrown)

    def _stop(self) -> Any:
        """End what runs without its noticing; the value to return to C."""
        stop = lib.JS_NewError(self._context)
        lib.JS_SetUncatchableError(self._context, stop)
        return lib.JS_Throw(self._context, stop)
