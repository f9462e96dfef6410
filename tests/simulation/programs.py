"""What clients ask of objects, by chance."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

NAMES = ("ann", "bob", "cyd")

# What is there more than once is done more often.
KINDS = (
    *("read", "pause", "section", "sync", "turn", "disarm"),
    *("add", "add", "add", "transaction", "transaction", "call", "call", "arm", "arm"),
    *("mixed", "mixed", "often"),
)

# Two writes of one turn, what else it does.
BETWEEN = ("nothing", "list", "sql", "delete", "much", "large", "alarm", "undone")

# Lists that only grow, unless what was done is undone.
LISTS = (
    *("a", "left", "right", "listed", "rows", "one", "two", "first", "second"),
    *("oftens", "sent", "heard", "asked"),
    *("gone", "inner", "other", "copy"),
)
# Those of facets, which only some answers tell.
INSIDE = ("inner", "other", "copy", "doomed")
INSIDES = ("inner", "inner", "inner", "other", "clone", "doom", "inside", "look", "leave")


FLAG = "flag"  # which some requests raise and take down again
FLIPS = 0.15  # of all
FACETS = 0.4  # of steps, where there are some


@dataclass(frozen=True, slots=True)
class Request:
    """A client's request to one object; `tags` are what it adds to which lists."""

    name: str
    how: str
    steps: list[list[Any]]
    adds: list[tuple[str, str, str]]  # object, list, tag
    undone: list[str]  # tags that are never to be seen

    @property
    def flips(self) -> bool:
        """True for one that raises the object's flag, and takes it down again."""
        return ["flip"] in self.steps


class Programs:
    """Makes requests; each tag comes once."""

    def __init__(
        self, chance: random.Random, flips: random.Random, insides: random.Random | None
    ) -> None:
        """`insides` is of what is done in facets, which some worlds have none of."""
        self._chance = chance
        self._flips = flips
        self._insides = insides
        self._tags = count(1)

    def requests(self, many: int) -> Iterator[tuple[float, Request]]:
        """Requests of one client, each with the pause in seconds before it."""
        for _ in range(many):
            pause = self._chance.choice((0.0, 0.0, 0.01, 0.05, 0.3, 1.0)) * self._chance.random()
            yield pause, self.request()

    def request(self) -> Request:
        chance = self._chance
        request = Request(chance.choice(NAMES), chance.choice(("rpc", "fetch")), [], [], [])
        if self._flips.random() < FLIPS:
            request.steps.extend([["flip"]] * self._flips.choice((1, 3)))
            return request
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            if self._insides is not None and self._insides.random() < FACETS:
                self._inside(request, self._insides.choice(INSIDES))
            else:
                self._step(request)
        return request

    def _step(self, request: Request) -> None:
        chance, me = self._chance, request.name
        tag = f"{me}-{next(self._tags)}"
        ms = chance.choice((0, 1, 5, 20))
        kind = chance.choice(KINDS)
        match kind:
            case "read":
                step = ["read"]
            case "pause":
                step = ["pause", chance.choice((ms, 700))]  # longer than objects are kept idle
            case "add":
                step = self._adding(request, ["add", "a", tag], "a")
            case "section":
                step = self._adding(request, ["section", "a", tag, ms], "a")
            case "transaction":
                end = chance.choice(("commit", "commit", "rollback", "throw"))
                step = ["transaction", tag, ms, end]
                self._unless(end != "commit", request, tag, "left", "right")
            case "sync":
                end = chance.choice(("commit", "throw"))
                step = ["sync", tag, end]
                self._unless(end != "commit", request, tag, "listed", "rows")
            case "turn":
                step = ["turn", tag]
                self._unless(False, request, tag, "one", "two")
            case "mixed":
                step = ["mixed", tag, chance.choice(BETWEEN)]
                self._unless(False, request, tag, "first", "second")
            case "often":
                step = ["often", tag, chance.choice((2, 5))]
                self._unless(False, request, tag, "oftens")
            case "call":
                other = chance.choice([name for name in NAMES if name != me])
                step = ["call", other, tag, chance.choice(("rpc", "fetch"))]
                request.adds.extend([(me, "sent", tag), (other, "heard", tag)])
            case "arm":
                ms = chance.choice((0, 0, 10, 300, 3000))
                step = self._adding(request, ["arm", tag, ms, chance.choice((0, 0, 1, 3))], "asked")
            case _:
                step = ["disarm", tag]
        request.steps.append(step)

    def _inside(self, request: Request, kind: str) -> None:
        tag = f"{request.name}-{next(self._tags)}"
        match kind:
            case "inner" | "other":
                step = ["inner", tag, kind]
                request.adds.append((request.name, kind, tag))
            case "doom":
                step = ["doom", tag]
                request.adds.append((request.name, "gone", tag))
            case _:
                step = [kind]
        request.steps.append(step)

    def _adding(self, request: Request, step: list[Any], key: str) -> list[Any]:
        tag = step[1] if step[0] == "arm" else step[2]
        request.adds.append((request.name, key, tag))
        return step

    def _unless(self, undone: bool, request: Request, tag: str, *keys: str) -> None:
        if undone:
            request.undone.append(tag)
        else:
            request.adds.extend((request.name, key, tag) for key in keys)
