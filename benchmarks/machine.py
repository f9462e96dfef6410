"""Where the figures come from, without names: processor, memory, system, disk, versions."""

import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path

_ROUNDS = 3
_START_S = 0.3  # until all are up
# Looks numbers up for half a second from a time on, and prints how often.
_LOOKUPS = """
import sys, time
numbers, begin, count = {n: n for n in range(20_000)}, float(sys.argv[1]), 0
while time.time() < begin: pass
while time.time() < begin + 0.5:
    for n in range(0, 20_000, 20): numbers[n]
    count += 1
print(count)
"""


def describe_machine(data: Path) -> list[str]:
    """One fact a line; `data` is where the databases lie during the run."""
    return [
        f"Processor: {_processor()}, {os.cpu_count()} cores",
        f"All cores at once do {cores_at_once():.1f} times the work of one",
        f"Memory: {_memory_gib()} GiB",
        f"System: {platform.system()} {platform.release().split('-')[0]}, {platform.machine()}",
        f"File system of the databases: {_file_system(data)}",
        f"Python: {platform.python_version()}",
        f"Load before the run, over a minute: {os.getloadavg()[0]:.1f}",
    ]


def cores_at_once() -> float:
    """How many times the work of one core all of them do at once.

    Less than there are, where they are threads of fewer cores, or others use them, too.
    """
    return max(_looked_up(os.cpu_count() or 1) for _ in range(_ROUNDS)) / max(
        _looked_up(1) for _ in range(_ROUNDS)
    )


def _looked_up(processes: int) -> int:
    command = [sys.executable, "-c", _LOOKUPS, str(time.time() + _START_S)]
    begun = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    return sum(int(one.communicate()[0]) for one in begun)


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or "unknown"
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.machine()


def _memory_gib() -> int:
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30)


def _file_system(folder: Path) -> str:
    shown = subprocess.run(
        ["df", "--output=fstype", str(folder)], capture_output=True, text=True, check=False
    )
    return shown.stdout.split()[-1] if shown.returncode == 0 else "unknown"
