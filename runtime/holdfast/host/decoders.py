"""The decoders of the Encoding standard: which one decodes which encoding.

Python's own tables are used wherever they agree with the standard's indexes; where
they do not, a patch stands beside them. Decoding is never left to Python's
multi-byte codecs: what they make of malformed bytes differs from the standard.

https://encoding.spec.whatwg.org/
"""

import codecs
from collections.abc import Callable
from functools import cache, partial

from holdfast.host.decoding import Decoded, Decoder, Malformed
from holdfast.host.iso_2022_jp import decode_iso_2022_jp
from holdfast.host.multibyte import MULTIBYTE, decode_multibyte

# What Python calls a single-byte encoding where its name is not the standard's.
_PYTHON_NAMES = {
    "iso-8859-8-i": "iso-8859-8",
    "macintosh": "mac_roman",
    "windows-874": "cp874",
    "x-mac-cyrillic": "mac_cyrillic",
}
# Where Python's table says something else, or nothing.
_PATCHES = {
    ("koi8-u", 0xAE): "\u045e",
    ("koi8-u", 0xBE): "\u040e",
    ("windows-1255", 0xCA): "\u05ba",
}
# charmap_decode's mark of a byte that means nothing.
_NOTHING = "\ufffe"


@cache
def decoder_for(encoding: str) -> Decoder:
    """The decoder of the encoding with this name (in lower case), one of the standard's."""
    if encoding in _UNICODE:
        return partial(_decode_unicode, _UNICODE[encoding])
    if encoding in MULTIBYTE:
        return partial(decode_multibyte, encoding)
    if encoding == "iso-2022-jp":
        return decode_iso_2022_jp
    return partial(_decode_single_byte, _single_byte_table(encoding))


def _decode_utf_8(data: bytes, errors: str, final: bool) -> tuple[str, int]:
    """As Python does, but for the beginning of a surrogate, which it takes for one of text."""
    text, used = codecs.utf_8_decode(data, errors, final)
    if data[used : used + 1] == b"\xed" and data[used + 1 : used + 2] >= b"\xa0":
        return codecs.utf_8_decode(data, errors, True)
    return text, used


_UNICODE: dict[str, Callable[[bytes, str, bool], tuple[str, int]]] = {
    "utf-8": _decode_utf_8,
    "utf-16be": codecs.utf_16_be_decode,
    "utf-16le": codecs.utf_16_le_decode,
}


def _decode_unicode(
    decode: Callable[[bytes, str, bool], tuple[str, int]],
    data: bytes,
    state: int,
    *,
    strict: bool,
    final: bool,
) -> Decoded:
    """Python agrees with the standard here, malformed parts included."""
    try:
        text, used = decode(data, "strict" if strict else "replace", final)
    except UnicodeDecodeError as error:
        raise Malformed from error
    return text, len(data) - used, state


def _decode_single_byte(
    table: str, data: bytes, state: int, *, strict: bool, final: bool
) -> Decoded:
    """One character per byte.

    https://encoding.spec.whatwg.org/#single-byte-decoder
    """
    del final  # no byte waits for another
    try:
        text, _ = codecs.charmap_decode(data, "strict" if strict else "replace", table)
    except UnicodeDecodeError as error:
        raise Malformed from error
    return text, 0, state


def _single_byte_table(encoding: str) -> str:
    """The characters of the bytes from 0 to 255."""
    if encoding == "x-user-defined":
        # https://encoding.spec.whatwg.org/#x-user-defined-decoder
        return "".join(chr(byte if byte < 0x80 else 0xF700 + byte) for byte in range(256))
    return "".join(_single_byte(encoding, byte) for byte in range(256))


def _single_byte(encoding: str, byte: int) -> str:
    if (encoding, byte) in _PATCHES:
        return _PATCHES[encoding, byte]
    try:
        return bytes([byte]).decode(_PYTHON_NAMES.get(encoding, encoding))
    except UnicodeDecodeError:
        # Windows code pages leave some controls out; the standard has them all.
        return chr(byte) if byte < 0xA0 else _NOTHING
