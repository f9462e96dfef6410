"""Which of a bounded number of things was used least recently. Pure."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

Entry = TypeVar("Entry", bound=Hashable)


class LeastRecentlyUsed(Generic[Entry]):
    """A set in the order of use, oldest first.

    `touch(entry)` makes an entry the newest; it raises KeyError for one that is not here. It
    is the C method itself, since it runs at every access to storage.
    """

    __slots__ = ("_entries", "touch")

    touch: Callable[[Entry], None]

    def __init__(self) -> None:
        self._entries: OrderedDict[Entry, None] = OrderedDict()
        self.touch = self._entries.move_to_end

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, entry: Entry) -> bool:
        return entry in self._entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def add(self, entry: Entry) -> None:
        """Put an entry in, as the newest."""
        self._entries[entry] = None
        self._entries.move_to_end(entry)

    def discard(self, entry: Entry) -> None:
        """Take an entry out, if it is here."""
        self._entries.pop(entry, None)

    def drop_oldest(self) -> None:
        """Take out the entry that was used least recently. KeyError if there is none."""
        self._entries.popitem(last=False)

    def oldest(self, accept: Callable[[Entry], bool], *, looks: int) -> Entry | None:
        """The oldest entry that `accept` agrees to.

        Looks at `looks` entries at most; those refused become the newest, so that the next
        search does not meet them first.
        """
        for _ in range(min(looks, len(self._entries))):
            entry = next(iter(self._entries))
            if accept(entry):
                return entry
            self._entries.move_to_end(entry)
        return None
