"""Programs that nobody wrote, each made from a seed, on workerd and on Holdfast.

`python -m tests.differential.hunt storage --seeds 1000` runs many, and cuts what differs down to
its smallest form.
"""

import argparse
import http.client
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.differential.sides import HoldfastSide, Side, WorkerdSide
from tests.differential.workers import COMPATIBILITY_DATE, SHARED, Worker

PROGRAMS = Path(__file__).parent / "programs"
AREAS = ("storage", "rpc", "sockets", "gates", "facets")
TIMEOUT_S = 30
MAX_CUTS = 500
RUNS = 3  # a machine under load may be late with a message
# workerd's own trouble: it undoes no transaction while rows of a RETURNING are left to be read.
INTERNAL_ERROR = ["status 500"]

_MAIN = 'export * from "./programs/main.mjs"; export { default } from "./programs/main.mjs";'

Program = dict[str, Any] | None  # JSON that `programs/` understands; none where one has no sense
Seen = list[str]


@dataclass(frozen=True)
class Difference:
    """A program, and what each side observed in it."""

    program: Program
    theirs: Seen
    ours: Seen

    def __str__(self) -> str:
        pairs = zip([*self.theirs, "nothing more"], [*self.ours, "nothing more"], strict=False)
        theirs, ours = next(pair for pair in pairs if pair[0] != pair[1])
        return f"{json.dumps(self.program)}\n  workerd:  {theirs}\n  holdfast: {ours}"


class Both:
    """Both runtimes, each serving the programs in a folder of its own, until `kill`."""

    def __init__(self, folder: Path) -> None:
        self._sides: list[Side] = []
        for kind in (WorkerdSide, HoldfastSide):
            (folder / kind.__name__).mkdir()
            self._sides.append(kind(_worker(), folder / kind.__name__))

    def kill(self) -> None:
        """End both at once."""
        for side in self._sides:
            side.kill()

    def compare(self, area: str, ask: int | Program) -> Difference | None:
        """What differs in the program of a seed, or in one that is given, each time it is run."""
        for _ in range(RUNS):
            with ThreadPoolExecutor() as pool:
                answers = pool.map(lambda side: _answer(side.port, area, ask), self._sides)
            (program, theirs), (_, ours) = answers
            if theirs in (ours, INTERNAL_ERROR):
                return None
        return Difference(program, theirs, ours)

    def smallest(self, area: str, found: Difference) -> Difference:
        """The difference in as small a program as can be found."""
        return smallest(found, lambda program: self.compare(area, program))


def smallest(found: Difference, compare: Callable[[Program], Difference | None]) -> Difference:
    """The smallest difference that leaving out parts of the program leads to."""
    cuts = _cuts(found.program)
    for _ in range(MAX_CUTS):
        cut = next(cuts, None)
        if cut is None:
            break
        smaller = compare(cut)
        if smaller is not None and smaller.program is not None:
            found, cuts = smaller, _cuts(smaller.program)
    return found


def _worker() -> Worker:
    files: dict[str, Path | str] = {
        f"programs/{path.name}": path for path in PROGRAMS.glob("*.mjs")
    }
    files |= {"observe.mjs": SHARED, "main.mjs": _MAIN}
    classes = tuple(f"{area.capitalize().removesuffix('s')}Programs" for area in AREAS)
    return Worker("programs", "main.mjs", files, classes, COMPATIBILITY_DATE, (), ())


def _answer(port: int, area: str, ask: int | Program) -> tuple[Program, Seen]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        if isinstance(ask, int):
            connection.request("GET", f"/{area}?seed={ask}")
        else:
            connection.request("POST", f"/{area}", json.dumps(ask))
        response = connection.getresponse()
        content = response.read()
    except TimeoutError:
        return None, ["no answer"]
    finally:
        connection.close()
    if response.status != http.HTTPStatus.OK:  # a program that was cut down to nonsense
        return None, [f"status {response.status}"]
    told = json.loads(content)
    return told["program"], told["seen"]


def _cuts(tree: Any) -> Iterator[Any]:
    """The same with one part less, the outermost first."""
    if isinstance(tree, list):
        yield from (tree[:i] + tree[i + 1 :] for i in range(len(tree)) if _is_part(tree[i]))
        for i, item in enumerate(tree):
            yield from ([*tree[:i], cut, *tree[i + 1 :]] for cut in _cuts(item))
    elif isinstance(tree, dict):
        for name, item in tree.items():
            yield from ({**tree, name: cut} for cut in _cuts(item))


def _is_part(item: Any) -> bool:
    return isinstance(item, (dict, list))


def main() -> int:
    """The exit code: 1 where something differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential.hunt", description=__doc__)
    parser.add_argument("areas", nargs="*", choices=[*AREAS, []], help="all, unless told")
    parser.add_argument("--seeds", type=int, default=300, help="how many seeds to run")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    options = parser.parse_args()
    found = 0
    with tempfile.TemporaryDirectory() as folder:
        both = Both(Path(folder))
        try:
            for area in options.areas or AREAS:
                for seed in range(options.first, options.first + options.seeds):
                    difference = both.compare(area, seed)
                    if difference is not None:
                        found += 1
                        told = both.smallest(area, difference)
                        sys.stdout.write(f"{area} {seed}: {told}\n")
                        sys.stdout.flush()
        finally:
            both.kill()
    sys.stdout.write(f"{found} differences\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
