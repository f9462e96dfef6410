"""URLs: the parser and the setters of the WHATWG standard, by way of ada.

Polyfills keep a URL as its canonical string, so a string is all that crosses, in both
directions. ada's own C functions are called, not the classes of `ada_url`: those make
a Python object per URL and take five times as long.

https://url.spec.whatwg.org/
"""

from collections.abc import Callable
from typing import Any

from ada_url._ada_wrapper import ffi, lib  # type: ignore[import-not-found]

from holdfast.host.context import Host
from holdfast.host.ops import op

_parse = lib.ada_parse
_parse_with_base = lib.ada_parse_with_base
_free = lib.ada_free
_get_href = lib.ada_get_href
_get_hostname = lib.ada_get_hostname
_get_scheme_type = lib.ada_get_scheme_type
_to_ascii = lib.ada_idna_to_ascii
_free_owned = lib.ada_free_owned_string
_unpack = ffi.unpack

_NOT_SPECIAL = 1  # a scheme whose hosts are no domains
# ada looks at Punycode only where it has something to encode: this label gives it that.
_LABEL_TO_ENCODE = "ä.".encode()

_SETTERS: dict[str, Callable[..., Any]] = {
    "protocol": lib.ada_set_protocol,
    "username": lib.ada_set_username,
    "password": lib.ada_set_password,
    "host": lib.ada_set_host,
    "hostname": lib.ada_set_hostname,
    "port": lib.ada_set_port,
    "pathname": lib.ada_set_pathname,
    "search": lib.ada_set_search,
    "hash": lib.ada_set_hash,
}


@op
def url_parse(_host: Host, url: str, base: str | None = None) -> str | None:
    """The canonical form of `url`, relative to `base`; None if either is invalid."""
    text = url.encode()
    if base is None:
        parsed = _parse(text, len(text))
    else:
        against = base.encode()
        parsed = _parse_with_base(text, len(text), against, len(against))
    href = _take_href(parsed)
    return href or None


@op
def url_set(_host: Host, href: str, component: str, value: str) -> str:
    """The canonical form of `href` after its component was set, as URL's setters do.

    https://url.spec.whatwg.org/#api
    """
    text, new = href.encode(), value.encode()
    parsed = _parse(text, len(text))
    _SETTERS[component](parsed, new, len(new))
    changed = _take_href(parsed)
    return changed or href


def _take_href(parsed: Any) -> str:
    """The canonical form of what ada parsed, which is freed; empty if it is invalid."""
    href = _get_href(parsed)
    length = href.length
    text: bytes = _unpack(href.data, length) if length else b""
    if b"xn--" in text and not _has_valid_punycode(parsed):
        text = b""
    _free(parsed)
    return text.decode()


def _has_valid_punycode(parsed: Any) -> bool:
    """Whether the domain of a valid URL, if it has one, passes UTS 46's checks.

    https://url.spec.whatwg.org/#concept-domain-to-ascii
    """
    host = _get_hostname(parsed)
    domain = _unpack(host.data, host.length) if host.length else b""
    if b"xn--" not in domain or _get_scheme_type(parsed) == _NOT_SPECIAL:
        return True
    domain = _LABEL_TO_ENCODE + domain
    ascii_domain = _to_ascii(domain, len(domain))
    is_valid = bool(ascii_domain.length)
    _free_owned(ascii_domain)
    return is_valid
