"""The op behind the script's console."""

from holdfast.host.context import Host
from holdfast.host.ops import op


@op
def console_write(host: Host, level: str, text: str, event: int) -> None:
    """Give what a script logged to whoever shows its console.

    `level` is "log", "info", "warn", "error" or "debug"; `text` may have several lines. `event`
    is the number of the Worker's event that logs, or 0.
    """
    host.console(level, text)
    if host.tracer is not None:
        host.tracer.log(event, level, text)
