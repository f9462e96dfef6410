"""Faults on request: commits, syncs and fetches that fail or take long."""

import errno
import os

from holdfast.dataclass import dataclass
from holdfast.testing.errors import HarnessError

KINDS = ("commit", "fsync", "fetch")


@dataclass(slots=True)
class _Fault:
    kind: str
    match: str
    left: int | None  # None: every time


@dataclass(slots=True)
class _Delay(_Fault):
    seconds: float


class Faults:
    """`harness.faults`: what is to go wrong, in the order in which it was asked for.

    - "commit": SQLite fails to commit an object's writes: they are void, and the object is reset.
    - "fsync": what is committed does not become durable: nothing leaves the object, which is
      reset.
    - "fetch": an outgoing fetch() loses its connection.
    """

    def __init__(self) -> None:
        self._failures: list[_Fault] = []
        self._delays: list[_Delay] = []

    def fail_next(self, kind: str, *, times: int = 1, match: object = "") -> None:
        """Fail the next `times` of this kind; `match`: an object or its id, or part of a URL."""
        self._failures.append(_Fault(_known(kind), _text(match), times))

    def slow(
        self, kind: str, seconds: float, *, times: int | None = None, match: object = ""
    ) -> None:
        """Have each of this kind, or the next `times`, take so long; on the harness's clock."""
        if _known(kind) == "commit":
            raise HarnessError('A commit is never waited for; slow("fsync", …) is what you want.')
        self._delays.append(_Delay(kind, _text(match), times, seconds))

    def clear(self) -> None:
        """All is well again."""
        self._failures.clear()
        self._delays.clear()

    @property
    def pending(self) -> list[str]:
        """The kinds of the failures that were asked for and have not happened."""
        return [fault.kind for fault in self._failures]

    # ---- for those who fail ----------------------------------------------------------

    def fails(self, kind: str, what: str) -> bool:
        """Whether this one is to fail; it counts."""
        return _take(self._failures, kind, what) is not None

    def delay(self, kind: str, what: str) -> float:
        """How many seconds this one is to take; it counts."""
        found = _take(self._delays, kind, what)
        return found.seconds if isinstance(found, _Delay) else 0.0

    def before_commit(self, _unique_key: str, object_id: str) -> None:
        """See Storage.before_commit."""
        if self._failures and self.fails("commit", object_id):
            raise OSError(errno.EIO, f"{os.strerror(errno.EIO)} (a fault that the test asked for)")


def _take(faults: "list[_Fault] | list[_Delay]", kind: str, what: str) -> _Fault | None:
    for fault in faults:
        if fault.kind == kind and fault.match in what:
            if fault.left is not None:
                fault.left -= 1
                if fault.left <= 0:
                    faults.remove(fault)  # type: ignore[arg-type]
            return fault
    return None


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise HarnessError(f"There are no faults of the kind {kind!r}, but: {', '.join(KINDS)}.")
    return kind


def _text(match: object) -> str:
    return str(getattr(match, "id", match))
