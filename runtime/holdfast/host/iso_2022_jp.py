"""The decoder of ISO-2022-JP, the one encoding whose bytes mean what an escape said last.

The state between chunks is the character set in bits 0 and 1 and, in bit 2, whether the
last thing read was an escape sequence: a second one right after it is an error, lest
scripts hide in sequences that say nothing.

https://encoding.spec.whatwg.org/#iso-2022-jp-decoder
"""

import re

from holdfast.host.decoding import REPLACEMENT, Decoded, Malformed
from holdfast.host.jis import jis0208

_ASCII, _ROMAN, _KATAKANA, _JIS0208 = range(4)
_AFTER_ESCAPE = 4

_ESCAPE = 0x1B
_CHARACTER_SETS = {
    b"\x1b(B": _ASCII,
    b"\x1b(J": _ROMAN,
    b"\x1b(I": _KATAKANA,
    b"\x1b$@": _JIS0208,
    b"\x1b$B": _JIS0208,
}
_PARTS_OF_ESCAPES = {b"\x1b", b"\x1b(", b"\x1b$"}
_NOT_TEXT = {0x0E, 0x0F, _ESCAPE}
_ASCII_RUN = re.compile(rb"[\x00-\x0d\x10-\x1a\x1c-\x7f]+")
_ROMAN_CHARACTERS = {0x5C: "¥", 0x7E: "‾"}


def decode_iso_2022_jp(data: bytes, state: int, *, strict: bool, final: bool) -> Decoded:
    """Decode a chunk."""
    characters, after_escape = state & 3, bool(state & _AFTER_ESCAPE)
    pieces: list[str] = []
    at = 0
    while at < len(data):
        if not final and _may_go_on(data[at : at + 3], characters):
            break
        if (escape := data[at : at + 3]) in _CHARACTER_SETS:
            characters = _CHARACTER_SETS[escape]
            piece, length = "" if after_escape else None, 3
            after_escape = True
        else:
            piece, length = _characters(data, at, characters)
            after_escape = False
        if piece == "":
            if strict:
                raise Malformed
            piece = REPLACEMENT
        pieces.append(piece or "")
        at += length
    return "".join(pieces), len(data) - at, characters | after_escape * _AFTER_ESCAPE


def _may_go_on(rest: bytes, characters: int) -> bool:
    """Whether the chunk's last bytes need those of the next to mean something."""
    if rest[0] == _ESCAPE:
        return rest in _PARTS_OF_ESCAPES
    return characters == _JIS0208 and len(rest) == 1 and 0x21 <= rest[0] <= 0x7E


def _characters(data: bytes, at: int, characters: int) -> tuple[str, int]:
    """The next character, or run of ASCII, and its length; empty if it is malformed."""
    byte = data[at]
    if characters == _JIS0208:
        return _two_bytes(data[at : at + 2])
    if characters == _KATAKANA:
        return (chr(0xFF61 - 0x21 + byte) if 0x21 <= byte <= 0x5F else ""), 1
    if byte in _NOT_TEXT or byte > 0x7F:
        return "", 1
    if characters == _ROMAN:
        return _ROMAN_CHARACTERS.get(byte) or chr(byte), 1
    run = _ASCII_RUN.match(data, at)
    assert run, "the byte that was looked at is in the run"
    return run[0].decode("ascii"), len(run[0])


def _two_bytes(data: bytes) -> tuple[str, int]:
    if not 0x21 <= data[0] <= 0x7E or len(data) == 1 or data[1] == _ESCAPE:
        return "", 1
    return jis0208(data[0] - 0x21, data[1] - 0x21), 2
