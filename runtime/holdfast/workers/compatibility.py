"""What a script's compatibility date and flags decide.

https://developers.cloudflare.com/workers/configuration/compatibility-flags/
"""

from holdfast.catalog.script import Script
from holdfast.host.context import Compatibility

_DELETE_ALL_DELETES_ALARM_FROM = "2026-02-24"


def compatibility(script: Script) -> Compatibility:
    """A script without a date gets what the newest date asks for."""
    flags = script.compatibility_flags
    return Compatibility(
        delete_all_deletes_alarm="delete_all_deletes_alarm" in flags
        or (
            "delete_all_preserves_alarm" not in flags
            and (script.compatibility_date or "9999") >= _DELETE_ALL_DELETES_ALARM_FROM
        )
    )
