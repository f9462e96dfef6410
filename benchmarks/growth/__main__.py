"""`python -m benchmarks.growth`: see `--help`."""

import argparse

from benchmarks.growth.axes import AXES, measure


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := {*names} - {*AXES}:
        raise argparse.ArgumentTypeError(f"no such axis: {', '.join(sorted(unknown))}")
    return names


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--axes", type=_names, default=[*AXES], help=f"of {','.join(AXES)}")
    parser.add_argument("--draw", action="store_true", help="only draw what is in growth.json")
    chosen = parser.parse_args()
    measure([] if chosen.draw else chosen.axes)
