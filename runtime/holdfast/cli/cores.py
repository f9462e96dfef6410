"""How many cores this process may use."""

import math
import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")


def usable_cores() -> int:
    """Those that it is bound to, or as many as its group's share of time is worth."""
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    return max(math.ceil(min(count, cores_granted())), 1)


def cores_granted(mounted: Path = CGROUPS, own: Path = OWN_CGROUP) -> float:
    """What the kernel's groups let it have at most; infinity where they do not say.

    https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files: `cpu.max` holds a quota
    and a period, or `max` for no bound. The groups around ours are bounds as well.
    """
    granted = float("inf")
    try:
        path = next(line[4:] for line in own.read_text().split("\n") if line.startswith("0::/"))
    except (OSError, StopIteration):
        return granted
    group = mounted / path
    for folder in (group, *group.parents):
        if not folder.is_relative_to(mounted):
            break
        try:
            quota, period = (folder / "cpu.max").read_text().split()
            if quota != "max":
                granted = min(granted, int(quota) / int(period))
        except (OSError, ValueError, ZeroDivisionError):
            continue
    return granted
