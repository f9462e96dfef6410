"""Which namespaces there are, as one shard has heard so far.

A class may be deleted and made anew by one upload: two namespaces have had the same class then.
So an object is brought up for a namespace that is known here, and for no other; who calls it may
have heard of less, or of more.
"""

import asyncio
from collections.abc import Awaitable, Callable

from holdfast.catalog import CatalogError, Namespace
from holdfast.objects.local import NAMESPACE_DELETED
from holdfast.workers import NotCompiled


class KnownNamespaces:
    """Finds namespaces by their unique keys."""

    def __init__(
        self, heard: Callable[[str], Namespace | None], loop: asyncio.AbstractEventLoop
    ) -> None:
        """`heard` has those that the runtime was told of."""
        self._heard = heard
        self._loop = loop
        self._deleted: set[str] = set()
        self._looking: dict[str, asyncio.Task[object]] = {}
        # Has the runtime hear of all there are; where another process may know more.
        self.catch_up: Callable[[], Awaitable[None]] | None = None

    def find(self, unique_key: str) -> Namespace | None:
        """A namespace as it is by now; None where whoever asks for it knows best.

        Raises CatalogError where it was deleted, and NotCompiled while others' news are read.
        """
        if unique_key in self._deleted:
            raise CatalogError(NAMESPACE_DELETED)
        looking = self._looking.get(unique_key)
        if looking is None:
            found = self._heard(unique_key)
            if found is not None or self.catch_up is None:
                return found
            looking = self._loop.create_task(self._look_for(unique_key, self.catch_up))
            looking.add_done_callback(lambda _: self._looking.pop(unique_key))
            self._looking[unique_key] = looking
        raise NotCompiled(looking)

    async def _look_for(self, unique_key: str, catch_up: Callable[[], Awaitable[None]]) -> object:
        await catch_up()
        if self._heard(unique_key) is None:
            self._deleted.add(unique_key)
        return None

    def end(self, unique_key: str) -> None:
        """A namespace was deleted: whoever calls an object of it hears of that."""
        self._deleted.add(unique_key)
