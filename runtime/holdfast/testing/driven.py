"""Methods that take time, written once for both harnesses.

Each is a coroutine, marked `@driven`. On the sync side a call of it returns its result, on the
async side what is to be awaited; the classes of a side say by `Sync` or `Async` which they are, and
type checkers read it there.
"""

import functools
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from holdfast.testing.errors import hidden_from_tracebacks

__tracebackhide__ = hidden_from_tracebacks

P = ParamSpec("P")
T = TypeVar("T")


class Sync:
    """What is used from plain functions: calls return when they are done."""


class Async:
    """What is used from coroutines: what takes time is awaited."""


if TYPE_CHECKING:

    class driven(Generic[P, T]):  # noqa: N801 - a decorator
        """A method that takes time."""

        def __init__(
            self, method: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]
        ) -> None: ...

        @overload
        def __get__(self, instance: Sync, owner: Any = None) -> Callable[P, T]: ...
        @overload
        def __get__(
            self, instance: Async, owner: Any = None
        ) -> Callable[P, Coroutine[Any, Any, T]]: ...
        def __get__(self, instance: object, owner: Any = None) -> Any: ...

else:

    def driven(method: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
        """A method that takes time: its harness, or that of what it belongs to, runs it."""

        @functools.wraps(method)
        def call(self: Any, *arguments: Any, **named: Any) -> Any:
            return getattr(self, "_core", self).drive(method(self, *arguments, **named))

        return call
