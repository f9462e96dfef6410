"""`request.signal` tells a script that asks for it that its client has left."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from holdfast.catalog import PlainText
from holdfast.testing import Harness
from tests.inprocess import Server
from tests.patience import PATIENCE_S

ASKED = ("enable_request_signal",)
PASSED_ON = (*ASKED, "request_signal_passthrough")
GONE = "AbortError: The client has disconnected"

SCRIPT = """
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

const log = [];
const forever = () => new Promise((resolve) => setTimeout(resolve, 3_600_000));

async function answer(name, request, env, ctx) {
  const what = new URL(request.url).pathname.split("/")[2];
  request.signal.onabort = ({ target: { reason } }) => {
    log.push(`${name}: ${reason.name}: ${reason.message}`);
    if (what === "clean") ctx.waitUntil(scheduler.wait(5).then(() => log.push("cleaned up")));
  };
  if (what === "hang" || what === "clean") await forever();
  if (what === "fail") throw new Error("failed");
  if (what === "stream") {
    const { readable, writable } = new IdentityTransformStream();
    writable.getWriter().write(new TextEncoder().encode("some")).catch(() => {});
    return new Response(readable);
  }
  if (what === "called") return new Response(await ctx.exports.Thing.getByName("b").stream());
  if (what === "given" || what === "passed") {
    const init = what === "given" ? { signal: request.signal } : request;
    return fetch(env.OUTSIDE, init).finally(() => log.push("the fetch ended"));
  }
  return new Response("done");
}

export class Thing extends DurableObject {
  stream() {
    const { readable, writable } = new IdentityTransformStream();
    writable.getWriter().write(new TextEncoder().encode("some")).catch(() => {});
    return readable;
  }
  fetch(request) { return answer("object", request, this.env, this.ctx); }
}
export class Entry extends WorkerEntrypoint {
  fetch(request) { return answer("entrypoint", request, this.env, this.ctx); }
}
const ways = {
  async timeout(target, url) {
    const signal = AbortSignal.timeout(500);
    return await target.fetch(url, { signal }).catch((e) => Response.json(e.name));
  },
  async cancel(target, url) {
    const reader = (await target.fetch(url)).body.getReader();
    await reader.read();
    await reader.cancel();
    return new Response("cancelled");
  },
  pass: (target, url, request) => target.fetch(request),
};
export default {
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/log") return Response.json(log);
    const [, who] = pathname.split("/");
    if (who === "worker") return answer("worker", request, env, ctx);
    const target = who === "object" ? ctx.exports.Thing.getByName("a") : ctx.exports.Entry;
    return ways[searchParams.get("way") ?? "pass"](target, request.url, request);
  },
};
"""


class Site:
    """The script, clients that leave, and an outside that never answers."""

    def __init__(
        self, folder: Path, flags: tuple[str, ...] = ASKED, date: str | None = None
    ) -> None:
        self._server = Server(folder, drain_seconds=0, allow_private_egress=True)
        self._options: dict[str, Any] = {"compatibility_flags": flags, "compatibility_date": date}
        self.asked, self.left = asyncio.Event(), asyncio.Event()

    async def __aenter__(self) -> "Site":
        await self._server.__aenter__()
        self._outside = await asyncio.start_server(self._never_answer, "127.0.0.1", 0)
        port = self._outside.sockets[0].getsockname()[1]
        outside = PlainText("OUTSIDE", f"http://127.0.0.1:{port}/")
        self._server.add("main", SCRIPT, bindings=(outside,), **self._options)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.__aexit__()
        self._outside.close()
        await self._outside.wait_closed()

    async def _never_answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.asked.set()
        while await reader.read(1000):
            pass
        self.left.set()
        writer.close()

    async def leave(self, path: str, *, after: bytes = b"", politely: bool = False) -> None:
        """Ask for `path`, and leave: when so much of the answer has come, or before any has.

        `politely`, by ending the connection rather than by breaking it off.
        """
        reader, writer = await asyncio.open_connection("127.0.0.1", self._server.port)
        host = f"main.localhost:{self._server.port}"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        async with asyncio.timeout(PATIENCE_S):
            if after:
                await reader.readuntil(after)
            elif path.endswith(("given", "passed")):
                await self.asked.wait()
            else:
                while not self._server.runtime.worker("main")._answers:
                    await asyncio.sleep(0)
        if politely:
            writer.close()
        else:
            writer.transport.abort()

    async def log(self, last: str = "") -> Any:
        """What was logged, once `last` was."""
        async with asyncio.timeout(PATIENCE_S):
            while last not in (log := await self._server.text("/log")):
                await asyncio.sleep(0)
        return json.loads(log)


@pytest.mark.parametrize("who", ["worker", "entrypoint", "object"])
@pytest.mark.parametrize(("what", "after"), [("hang", b""), ("stream", b"some")])
async def test_a_client_that_leaves_aborts_the_signal(
    tmp_path: Path, who: str, what: str, after: bytes
) -> None:
    async with Site(tmp_path) as site:
        await site.leave(f"/{who}/{what}", after=after)
        assert await site.log("Abort") == [f"{who}: {GONE}"]


async def test_it_does_so_where_what_it_reads_has_come_by_rpc(tmp_path: Path) -> None:
    async with Site(tmp_path) as site:
        await site.leave("/worker/called", after=b"some")
        assert await site.log("Abort") == [f"worker: {GONE}"]


@pytest.mark.parametrize("who", ["worker", "entrypoint", "object"])
async def test_one_that_ends_its_side_before_an_answer_does_so_too(
    tmp_path: Path, who: str
) -> None:
    async with Site(tmp_path) as site:
        await site.leave(f"/{who}/hang", politely=True)
        assert await site.log("Abort") == [f"{who}: {GONE}"]


async def test_what_is_begun_then_is_waited_for(tmp_path: Path) -> None:
    async with Site(tmp_path) as site:
        await site.leave("/worker/clean")
        assert await site.log("cleaned") == [f"worker: {GONE}", "cleaned up"]


@pytest.mark.parametrize(
    ("what", "flags", "ends"),
    [("given", ASKED, True), ("passed", ASKED, False), ("passed", PASSED_ON, True)],
)
async def test_what_was_fetched_with_the_signal_is_cancelled(
    tmp_path: Path, what: str, flags: tuple[str, ...], *, ends: bool
) -> None:
    async with Site(tmp_path, flags) as site:
        await site.leave(f"/worker/{what}")
        log = await site.log("Abort")
        if ends:
            await asyncio.wait_for(site.left.wait(), PATIENCE_S)
            log = await site.log("ended")
        assert log == [f"worker: {GONE}", *(["the fetch ended"] if ends else [])]
        assert site.left.is_set() == ends


@pytest.mark.parametrize(
    ("date", "flags"),
    [(None, ()), ("2026-11-16", ()), ("2026-11-17", ("disable_request_signal",))],
)
async def test_scripts_that_do_not_ask_are_not_told(
    tmp_path: Path, date: str | None, flags: tuple[str, ...]
) -> None:
    async with Site(tmp_path, flags, date) as site:
        await site.leave("/worker/hang")
        await site.leave("/object/stream", after=b"some")
        assert await site.log() == []


@pytest.mark.parametrize("who", ["entrypoint", "object"])
@pytest.mark.parametrize("path", ["hang?way=timeout", "stream?way=cancel"])
def test_a_caller_that_waits_no_more_aborts_it_too(holdfast: Harness, who: str, path: str) -> None:
    worker = holdfast.worker(SCRIPT, compatibility_flags=ASKED)
    assert worker.fetch(f"/{who}/{path}").text() in ('"TimeoutError"', "cancelled")
    assert worker.fetch("/log").json() == [f"{who}: {GONE}"]


@pytest.mark.parametrize("who", ["worker", "entrypoint", "object"])
def test_nothing_is_aborted_that_was_answered(holdfast: Harness, who: str) -> None:
    worker = holdfast.worker(SCRIPT, compatibility_flags=ASKED)
    assert worker.fetch(f"/{who}/answer").text() == "done"
    assert worker.fetch(f"/{who}/fail", raises=False).status == 500
    assert worker.fetch("/log").json() == []


def test_a_handler_outlives_its_client_by_half_a_minute(holdfast: Harness) -> None:
    worker = holdfast.worker(SCRIPT, compatibility_flags=ASKED)
    worker.fetch("/entrypoint/hang?way=timeout")
    holdfast.clock.advance(29)
    assert worker.logs == []
    holdfast.clock.advance(2)
    assert [line.level for line in worker.logs] == ["warn"]
    assert "did not complete within the allowed time" in worker.logs[0].text
