"""`json()` of bodies that the host keeps: as JSON.parse of their text, however they come."""

import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from holdfast.engine import Json, json_transcoder
from holdfast.engine.json_transcoder import LEAST_BYTES_AHEAD, SharedTranscoder
from tests.host.test_body_crossing import Client
from tests.inprocess import Server

SCRIPT = """
const told = ({ name, message }) => ({ name, message });
const show = (value) => JSON.stringify([value, typeof value, value?.constructor === Object]);

export default {
  async fetch(request) {
    const copy = request.clone();
    const parsed = await request.json().then(show, told);
    const text = await copy.text();
    let expected;
    try {
      expected = show(JSON.parse(text));
    } catch (error) {
      expected = told(error);
    }
    return Response.json({ parsed, expected, used: request.bodyUsed });
  },
};
"""
UNSEEN = SCRIPT.replace("const copy = request.clone();", "const copy = new Response('0');")

TEXTS = [
    b'{"a": [1, 2.5, -0, 1e400, 12345678901234567890, null, true, "x"]}',
    b'{"__proto__": {"a": 1}, "a": 1, "a": 2}',
    b"  17 \n",
    b'"\\ud800 \\u0000 \\n"',
    '"é, 日本, 😀"'.encode(),
    b'\xef\xbb\xbf{"after": "a byte order mark"}',
    b'"\xff\xc3\x28 \xed\xa0\x80"',
    b'"a\x00b"',
    b"[" * 400 + b"]" * 400,
    b"[" + b'{"key": "value", "n": 1},' * 20_000 + b"0]",
    b"",
    b"{",
    b"[1,]",
    b"nope",
    b"1 2",
    b"'single'",
    b"{\x00}",
    "[1, 日本]".encode(),
]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with Server(tmp_path) as server:
        server.add("main", SCRIPT)
        yield server


async def sent(server: Server, content: bytes, *, piece_bytes: int = 40_000) -> dict[str, object]:
    """The answer to a body in chunks, which the script therefore gets as a handle."""
    client = Client(server)
    pieces = [content[at : at + piece_bytes] for at in range(0, len(content), piece_bytes)]
    chunks = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]
    head = "Transfer-Encoding: chunked\r\nConnection: close\r\n"
    await client.send("/", *chunks, b"0\r\n\r\n", head=head)
    answer = await client.reader.read()
    await client.leave()
    found: dict[str, object] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return found


@pytest.mark.parametrize("content", TEXTS, ids=lambda content: repr(content[:20]))
async def test_json_is_what_json_parse_makes_of_the_text(server: Server, content: bytes) -> None:
    cloned = await sent(server, content)
    assert cloned["parsed"] == cloned["expected"]
    server.add("main", UNSEEN)
    unseen = await sent(server, content)
    assert unseen["parsed"] == cloned["expected"]
    assert unseen["used"] is True


@pytest.fixture(scope="module")
def shared() -> SharedTranscoder:
    shared = SharedTranscoder(worthwhile_bytes=0)
    shared.for_text(1)
    assert shared.making is not None
    shared.making.result()
    return shared


@pytest.fixture
def ahead(shared: SharedTranscoder, monkeypatch: pytest.MonkeyPatch) -> list[Json]:
    """What a thread has made."""
    made: list[Json] = []

    def json_ahead(text: bytes) -> Json:
        assert threading.current_thread() is not threading.main_thread()
        made.append(SharedTranscoder.json_ahead(shared, text))
        return made[-1]

    monkeypatch.setattr(json_transcoder, "shared", shared)
    monkeypatch.setattr(shared, "json_ahead", json_ahead)
    return made


@pytest.mark.parametrize("content", TEXTS, ids=lambda content: repr(content[:20]))
async def test_it_is_the_same_where_a_thread_has_transcoded_it(
    server: Server, content: bytes, ahead: list[Json]
) -> None:
    content += b" " * LEAST_BYTES_AHEAD
    expected = (await sent(server, content))["expected"]
    server.add("main", UNSEEN)
    assert (await sent(server, content))["parsed"] == expected
    assert [bool(json.transcoded) for json in ahead] == [isinstance(expected, str)]


async def test_what_cannot_be_parsed_is_gone_all_the_same(server: Server) -> None:
    server.add(
        "main",
        """export default {
          async fetch(request) {
            const name = await request.json().catch((error) => error.name);
            const again = await request.text().catch((error) => error.name);
            return Response.json([name, again]);
          },
        };""",
    )
    assert await sent(server, b"nonsense") == ["SyntaxError", "TypeError"]


async def test_json_that_is_too_much_for_the_isolate_ends_no_more_than_the_request(
    server: Server,
) -> None:
    deep = await sent(server, b"[" * 5_000_000)
    assert deep["parsed"] == deep["expected"]
    assert (await sent(server, b"[1]"))["parsed"] == '[[1],"object",false]'
