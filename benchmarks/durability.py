"""Do both sides keep the same promise? Their flushes to disk, counted by strace.

Increments that follow each other must each be flushed before their answer, so there are at
least as many fsync or fdatasync calls as increments.
"""

import re
import shutil
import tempfile
from pathlib import Path

from benchmarks.peers import Peer, Unavailable

INCREMENTS = 50

_FLUSH = re.compile(r"\b(fsync|fdatasync)\((\d+)<([^>]*)>")


def strace() -> str:
    """The path of strace. Raises Unavailable."""
    found = shutil.which("strace")
    if not found:
        raise Unavailable("strace is missing. On Debian or Ubuntu: apt-get install strace")
    return found


def count_flushes(peer: Peer) -> int:
    """How often the peer flushes a file during INCREMENTS increments, one after another.

    Blocks; raises Unavailable without strace.
    """
    with tempfile.TemporaryDirectory(prefix=f"flushes-{peer.name}-") as name:
        trace = Path(name) / "trace"
        options = ("-f", "-y", "-e", "trace=fsync,fdatasync", "-o", trace)
        with peer.start(Path(name), prefix=[strace(), *map(str, options)]) as server:
            server.get("/increment")  # creates the file, which takes flushes of its own
            before = len(_FLUSH.findall(trace.read_text()))
            for _ in range(INCREMENTS):
                server.get("/increment")
        return len(_FLUSH.findall(trace.read_text())) - before
