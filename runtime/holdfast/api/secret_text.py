"""Tokens and signatures as bytes, however a client has sent them."""

import hmac


def secret_bytes(text: str) -> bytes:
    """The bytes of a text; those of a header that are no UTF-8 have come as surrogates."""
    return text.encode("utf-8", "surrogateescape")


def are_same(expected: str, given: str) -> bool:
    """Whether a client has given what is expected; a near miss takes as long as a far one."""
    return hmac.compare_digest(secret_bytes(expected), secret_bytes(given))
