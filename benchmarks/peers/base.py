"""What a side of the comparison has to say about itself."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from benchmarks.process import Server

REPOSITORY = Path(__file__).parent.parent.parent
SCRIPT = REPOSITORY / "benchmarks" / "scripts" / "rows.mjs"


class Unavailable(Exception):
    """This side is not installed; the message says how to get it."""


class Peer(Protocol):
    """A runtime that can serve `scripts/rows.mjs` with durable storage."""

    name: str

    def version(self) -> str:
        """The version in the runtime's own words. Raises Unavailable."""

    def start(self, folder: Path, *, prefix: Sequence[str] = ()) -> Server:
        """Serve the script, keeping configuration, data and log in `folder`.

        An empty folder means no objects yet. `prefix` goes before the command, for tools
        such as strace. Blocks until the first answer; raises Unavailable or ServerFailed.
        """


def first_line(*command: str | Path) -> str:
    """The first line that a command prints."""
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return printed.splitlines()[0].strip()
