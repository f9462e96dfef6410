"""On what condition an object is read or replaced. Pure.

https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#conditional-operations
https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from holdfast.dataclass import dataclass


class Etag(NamedTuple):
    """One of a list: `value` None stands for any."""

    value: str | None
    is_weak: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """What has to hold; None asks for nothing. Times are milliseconds since the epoch.

    `by_seconds`: they are compared as HTTP's are, without what is below a second.
    """

    matches: Sequence[Etag] | None = None
    does_not_match: Sequence[Etag] | None = None
    before_ms: float | None = None
    after_ms: float | None = None
    by_seconds: bool = False

    @classmethod
    def from_json(cls, told: dict[str, Any] | None) -> "Condition":
        """What polyfills/r2/options.js makes of `onlyIf`; None for one that always holds."""
        if told is None:
            return ALWAYS
        return cls(
            _etags(told.get("matches")),
            _etags(told.get("doesNotMatch")),
            told.get("before"),
            told.get("after"),
            bool(told.get("bySeconds")),
        )

    def holds_without(self) -> bool:
        """Whether it holds where there is no object."""
        return self.matches is None and self.after_ms is None

    def holds(self, etag: str, uploaded_ms: int) -> bool:
        """Whether it holds for an object."""
        matches = self.matches is None or any(
            one.value is None or (one.value == etag and not one.is_weak) for one in self.matches
        )
        differs = self.does_not_match is None or not any(
            one.value in (None, etag) for one in self.does_not_match
        )
        uploaded = self._rounded(uploaded_ms)
        is_younger = (
            self.after_ms is None
            or self._rounded(self.after_ms) < uploaded
            or (self.does_not_match is not None and differs)
        )
        is_older = (
            self.before_ms is None
            or uploaded < self._rounded(self.before_ms)
            or (self.matches is not None and matches)
        )
        return matches and differs and is_younger and is_older

    def _rounded(self, time_ms: float) -> float:
        return time_ms // 1000 * 1000 if self.by_seconds else time_ms


ALWAYS = Condition()


def _etags(told: list[list[Any]] | None) -> list[Etag] | None:
    return None if told is None else [Etag(*one) for one in told]
