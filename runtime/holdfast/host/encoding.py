"""Text from and to bytes, for TextEncoder, TextDecoder and bodies.

Only UTF-8 is encoded to; every encoding of the standard is decoded. A decoder keeps
nothing here between two chunks: a part's answer begins with one character that tells
the polyfill how many bytes at the end to give again with the next part, and the
decoder's state.

https://encoding.spec.whatwg.org/
"""

from holdfast.engine import ScriptError, StopTurn
from holdfast.host.context import Host
from holdfast.host.decoding import Decoded, Malformed
from holdfast.host.ops import op, utf8_op

PIECE_BYTES = 1 << 20


@utf8_op
def encoding_encode_utf8(_host: Host, text: bytes) -> bytes:
    """The UTF-8 of a string, which has no lone surrogates and has become UTF-8 on its way."""
    return text


@op
def encoding_decode_utf8(_host: Host, data: bytes, errors: str) -> str:
    """The text in UTF-8 bytes, with its byte order mark.

    `errors` is "replace" (U+FFFD for each maximal malformed part) or "strict", which
    raises the script's TypeError.
    """
    try:
        return data.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        raise _malformed() from error


@op
def encoding_decode_part(host: Host, encoding: str, data: bytes, state: int, errors: str) -> str:
    """The text in one part of a stream; more will follow.

    The first character's lowest four bits count the bytes at the end of `data` that
    belong in front of the next part; the bits above are the `state` to hand in with it.
    """
    try:
        text, held, state = _decoded(host, encoding, data, state, errors, final=False)
    except Malformed as error:
        raise _malformed() from error
    return chr(state << 4 | held) + text


@op
def encoding_decode_last(host: Host, encoding: str, data: bytes, state: int, errors: str) -> str:
    """The text in the last part of a stream, or in the only one."""
    try:
        return _decoded(host, encoding, data, state, errors, final=True)[0]
    except Malformed as error:
        raise _malformed() from error


def _decoded(
    host: Host, encoding: str, data: bytes, state: int, errors: str, *, final: bool
) -> Decoded:
    """A part of a stream, decoded in pieces: some encodings take a second for four megabytes."""
    from holdfast.host.decoders import decoder_for  # six modules of tables, for few scripts

    decode, strict = decoder_for(encoding), errors == "strict"
    texts: list[str] = []
    start = 0
    while len(data) - start > PIECE_BYTES:
        piece = data[start : start + PIECE_BYTES]
        text, held, state = decode(piece, state, strict=strict, final=False)
        texts.append(text)
        start += len(piece) - held
        if host.isolate.is_overdue:
            raise StopTurn
    text, held, state = decode(data[start:], state, strict=strict, final=final)
    return "".join((*texts, text)), held, state


def _malformed() -> ScriptError:
    return ScriptError("TypeError", "Failed to decode input.")
