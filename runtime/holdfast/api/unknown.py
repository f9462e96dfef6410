"""Bindings to what the API creates, and has not created."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

from holdfast.catalog import Binding

Kind = TypeVar("Kind", bound=Binding)


async def first_unknown(
    bindings: Iterable[Binding],
    kind: type[Kind],
    named: Callable[[Kind], str],
    known: Callable[[], Collection[str]],
) -> Kind | None:
    """A binding of a kind whose name, as `named` tells it, is not among those that are known.

    `known` blocks, and is called where there is a binding of the kind.
    """
    wanted = {named(binding): binding for binding in bindings if isinstance(binding, kind)}
    if not wanted:
        return None
    there = await asyncio.to_thread(known)
    return next((binding for name, binding in wanted.items() if name not in there), None)
