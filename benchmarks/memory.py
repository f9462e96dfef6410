"""What a server takes: memory and CPU time of its process and all of its descendants, by /proc."""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_FIELD = re.compile(r"^(Rss|Pss):\s+(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True)
class Memory:
    """Resident memory in bytes; PSS counts a page shared by n processes as 1/n."""

    rss: int
    pss: int


def memory_of(pid: int) -> Memory | None:
    """The memory of the process and its descendants; None where there is no /proc."""
    if not (_PROC / str(pid) / "smaps_rollup").exists():
        return None
    totals = {"Rss": 0, "Pss": 0}
    for member in (pid, *descendants(pid)):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            rollup = (_PROC / str(member) / "smaps_rollup").read_text()
            for field, kilobytes in _FIELD.findall(rollup):
                totals[field] += int(kilobytes) * 1024
    return Memory(rss=totals["Rss"], pss=totals["Pss"])


def resident(pid: int) -> int:
    """The resident bytes of the process and its descendants."""
    memory = memory_of(pid)
    assert memory is not None, "what memory is occupied is read from Linux's /proc"
    return memory.rss


def cpu_seconds(pid: int) -> float | None:
    """The CPU time that the process and its descendants have had; None where there is no /proc."""
    if not (_PROC / str(pid) / "stat").exists():
        return None
    ticks = 0
    for member in (pid, *descendants(pid)):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            # Behind the name, which may have spaces: state is field 3, user and system 14 and 15.
            # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
            fields = (_PROC / str(member) / "stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def descendants(pid: int) -> list[int]:
    """Children, their children and so on; each once."""
    children = [
        int(child)
        for task in (_PROC / str(pid) / "task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    return children + [below for child in children for below in descendants(child)]
