"""The decoders of the Encoding standard: which one decodes which encoding.

A decoder is a function of a chunk, a state, whether to be strict and whether the
chunk is the last. It returns the text, how many bytes at the end it leaves for the
next chunk, and the new state.

https://encoding.spec.whatwg.org/
"""

import codecs
from collections.abc import Callable
from functools import cache


class Malformed(ValueError):
    """The bytes are not text in this encoding, and the script asked to be told."""


Decoder = Callable[[bytes, int, bool, bool], tuple[str, int, int]]


@cache
def decoder_for(encoding: str) -> Decoder:
    """The decoder of the encoding with this name, in lower case."""
    if encoding in _UNICODE:
        return _unicode_decoder(_UNICODE[encoding])
    raise KeyError(encoding)


_UNICODE: dict[str, Callable[[bytes, str, bool], tuple[str, int]]] = {
    "utf-8": codecs.utf_8_decode,
    "utf-16be": codecs.utf_16_be_decode,
    "utf-16le": codecs.utf_16_le_decode,
}


def _unicode_decoder(decode: Callable[[bytes, str, bool], tuple[str, int]]) -> Decoder:
    """Python's own decoder, which agrees with the standard's."""

    def decoder(data: bytes, state: int, strict: bool, final: bool) -> tuple[str, int, int]:
        try:
            text, used = decode(data, "strict" if strict else "replace", final)
        except UnicodeDecodeError as error:
            raise Malformed(str(error)) from error
        return text, len(data) - used, state

    return decoder
