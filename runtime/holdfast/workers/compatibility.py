"""What a script's compatibility date and flags decide.

https://developers.cloudflare.com/workers/configuration/compatibility-flags/
"""

from holdfast.catalog.script import Script
from holdfast.host.context import Compatibility


def compatibility(script: Script) -> Compatibility:
    """A script without a date gets what the newest date asks for."""

    def decided(enable: str, disable: str, since: str) -> bool:
        if enable in script.compatibility_flags:
            return True
        if disable in script.compatibility_flags:
            return False
        return (script.compatibility_date or "9999") >= since

    return Compatibility(
        delete_all_deletes_alarm=decided(
            "delete_all_deletes_alarm", "delete_all_preserves_alarm", "2026-02-24"
        ),
        binary_messages_are_blobs=decided(
            "websocket_standard_binary_type", "no_websocket_standard_binary_type", "2026-03-17"
        ),
        sockets_answer_closes=decided(
            "web_socket_auto_reply_to_close", "web_socket_manual_reply_to_close", "2026-04-07"
        ),
    )
