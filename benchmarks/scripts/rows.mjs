// What both sides serve: one Worker, one path per row of the report.

import { DurableObject } from "cloudflare:workers";

const LONGEST_ORIGIN = 8; // "https://"

export default {
  async fetch(request, env) {
    const path = request.url.slice(request.url.indexOf("/", LONGEST_ORIGIN));
    switch (path) {
      case "/hello":
        return new Response("Hello World");
      case "/read":
        return await count(env.Counter, "A", "/");
      case "/rpc":
        return new Response(`count: ${await env.Counter.get(env.Counter.idFromName("A")).read()}`);
      case "/increment":
        return await count(env.Counter, "A", "/increment");
      case "/fresh":
        return await env.Fresh.get(env.Fresh.newUniqueId()).fetch("http://object/");
      case "/sockets/echo":
      case "/sockets/all":
        return await env.Room.get(env.Room.idFromName(path)).fetch(request);
      case "/body":
        return new Response(request.body);
      case "/json":
        return Response.json({ people: (await request.json()).length });
      default: // "/objects/<name>"
        return await count(env.Counter, path, "/increment");
    }
  },
};

// As the documentation's counter does it: the Worker reads the object's answer and wraps it.
async function count(namespace, name, action) {
  const stub = namespace.get(namespace.idFromName(name));
  const response = await stub.fetch("http://object" + action);
  return new Response(`count: ${await response.text()}`);
}

export class Counter extends DurableObject {
  constructor(state, env) {
    super(state, env);
    this.storage = state.storage;
  }

  async initialize() {
    this.value = (await this.storage.get("value")) || 0;
  }

  async read() {
    this.initialized ??= this.initialize();
    await this.initialized;
    return this.value;
  }

  async fetch(request) {
    this.initialized ??= this.initialize();
    await this.initialized;
    let current = this.value;
    if (new URL(request.url).pathname === "/increment") {
      current = ++this.value;
      await this.storage.put("value", this.value);
    }
    return new Response(current);
  }
}

export class Fresh {
  constructor(state) {
    this.storage = state.storage;
  }

  async fetch() {
    await this.storage.put("value", 1);
    return new Response("stored");
  }
}

export class Room {
  constructor(state) {
    this.state = state;
  }

  fetch(request) {
    const [client, server] = Object.values(new WebSocketPair());
    this.state.acceptWebSocket(server, [request.url.endsWith("/all") ? "all" : "one"]);
    return new Response(null, { status: 101, webSocket: client });
  }

  webSocketMessage(socket, message) {
    const [tag] = this.state.getTags(socket);
    if (tag === "one") socket.send(message);
    else for (const each of this.state.getWebSockets()) each.send(message);
  }
}
