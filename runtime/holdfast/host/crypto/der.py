"""DER, as far as keys are looked at before `cryptography` reads them.

It also takes PKCS #1 and SEC 1 structures for keys, which Web Crypto's formats are not,
and bytes after the end.
"""

SEQUENCE = 0x30
INTEGER = 0x02


def is_subject_public_key_info(der: bytes) -> bool:
    """Whether this has the outline of RFC 5280's: SEQUENCE { SEQUENCE …, … }."""
    content = _whole(der)
    return content is not None and der[content : content + 1] == bytes([SEQUENCE])


def is_private_key_info(der: bytes) -> bool:
    """Whether this has the outline of RFC 5958's: SEQUENCE { INTEGER, SEQUENCE …, … }."""
    content = _whole(der)
    return content is not None and (
        der[content : content + 2] == bytes([INTEGER, 1])
        and der[content + 3 : content + 4] == bytes([SEQUENCE])
    )


def _whole(der: bytes) -> int | None:
    """Where the content begins, if `der` is one SEQUENCE and nothing after it."""
    if len(der) < 2 or der[0] != SEQUENCE:
        return None
    length, start = der[1], 2
    if length >= 0x80:
        start += length - 0x80
        length = int.from_bytes(der[2:start], "big")
    return start if start + length == len(der) else None
