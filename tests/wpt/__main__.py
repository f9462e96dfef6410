"""`make wpt`: runs Web Platform Tests. Ends with 1 where something is not as expected."""

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path

from tests.peers import find_workerd
from tests.wpt.discovery import NotRun, Test, discover
from tests.wpt.expected import Expectations
from tests.wpt.isolate import Outcome
from tests.wpt.peer import Peer, comparison
from tests.wpt.pool import Pool
from tests.wpt.report import Report
from tests.wpt.server import Server
from tests.wpt.subset import SubsetUnavailable, fetch_subset


def main(arguments: list[str] | None = None) -> int:
    """Run what is selected; the exit status."""
    options = _parser().parse_args(arguments)
    try:
        given = os.environ.get("WPT_DIR")
        checkout = Path(given).resolve() if given else fetch_subset()
        if not (checkout / "resources" / "testharness.js").is_file():
            raise SubsetUnavailable(f"{checkout} is no checkout of WPT: it has no testharness.js.")
        expectations = Expectations()
        workerd = find_workerd() if options.peer else None
    except (SubsetUnavailable, ValueError, FileNotFoundError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    found = list(discover(checkout, expectations, options.selection))
    tests = [item for item in found if isinstance(item, Test)]
    not_run = [item for item in found if isinstance(item, NotRun)]
    if options.list:
        for test in tests:
            sys.stdout.write(f"{test.name}\n")
        for item in not_run:
            sys.stdout.write(f"not run: {item.file}: {item.reason}\n")
        return 0
    if not tests:
        sys.stderr.write("Nothing that can be run is selected.\n")
        return 2
    return asyncio.run(_run(checkout, tests, not_run, expectations, options, workerd))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make wpt", description=__doc__)
    parser.add_argument("selection", nargs="*", help="folders or files, or how they begin")
    parser.add_argument("--list", action="store_true", help="list what would be run, and what not")
    parser.add_argument("--update", action="store_true", help="write down what is not as expected")
    parser.add_argument("--verbose", action="store_true", help="show expected failures and logs")
    parser.add_argument("--peer", action="store_true", help="run the same on workerd and compare")
    parser.add_argument("--jobs", type=int, help="worker processes; as many as there are cores")
    return parser


async def _run(
    checkout: Path,
    tests: list[Test],
    not_run: list[NotRun],
    expectations: Expectations,
    options: argparse.Namespace,
    workerd: Path | None,
) -> int:
    report = Report(
        expectations, len(tests), verbose=options.verbose, is_complete=not options.selection
    )
    started = time.monotonic()
    ours: dict[str, Outcome] = {}

    def take(test: Test, outcome: Outcome) -> None:
        ours[test.name] = outcome
        report.take(test, outcome)

    async with Server(checkout) as server:
        await Pool(checkout, server.address, options.jobs).run(tests, take)
        if workerd:
            theirs = await Peer(checkout, server.address, workerd).run(tests)
            sys.stdout.write(f"\n{comparison(tests, ours, theirs, expectations)}\n")
    sys.stdout.write(f"\n{report.reasons(not_run)}\n\n{report.table(not_run)}\n\n")
    sys.stdout.write(f"{time.monotonic() - started:.0f} s in all. ")
    if options.update:
        for area in {*report.unexpected, *report.cured}:
            unexpected = {f: list(s) for f, s in report.unexpected.get(area, {}).items()}
            expectations.update(area, unexpected, report.cured.get(area, {}))
        sys.stdout.write("The expectations are written; give each new one its reason.\n")
        return 0
    if report.is_as_expected:
        sys.stdout.write("All is as expected.\n")
        return 0
    surprises = sum(len(s) for area in report.unexpected.values() for s in area.values())
    cured = sum(len(s) for area in report.cured.values() for s in area.values())
    sys.stdout.write(f"Not as expected: {surprises} failures, {cured} passes.\n")
    for entry in report.stale:
        sys.stdout.write(f"Nothing fails any more that this expectation means: {entry}\n")
    for entry in expectations.untold:
        sys.stdout.write(f"An expectation has no reason yet: {entry}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
