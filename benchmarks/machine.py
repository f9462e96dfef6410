"""Where the figures come from, without names: processor, memory, system, disk, versions."""

import os
import platform
import re
import subprocess
from pathlib import Path


def describe_machine(data: Path) -> list[str]:
    """One fact a line; `data` is where the databases lie during the run."""
    return [
        f"Processor: {_processor()}, {os.cpu_count()} cores",
        f"Memory: {_memory_gib()} GiB",
        f"System: {platform.system()} {platform.release().split('-')[0]}, {platform.machine()}",
        f"File system of the databases: {_file_system(data)}",
        f"Python: {platform.python_version()}",
        f"Load before the run, over a minute: {os.getloadavg()[0]:.1f}",
    ]


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
