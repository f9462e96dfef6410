"""What a decoder is: the words that the decoders share."""

from typing import Protocol

REPLACEMENT = "\ufffd"

# The text, how many bytes at the end belong to the next chunk, and the new state.
Decoded = tuple[str, int, int]


class Malformed(ValueError):
    """The bytes are not text in this encoding, and the script asked to be told."""


class Decoder(Protocol):
    """Decodes one chunk of a stream.

    `state` is what the chunk before returned, zero at first. Only the last chunk is
    `final`: it leaves no bytes over. If `strict`, malformed bytes raise Malformed;
    otherwise they become U+FFFD.
    """

    def __call__(self, data: bytes, state: int, *, strict: bool, final: bool) -> Decoded:
        """Decode `data`, which begins with the bytes that the chunk before left over."""
