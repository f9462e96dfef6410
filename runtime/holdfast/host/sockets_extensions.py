"""Which compression a client's WebSocket gets: the terms of permessage-deflate.

https://www.rfc-editor.org/rfc/rfc7692#section-7.1

Workers' way of it is workerd's: with the compatibility flag `web_socket_compression` the client
gets the first of its offers that can be met; a Worker's own `Sec-WebSocket-Extensions` refuses
with an empty value, and narrows the window otherwise. But neither side ever keeps a context from
one message to the next, which the answer says, so that a socket that sleeps costs nothing.
"""

import re
from typing import NamedTuple

MAX_WINDOW_BITS = 15
MIN_WINDOW_BITS = 9  # zlib makes no smaller windows without a wrapping
_NAME = "permessage-deflate"
_PARAMETER = re.compile(r'\s*([!#$%&\'*+.^_`|~\w-]+)\s*(?:=\s*("?)([\w-]+)\2\s*)?', re.ASCII)
_BITS = re.compile("[89]|1[0-5]")


class Terms(NamedTuple):
    """What was agreed upon."""

    window_bits: int
    answer: str  # the value of the answer's header


class _Offer(NamedTuple):
    server_bits: int | None = None


def agreed(offered: str, own: str | None) -> Terms | None:
    """The terms for a client that offers this, or None for no compression.

    `own` is what the Worker's response says of extensions, None if nothing.
    """
    most = MAX_WINDOW_BITS
    if own is not None:
        wanted = _parsed(own)
        if wanted is None:
            return None
        most = wanted.server_bits or MAX_WINDOW_BITS
    for text in offered.split(","):
        offer = _parsed(text)
        if offer is None:
            continue
        bits = min(most, offer.server_bits or MAX_WINDOW_BITS)
        if bits < MIN_WINDOW_BITS:
            continue
        answer = f"{_NAME}; client_no_context_takeover; server_no_context_takeover"
        if bits < MAX_WINDOW_BITS or offer.server_bits is not None:
            answer += f"; server_max_window_bits={bits}"
        return Terms(bits, answer)
    return None


def _parsed(text: str) -> _Offer | None:
    """One offer; None if it is of another extension, or says what must not be said."""
    name, *parameters = text.split(";")
    if name.strip().lower() != _NAME:
        return None
    found: dict[str, str | None] = {}
    for parameter in parameters:
        match = _PARAMETER.fullmatch(parameter)
        if match is None or match[1] in found:
            return None
        found[match[1]] = match[3]
    for key, value in found.items():
        if key in ("server_no_context_takeover", "client_no_context_takeover"):
            is_valid = value is None
        elif key == "client_max_window_bits":
            is_valid = value is None or _BITS.fullmatch(value) is not None
        else:
            is_valid = key == "server_max_window_bits" and value is not None
            is_valid = is_valid and _BITS.fullmatch(value or "") is not None
        if not is_valid:
            return None
    bits = found.get("server_max_window_bits")
    return _Offer(None if bits is None else int(bits))
