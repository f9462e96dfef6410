"""The encoding ops and the decoders behind them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.engine import ScriptError, StopTurn
from holdfast.host import encoding as module
from holdfast.host.decoders import decoder_for
from holdfast.host.decoding import Malformed
from holdfast.host.encoding import (
    encoding_decode_last,
    encoding_decode_part,
    encoding_decode_utf8,
)

HOST = None  # the ops for short text use nothing of their isolate's


class Clocked:
    """A host whose isolate has no more time when it was asked so often."""

    def __init__(self, *, looks: int) -> None:
        self._looks = looks
        self.isolate = self

    @property
    def is_overdue(self) -> bool:
        self._looks -= 1
        return self._looks < 0


SINGLE_BYTE = [
    *(f"iso-8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)),
    *(f"windows-{n}" for n in (874, *range(1250, 1259))),
    *("ibm866", "iso-8859-8-i", "koi8-r", "koi8-u", "macintosh", "x-mac-cyrillic"),
    "x-user-defined",
]
MULTIBYTE = ["big5", "euc-jp", "euc-kr", "gb18030", "gbk", "iso-2022-jp", "shift_jis"]
UNICODE = ["utf-8", "utf-16be", "utf-16le"]


def decode(encoding: str, data: bytes) -> str:
    return decoder_for(encoding)(data, 0, strict=False, final=True)[0]


def decode_in_parts(
    encoding: str, parts: list[bytes], *, errors: str = "replace", host: Any = HOST
) -> str:
    """As the polyfill does it: with the state and the bytes that an answer tells to keep."""
    text, held, state = "", b"", 0
    for part in parts:
        data = held + part
        answer = encoding_decode_part(host, encoding, data, state, errors)
        count, state = ord(answer[0]) & 15, ord(answer[0]) >> 4
        held = data[len(data) - count :]
        text += answer[1:]
    return text + encoding_decode_last(HOST, encoding, held, state, errors)


def test_utf_8_is_decoded() -> None:
    text = "a\0é€\U0001f600\ufeff"
    assert encoding_decode_utf8(HOST, text.encode(), "strict") == text


def test_malformed_utf_8_is_replaced_or_refused() -> None:
    assert encoding_decode_utf8(HOST, b"a\xf0\x9f\x98b\xff", "replace") == "a\ufffdb\ufffd"
    with pytest.raises(ScriptError, match="TypeError"):
        encoding_decode_utf8(HOST, b"\xff", "strict")


@pytest.mark.parametrize("encoding", SINGLE_BYTE + MULTIBYTE + UNICODE)
def test_ascii_is_ascii(encoding: str) -> None:
    text = "".join(map(chr, set(range(0x80)) - {0x0E, 0x0F, 0x1B}))
    codec = encoding if encoding in UNICODE else "ascii"
    assert decode(encoding, text.encode(codec)) == text


@pytest.mark.parametrize("encoding", SINGLE_BYTE)
def test_a_single_byte_is_a_character_or_malformed(encoding: str) -> None:
    data = bytes(range(256))
    text = decode(encoding, data)
    assert len(text) == 256
    if "\ufffd" in text:
        with pytest.raises(Malformed):
            decoder_for(encoding)(data, 0, strict=True, final=True)


@pytest.mark.parametrize("encoding", MULTIBYTE + UNICODE)
@given(parts=st.lists(st.binary(max_size=6), max_size=5))
def test_large_texts_are_decoded_in_pieces_and_are_the_same(
    encoding: str, parts: list[bytes]
) -> None:
    data = b"".join(parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PIECE_BYTES", 4)
        host = Clocked(looks=100_000)
        assert encoding_decode_last(host, encoding, data, 0, "replace") == decode(encoding, data)
        assert decode_in_parts(encoding, parts, host=host) == decode(encoding, data)


def test_a_turn_that_has_had_its_time_is_decoded_no_further(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PIECE_BYTES", 4)
    with pytest.raises(StopTurn):
        encoding_decode_last(Clocked(looks=2), "gbk", bytes(20), 0, "replace")


@pytest.mark.parametrize("encoding", MULTIBYTE + UNICODE)
@given(parts=st.lists(st.binary(max_size=6), max_size=5))
def test_cutting_a_stream_into_parts_changes_nothing(encoding: str, parts: list[bytes]) -> None:
    assert decode_in_parts(encoding, parts) == decode(encoding, b"".join(parts))


@pytest.mark.parametrize("encoding", MULTIBYTE + UNICODE)
@given(data=st.binary(max_size=8))
def test_strict_decoding_fails_where_the_other_replaces(encoding: str, data: bytes) -> None:
    replaced = decode(encoding, data)
    try:
        strict, _, _ = decoder_for(encoding)(data, 0, strict=True, final=True)
    except Malformed:
        assert "\ufffd" in replaced
    else:
        assert strict == replaced


ESCAPES = st.sampled_from([b"\x1b(B", b"\x1b(J", b"\x1b(I", b"\x1b$@", b"\x1b$B", b"\x1b", b"$("])


@given(parts=st.lists(st.one_of(ESCAPES, st.binary(max_size=2)), max_size=8))
def test_escape_sequences_survive_being_cut(parts: list[bytes]) -> None:
    data = b"".join(parts)
    bytewise = [data[i : i + 1] for i in range(len(data))]
    assert decode_in_parts("iso-2022-jp", bytewise) == decode("iso-2022-jp", data)


@pytest.mark.parametrize(
    ("encoding", "codec", "text"),
    [
        ("big5", "big5", "中文測試"),
        ("euc-jp", "euc_jp", "日本語ｱｲｳ丂"),
        ("euc-kr", "cp949", "한국어갂"),
        ("gb18030", "gb18030", "中文\U00010000\U0010ffffé"),
        ("gbk", "gbk", "中文鎔"),
        ("iso-2022-jp", "iso2022_jp", "日本語 and more"),
        ("shift_jis", "cp932", "日本語ｱｲｳ①"),
    ],
)
def test_common_text_is_what_python_makes_of_it(encoding: str, codec: str, text: str) -> None:
    assert decode(encoding, text.encode(codec)) == text


@pytest.mark.parametrize(
    ("encoding", "data", "text"),
    [
        # Where the standard's indexes are not Python's.
        ("koi8-u", b"\xae\xbe", "ўЎ"),
        ("windows-1255", b"\xca\xd9", "\u05ba\ufffd"),
        ("gbk", b"\x80\xff\xa3\xa0\xa6\xd9\xa8\xbc\xfe\xa0", "€\ufffd\u3000\ufe10ḿ\u9fbb"),
        ("gb18030", b"\x815\xf47", "\ue7c7"),
        ("big5", b"\xa1\x45\xa2\x41\xa1\xfe\x87\x7a\x88\x62\xa3\xe1", "‧∕／㡵Ê̄€"),
        ("euc-jp", b"\xad\xa1\xa1\xc1\x8f\xa2\xb7\xfd\xa1", "①～～\ufffd"),
        ("shift_jis", b"\x80\xa0\xfd\xff\xf0\x40\xf9\xfc", "\x80\ufffd\ufffd\ufffd\ue000\ue757"),
        ("iso-2022-jp", b"\x1b(J\\~\x1b(I\x21\x5f\x60", "¥‾｡ﾟ\ufffd"),
        # How much of a malformed sequence is one error.
        ("big5", b"\x81\x40\x81\x80\x81", "\ufffd@\ufffd\ufffd"),
        ("gb18030", b"\x81\x30\x81\x41", "\ufffd0丄"),
        ("gb18030", b"\x81\x30\x20\x81\x30\x81", "\ufffd0 \ufffd"),
        ("gb18030", b"\xfe\x39\xfe\x39\x81\x7f", "\ufffd\ufffd\x7f"),
        ("euc-jp", b"\x8f\xa1\x41\x8f\x41\x8e\xe0\x8e\x20", "\ufffdA\ufffdA\ufffd\ufffd "),
        ("euc-kr", b"\x81\x20\xc9\x41\xff", "\ufffd \ufffdA\ufffd"),
        ("iso-2022-jp", b"\x1b(B\x1b(B", "\ufffd"),
        ("iso-2022-jp", b"\x1b$B\x30\x1b(B\x1b", "\ufffd\ufffd"),
        ("iso-2022-jp", b"\x1b$X", "\ufffd$X"),
        ("utf-16le", b"\x00\xd8\x41", "\ufffd"),
    ],
)
def test_the_standard_is_followed_where_python_is_not_enough(
    encoding: str, data: bytes, text: str
) -> None:
    assert decode(encoding, data) == text


def test_a_stream_that_ends_in_the_middle_is_malformed() -> None:
    with pytest.raises(ScriptError, match="TypeError"):
        decode_in_parts("shift_jis", [b"\x93"], errors="strict")
    with pytest.raises(ScriptError, match="TypeError"):
        decode_in_parts("euc-kr", [b"\xff"], errors="strict")
