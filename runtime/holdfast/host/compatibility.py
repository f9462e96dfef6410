"""The op that tells which of Cloudflare's compatibility flags hold for a script."""

from typing import TYPE_CHECKING

from holdfast.host.ops import op

if TYPE_CHECKING:
    from holdfast.host.context import Host


@op
def request_signals(host: "Host") -> int:
    """What a request's signal tells; see Compatibility."""
    return host.compatibility.request_signals


@op
def compatibility_flags(host: "Host") -> str:
    """Their names, one a line.

    https://developers.cloudflare.com/workers/configuration/compatibility-flags/
    """
    return "\n".join(host.compatibility.flags)
