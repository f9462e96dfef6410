"""What a script's compatibility date and flags decide.

https://developers.cloudflare.com/workers/configuration/compatibility-flags/
"""

from collections.abc import Collection
from functools import partial

from holdfast.catalog.node_compat import NodeCompat, node_compat
from holdfast.catalog.script import Script
from holdfast.host.context import Compatibility

# What Holdfast does for every script, of what a script may ask.
STANDING = frozenset(
    (
        "blob_standard_mime_type",
        "brotli_content_encoding",
        "cache_no_cache_enabled",
        "cache_option_enabled",
        "crypto_preserve_public_exponent",
        "enable_ctx_exports",
        "enable_global_performance_classes",
        "enable_navigator_language",
        "enable_weak_ref",
        "enhanced_error_serialization",
        "export_commonjs_default",
        "expose_global_message_channel",
        "fetch_iterable_type_support",
        "fetch_refuses_unknown_protocols",
        "fetch_standard_url",
        "fetcher_no_get_put_delete",
        "formdata_parser_supports_files",
        "global_navigator",
        "http_headers_getsetcookie",
        "internal_stream_byob_return_view",
        "no_global_importscripts",
        "response_redirect_url_standard",
        "rpc",
        "rpc_params_dup_stubs",
        "set_tostring_tag",
        "streams_enable_constructors",
        "strict_compression_checks",
        "strict_crypto_checks",
        "strip_authorization_on_cross_origin_redirect",
        "text_decoder_cjk_decoder",
        "text_decoder_replace_surrogates",
        "transformstream_enable_standard_constructor",
        "unwrap_custom_thenables",
        "url_standard",
        "urlpattern_standard",
        "urlsearchparams_delete_has_value_arg",
        "workers_api_getters_setters_on_prototype",
    )
)


def _decided(script: Script, enable: str, disable: str, since: str) -> bool:
    """A script without a date gets what the newest date asks for."""
    if enable in script.compatibility_flags:
        return True
    if disable in script.compatibility_flags:
        return False
    return (script.compatibility_date or "9999") >= since


def navigation_prefers_assets(script: Script) -> bool:
    """Whether a page that a browser goes to is the assets', even where it is their 404 page."""
    return _decided(
        script,
        "assets_navigation_prefers_asset_serving",
        "assets_navigation_has_no_effect",
        "2025-04-01",
    )


def compatibility(script: Script) -> Compatibility:
    """What a script's ops have to know of its date and flags."""
    decided = partial(_decided, script)
    deletes_alarm = decided("delete_all_deletes_alarm", "delete_all_preserves_alarm", "2026-02-24")
    blobs = decided(
        "websocket_standard_binary_type", "no_websocket_standard_binary_type", "2026-03-17"
    )
    closes = decided(
        "web_socket_auto_reply_to_close", "web_socket_manual_reply_to_close", "2026-04-07"
    )
    compresses = decided("web_socket_compression", "no_web_socket_compression", "2023-08-15")
    node = node_compat(script.compatibility_date, script.compatibility_flags)
    depending = {
        "delete_all_deletes_alarm": deletes_alarm,
        "websocket_standard_binary_type": blobs,
        "web_socket_auto_reply_to_close": closes,
        "web_socket_compression": compresses,
        "nodejs_compat": node is not NodeCompat.NONE,
        "enable_nodejs_global_timers": node is NodeCompat.TIMERS,
    }
    flags = {name for name, holds in depending.items() if holds}
    asked = {flag for flag in script.compatibility_flags if not flag.startswith("no_")}
    return Compatibility(
        delete_all_deletes_alarm=deletes_alarm,
        binary_messages_are_blobs=blobs,
        sockets_answer_closes=closes,
        compresses_sockets=compresses,
        request_signals=_request_signals(script.compatibility_flags),
        flags=tuple(sorted(STANDING | flags | asked)),
    )


def _request_signals(flags: Collection[str]) -> int:
    """No date asks for these."""
    if "enable_request_signal" not in flags:
        return 0
    return 2 if "request_signal_passthrough" in flags else 1
