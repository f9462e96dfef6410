"""The decoders of the Chinese, Japanese and Korean encodings without shift states.

Bytes are cut into tokens by a pattern per encoding: whole characters, and the pieces
that the standard's decoder would reject as one. Each token is then looked up; a table
fills itself as tokens turn up, from Python's codecs and the patches below.

https://encoding.spec.whatwg.org/#multi-byte-chinese-(simplified)-encodings
"""

import re
from abc import abstractmethod
from functools import cache

from holdfast.host.big5_patch import BIG5_PATCH
from holdfast.host.decoding import REPLACEMENT, Decoded, Malformed
from holdfast.host.jis import jis0208, jis0212

# Four bytes of GB18030 can be any of a million characters, which are not kept.
_MAX_KEPT_TOKEN = 3

# Python follows GB18030 of 2000, the standard the one of 2022.
_GB18030_PATCH = {
    b"\xa3\xa0": "\u3000",
    b"\xa8\xbc": "\u1e3f",
    b"\x815\xf47": "\ue7c7",
    **dict(
        zip(
            (b"\xa6" + bytes([trail]) for trail in b"\xd9\xda\xdb\xdc\xdd\xde\xdf\xec\xed\xf3"),
            "\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19",
            strict=True,
        )
    ),
    **dict(
        zip(
            (b"\xfe" + bytes([trail]) for trail in b"\x59\x61\x66\x67\x6d\x7e\x90\xa0"),
            "\u9fb4\u9fb5\u9fb6\u9fb7\u9fb8\u9fb9\u9fba\u9fbb",
            strict=True,
        )
    ),
}


class _Table(dict[bytes, str]):
    """Tokens and their text; those that are malformed raise Malformed if `strict`."""

    tokens: re.Pattern[bytes]
    # What at the end of a chunk may go on in the next.
    incomplete: re.Pattern[bytes]

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict

    def __missing__(self, token: bytes) -> str:
        text = token.decode("ascii") if token < b"\x80" else self.character(token)
        if not text:
            text = self._malformed(token)
        if len(token) <= _MAX_KEPT_TOKEN:
            self[token] = text
        return text

    def _malformed(self, token: bytes) -> str:
        if self._strict:
            raise Malformed
        # An ASCII byte in second place is not lost: "prepend byte to ioQueue".
        ascii_trail = len(token) == 2 and token[1] < 0x80 and not self.incomplete.fullmatch(token)
        return REPLACEMENT + (chr(token[1]) if ascii_trail else "")

    @abstractmethod
    def character(self, token: bytes) -> str:
        """The text of a token that begins with no ASCII byte; empty if it is malformed."""


def _python(token: bytes, codec: str) -> str:
    """What Python's codec makes of a token; empty if nothing."""
    try:
        return token.decode(codec)
    except UnicodeDecodeError:
        return ""


class _GB18030(_Table):
    """GB18030, and GBK.

    https://encoding.spec.whatwg.org/#gb18030-decoder
    """

    tokens = re.compile(
        rb"[\x81-\xfe][0-9][\x81-\xfe][0-9]|[\x81-\xfe][0-9][\x81-\xfe]?\Z"
        rb"|[\x81-\xfe][\x40-\x7e\x80-\xff]|.",
        re.DOTALL,
    )
    incomplete = re.compile(rb"[\x81-\xfe](?:[0-9][\x81-\xfe]?)?")

    def character(self, token: bytes) -> str:
        if token == b"\x80":
            return "€"
        return _GB18030_PATCH.get(token) or _python(token, "gb18030")


class _Big5(_Table):
    """Big5 with the Hong Kong supplement.

    https://encoding.spec.whatwg.org/#big5-decoder
    """

    tokens = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xff]|.", re.DOTALL)
    incomplete = re.compile(rb"[\x81-\xfe]")

    def character(self, token: bytes) -> str:
        return BIG5_PATCH.get(token) or _python(token, "big5hkscs")


class _EucKr(_Table):
    """EUC-KR with the additions of Windows.

    https://encoding.spec.whatwg.org/#euc-kr-decoder
    """

    tokens = re.compile(rb"[\x81-\xfe][\x41-\x7e\x80-\xff]|.", re.DOTALL)
    incomplete = re.compile(rb"[\x81-\xfe]")

    def character(self, token: bytes) -> str:
        return _python(token, "cp949")


class _ShiftJis(_Table):
    """Shift_JIS as Windows has it.

    https://encoding.spec.whatwg.org/#shift_jis-decoder
    """

    tokens = re.compile(rb"[\x81-\x9f\xe0-\xfc][\x40-\x7e\x80-\xff]|.", re.DOTALL)
    incomplete = re.compile(rb"[\x81-\x9f\xe0-\xfc]")

    def character(self, token: bytes) -> str:
        if token in (b"\xa0", b"\xfd", b"\xfe", b"\xff"):
            return ""
        return _python(token, "cp932")


class _EucJp(_Table):
    """EUC-JP.

    https://encoding.spec.whatwg.org/#euc-jp-decoder
    """

    tokens = re.compile(
        rb"\x8f[\xa1-\xfe][\x80-\xff]|\x8f[\xa1-\xfe]|[\x8e\x8f\xa1-\xfe][\x80-\xff]|.", re.DOTALL
    )
    incomplete = re.compile(rb"\x8f[\xa1-\xfe]?|[\x8e\xa1-\xfe]")

    def character(self, token: bytes) -> str:
        if len(token) == 1:
            return ""
        if token[0] == 0x8F:
            return jis0212(token[1] - 0xA1, token[2] - 0xA1) if len(token) == 3 else ""
        if token[0] == 0x8E:
            return chr(0xFF61 - 0xA1 + token[1]) if 0xA1 <= token[1] <= 0xDF else ""
        return jis0208(token[0] - 0xA1, token[1] - 0xA1)


# The decoder of GBK is that of GB18030.
MULTIBYTE: dict[str, type[_Table]] = {
    "big5": _Big5,
    "euc-jp": _EucJp,
    "euc-kr": _EucKr,
    "gb18030": _GB18030,
    "gbk": _GB18030,
    "shift_jis": _ShiftJis,
}


@cache
def _table(kind: type[_Table], *, strict: bool) -> _Table:
    return kind(strict=strict)


def decode_multibyte(
    encoding: str, data: bytes, state: int, *, strict: bool, final: bool
) -> Decoded:
    """Decode a chunk in the encoding of MULTIBYTE with this name."""
    table = _table(MULTIBYTE[encoding], strict=strict)
    tokens = table.tokens.findall(data)
    held = 0
    if not final and tokens and table.incomplete.fullmatch(tokens[-1]):
        held = len(tokens.pop())
    return "".join(map(table.__getitem__, tokens)), held, state
