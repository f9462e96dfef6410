"""What a command tells of itself, and in which format: on standard error, and in the log."""

import argparse
import logging
import sys
from collections.abc import Iterable

from holdfast.cli.terminal import Terminal

log = logging.getLogger("holdfast.cli")

_logs_json = False  # see configure_logging


def complain(message: object) -> int:
    """Tell why a command cannot go on; the exit status for it."""
    if _logs_json:
        log.error("%s", message)
    elif sys.stderr is not None:
        sys.stderr.write(f"holdfast: {message}\n")
    return 1


def remark(notes: Iterable[str]) -> None:
    """Tell what somebody should know who can go on all the same."""
    for note in notes:
        complain(f"note: {note}")


def configure_logging(options: argparse.Namespace) -> None:
    """Send the log of the process to standard error, in the level and format of the options."""
    global _logs_json
    logging.basicConfig(
        level=options.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    if options.log_format == "json":
        from holdfast.cli.json_log import JsonFormatter

        _logs_json = True
        for handler in logging.getLogger().handlers:
            handler.setFormatter(JsonFormatter())


def open_terminal() -> Terminal:
    """What is printed to standard output, in the format of the log."""
    if not _logs_json:
        return Terminal()
    from holdfast.cli.json_log import JsonTerminal

    return JsonTerminal()
