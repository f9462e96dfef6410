"""Workers and objects that call themselves, or each other, for ever."""

from pathlib import Path
from socket import AF_INET
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from holdfast.catalog import Service
from holdfast.host.egress import allow_all
from holdfast.host.fetch import FetchClient
from holdfast.server.settings import Bounds
from tests.inprocess import Server

TOO_DEEP = "Error: Subrequest depth limit exceeded."


class Home(AbstractResolver):
    """Every name leads to this machine."""

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        found = {"hostname": host, "host": "127.0.0.1", "port": port, "family": AF_INET}
        return [ResolveResult(**found, proto=0, flags=0)]  # type: ignore[typeddict-item]

    async def close(self) -> None:
        pass


ITSELF = """
let calls = 0;
export default {
  async fetch(request) {
    calls++;
    if (request.headers.has("cf-ew-via")) throw new Error("the header is the runtime's");
    try { return await fetch(request.url); }
    catch (error) { return new Response(`${calls} ${error}`); }
  },
};
"""


async def test_a_worker_that_fetches_itself_is_stopped(server: Server) -> None:
    server.runtime._fetch = FetchClient(egress=allow_all, resolver=Home())
    server.add("main", ITSELF)
    assert (await server.text()).startswith(f"17 {TOO_DEEP}")
    assert (await server.text()).startswith(f"34 {TOO_DEEP}"), "another request begins anew"


SERVICE = """
let calls = 0;
export default {
  async fetch(request, env) {
    calls++;
    try { return await env.OTHER.fetch("http://any/"); }
    catch (error) { return new Response(`${calls} ${error}`); }
  },
};
"""


async def test_services_that_call_each_other_are_stopped(server: Server) -> None:
    for name, other in (("main", "second"), ("second", "main")):
        server.add(name, SERVICE, bindings=(Service("OTHER", other, None),))
    text = await server.text()
    calls, _, message = text.partition(" ")
    assert message.startswith(TOO_DEEP)
    assert calls == "9", "each of the two is called by every second of 17 calls"
    assert (await server.text()).startswith("18 Error"), "another request begins anew"


OBJECTS = """
export class Node {
  constructor(state, env) { this.env = env; }
  async fetch(request) {
    const { Node } = this.env;
    const depth = +request.headers.get("depth") + 1;
    const name = `${depth % 3}`;
    try {
      const stub = Node.get(Node.idFromName(name));
      return await stub.fetch("http://any/", { headers: { depth } });
    } catch (error) { return new Response(`${depth} ${error}`); }
  }
}
export default {
  fetch(request, env) { return env.Node.get(env.Node.idFromName("0")).fetch(request); },
};
"""


async def test_objects_that_call_each_other_are_stopped(server: Server) -> None:
    server.add("main", OBJECTS)
    for _ in range(2):
        text = await server.text()
        assert text.startswith(f"16 {TOO_DEEP}"), text


RUNAWAYS = """
import { DurableObject } from "cloudflare:workers";
export class Node extends DurableObject {
  async call(name) {
    await scheduler.wait(0);
    return await this.env.Node.getByName(name).call(this.ctx.id.name);
  }
  ok() { return "ok"; }
}
export default {
  async fetch(request, env) {
    try { return new Response(await env.Node.getByName("a").call("b")); }
    catch (error) { return new Response(`${error.overloaded} ${await env.Node.getByName("a").ok()}`); }
  },
};
"""


async def test_objects_that_wait_and_then_call_each_other_are_stopped_by_what_may_wait(
    tmp_path: Path,
) -> None:
    async with Server(tmp_path, bounds=Bounds(object_calls=50)) as server:
        server.add("main", RUNAWAYS)
        assert await server.text() == "true ok"


async def test_a_client_may_tell_what_depth_it_likes(server: Server) -> None:
    server.add("main", OBJECTS)
    for via in ("0", "16", "99", "-1", "x", ""):
        answer = await server.fetch(headers={"CF-EW-Via": via})
        assert answer.status in (200, 500)


async def test_calls_by_rpc_end_as_requests_do_and_callbacks_count_for_nothing(
    server: Server,
) -> None:
    server.add(
        "main",
        """
        import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
        export class Entry extends WorkerEntrypoint {
          recurse(n) { return this.ctx.exports.Entry.recurse(n + 1); }
          call(f) { return f(); }
        }
        export class Thing extends DurableObject {
          recurse(n) { return this.env.Thing.getByName(`${n}`).recurse(n + 1); }
          call(f) { return f(); }
        }
        export default {
          async fetch(request, env, ctx) {
            const told = [];
            for (const stub of [ctx.exports.Entry, env.Thing.getByName("a")]) {
              await stub.recurse(0).catch((e) => told.push(`${e.name}: ${e.message}`.slice(0, 39)));
              for (let i = 0; i < 50; i++) await stub.call(() => i);
            }
            return Response.json(told);
          }
        }
        """,
    )
    assert await server.text() == f'["{TOO_DEEP}","{TOO_DEEP}"]'
