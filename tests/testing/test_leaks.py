"""What scripts leave behind: connections that are open, errors that nobody caught, work."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from holdfast.host.sockets_wire import proof_of
from holdfast.testing import AsyncHarness, Harness, JavaScriptError
from holdfast.testing.errors import LeakError

CALLER = """
import { connect } from "cloudflare:sockets";
import { DurableObject } from "cloudflare:workers";

export class Caller extends DurableObject {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const address = searchParams.get("address");
    if (pathname === "/tcp") {
      this.open = connect(address);
      await this.open.opened;
    } else if (pathname === "/websocket") {
      this.open = new WebSocket(`ws://${address}/feed`);
      await new Promise((resolve) => this.open.addEventListener("open", resolve));
    } else {
      this.open.close();
    }
    return new Response(pathname);
  }
}
"""


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Agree to a WebSocket where one is asked for; say nothing, until the other side closes."""
    with contextlib.suppress(asyncio.IncompleteReadError):
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
        key = {name.lower(): value for name, value in fields.items()}[b"sec-websocket-key"]
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + proof_of(key).encode() + b"\r\n\r\n"
        )
        await reader.read()
    writer.close()


@pytest.fixture
async def address() -> AsyncIterator[str]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    yield f"{host}:{port}"
    server.close()


async def call(address: str, *paths: str) -> None:
    async with AsyncHarness() as harness:
        harness.outbound.allow()
        caller = harness.worker(CALLER).object("Caller", name="A")
        for path in paths:
            assert (await caller.fetch(f"{path}?address={address}")).text() == path


async def test_a_websocket_that_a_script_leaves_open_is_a_leak(address: str) -> None:
    with pytest.raises(LeakError, match=f"a WebSocket of a script to ws://{address}/feed"):
        await call(address, "/websocket")


async def test_a_tcp_connection_that_a_script_leaves_open_is_a_leak(address: str) -> None:
    with pytest.raises(LeakError, match=f"a connection of a script to {address}"):
        await call(address, "/tcp")


@pytest.mark.parametrize("path", ["/websocket", "/tcp"])
async def test_what_a_script_closes_is_none(address: str, path: str) -> None:
    await call(address, path, "/close")


FAILING_LATER = """
import { DurableObject } from "cloudflare:workers";
export class Late extends DurableObject {
  set() { return this.ctx.storage.setAlarm(Date.now()); }
  alarm() { throw new Error("too late"); }
}
export default { fetch(request, env, ctx) {
  ctx.waitUntil(Promise.reject(new Error("nobody saw it")));
  return new Response();
} };
"""


def test_who_is_strict_fails_for_what_nobody_caught():
    harness = Harness(strict=True)
    harness.worker(FAILING_LATER).fetch()
    with pytest.raises(LeakError, match="nobody saw it"):
        harness.close()
    with Harness(strict=True) as harness:
        worker = harness.worker(FAILING_LATER)
        worker.fetch()
        worker.logs.clear()
        late = worker.object("Late")
        late.call("set")
        with pytest.raises(JavaScriptError, match="too late"):
            late.run_alarm()


def test_a_report_tells_what_is_under_way():
    with Harness() as harness:
        later = "fetch(r, e, ctx) { ctx.waitUntil(scheduler.wait(9)); return new Response(); }"
        harness.worker(f"export default {{ {later} }}", name="waiting").fetch()
        assert "still under way: work of waiting" in harness.report()
        harness.settle()
        assert "under way" not in harness.report()
