"""What a client's bytes become: requests, in order, of which those wait that nobody answers yet.

aiohttp's parser reads them; framing.py has what it leaves open.
"""

from collections import deque
from typing import TYPE_CHECKING, Any

from aiohttp.http_exceptions import HttpProcessingError, InvalidURLError
from aiohttp.http_parser import HttpParser, RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader

from holdfast.server.flow import Flow
from holdfast.server.framing import (
    MAX_PIPELINED,
    Incoming,
    Message,
    before_mistake,
    new_parser,
    with_escaped_target,
    within,
    without_keep_alive,
)
from holdfast.server.refusals import (
    MAX_HEAD_BYTES,
    TOO_MANY_HEADERS,
    TOO_MUCH_BESIDE,
    RequestBodyBroken,
    has_large_head,
    refusal_of,
)
from holdfast.server.response import plain_response

if TYPE_CHECKING:
    from holdfast.server.http_server import HttpServer

MAX_PIPELINED_BYTES = 65_536
AFTER_NEXT, NOW = 1, 2  # when a connection closes: after a response to come, or under way


class Intake(Flow):
    """Parses requests, for `Connection` to answer."""

    __slots__ = (
        "_arrived",
        "_busy",
        "_closing",
        "_head_bytes",
        "_incoming",
        "_keep_alive",
        "_message",
        "_messages",
        "_payload",
        "_tail",
        "_unparsed",
        "_waiting_bytes",
    )

    def __init__(self, server: "HttpServer") -> None:
        super().__init__(server)
        self._parser = new_parser(self, server.loop)
        self._messages: deque[Message] = deque()
        self._busy = False  # a request is under way
        self._closing = 0  # or AFTER_NEXT, or NOW
        self._keep_alive = True
        self._unparsed = False  # the parser has stopped before the end of what it was fed
        self._head_bytes = 0  # of a request whose head is not whole
        self._waiting_bytes = 0  # that came since requests wait
        self._incoming: Incoming | None = None  # the request whose body is not whole
        self._tail = b""  # what came behind a request to upgrade
        self._message: RawRequestMessage  # the one under way, or answered last
        self._payload: StreamReader = EMPTY_PAYLOAD  # its body
        self._arrived = False  # something of a request has, since the last look

    def _proceed(self) -> None:
        """Answer the requests that wait, until one has to be waited for."""
        raise NotImplementedError

    def data_received(self, data: bytes) -> None:
        """Parse what came, and answer what can be answered."""
        self._arrived = True
        if self._upgraded:
            self._keep_tail(data)
            return
        parser = self._parser
        if parser is None:
            self._heard_bytes += len(data)
            return
        try:
            messages, self._upgraded, tail = self._parse(parser, data)
        except HttpProcessingError as error:
            self._refuse(*refusal_of(error))
            return
        self._tail = tail
        if (
            self._incoming is not None
            or (messages and (messages[0][1] is not EMPTY_PAYLOAD or messages[0][0].upgrade))
            or len(messages) > 1
        ):
            messages = self._follow(messages, data)
        if self._head_bytes + len(data) > MAX_HEAD_BYTES and has_large_head(messages):
            self._refuse(*TOO_MANY_HEADERS)
        elif messages:
            self._head_bytes = 0
            self._messages.extend(messages)
            self._unparsed = len(self._messages) >= MAX_PIPELINED
            if not self._busy:
                self._proceed()
            if self._messages:
                self._waiting_bytes += len(data)
                self._unparsed = self._unparsed or self._waiting_bytes > MAX_PIPELINED_BYTES
            if self._unparsed and not self._buffer_paused:
                self._pause_reading_for_buffer()
                self._loop.call_soon(self._read_on)
        else:
            self._count_head(data)

    def _parse(self, parser: HttpParser[Any], data: bytes) -> Any:
        """What the parser makes of `data`.

        Clients such as curl send what was typed: a target's letters beyond ASCII are escaped
        here, as browsers escape them, since the parser takes them for a mistake.
        """
        try:
            return parser.feed_data(data)
        except InvalidURLError:
            escaped = with_escaped_target(data)
            if self._busy or self._messages or escaped is None:
                raise
            self._parser = new_parser(self, self._loop)
            return self._parser.feed_data(escaped)
        except HttpProcessingError as error:
            if hasattr(self, "_message") or self._messages or self._head_bytes:
                raise
            messages, self._parser = before_mistake(self, self._loop, data, error), None
            return messages, False, b""

    def _follow(self, messages: list[Message], data: bytes) -> list[Message]:
        """What can be answered of these, with an eye on where they end: see framing.py."""
        incoming, self._incoming = self._incoming, None
        is_all = len(self._messages) + len(messages) < MAX_PIPELINED
        if incoming is not None:
            incoming.take(data)
            if incoming.brings_too_much:
                self._refuse(*TOO_MUCH_BESIDE)
                return []
            if not incoming.is_whole:
                self._incoming = incoming
                return []
            if incoming.may_hide_what_follows and (messages or not self._upgraded):
                if messages or not (is_all and incoming.ends_what_came):
                    self._end_with_last()
                    return []
                self._parser = new_parser(self, self._loop)
        messages, self._incoming, is_end = within(
            messages, data, is_all=is_all, is_upgraded=self._upgraded
        )
        if is_end:
            self._parser, self._upgraded, self._tail = None, False, b""
        elif messages and self._incoming is None and not self._upgraded and messages[-1][0].chunked:
            self._parser = new_parser(self, self._loop)
        return messages

    def _end_with_last(self) -> None:
        """Answer no more requests than those that are here."""
        self._parser, self._upgraded, self._tail = None, False, b""
        if self._messages:
            self._messages.append(without_keep_alive(*self._messages.pop()))
        else:
            self._keep_alive = False

    def _count_head(self, data: bytes) -> None:
        """What has come without a request is of the head of one, or of the last one's body."""
        payload = self._last_payload()
        if payload is EMPTY_PAYLOAD or payload.is_eof():
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(*TOO_MANY_HEADERS)

    def _last_payload(self) -> StreamReader:
        return self._messages[-1][1] if self._messages else self._payload

    def _refuse(self, status: int, message: str) -> None:
        """Say what is wrong with what came, unless a response is being written, and close.

        Who reads the body that broke hears of it.
        """
        self._closing = NOW
        self._parser = None
        payload = self._last_payload()
        if payload is not EMPTY_PAYLOAD and not payload.is_eof() and payload.exception() is None:
            payload.set_exception(RequestBodyBroken(message))
        if not self._busy and self.transport is not None:
            self._say(plain_response(status, message))
            self._part()

    def _wants_more(self) -> bool:
        """Whether the body of the request under way is yet to come, or a part of it."""
        return self._payload is not EMPTY_PAYLOAD and not self._payload.is_eof()

    # ---- what is too much, or too early ------------------------------------------------

    def _keep_tail(self, data: bytes) -> None:
        """What comes before the upgrade is taken or refused waits for that."""
        self._tail += data
        if len(self._tail) > MAX_PIPELINED_BYTES and not self._buffer_paused:
            self._pause_reading_for_buffer()

    def _take_tail(self) -> None:
        tail, self._tail = self._tail, b""
        if self._buffer_paused and not self._unparsed:
            self._resume_reading_for_buffer()
        self.data_received(tail)

    def _has_enough(self) -> bool:
        """Whether so many requests wait that no more are to be read."""
        if not self._messages:
            self._waiting_bytes = 0
            return False
        many = len(self._messages) > MAX_PIPELINED // 2
        return many or self._waiting_bytes > MAX_PIPELINED_BYTES

    def _read_on(self) -> None:
        """Parse what the parser had no room for, once there is some."""
        if self._closing or not self._unparsed or self._has_enough():
            return
        self._unparsed = False
        self.data_received(b"")
        if not self._unparsed and self._buffer_paused:
            self._resume_reading_for_buffer()
