"""What is printed to standard output: scripts' console lines, requests, and our own."""

import io
import os
import re
import select
import stat
import sys
from datetime import UTC, datetime
from typing import TextIO

PAGE = 4_096  # bytes: of so many a pipe is sure, and puts nothing of other processes in between
MAX_BYTES = 4  # of a character
READER_MS = 1_000  # for so long the reader of a full pipe is waited for

_COLOURS = {"error": "31", "warn": "33", "debug": "90", "trace": "90"}

# What could move a terminal's cursor or change its title: all controls but tabs, line ends
# and colours.
_CONTROLS = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]|\r(?!\n)|\x1b(?!\[[0-9;]*m)"
)
_RESET = "\x1b[0m"
# Of the machine: later the process is kept to UTC, for its scripts.
_LOCAL = datetime.now(UTC).astimezone().tzinfo


class Terminal:
    """Prints lines to a stream, in colour where a person reads it.

    A stream that is gone or full is no reason to stop serving: such lines are lost. So are those
    for a pipe that nobody reads, once that was waited for.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout or io.StringIO()
        if isinstance(self._stream, io.TextIOWrapper):
            self._stream.reconfigure(errors="backslashreplace", line_buffering=True)
        self._colour = wants_colour(self._stream)
        self._pipe = _pipe_of(self._stream)
        self._lost = 0

    def script_line(self, script: str, level: str, text: str) -> None:
        """A line of a script's console, or an error of its."""
        prefix = "" if level == "log" else f"{level}: "
        self.line(f"[{script}] {prefix}{_visible(text)}", _COLOURS.get(level))

    def request(self, method: str, target: str, status: int, milliseconds: float) -> None:
        """One request that was answered."""
        colour = "31" if status >= 500 else "33" if status >= 400 else "32"
        now = datetime.now(_LOCAL).strftime("%H:%M:%S")
        self.line(f"{now} {method} {_visible(target)} {status} {milliseconds:.1f} ms", colour)

    def line(self, text: str, colour: str | None = None) -> None:
        """A line of our own."""
        if colour and self._colour:
            text = f"\x1b[{colour}m{text}{_RESET}"
        self._send(text)

    def _send(self, line: str) -> None:
        if self._lost and self._put(self._lost_line(self._lost) + "\n"):
            self._lost = 0
        if not self._put(line + "\n"):
            self._lost += 1

    def _lost_line(self, count: int) -> str:
        return f"{count} lines were lost, which nobody read."

    def _put(self, text: str) -> bool:
        """False where a pipe does not take it."""
        try:
            at_once = len(text)
            if self._pipe is not None:
                at_once = PAGE if text.isascii() else PAGE // MAX_BYTES
            for start in range(0, len(text), at_once):
                if self._pipe is not None and not self._pipe.takes():
                    return False
                self._stream.write(text[start : start + at_once])
                self._stream.flush()
        except BrokenPipeError:
            lead_nowhere(self._stream)
            self._pipe = None
        except (OSError, ValueError):
            pass
        return True


def lead_nowhere(stream: TextIO) -> None:
    """Nobody reads any more: what is left in the stream is no failure at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


class _Pipe:
    """A pipe, and whether its reader reads."""

    def __init__(self, descriptor: int) -> None:
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self._is_stuck = False

    def takes(self) -> bool:
        """Whether there is room for a page; who did not read in time is waited for no more."""
        self._is_stuck = not self._poll.poll(0 if self._is_stuck else READER_MS)
        return not self._is_stuck


def _pipe_of(stream: TextIO) -> _Pipe | None:
    try:
        descriptor = stream.fileno()
        mode = os.fstat(descriptor).st_mode
    except (OSError, ValueError):
        return None
    return _Pipe(descriptor) if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) else None


def wants_colour(stream: TextIO) -> bool:
    """Whether to colour what goes to a stream; see https://no-color.org/."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _visible(text: str) -> str:
    """The text with controls spelt out, so that it cannot forge or hide what stands around it."""
    text = _CONTROLS.sub(lambda control: f"\\x{ord(control[0]):02x}", text)
    return text + _RESET if "\x1b" in text else text
