"""How an op is declared.

    @op           returns its value at once
    @utf8_op      the same, but strings arrive as the bytes of their UTF-8
    @async_op     a coroutine function; JS gets a promise
    @work_op      an op, and another one with `_later` behind its name, which gives a promise of
                  the same from a thread; its function may touch nothing but its arguments
    @deferred_op  called with the op's number; answers later with `host.settle(number, …)`
                  or `host.fail(number, error)`; for hot paths that need no task

The first parameter of each is the isolate's `Host`. Values that cross are those of
`engine/values.py`. ScriptError is the script's mistake and reaches it as it is.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from enum import Enum
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from holdfast.host.context import Host

Function = TypeVar("Function", bound=Callable[..., Any])
T = TypeVar("T")


class OpKind(Enum):
    """How an op gives its answer."""

    SYNC = "sync"
    ASYNC = "async"
    DEFERRED = "deferred"


class OpDeclaration(NamedTuple):
    """One op: its name, its kind and the function behind it."""

    name: str
    kind: OpKind
    function: Callable[..., Any]


_declared: dict[str, OpDeclaration] = {}


def _declare(kind: OpKind, function: Function) -> Function:
    name = function.__name__
    assert name not in _declared, f"the op {name} is declared twice"
    _declared[name] = OpDeclaration(name, kind, function)
    return function


def op(function: Function) -> Function:
    """Declare an op that returns its value at once."""
    return _declare(OpKind.SYNC, function)


def utf8_op(function: Function) -> Function:
    """Declare an op that returns its value at once and takes strings as UTF-8 bytes."""
    function.takes_utf8 = True  # type: ignore[attr-defined]
    return _declare(OpKind.SYNC, function)


def async_op(function: Function) -> Function:
    """Declare an op whose coroutine's result settles a promise."""
    return _declare(OpKind.ASYNC, function)


def work_op(function: Function) -> Function:
    """Declare an op that works for milliseconds, and one that does the same in a thread."""

    async def later(host: "Host", *arguments: Any) -> Any:
        return await in_thread(function, host, *arguments)

    later.__name__ = f"{function.__name__}_later"
    _declare(OpKind.ASYNC, later)
    return _declare(OpKind.SYNC, function)


def deferred_op(function: Function) -> Function:
    """Declare an op that settles its promise itself, by the number it is called with."""
    return _declare(OpKind.DEFERRED, function)


# Importing these takes long, and not every process needs them.
_WITHOUT_OPS = frozenset(
    {
        *("big5_patch", "decoders", "iso_2022_jp", "jis", "mail_text", "multibyte"),
        *("fetch_connections", "file_bodies", "r2_bindings", "r2_bodies"),
        *("sockets_deflate", "sockets_wire"),
    }
)


def declared_ops() -> dict[str, OpDeclaration]:
    """All ops, after importing every module of this package; in order of name."""
    package = import_module("holdfast.host")
    for module in iter_modules(package.__path__):
        if module.name not in _WITHOUT_OPS:
            import_module(f"holdfast.host.{module.name}")
    return dict(sorted(_declared.items()))


def bind(declaration: OpDeclaration, host: "Host") -> Callable[..., Any]:
    """The callable that an isolate of `host` runs for this op."""
    function = declaration.function
    if declaration.kind is OpKind.SYNC:
        return functools.partial(function, host)

    def run(number: int, *arguments: Any) -> None:
        host.run(number, function(host, *arguments))

    def defer(number: int, *arguments: Any) -> None:
        function(host, number, *arguments)
        host.pending += 1

    return run if declaration.kind is OpKind.ASYNC else defer


class ThreadWork:
    """How much work of ops is under way in threads, of all isolates of this process."""

    under_way = 0


async def in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run work that takes milliseconds of CPU off the loop's thread."""
    return await awaited_work(
        asyncio.get_running_loop().run_in_executor(None, function, *arguments)
    )


async def awaited_work(work: Awaitable[T]) -> T:
    """What comes of work that a thread does."""
    ThreadWork.under_way += 1
    try:
        return await work
    finally:
        ThreadWork.under_way -= 1
