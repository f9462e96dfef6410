"""Ops that tell the host's time, for isolates whose clock is not the machine's."""

from holdfast.host.context import Host
from holdfast.host.ops import op


@op
def clock_now_ms(host: Host) -> float:
    """Milliseconds since the Unix epoch."""
    return host.clock.now_ms()


@op
def clock_monotonic_ms(host: Host) -> float:
    """Milliseconds on a clock that never steps back."""
    return host.clock.monotonic_ms()
