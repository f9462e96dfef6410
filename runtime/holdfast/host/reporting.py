"""Ops that tell the log: console output and exceptions that nothing caught."""

import logging

from holdfast.host.context import Host
from holdfast.host.ops import op

log = logging.getLogger("holdfast.script")


@op
def report_exception(host: Host, description: str) -> None:
    """Log an exception that no handler of the script caught."""
    host.capabilities.console("error", "Uncaught " + description)
