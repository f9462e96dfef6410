"""The ops that tell which of Cloudflare's compatibility flags hold for a script."""

from typing import TYPE_CHECKING

from holdfast.catalog.flags import known_flags
from holdfast.host.ops import op

if TYPE_CHECKING:
    from holdfast.host.context import Host


@op
def request_signals(host: "Host") -> int:
    """What a request's signal tells; see Compatibility."""
    return host.compatibility.request_signals


@op
def compatibility_flags(host: "Host") -> str:
    """The names of all, one a line; behind an empty line those that do not hold.

    https://developers.cloudflare.com/workers/configuration/compatibility-flags/
    """
    holding = host.compatibility.flags
    others = [flag.name for flag in known_flags() if flag.name not in holding]
    return "\n".join((*sorted(holding), "", *others))


@op
def compatibility_has(host: "Host", flag: str) -> bool:
    """Whether a flag holds, by the name that enables it."""
    return flag in host.compatibility.flags
