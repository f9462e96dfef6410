"""`Traffic`: which versions of a script take its events, and how much of them.

https://developers.cloudflare.com/workers/versions-and-deployments/gradual-deployments/
"""

import hashlib
from collections.abc import Sequence
from dataclasses import field, replace
from typing import NamedTuple

from holdfast.catalog.errors import rejected
from holdfast.dataclass import dataclass

WHOLE = 100.0  # percent
MAX_VERSIONS = 2
_TOLERANCE = 0.001  # of the sum: clients divide what is left among versions


class Share(NamedTuple):
    """A version, and the percentage of events that it takes: 0 to 100."""

    version: str
    percentage: float


@dataclass(frozen=True, slots=True)
class Traffic:
    """One version that takes all, or two, each of which has an end of the points from 0 to 100.

    What has a point of its own, an object or a version key, goes to the version that has the point.
    So when percentages change, it changes its version in their direction or not at all.

    `max_delay_s` is for how long objects that are live as it begins may keep the code that they
    have (code_updates.py). It says nothing of who takes what, and so is not compared.
    """

    shares: tuple[Share, ...]
    max_delay_s: float = field(default=0.0, compare=False)

    @classmethod
    def whole(cls, version: str, max_delay_s: float = 0.0) -> "Traffic":
        """All of it goes to one version."""
        return cls((Share(version, WHOLE),), max_delay_s)

    @property
    def is_gradual(self) -> bool:
        """Whether two versions are deployed, even if one of them takes nothing."""
        return len(self.shares) > 1

    @property
    def versions(self) -> tuple[str, ...]:
        """Those that are deployed."""
        return tuple(share.version for share in self.shares)

    @property
    def main(self) -> str:
        """The version that takes the most; the first of two that take the same."""
        return max(self.shares, key=lambda share: share.percentage).version

    def version_at(self, point: float) -> str:
        """The version that has this point, 0 or more and less than 100."""
        first = self.shares[0]
        return first.version if point < first.percentage else self.shares[-1].version

    def after(self, before: "Traffic") -> "Traffic":
        """The same, with each version that goes on at the end of the points that it has had."""
        if not (self.is_gradual and before.is_gradual):
            return self
        (first, second), (first_before, second_before) = self.versions, before.versions
        if first == second_before or second == first_before:
            return replace(self, shares=self.shares[::-1])
        return self


def point_of(text: str) -> float:
    """The point of an object's id, or of a version key: the same in every process."""
    digest = hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=6).digest()
    return int.from_bytes(digest) * WHOLE / (1 << 48)


def check_shares(shares: Sequence[Share]) -> None:
    """Raise UploadRejected unless these may be deployed together."""
    if not 1 <= len(shares) <= MAX_VERSIONS:
        raise rejected(
            f"A deployment has one version, or {MAX_VERSIONS}; this one would have {len(shares)}."
        )
    if len({share.version for share in shares}) < len(shares):
        raise rejected(f'"versions" has the version "{shares[0].version}" twice.')
    for version, percentage in shares:
        if not 0 <= percentage <= WHOLE:
            raise rejected(
                f'The percentage of the version "{version}" is {percentage:g}; '
                "it must be between 0 and 100."
            )
    total = sum(share.percentage for share in shares)
    if abs(total - WHOLE) > _TOLERANCE:
        raise rejected(
            f"The percentages of a deployment's versions must add up to 100, and not to {total:g}."
        )
