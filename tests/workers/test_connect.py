"""The connect() handlers of Workers and objects, which others reach without the network."""

import json

from holdfast.catalog import Service
from tests.inprocess import Server

BACKEND = """
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

async function shout(socket) {
  const { localAddress } = await socket.opened;
  const writer = socket.writable.getWriter();
  await writer.write(new TextEncoder().encode(localAddress + " "));
  writer.releaseLock();
  const upper = new TransformStream({
    transform: (chunk, controller) => {
      const text = new TextDecoder().decode(chunk).toUpperCase();
      controller.enqueue(new TextEncoder().encode(text));
    },
  });
  await socket.readable.pipeThrough(upper).pipeTo(socket.writable);
}

export default { connect: shout };
export class Entry extends WorkerEntrypoint {
  connect(socket) { return shout(socket); }
}
export class Thing extends DurableObject {
  connect(socket) { return shout(socket); }
}
export class Deaf extends WorkerEntrypoint {}
export class Talks extends WorkerEntrypoint {
  async connect(socket) {
    const writer = socket.writable.getWriter();
    for (let i = 0; i < 3; i++) {
      await scheduler.wait(0);
      await writer.write(new TextEncoder().encode(`${i} `));
    }
    await writer.close();
  }
}
"""

FRONT = """
import { DurableObject } from "cloudflare:workers";

export class Thing extends DurableObject {
  connect(socket) { throw new Error("no"); }
}

async function talk(target) {
  const socket = target.connect({ hostname: "example.com", port: 1234 });
  try {
    await socket.opened;
    const read = new Response(socket.readable).text();
    const writer = Reflect.apply(getWriter, socket.writable, []);
    for (const word of ["a", "b", "c"]) await writer.write(new TextEncoder().encode(word));
    await writer.close();
    return await read;
  } catch (error) {
    return `${error}`;
  }
}

// What a script puts in the place of methods is no business of the runtime's.
const { getWriter } = WritableStream.prototype;
WritableStream.prototype.getWriter = () => { throw new Error("patched"); };

export default {
  async fetch(request, env, ctx) {
    if (request.url.endsWith("/passed")) return new Response(env.TALKS.connect("a:1").readable);
    const targets = [env.PLAIN, env.ENTRY, env.DEAF, ctx.exports.Thing.getByName("it")];
    return Response.json(await Promise.all(targets.map(talk)));
  },
};
"""

NOT_ACCEPTED = "Error: proxy request failed, cannot connect to the specified address"


async def test_what_a_connection_brings_may_be_a_response_that_outlives_its_request(
    server: Server,
) -> None:
    server.add("backend", BACKEND)
    server.add("main", FRONT, bindings=(Service("TALKS", "backend", "Talks"),))
    assert await server.text("/passed") == "0 1 2 "


async def test_a_connection_reaches_the_handler_of_a_worker_or_an_object(server: Server) -> None:
    server.add("backend", BACKEND)
    bindings = (
        Service("PLAIN", "backend"),
        Service("ENTRY", "backend", "Entry"),
        Service("DEAF", "backend", "Deaf"),
    )
    server.add("main", FRONT, bindings=bindings)
    plain, entry, deaf, thrown = json.loads(await server.text())
    assert plain == entry == "example.com:1234 ABC"
    assert deaf == NOT_ACCEPTED
    assert thrown != NOT_ACCEPTED  # it was accepted first
    assert "backend error: Uncaught Error: Handler does not export a connect() function." in (
        server.lines
    )
