"""node:net and node:tls: sockets by connect(), and what is refused of them."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.inprocess import Server


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with Server(tmp_path, allow_private_egress=True) as server:
        yield server


async def test_a_socket_of_node_net_talks_to_a_server(server: Server) -> None:
    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line.upper())
        writer.write(b"bye")
        writer.close()
        await writer.wait_closed()

    tcp = await asyncio.start_server(shout, "127.0.0.1", 0)
    port = tcp.sockets[0].getsockname()[1]
    server.add(
        "main",
        """
        import net from "node:net";
        const talk = (port) => new Promise((resolve, reject) => {
          const heard = [];
          const socket = net.connect(port, "127.0.0.1", () => heard.push("connect"));
          heard.push(socket.connecting, socket.readyState, socket.setNoDelay() === socket);
          socket.setEncoding("utf8");
          socket.write("one\\n");
          socket.once("ready", () => socket.end("two\\n"));
          let text = "";
          socket.on("data", (chunk) => (text += chunk));
          socket.on("end", () => heard.push(text, socket.bytesWritten, socket.remoteAddress));
          socket.on("close", (failed) => resolve([...heard, failed]));
          socket.on("error", reject);
        });
        const failure = (port) => new Promise((resolve) => {
          const socket = net.connect({ port });
          socket.on("error", ({ code, message }) =>
            socket.on("close", (failed) => resolve([code, message, failed])));
        });
        export default { async fetch(request) {
          const port = Number(new URL(request.url).pathname.slice(1));
          return Response.json([await talk(port), await failure(1)]);
        } };
        """,
    )
    async with tcp:
        told = json.loads(await server.text(f"/{port}"))
    talk = [True, "opening", True, "connect", "ONE\nTWO\nbye", 8, "127.0.0.1", False]
    assert told == [talk, ["ECONNREFUSED", "connect ECONNREFUSED localhost:1", True]]


async def test_a_socket_may_look_names_up_itself_tells_its_end_and_connects_again(
    server: Server,
) -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()
        await writer.wait_closed()

    async def leave(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    greeter = await asyncio.start_server(greet, "127.0.0.1", 0)
    leaver = await asyncio.start_server(leave, "127.0.0.1", 0)
    ports = [each.sockets[0].getsockname()[1] for each in (greeter, leaver)]
    server.add(
        "main",
        """
        import { once } from "node:events";
        import net from "node:net";
        const code = (run) => { try { run(); } catch (error) { return error.code; } };
        export default { async fetch(request) {
          const [port, silent] = new URL(request.url).pathname.slice(1).split("-").map(Number);
          const told = [];
          const lookup = (name, options, callback) =>
            queueMicrotask(() => callback(null, "127.0.0.1", 4));
          const socket = net.connect({ port, host: "greeter.test", lookup });
          socket.setEncoding("utf8");
          socket.on("lookup", (...args) => told.push(args));
          socket.on("data", (text) => told.push(text));
          await once(socket, "close");
          socket.connect(port, "127.0.0.1");
          await once(socket, "close");

          const quiet = net.connect(silent, "127.0.0.1");
          quiet.cork();
          quiet.write("waits");
          told.push(quiet.bytesWritten);
          await once(quiet, "end");
          quiet.uncork();
          quiet.destroy();

          const room = new Uint8Array(3);
          const into = { port, host: "127.0.0.1" };
          await new Promise((resolve) => net.connect({ ...into, onread: {
            buffer: room,
            callback: (count) => {
              told.push(String.fromCharCode(...room.subarray(0, count)));
              if (count < 3) resolve();
            },
          } }));

          const early = net.connect(into);
          const failed = new Promise((resolve) => early.write("x", ({ code }) => resolve(code)));
          early.destroy();
          told.push(await failed);
          const reset = new net.Socket().on("error", ({ code }) => told.push(code));
          reset.resetAndDestroy();
          await new Promise((resolve) => reset.on("close", resolve));
          told.push(code(() => new net.Socket({ objectMode: true })));
          told.push(code(() => net.connect({ ...into, localAddress: "here" })));
          return Response.json(told);
        } };
        """,
    )
    async with greeter, leaver:
        told = json.loads(await server.text(f"/{ports[0]}-{ports[1]}"))
    assert told[:3] == [[None, "127.0.0.1", 4, "greeter.test"], "hello", "hello"]
    assert told[3:6] == [5, "hel", "lo"]
    assert told[6:] == [
        "ERR_SOCKET_CLOSED_BEFORE_CONNECTION",
        "ERR_SOCKET_CLOSED",
        "ERR_INVALID_ARG_VALUE",
        "ERR_INVALID_IP_ADDRESS",
    ]


async def test_who_pins_a_certificate_is_told_that_nobody_asks_for_it(server: Server) -> None:
    server.add(
        "main",
        """
        import tls from "node:tls";
        const failure = (run) => { try { run(); } catch (error) { return error.code; } };
        const codes = [() => {}, 42].flatMap((checkServerIdentity) => [
          failure(() => tls.connect({ port: 443, host: "a.example", checkServerIdentity })),
          failure(() => new tls.TLSSocket(undefined, { checkServerIdentity })),
        ]);
        const { checkServerIdentity } = tls;
        codes.push(failure(() => new tls.TLSSocket(undefined, { checkServerIdentity })) ?? null);
        export default { fetch: () => Response.json(codes) };
        """,
    )
    pinned = ["ERR_OPTION_NOT_IMPLEMENTED"] * 2
    assert json.loads(await server.text()) == [*pinned, *["ERR_INVALID_ARG_TYPE"] * 2, None]
