"""The log of objects that leave memory: how many of which class, and why.

Objects come and go by the thousand. So the log has one line for all of a class that leave
together for one reason; with the level debug it has one for each object, by its id.
"""

import asyncio
import logging
from collections import Counter

from holdfast.catalog.namespace import Namespace
from holdfast.objects.record import ObjectRecord

log = logging.getLogger("holdfast.objects")

MAX_REASON_CHARS = 500
_PREFIX = "Durable Object reset because "  # of reasons that are told to callers


class Departures:
    """Counts the objects that leave, and tells of them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._counts: Counter[tuple[Namespace, str, str]] = Counter()
        self._is_due = False
        self._is_closed = False

    def evicted(self, record: ObjectRecord, reason: str) -> None:
        """An object that has nothing under way leaves; to be followed by `tell`, once."""
        self._count(record, "evicted", reason)

    def reset(self, record: ObjectRecord, reason: str) -> None:
        """An object is ended; those that are in the same round of the loop are told together."""
        self._count(record, "reset", reason.removeprefix(_PREFIX).removesuffix("."))
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self.tell)

    def _count(self, record: ObjectRecord, how: str, reason: str) -> None:
        reason = " ".join(reason.split())[:MAX_REASON_CHARS]  # which may be a script's
        log.debug("object %s was %s: %s", record.id, how, reason, extra=record.about)
        if not self._is_closed and not record.facet:  # which leave with their objects
            self._counts[record.namespace, how, reason] += 1

    def tell(self) -> None:
        """Log what was counted."""
        self._is_due = False
        counts, self._counts = self._counts, Counter()
        for (namespace, how, reason), count in counts.items():
            about, class_name = {"script": namespace.script}, namespace.class_name
            objects = "1 object" if count == 1 else f"{count:,} objects"
            log.info("%s of %s %s: %s", objects, class_name, how, reason, extra=about)

    def close(self) -> None:
        """All objects leave, since the server stops: nobody needs to be told."""
        self.tell()
        self._is_closed = True
