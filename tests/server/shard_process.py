"""A real `holdfast` with several shards, and a script that reaches objects of all of them."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from holdfast.objects.ids import IdFactory
from holdfast.objects.placement import shard_of
from tests.serving import HoldfastProcess, free_ports

SCRIPT = """
import { DurableObject } from "cloudflare:workers";

export class Counter extends DurableObject {
  #waiting = 0;
  #left = 0; // callers that did not wait
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/socket") return this.#socket();
    if (pathname === "/hibernating") {
      const [client, server] = Object.values(new WebSocketPair());
      this.ctx.acceptWebSocket(server);
      server.send("hello");
      return new Response(null, { status: 101, webSocket: client });
    }
    if (pathname === "/echo") {
      const headers = { "x-seen": request.headers.get("x-sent") ?? "", "x-from": request.cf?.country ?? "" };
      return new Response(request.body, { status: 201, statusText: "Echoed", headers });
    }
    if (pathname === "/throw") throw new TypeError("thrown by the object");
    if (pathname === "/left") return new Response(String(this.#left));
    if (pathname === "/hang") {
      request.signal.onabort = () => this.#left++;
      await new Promise(() => setInterval(() => {}, 1000));
    }
    if (pathname === "/waiting") return new Response(String(this.#waiting));
    if (pathname === "/wait") {
      this.#waiting++;
      await new Promise(() => setInterval(() => {}, 1000));
    }
    if (pathname === "/read") return new Response(String((await this.ctx.storage.get("n")) ?? 0));
    if (pathname === "/alarm") {
      await this.ctx.storage.setAlarm(Date.now() + Number(request.headers.get("x-in")));
      return new Response("set");
    }
    return new Response(String(await this.increment()));
  }
  async increment() {
    const n = ((await this.ctx.storage.get("n")) ?? 0) + 1;
    await this.ctx.storage.put("n", n);
    return n;
  }
  async alarm() {
    await this.increment();
  }
  #socket() {
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    server.send("hello");
    server.addEventListener("message", ({ data }) => server.send(data));
    server.addEventListener("close", ({ code, reason }) => server.close(code, `re: ${reason}`));
    return new Response(null, { status: 101, webSocket: client });
  }
  webSocketMessage(socket, message) {
    socket.send(message);
  }
  webSocketClose(socket, code, reason) {
    socket.close(code, `re: ${reason}`);
  }
  add(a, b) {
    return a + b;
  }
  async callBack(call) {
    return `got ${await call(this.ctx.id.name)}`;
  }
  counter() {
    let n = 0;
    return () => ++n;
  }
  read(stream) {
    return new Response(stream).text();
  }
  async throwing() {
    throw Object.assign(new RangeError("out of range"), { code: 7 });
  }
  async askOther(other) {
    return other.add(20, 22);
  }
  lockAndAsk(other) {
    return this.ctx.blockConcurrencyWhile(() => other.askOther(this.env.Counter.get(this.ctx.id)));
  }
}

async function rpc(stub, other) {
  const count = await stub.counter();
  const body = new Blob(["streamed"]).stream();
  const caught = await stub.throwing().catch(({ name, message, remote, code }) => [name, message, remote, code]);
  return [
    await stub.add(1, 2),
    await stub.callBack((name) => `a call from ${name}`),
    [await count(), await count()],
    await stub.read(body),
    caught,
    await stub.askOther(other),
  ];
}

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const named = (name) => env.Counter.get(env.Counter.idFromName(name));
    const stub = named(searchParams.get("name"));
    if (pathname === "/spin") {
      for (let i = 0; i < 100_000; i++) Math.random();
      return Response.json("spun");
    }
    try {
      if (pathname === "/rpc") return Response.json(await rpc(stub, named(searchParams.get("other"))));
      if (pathname === "/circle") return Response.json(await stub.lockAndAsk(named(searchParams.get("other"))));
      if (pathname === "/hang") {
        await stub.fetch(request.url, { signal: AbortSignal.timeout(50) }).catch(() => {});
        return Response.json("left");
      }
      if (pathname === "/order") {
        const calls = Array.from({ length: 50 }, (_, i) => (i % 2 ? stub.increment() : stub.fetch("http://x/").then((r) => r.json())));
        return Response.json(await Promise.all(calls));
      }
      return await stub.fetch(request);
    } catch ({ name, message, retryable, overloaded, remote, durableObjectReset }) {
      return Response.json({ name, message, retryable, overloaded, remote, durableObjectReset }, { status: 500 });
    }
  },
};
"""


class Sharded:
    """`holdfast run --workers N`, or `dev`; stops it at the end of a `with` block."""

    def __init__(
        self,
        folder: Path,
        workers: int = 2,
        *options: str,
        script: str = SCRIPT,
        command: str = "run",
    ) -> None:
        self.file = folder / "counters.mjs"
        self.file.write_text(script)
        (self.port,) = free_ports(1)
        self.workers = workers
        self.data = folder / "data"
        arguments = [command, "counters.mjs", "--port", str(self.port), "--data", str(self.data)]
        arguments += ["--workers", str(workers), "--drain-seconds", "5", *options]
        self.process = HoldfastProcess(arguments, (self.port,), folder)
        self.log = folder / "holdfast.log"

    def __enter__(self) -> "Sharded":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        if kind is None:
            self.process.stop()
        else:  # shards may have been stopped for good
            self.process.kill()

    def url(self, path: str, name: str, **query: str) -> str:
        more = "".join(f"&{key}={value}" for key, value in query.items())
        return f"http://127.0.0.1:{self.port}{path}?name={name}{more}"

    def object_id(self, name: str) -> str:
        return IdFactory("counters-Counter").from_name(name)

    def owner(self, name: str) -> int:
        """The place of the shard that owns the object with this name."""
        return shard_of(self.object_id(name), self.workers)

    def name_owned_by(self, place: int) -> str:
        return next(name for name in map(str, range(1000)) if self.owner(name) == place)

    def shards(self) -> list[int]:
        """Process ids by place: shards are forked in that order until one is replaced."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(child) for child in children.read_text().split()]

    def all_shards(self) -> list[int]:
        """The same, once all are there."""
        deadline = time.monotonic() + 30
        while len(found := self.shards()) < self.workers:
            assert time.monotonic() < deadline, "a shard is missing"
            os.sched_yield()
        return found


def kill(process_id: int) -> None:
    """End a process as a crash does; it may have ended by itself."""
    with suppress(ProcessLookupError):
        os.kill(process_id, signal.SIGKILL)
