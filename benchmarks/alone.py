"""`python -m benchmarks.alone`: what has bars of its own, and no peer to stand beside.

Objects by the hundred thousand, a slow disk, and starts. `make bench ARGS=--alone` puts the
table into RESULTS.md.
"""

import argparse
import sys
from functools import partial

from benchmarks import report
from benchmarks.bundles import bundle_starts
from benchmarks.figures import Figure, table
from benchmarks.many import OBJECTS, many
from benchmarks.slow_disk import slow_disk
from benchmarks.starts import starts

TITLE = "On its own"


def measure(objects: int = OBJECTS) -> list[Figure]:
    """Everything. Blocks for some minutes; raises Unavailable, ServerFailed or LoadFailed."""
    figures = []
    for measure_some in (starts, bundle_starts, slow_disk, partial(many, objects)):
        figures += (some := measure_some())
        print(table(some), file=sys.stderr)
    return figures


def main(*, write: bool, objects: int = OBJECTS) -> None:
    """Measure, print, and keep the table in RESULTS.md if `write`."""
    text = table(measure(objects))
    print(text)
    if write:
        report.write_section(TITLE, text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the table in RESULTS.md")
    parser.add_argument("--objects", type=int, default=OBJECTS)
    chosen = parser.parse_args()
    main(write=chosen.write, objects=chosen.objects)
