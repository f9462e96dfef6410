"""What was asked, answered and found in one run, held against what Holdfast promises.

- What was answered, or seen in an answer, is there from then on, whatever happens.
- What was undone is never seen, nor half of a transaction, nor half of a turn.
- No update is lost to another one.
- Who was told of a write by its object finds that it is there.
- A flag that was taken down, and that nobody has raised since, is down.
- What was deleted with a facet does not come back; a copy of one has what that had.
- An alarm runs once at least; it is told how often it has failed; it is not run after its
  deletion was answered.
- An object's storage belongs to the instance that was made last.
- Every request is answered in time, and with an error only where something went wrong.
"""

import json
from collections import Counter, defaultdict
from typing import Any

from tests.simulation.programs import FLAG, INSIDE, LISTS, Request

MAX_RETRIES = 6
# Lists that are written together.
PAIRS = (("left", "right"), ("listed", "rows"), ("one", "two"), ("first", "second"))

State = dict[str, Any]
Known = dict[tuple[str, str], set[str]]

# What a request may fail with when the disk fails, the power is lost or the code is updated.
LATER_S = 0.2  # by then everybody has heard of it
TROUBLE = (
    "The storage of",
    "The storage was abandoned",
    "Durable Object reset because its code was updated",
    "The Worker was replaced or shut down",
    "The server is shutting down",
)

# The same by another request: that has replaced the facet which this one uses, or ended the object.
OF_OTHERS = ("Facet was cloned-over.", "left on purpose")


class History:
    """One run's. `wrong` tells what was broken, in order; `trace` everything."""

    def __init__(self) -> None:
        self.trace: list[str] = []
        self.wrong: list[str] = []
        self.counts: Counter[str] = Counter()
        self.suffered_s = -1.0  # when something last went wrong
        self._known: Known = defaultdict(set)
        self._undone: set[str] = set()
        self._nonce: dict[str, str] = {}
        self._failed: Counter[tuple[str, float]] = Counter()  # alarms, by object and time
        self._disarming: dict[str, str] = {}  # object → the last alarm's end, if nothing since
        self._disarmed: set[str] = set()  # the same, answered
        self._flips: Counter[str] = Counter()  # of flags, by object
        self._flipping: Counter[str] = Counter()  # that are not over
        self._lone: set[str] = set()  # objects of whose flips no two were under way together

    def note(self, now_s: float, line: str) -> None:
        """Something happened."""
        self.trace.append(f"{now_s:.6f} {line}")

    def broke(self, what: str) -> None:
        """A promise was broken."""
        self.wrong.append(f"{what} (line {len(self.trace)} of the trace)")

    # ---- requests --------------------------------------------------------------------

    def asks(self, request: Request) -> Known:
        """A request is about to be made; what its answer has to know of."""
        self._undone.update(request.undone)
        name = request.name
        if request.flips:
            self._known.pop((name, FLAG), None)
            (self._lone.discard if self._flipping[name] else self._lone.add)(name)
            self._flips[name] += 1
            self._flipping[name] += 1
        return {key: set(tags) for key, tags in self._known.items()}

    def answered(self, request: Request, state: State, known: Known) -> None:
        """A request has succeeded."""
        self.counts["answered"] += 1
        for name, key, tag in request.adds:
            self._known[name, key].add(tag)
        for step in request.steps:
            if step[0] == "doom":  # before it was answered, its object might know of it alone
                self._known[request.name, "deleted"].add(step[1])
            if step[0] == "disarm" and self._disarming.get(request.name) == step[1]:
                self._disarmed.add(request.name)
        if ["clone"] in request.steps:
            missing = known.get((request.name, "inner"), set()) - {*state["copy"]}
            if missing:
                self.broke(f"{request.name}'s copy of a facet lacks {sorted(missing)}")
        if request.flips:
            self._flipping[request.name] -= 1
            if request.name in self._lone:
                self._known[request.name, FLAG] = {str(self._flips[request.name])}
        self.found(request.name, state, known)

    def failed(self, request: Request, message: str, *, since_s: float) -> None:
        """A request that began then has failed: what it asked for was done, or was not."""
        self.counts["failed"] += 1
        if request.flips:
            self._flipping[request.name] -= 1
            self._lone.discard(request.name)
        if message in OF_OTHERS:
            return
        if self.suffered_s < since_s - LATER_S or not message.startswith(TROUBLE):
            self.broke(f"a request failed with {message!r}")

    # ---- states ----------------------------------------------------------------------

    def found(self, name: str, state: State, known: Known | None = None) -> None:
        """An answer tells what an object has stored."""
        known = self._known if known is None else known
        for key in LISTS:
            if key in INSIDE and key not in state:
                continue
            tags = state.get(key, [])
            missing = known.get((name, key), set()) - {*tags}
            if missing:
                self.broke(f"{name}'s {key!r} has lost {sorted(missing)}")
            if undone := self._undone & {*tags}:
                self.broke(f"{name}'s {key!r} holds {sorted(undone)}, which was undone")
            if len({*tags}) < len(tags):
                self.broke(f"{name}'s {key!r} holds something twice: {tags}")
            self._known[name, key].update(tags)
        if back := {*state.get("doomed", [])} & known.get((name, "deleted"), set()):
            self.broke(f"{name} has {sorted(back)} again, which were in facets that it had deleted")
        # That the flag is down is known as long as nobody has asked for a flip.
        down = self._known.get((name, FLAG), set())
        if state.get(FLAG) == "up" and down & known.get((name, FLAG), set()):
            self.broke(f"{name} has lost that its flag is down")
        for one, other in PAIRS:
            if state.get(one, []) != state.get(other, []):
                self.broke(f"{name} has written one of {one!r} and {other!r} alone: {state}")

    def ends(self, states: dict[str, State]) -> None:
        """These are the states at the end, when everything has come to rest."""
        for name, state in states.items():
            self.found(name, state)
            for tag in state.get("heard", []):
                sender = tag.partition("-")[0]
                if tag not in states[sender].get("sent", []):
                    self.broke(f"{name} has heard {tag}, of which {sender} knows nothing")
            if not is_at_rest(state):
                self.broke(f"{name}'s alarm has not run for what was asked: {state}")

    # ---- what objects say ------------------------------------------------------------

    def said(self, text: str) -> None:
        """A line of an object's console."""
        try:
            what, name, *how = json.loads(text)
        except ValueError:
            return  # an error that nobody caught
        handle = getattr(self, f"_{what}")
        handle(name, *how)

    def _born(self, name: str, nonce: str) -> None:
        self.counts["born"] += 1
        self._nonce[name] = nonce

    def _did(self, name: str, nonce: str) -> None:
        if self._nonce[name] != nonce:
            self.broke(f"{name} {nonce} has used the storage of {self._nonce[name]}")

    def _arms(self, name: str, _tag: str) -> None:
        self._disarming.pop(name, None)
        self._disarmed.discard(name)

    def _disarms(self, name: str, tag: str) -> None:
        self._disarming[name] = tag
        self._disarmed.discard(name)

    def _alarm(self, name: str, scheduled_ms: float, retries: int) -> None:
        self.counts["alarms"] += 1
        self.counts["retries"] += retries > 0
        if name in self._disarmed:
            self.broke(f"{name}'s alarm runs after its deletion was answered")
        if retries > min(self._failed[name, scheduled_ms], MAX_RETRIES):
            self.broke(f"{name}'s alarm is told of {retries} failures")

    def _fails(self, name: str, scheduled_ms: float, _retries: int) -> None:
        self._failed[name, scheduled_ms] += 1

    def lost_power(self) -> None:
        """The machine has."""
        self.counts["power losses"] += 1
        self._failed.clear()


def is_at_rest(state: State) -> bool:
    """Whether an object's alarm has run for all that was asked of it."""
    return bool(state.get("done", []) == state.get("asked", []))
