"""EventSource: streams of events from servers, and from streams at hand."""

import json

import pytest

from tests.inprocess import Server
from tests.sockets.test_clients import EverythingIsHere

# A server of one stream after the other; it tells each request's Last-Event-ID.
PEER = """
let requests = 0;
export default { async fetch(request) {
  const { searchParams: query } = new URL(request.url);
  const status = Number(query.get("status") ?? 200);
  const type = query.get("type") ?? "text/event-stream;charset=utf-8";
  const names = ["accept", "cache-control", "last-event-id"];
  const told = names.map((name) => request.headers.get(name));
  const text = `retry: 1\\nid: é${++requests}\\ndata: ${JSON.stringify(told)}\\n\\n`;
  return new Response(text, { status, headers: { "Content-Type": type } });
} };
"""


async def run(server: Server, body: str) -> object:
    """What a script's function returns, with `peer` the URL of PEER."""
    server.runtime._fetch._resolver = EverythingIsHere()
    server.add("peer", PEER)
    server.add(
        "main",
        f"""
        const next = (target, type) =>
          new Promise((resolve) => target.addEventListener(type, resolve, {{ once: true }}));
        async function run(peer) {{ {body} }}
        export default {{ async fetch() {{
          return Response.json((await run("http://peer.localhost:{server.port}/")) ?? null);
        }} }};""",
    )
    return json.loads(await server.text())


async def test_a_stream_that_ends_is_asked_for_again_with_the_last_id(server: Server) -> None:
    told = await run(
        server,
        """
        const source = new EventSource(peer);
        const log = [source.readyState, source.url === peer, source.withCredentials];
        source.onopen = () => log.push("open", source.readyState);
        source.onerror = () => log.push("error", source.readyState);
        for (let i = 0; i < 2; i++) {
          const { data, lastEventId, origin } = await next(source, "message");
          log.push(JSON.parse(data), lastEventId, origin === peer.slice(0, -1));
        }
        source.close();
        log.push(source.readyState);
        return log;
        """,
    )
    asked = ["text/event-stream", "no-cache"]
    assert told == [
        *[0, True, False, "open", 1, [*asked, None], "é1", True, "error", 0],
        *["open", 1, [*asked, "é1"], "é2", True, 2],
    ]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("?status=404", "The response status code was 404."),
        ("?type=text/plain", "The content type 'text/plain' is invalid."),
    ],
)
async def test_what_is_no_stream_of_events_fails_for_good(
    server: Server, query: str, message: str
) -> None:
    told = await run(
        server,
        f"""
        const source = new EventSource(peer + "{query}");
        const event = await next(source, "error");
        return [event.message, source.readyState];
        """,
    )
    assert told == [message, 2]


STREAMS = {
    "data: a\\n\\ndata:b\\n\\n": [["message", "a", ""], ["message", "b", ""]],
    "\\ufeffdata: one\\ndata: two\\n\\n": [["message", "one\ntwo", ""]],
    "event: add\\ndata: 1\\nid: x\\n\\n\\ndata: 2\\n\\n": [
        ["add", "1", "x"],
        ["message", "2", "x"],
    ],
    "data\\n\\ndata\\ndata\\n\\n": [["message", "", ""], ["message", "\n", ""]],
    ": comment\\nunknown: x\\ndata:  two spaces\\n\\n": [["message", " two spaces", ""]],
    "id: 1\\n\\nid: a\\0b\\ndata: x\\n\\nid\\ndata: y\\n\\n": [
        ["message", "x", "1"],
        ["message", "y", ""],
    ],
    "data: a\\rdata: b\\r\\rdata: c\\r\\n\\r\\n": [["message", "a\nb", ""], ["message", "c", ""]],
    "event: nothing\\n\\ndata: never ended": [],
}


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("stream", STREAMS)
async def test_a_stream_at_hand_is_parsed_wherever_it_is_cut(
    server: Server, stream: str, size: int
) -> None:
    told = await run(
        server,
        f"""
        const bytes = new TextEncoder().encode("{stream}");
        const source = EventSource.from(new ReadableStream({{
          start(controller) {{
            for (let at = 0; at < bytes.length; at += {size}) {{
              controller.enqueue(bytes.slice(at, at + {size}));
            }}
            controller.close();
          }},
        }}));
        const log = [];
        const note = ({{ type, data, lastEventId }}) => log.push([type, data, lastEventId]);
        source.addEventListener("message", note);
        source.addEventListener("add", note);
        const {{ message }} = await next(source, "error");
        return [log, message, source.readyState];
        """,
    )
    assert told == [STREAMS[stream], "The server disconnected.", 2]


async def test_arguments_are_checked(server: Server) -> None:
    told = await run(
        server,
        """
        const thrown = (run) => { try { run(); } catch (error) { return error.name; } };
        const locked = new ReadableStream();
        locked.getReader();
        return [
          thrown(() => new EventSource("nowhere")),
          thrown(() => new EventSource()),
          thrown(() => EventSource.from({})),
          thrown(() => EventSource.from(locked)),
          thrown(() => new EventSource(peer, { withCredentials: true })),
        ];
        """,
    )
    assert told == ["SyntaxError", "TypeError", "TypeError", "TypeError", "NotSupportedError"]
