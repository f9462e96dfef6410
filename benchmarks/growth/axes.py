"""All axes: measured, kept and drawn."""

import sys
from collections.abc import Callable, Iterable

from benchmarks.growth import bodies, cores, keys, objects, page, scripts, sockets
from benchmarks.growth.series import Axis, save

AXES: dict[str, Callable[[], Axis]] = {
    "objects": objects.measure,
    "keys": keys.measure,
    "sockets": sockets.measure,
    "scripts": scripts.measure,
    "bodies": bodies.measure,
    "cores": cores.measure,
}


def measure(names: Iterable[str] = tuple(AXES)) -> None:
    """Measure these axes, keep the points, and draw all that were ever kept. Blocks for minutes."""
    for name in names:
        print(f"growth with {name}", file=sys.stderr)
        save([AXES[name]()])
    page.write()
