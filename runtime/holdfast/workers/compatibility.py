"""What a script's compatibility date and flags decide.

https://developers.cloudflare.com/workers/configuration/compatibility-flags/
"""

from collections.abc import Collection
from functools import lru_cache

from holdfast.catalog.flags import flags_that_hold
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
        "fetch_iterable_type_support",
        "fetch_refuses_unknown_protocols",
        "fetch_standard_url",
        "fetcher_no_get_put_delete",
        "formdata_parser_supports_files",
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


_SIGNALS = "enable_request_signal"
# What Holdfast does not have, whatever the date.
LACKING = frozenset(("temporal",))
# Globals that a script goes without where a flag does not hold.
_GLOBALS = {
    "expose_global_message_channel": ("MessageChannel", "MessagePort"),
    "global_navigator": ("navigator",),
}


def compatibility(script: Script) -> Compatibility:
    """A script without a date gets what the newest date asks for."""
    return _compatibility(script.compatibility_date, script.compatibility_flags)


@lru_cache(maxsize=256)  # scripts are loaded again and again
def _compatibility(date: str | None, flags: tuple[str, ...]) -> Compatibility:
    holding = flags_that_hold(date, flags)
    if node_compat(date, flags) is NodeCompat.NONE:
        holding -= {"nodejs_compat", "nodejs_compat_v2"}
    if date is None and _SIGNALS not in flags:
        holding -= {_SIGNALS}  # which costs each request a tenth more
    return Compatibility(
        delete_all_deletes_alarm="delete_all_deletes_alarm" in holding,
        binary_messages_are_blobs="websocket_standard_binary_type" in holding,
        sockets_answer_closes="web_socket_auto_reply_to_close" in holding,
        compresses_sockets="web_socket_compression" in holding,
        request_signals=_request_signals(holding),
        flags=(holding | STANDING) - LACKING,
    )


def navigation_prefers_assets(script: Script) -> bool:
    """Whether a page that a browser goes to is the assets', even where it is their 404 page."""
    holding = flags_that_hold(script.compatibility_date, script.compatibility_flags)
    return "assets_navigation_prefers_asset_serving" in holding


def withheld_globals(compatibility: Compatibility) -> tuple[str, ...]:
    """The globals that a script goes without."""
    flags = compatibility.flags
    return tuple(name for flag in _GLOBALS if flag not in flags for name in _GLOBALS[flag])


def _request_signals(holding: Collection[str]) -> int:
    if _SIGNALS not in holding:
        return 0
    return 2 if "request_signal_passthrough" in holding else 1
