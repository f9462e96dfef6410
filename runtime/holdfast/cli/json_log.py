"""What is printed and logged as JSON, an object a line, for who collects logs by machine."""

import json
import logging
import time
from datetime import UTC, datetime
from typing import Any

from holdfast.cli.terminal import Terminal

CLI = "holdfast.cli"
REQUESTS = "holdfast.requests"
CONSOLE = "console"  # of scripts

# Of the console's methods, in the words of our own log.
_LEVELS = {"log": "info", "trace": "debug", "warn": "warning"}


def entry(level: str, logger: str, message: str, *, at: float | None = None, **more: Any) -> str:
    """A line of JSON, in ASCII, whatever else the message is; `at` is in seconds since 1970."""
    moment = datetime.fromtimestamp(time.time() if at is None else at, UTC)
    told = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    found = {"time": told, "level": level, "logger": logger, "message": message}
    found.update((name, value) for name, value in more.items() if value is not None)
    return json.dumps(found)


class JsonFormatter(logging.Formatter):
    """Has the process's log be JSON; `extra` of an entry may name the script and the object."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter."""
        return entry(
            record.levelname.lower(),
            record.name,
            record.getMessage(),
            at=record.created,
            script=getattr(record, "script", None),
            object=getattr(record, "object", None),
            exception=self.formatException(record.exc_info) if record.exc_info else None,
        )


class JsonTerminal(Terminal):
    """See Terminal."""

    def script_line(self, script: str, level: str, text: str) -> None:
        """See Terminal."""
        self._send(entry(_LEVELS.get(level, level), CONSOLE, text, script=script))

    def request(self, method: str, target: str, status: int, milliseconds: float) -> None:
        """See Terminal."""
        told = f"{method} {target} {status} {milliseconds:.1f} ms"
        more: dict[str, Any] = {"method": method, "target": target, "status": status}
        self._send(entry("info", REQUESTS, told, **more, milliseconds=round(milliseconds, 1)))

    def line(self, text: str, colour: str | None = None) -> None:
        """See Terminal."""
        del colour
        self._send(entry("info", CLI, text))

    def _lost_line(self, count: int) -> str:
        return entry("warning", CLI, super()._lost_line(count))
