"""Where one request of a connection ends and the next begins, as far as aiohttp leaves that open.

Its parser gives whole heads and bodies, and does not tell at which byte they end. Mostly nobody
has to know. But it takes the last trailer of a body in chunks for a header of the next request;
it throws away what comes in one piece with a request to upgrade to something that it does not
know, and what it has read of a piece that makes no sense further on; and what a body brings
beside itself has no bound: chunk extensions, which it skips, and trailers, which it keeps.
"""

import asyncio
import urllib.parse

from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import HttpRequestParser, RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader

from holdfast.server.refusals import HEAD_LIMITS, MAX_HEAD_BYTES, RequestBodyBroken

HEAD_END = b"\r\n\r\n"  # of a body in chunks as well
MAX_PIPELINED = 32
READ_BUFFER_BYTES = 65_536

_ASCII = bytes(range(0x80))

Message = tuple[RawRequestMessage, StreamReader]


def new_parser(
    protocol: BaseProtocol, loop: asyncio.AbstractEventLoop, at_once: int = MAX_PIPELINED
) -> HttpRequestParser:
    """A parser that expects a request to begin, and stops for a while after `at_once` of them."""
    return HttpRequestParser(
        protocol,
        loop,
        READ_BUFFER_BYTES,
        **HEAD_LIMITS,
        payload_exception=RequestBodyBroken,
        auto_decompress=False,
        max_msg_queue_size=at_once,
    )


def with_escaped_target(piece: bytes) -> bytes | None:
    """A request with its target's letters beyond ASCII escaped, None where it has none."""
    line, end, rest = piece.partition(b"\r\n")
    if not end or line.isascii():
        return None
    return urllib.parse.quote_from_bytes(line, safe=_ASCII).encode() + end + rest


def before_mistake(
    protocol: BaseProtocol,
    loop: asyncio.AbstractEventLoop,
    piece: bytes,
    error: HttpProcessingError,
) -> list[Message]:
    """The requests in a connection's first piece that are whole before it makes no sense.

    A parser that fails loses those that it has read of the piece. The last one ends the connection:
    what followed one with `Connection: close`, say, is nobody's business (RFC 9112, 9.6). Raises
    the error where there are none.
    """
    parser = new_parser(protocol, loop, at_once=1)
    found: list[Message] = []
    try:
        messages, _, _ = parser.feed_data(piece)
        while messages and len(found) < MAX_PIPELINED:
            incoming = Incoming(*messages[0])
            if not incoming.is_whole:
                break
            found.append(messages[0])
            if incoming.may_hide_what_follows:
                break
            parser.message_consumed()
            messages, _, _ = parser.feed_data(b"")
    except HttpProcessingError:
        pass
    if not found:
        raise error
    return [*found[:-1], without_keep_alive(*found[-1])]


class Incoming:
    """The request that came last, from its head until its body is whole."""

    def __init__(self, message: RawRequestMessage, payload: StreamReader) -> None:
        self.message = message
        self._payload = payload
        self._pieces = 0
        self._end = b""  # of what came
        self._body_bytes = 0
        self._other_bytes = 0  # that came since the body has grown
        self._is_exact = False  # nothing has come with the last of the body

    @property
    def is_whole(self) -> bool:
        """Whether nothing of it is yet to come."""
        return self._payload is EMPTY_PAYLOAD or self._payload.is_eof()

    @property
    def may_hide_what_follows(self) -> bool:
        """Whether the parser may mistake what comes behind it."""
        return bool(self.message.chunked or self.message.upgrade)

    @property
    def brings_too_much(self) -> bool:
        """Whether there is more beside the body than there may be of headers."""
        return self._other_bytes > MAX_HEAD_BYTES

    def take(self, piece: bytes) -> None:
        """Take note of a piece that the parser has read, the first one with the head."""
        self._pieces += 1
        self._end = (self._end + piece[-len(HEAD_END) :])[-len(HEAD_END) :]
        if self._payload is EMPTY_PAYLOAD:
            self._is_exact = piece.endswith(HEAD_END) and piece.count(HEAD_END) == 1
            return
        grown = self._payload.total_bytes - self._body_bytes
        self._body_bytes += grown
        self._other_bytes = 0 if grown else self._other_bytes + len(piece)
        head = piece.find(HEAD_END) + len(HEAD_END) if self._pieces == 1 else 0
        self._is_exact = head + grown == len(piece)

    @property
    def ends_what_came(self) -> bool:
        """Whether, being whole, it is known to be the end of what the parser has read."""
        if self.message.upgrade:
            return self._is_exact and not self.message.chunked
        return self._end == HEAD_END


def within(
    messages: list[Message], piece: bytes, *, is_all: bool, is_upgraded: bool
) -> tuple[list[Message], Incoming | None, bool]:
    """What can be answered of the requests in a piece that the parser has read.

    With the one whose body is yet to come, if any, and whether the parser may have mistaken what
    follows the last one, which is answered as the last of its connection then. `is_all`: it has
    read the whole piece; `is_upgraded`: it has stopped behind the last, and lost nothing.
    """
    for index, (message, payload) in enumerate(messages):
        incoming = Incoming(message, payload)
        incoming.take(piece)
        if not incoming.is_whole:
            return messages, incoming, False
        is_last = index + 1 == len(messages)
        is_end = is_last and (is_upgraded or (is_all and incoming.ends_what_came))
        if incoming.may_hide_what_follows and not is_end:
            return [*messages[:index], without_keep_alive(message, payload)], None, True
    return messages, None, False


def without_keep_alive(message: RawRequestMessage, payload: StreamReader) -> Message:
    """The request as the last one of its connection."""
    return message._replace(should_close=True), payload
