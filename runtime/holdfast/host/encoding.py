"""Text from and to bytes, for TextEncoder, TextDecoder and bodies.

Only UTF-8 is encoded to; every encoding of the standard is decoded. A decoder keeps
nothing here between two chunks: a part's answer begins with one character that tells
the polyfill how many bytes at the end to give again with the next part, and the
decoder's state.

https://encoding.spec.whatwg.org/
"""

from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.host.decoders import decoder_for
from holdfast.host.decoding import Malformed
from holdfast.host.ops import op, utf8_op


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
def encoding_decode_part(_host: Host, encoding: str, data: bytes, state: int, errors: str) -> str:
    """The text in one part of a stream; more will follow.

    The first character's lowest four bits count the bytes at the end of `data` that
    belong in front of the next part; the bits above are the `state` to hand in with it.
    """
    try:
        text, held, state = decoder_for(encoding)(
            data, state, strict=errors == "strict", final=False
        )
    except Malformed as error:
        raise _malformed() from error
    return chr(state << 4 | held) + text


@op
def encoding_decode_last(_host: Host, encoding: str, data: bytes, state: int, errors: str) -> str:
    """The text in the last part of a stream, or in the only one."""
    try:
        return decoder_for(encoding)(data, state, strict=errors == "strict", final=True)[0]
    except Malformed as error:
        raise _malformed() from error


def _malformed() -> ScriptError:
    return ScriptError("TypeError", "Failed to decode input.")
