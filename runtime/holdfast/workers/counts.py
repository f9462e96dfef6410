"""What is counted of a script, whichever isolate it runs in."""

from bisect import bisect_left
from dataclasses import field

from holdfast.dataclass import dataclass


class Durations:
    """How long something took, in seconds: how often at most so long, and all together."""

    BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

    def __init__(self) -> None:
        self.counts = [0] * (len(self.BOUNDS) + 1)  # between two bounds each
        self.sum = 0.0

    def note(self, seconds: float) -> None:
        """It took so long, once more."""
        self.counts[bisect_left(self.BOUNDS, seconds)] += 1
        self.sum += seconds


@dataclass(slots=True)
class ScriptCounts:
    """Numbers that only grow, for as long as the process lives.

    `responses` are those of its `fetch` handlers by the first digit of their status; `rounds` are
    those of its objects' writes that became durable; `stopped` are the isolates that went past a
    limit. `durations` are those of its answers to clients, and None where nobody has asked.
    """

    responses: list[int] = field(default_factory=lambda: [0] * 10)
    rounds: int = 0
    stopped: int = 0
    durations: Durations | None = None
