"""`python -m tests.simulation`: many seeds, or one again."""

import argparse
import sys
import time
from collections import Counter
from multiprocessing import Pool

from tests.simulation.world import Outcome, simulate


def main() -> int:
    """The exit code: 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many seeds to run")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="run this one alone")
    parser.add_argument("--trace", action="store_true", help="with --seed: print what happened")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    if options.seed is not None:
        outcome = simulate(options.seed)
        if options.trace:
            sys.stdout.writelines(f"{line}\n" for line in outcome.history.trace)
        return tell([outcome])
    seeds = range(options.first, options.first + options.seeds)
    started = time.monotonic()
    with Pool(options.processes) as pool:
        outcomes = []
        for outcome in pool.imap(simulate, seeds):
            outcomes.append(outcome)
            if outcome.history.wrong:
                sys.stdout.write(f"{outcome.report()}\n")
    sys.stdout.write(f"{time.monotonic() - started:.0f} s\n")
    return tell(outcomes)


def tell(outcomes: list[Outcome]) -> int:
    """Sum up."""
    counts: Counter[str] = Counter()
    for outcome in outcomes:
        counts.update(outcome.history.counts)
    failed = [outcome for outcome in outcomes if outcome.history.wrong]
    if len(outcomes) == 1:
        sys.stdout.writelines(f"{outcome.report()}\n" for outcome in failed)
    seen = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    sys.stdout.write(f"{len(outcomes)} seeds, {len(failed)} failed; {seen}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
