"""What is counted of a script, whichever isolate it runs in."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class ScriptCounts:
    """Numbers that only grow, for as long as the process lives.

    `responses` are those of its `fetch` handlers by the first digit of their status; `rounds` are
    those of its objects' writes that became durable; `stopped` are the isolates that went past a
    limit.
    """

    responses: list[int] = field(default_factory=lambda: [0] * 10)
    rounds: int = 0
    stopped: int = 0
