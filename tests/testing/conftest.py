"""What the tests of the harness share."""

import pytest

COUNTER = """
import { DurableObject } from "cloudflare:workers";

export class Counter extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.calls = 0;
  }

  async add(amount) {
    this.calls++;
    const value = ((await this.ctx.storage.get("value")) ?? 0) + amount;
    await this.ctx.storage.put("value", value);
    return value;
  }

  later(ms) {
    return this.ctx.storage.setAlarm(Date.now() + ms);
  }

  async alarm(info) {
    if (await this.ctx.storage.get("broken")) throw new RangeError("the alarm is broken");
    await this.ctx.storage.put("woken", [Date.now(), info.retryCount]);
  }

  fail() {
    throw new RangeError("too much");
  }

  never() {
    return new Promise(() => {});
  }

  async fetch(request) {
    if (request.headers.get("upgrade") === "websocket") {
      const [client, server] = Object.values(new WebSocketPair());
      this.ctx.acceptWebSocket(server);
      return new Response(null, { status: 101, webSocket: client });
    }
    return new Response(`${request.method} ${await request.text()} ${await this.add(1)}`);
  }

  webSocketMessage(socket, message) {
    if (message === "bye") socket.close(4000, "you said it");
    else socket.send(`${this.ctx.getWebSockets().length} ${message}`);
  }
}

export default {
  fetch(request, env) {
    return env.Counter.get(env.Counter.idFromName("A")).fetch(request);
  },
};
"""


@pytest.fixture
def counter(holdfast):
    """The object "A" of a counter."""
    return holdfast.worker(COUNTER).object("Counter", name="A")
