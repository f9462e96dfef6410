"""A busy shard's connections go on in another: real processes, and clients that keep count.

Every client begins in the same shard, which has more to do than it can; the other has nothing.
"""

import asyncio
import itertools
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.server.shard_process import Sharded, kill

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="shards are found in /proc"),
]

CLIENTS = 12
MOVES = 5
OPTIONS = ("--log-level", "debug", "--max-delay-ms", "60000")  # however slow this machine is

SCRIPT = """
let shard;

export default {
  async fetch(request) {
    shard ??= crypto.randomUUID();
    const token = (await request.text()) || request.headers.get("x-token");
    for (let i = 0; i < 100_000; i++) Math.random();
    const headers = { "x-shard": shard, "x-token": token };
    switch (new URL(request.url).pathname) {
      case "/empty": return new Response(null, { status: 204, headers });
      case "/large": return new Response(token.padEnd(300_000, "."), { headers });
      case "/late":
        await scheduler.wait(1);
        return new Response(token, { headers });
      case "/stream": {
        const parts = token.match(/.{1,5}/g);
        return new Response(new ReadableStream({
          pull(controller) {
            if (parts.length) controller.enqueue(new TextEncoder().encode(parts.shift()));
            else controller.close();
          },
        }), { headers });
      }
    }
    return new Response(token, { headers });
  },
};
"""

PATHS = ("/text", "/empty", "/large", "/late", "/stream")

_tokens = map("token {}".format, itertools.count())


@dataclass
class Asked:
    """A request, as it is sent, and what is to come back."""

    token: str
    path: str
    pieces: list[bytes]


def ask(path: str, body: str) -> Asked:
    """A request with a token of its own; `body` says how it is sent."""
    token = next(_tokens)
    head = f"{'POST' if body else 'GET'} {path} HTTP/1.1\r\nHost: x\r\n"
    match body:
        case "":
            return Asked(token, path, [f"{head}x-token: {token}\r\n\r\n".encode()])
        case "chunks":
            head += "Transfer-Encoding: chunked\r\n\r\n"
            chunks = f"3\r\n{token[:3]}\r\n{len(token) - 3:x}\r\n{token[3:]}\r\n0\r\n\r\n"
            return Asked(token, path, [(head + chunks).encode()])
    head += f"Content-Length: {len(token)}\r\n\r\n"
    if body == "apart":
        return Asked(token, path, [head.encode(), token.encode()])
    return Asked(token, path, [(head + token).encode()])


def sets() -> Iterator[tuple[list[Asked], list[bytes]]]:
    """Requests to send at once, and the writes that send them, for ever."""
    for number in itertools.count():
        path = PATHS[number % len(PATHS)]
        for body in ("", "whole", "apart", "chunks"):
            asked = ask(path, body)
            yield [asked], asked.pieces
        asked = [ask("/text", ""), ask(path, "whole"), ask("/late", "")]
        sent = b"".join(piece for each in asked for piece in each.pieces)
        yield asked, [sent]
        asked = [ask("/text", ""), ask(path, "")]
        sent = b"".join(piece for each in asked for piece in each.pieces)
        yield asked, [sent[:-20], sent[-20:]]


class Client:
    """Asks on one connection, again and again, and looks what comes back."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._sets = sets()
        self.shards: list[str] = []  # where it was answered
        self.error: Exception | None = None

    async def round(self) -> None:
        """One set of requests, and their responses."""
        asked, writes = next(self._sets)
        for piece in writes:
            self._writer.write(piece)
            await asyncio.sleep(0)
        for each in asked:
            shard = await self._response(each)
            if shard not in self.shards[-1:]:
                self.shards.append(shard)

    async def _response(self, asked: Asked) -> str:
        lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
        status = "204" if asked.path == "/empty" else "200"
        assert (lines[0].split()[1], headers.get("x-token")) == (status, asked.token)
        body = b""
        if "transfer-encoding" in headers:
            while size := int(await self._reader.readuntil(b"\r\n"), 16):
                body += (await self._reader.readexactly(size + 2))[:-2]
            assert await self._reader.readexactly(2) == b"\r\n"
        elif "content-length" in headers:
            body = await self._reader.readexactly(int(headers["content-length"]))
        assert body.decode().rstrip(".") == ("" if asked.path == "/empty" else asked.token)
        return headers["x-shard"]

    @property
    def has_moved(self) -> bool:
        return len(self.shards) > 1

    async def run(self, is_over: Callable[[], bool]) -> None:
        """Go on until it is over, or the connection breaks off."""
        try:
            while not is_over():
                await self.round()
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            self.error = error

    async def close(self) -> bytes:
        """Say no more; what came that nobody asked for."""
        self._writer.write_eof()
        rest = await self._reader.read()
        self._writer.close()
        await self._writer.wait_closed()
        return rest

    def drop(self) -> None:
        self._writer.transport.abort()


async def clients_of_one_shard(server: Sharded) -> list[Client]:
    """Clients whose connections the kernel has given to the same shard, while both take some."""
    found: dict[str, list[Client]] = {}
    while len(found) < 2 or max(map(len, found.values())) < CLIENTS:
        client = Client(*await asyncio.open_connection("127.0.0.1", server.port))
        await client.round()
        found.setdefault(client.shards[0], []).append(client)
        if len(found) == 1 and len(found[client.shards[0]]) > CLIENTS:
            found[client.shards[0]].pop().drop()  # the other is not there yet
    clients = max(found.values(), key=len)
    for client in itertools.chain(*found.values()):
        if client not in clients:
            client.drop()
    return clients


async def test_no_response_is_lost_or_doubled_where_connections_move(tmp_path: Path) -> None:
    with Sharded(tmp_path, 2, *OPTIONS, script=SCRIPT) as server:
        async with asyncio.timeout(120):
            clients = await clients_of_one_shard(server)

            def have_moved() -> bool:
                return sum(client.has_moved for client in clients) >= MOVES

            async def run(client: Client) -> None:
                await client.run(lambda: client.has_moved or have_moved())
                for _ in range(12):  # wherever it is now
                    await client.round()
                # Once it has left, the other shard has nothing to do again.
                assert await client.close() == b""

            await asyncio.gather(*map(run, clients))
            assert [client.error for client in clients] == [None] * len(clients)
            assert len({shard for client in clients for shard in client.shards}) == 2


async def test_the_death_of_who_takes_them_costs_only_those_that_it_took(tmp_path: Path) -> None:
    with Sharded(tmp_path, 2, *OPTIONS, script=SCRIPT) as server:
        async with asyncio.timeout(120):
            clients = await clients_of_one_shard(server)
            over = asyncio.Event()
            running = [asyncio.ensure_future(client.run(over.is_set)) for client in clients]
            told = re.compile(r"(\d+) connections go to shard (\d)")
            while not (found := told.findall(server.log.read_text())):
                await asyncio.sleep(0.01)
            kill(server.all_shards()[int(found[0][1])])
            while "by signal 9" not in server.log.read_text():
                await asyncio.sleep(0.01)
            over.set()
            await asyncio.gather(*running)
            taken = sum(int(count) for count, _ in told.findall(server.log.read_text()))
            left = [client for client in clients if client.error is None]
            assert left
            assert len(clients) - len(left) <= taken
            for client in left:
                await client.round()
                assert await client.close() == b""
            for client in clients:
                client.drop()


async def test_a_stop_drains_while_connections_move(tmp_path: Path) -> None:
    with Sharded(tmp_path, 2, *OPTIONS, script=SCRIPT) as server:
        async with asyncio.timeout(120):
            clients = await clients_of_one_shard(server)
            running = [asyncio.ensure_future(client.run(lambda: False)) for client in clients]
            while not any(client.has_moved for client in clients):
                await asyncio.sleep(0.01)
            assert await asyncio.to_thread(server.process.stop) == 0
            await asyncio.gather(*running)  # each has broken off, between two responses or in one
            for client in clients:
                client.drop()
