"""What people see: scripts' console lines, requests, and our own messages."""

import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

_COLOURS = {"error": "31", "warn": "33", "debug": "90", "trace": "90"}


class Terminal:
    """Prints lines to a stream, in colour where a person reads it.

    A stream that is gone or full is no reason to stop serving: such lines are lost.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._colour = self._stream.isatty()

    def script_line(self, script: str, level: str, text: str) -> None:
        """A line of a script's console, or an error of its."""
        prefix = "" if level == "log" else f"{level}: "
        self.line(f"[{script}] {prefix}{text}", _COLOURS.get(level))

    def request(self, method: str, target: str, status: int, milliseconds: float) -> None:
        """One request that was answered."""
        colour = "31" if status >= 500 else "33" if status >= 400 else "32"
        now = datetime.now(UTC).astimezone().strftime("%H:%M:%S")
        self.line(f"{now} {method} {target} {status} {milliseconds:.1f} ms", colour)

    def line(self, text: str, colour: str | None = None) -> None:
        """A line of our own."""
        if colour and self._colour:
            text = f"\x1b[{colour}m{text}\x1b[0m"
        try:
            self._stream.write(text.encode("utf-8", "replace").decode() + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            pass


def complain(message: str) -> int:
    """Tell why a command cannot go on; the exit status for it."""
    sys.stderr.write(f"holdfast: {message}\n")
    return 1


def configure_logging(level: int) -> None:
    """Send the log of the process to standard error."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("asyncio").setLevel(logging.ERROR)
