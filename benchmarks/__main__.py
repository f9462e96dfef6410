"""`python -m benchmarks`: see `--help`."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import alone, cpu, platform_micro, report, storage_script, tests
from benchmarks.compare import LostWrites, Settings, compare
from benchmarks.durability import INCREMENTS, count_flushes, strace
from benchmarks.growth import axes
from benchmarks.load import LoadFailed, wrk_version
from benchmarks.machine import describe_machine
from benchmarks.peers import Holdfast, Peer, Unavailable, Workerd
from benchmarks.process import ServerFailed
from benchmarks.rows import ROWS, rows_named

FAILURES = (Unavailable, ServerFailed, LoadFailed, LostWrites, subprocess.CalledProcessError)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _rows(text: str) -> object:
    try:
        return rows_named(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure Holdfast beside workerd on the same script, under wrk's load.",
        epilog="RESULTS.md is written when every row ran on both sides; that takes strace, too. "
        "HOLDFAST_WORKERD names another workerd than that of `make peers`; TMPDIR the disk that "
        "holds the databases.",
    )
    names = ",".join(row.name for row in ROWS)
    parser.add_argument("--rows", type=_rows, default=ROWS, help=f"which, of {names}")
    parser.add_argument("--seconds", type=_positive, default=Settings.seconds, help="per run")
    parser.add_argument("--runs", type=_positive, default=Settings.runs, help="per row and side")
    parser.add_argument(
        "--connections", type=_positive, default=Settings.connections, help="kept busy by wrk"
    )
    parser.add_argument(
        "--workers",
        type=_positive,
        default=1,
        metavar="N",
        help="of Holdfast; with --no-workerd beside Holdfast of one process",
    )
    parser.add_argument("--no-workerd", action="store_true", help="measure Holdfast alone")
    parser.add_argument("--no-holdfast", action="store_true", help="measure workerd alone")
    parser.add_argument("--no-write", action="store_true", help="leave RESULTS.md as it is")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument(
        "--durability", action="store_true", help="only count flushes to disk (needs strace)"
    )
    instead.add_argument(
        "--alone", action="store_true", help="only measure what has no peer: some minutes"
    )
    instead.add_argument(
        "--growth", action="store_true", help="only measure how cost grows: some minutes"
    )
    return parser


def main() -> int:
    """Run what the command line asks for; 1 when it cannot be done."""
    parser = _parser()
    chosen = parser.parse_args()
    peers: list[Peer] = []
    if not chosen.no_holdfast:
        peers.append(Holdfast(workers=chosen.workers))
    if not chosen.no_workerd:
        peers.append(Workerd())
    elif chosen.workers > 1 and not chosen.no_holdfast:
        peers.append(Holdfast())
    if not peers:
        parser.error("--no-holdfast and --no-workerd leave nothing to measure")
    try:
        if chosen.durability:
            print("\n".join(_flushes(peers)))
        elif chosen.alone:
            alone.main(write=not chosen.no_write)
        elif chosen.growth:
            axes.measure()
        else:
            _measure(peers, chosen)
    except FAILURES as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    return 0


def _flushes(peers: list[Peer]) -> list[str]:
    """A sentence about each peer's durability. Raises Unavailable without strace."""
    return [
        f"{peer.name} flushed a file {count_flushes(peer)} times during {INCREMENTS} increments, "
        "one after another."
        for peer in peers
    ]


def _measure(peers: list[Peer], chosen: argparse.Namespace) -> None:
    settings = Settings(chosen.seconds, chosen.runs, chosen.connections)
    wrk = wrk_version()
    complete = chosen.rows == ROWS and not chosen.no_holdfast and not chosen.no_workerd
    writes = complete and not chosen.no_write
    if writes and chosen.workers == 1:
        strace()  # said before the measuring, not after
    machine = describe_machine(Path(tempfile.gettempdir()))
    sides = compare(peers, chosen.rows, settings, lambda line: print(line, file=sys.stderr))
    judged = None if chosen.no_workerd else chosen.workers
    table = report.render(sides, chosen.rows, workers=judged)
    print(table)
    if writes and chosen.workers > 1:
        report.write_section(f"With {chosen.workers} processes", table)
    elif writes:
        report.write(sides, settings, machine=machine, wrk=wrk, flushes=_flushes(peers))
        platform_micro.main(write=True)
        storage_script.main(write=True)
        cpu.main(write=True)
        tests.main(write=True)


if __name__ == "__main__":
    sys.exit(main())
