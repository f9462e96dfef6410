// Clients and an object that talk over WebSockets, most of which hibernate. Each socket's messages
// have their order; those of several sockets, and what the object notes, are told apart.
import { DurableObject } from "cloudflare:workers";
import { show } from "../observe.mjs";
import { build, describeValue, outcomeOf, told } from "./values.mjs";

const SETTLED_MS = 12;
const TEXTS = ["hi", "", "ping", "PING", "\u00e9\u{1f600}", "long".repeat(500)];
const CODES = [1000, 1001, 1002, 1005, 1006, 1011, 1012, 1015, 999, 2999, 3000, 4999, 5000, undefined];
const REASONS = [undefined, "", "bye", "r".repeat(123), "r".repeat(124), "\u00e9".repeat(62)];
const TAGS = ["", "a", "b", "\u00e9", "x".repeat(256), "x".repeat(257)];

const data = ({ one, chance, below }) => (chance(0.7) ? ["text", one(TEXTS)] : one([["buffer", below(4)], ["view", "Uint16Array", 8, 2]]));
const close = ({ below, chance }) => ({ code: below(CODES.length), reason: below(REASONS.length), isBare: chance(0.3) });

const described = {
  send: (random) => ({ data: data(random) }),
  broadcast: (random) => ({ data: data(random) }),
  close,
  attach: (random) => ({ value: random.chance(0.9) ? describeValue(random) : ["text", "y".repeat(random.one([16_000, 17_000]))] }),
  attached: () => ({}),
  tags: () => ({}),
  state: () => ({}),
  all: ({ one }) => ({ tag: one([undefined, "a", "b", "nope", ""]) }),
  throw: () => ({}),
  "accept again": () => ({}),
  "accept otherwise": () => ({}),
  respond: ({ one }) => ({ to: one([null, "ping", "PING", "q".repeat(2049)]), by: one(["pong", ""]) }),
  responds: () => ({}),
};

function acts(random, most) {
  return Array.from({ length: random.below(most + 1) }, () => {
    const on = random.one(Object.keys(described));
    return { on, ...described[on](random) };
  });
}

export function generate(random) {
  const { one, chance, below } = random;
  const tags = () => Array.from({ length: chance(0.05) ? 11 : below(4) }, () => one(TAGS.slice(0, chance(0.1) ? 6 : 5)));
  const sockets = Array.from({ length: 1 + below(3) }, () => ({
    hibernates: chance(0.75),
    tags: chance(0.5) ? tags() : undefined,
    before: chance(0.3) ? acts(random, 2) : [],
    after: acts(random, 2),
  }));
  const steps = Array.from({ length: 1 + below(5) }, () => {
    const on = one(["send", "send", "close", "call"]);
    const details = on === "send" ? { data: data(random) } : on === "close" ? close(random) : { acts: acts(random, 3) };
    return { on, socket: below(sockets.length), ...details };
  });
  return { sockets, steps, atMessage: acts(random, 2), atClose: acts(random, 1) };
}

const closeBy = (socket, { code, reason, isBare }) => (isBare ? socket.close() : socket.close(CODES[code], REASONS[reason]));

const actions = {
  send: (socket, { data: message }) => socket.send(build(message)),
  broadcast: (socket, { data: message }, ctx) => ctx.getWebSockets().map((each) => each.send(build(message))),
  close: closeBy,
  attach: (socket, { value }) => socket.serializeAttachment({ ...socket.deserializeAttachment(), value: build(value) }),
  attached: (socket) => socket.deserializeAttachment(),
  tags: (socket, act, ctx) => ctx.getTags(socket),
  state: (socket) => [socket.readyState, socket.protocol, socket.extensions, socket.url, socket.binaryType],
  all: (socket, { tag }, ctx) => (tag === undefined ? ctx.getWebSockets() : ctx.getWebSockets(tag)).map(nameOf),
  throw() {
    throw new RangeError("act");
  },
  "accept again": (socket, act, ctx) => ctx.acceptWebSocket(socket),
  "accept otherwise": (socket) => socket.accept(),
  respond: (socket, { to, by }, ctx) => ctx.setWebSocketAutoResponse(to === null ? undefined : new WebSocketRequestResponsePair(to, by)),
  responds: (socket, act, ctx) => ctx.getWebSocketAutoResponse()?.request,
};

const nameOf = (socket) => `server ${socket.deserializeAttachment()?.index} ${socket.readyState}`;

export class SocketPrograms extends DurableObject {
  #program;
  #log = [];

  begin(program) {
    this.#program = program;
  }

  end() {
    return this.#log.sort();
  }

  fetch(request) {
    const index = Number(request.headers.get("x-index"));
    const { hibernates, tags, before, after } = this.#program.sockets[index];
    const [client, server] = Object.values(new WebSocketPair());
    const name = `server ${index}`;
    this.#act(server, before, `${name} before`);
    try {
      if (!hibernates) this.#listen(server, name);
      else this.ctx.acceptWebSocket(server, ...(tags === undefined ? [] : [tags]));
    } catch (error) {
      return new Response(told(error), { status: 400 });
    }
    server.serializeAttachment({ index });
    this.#act(server, after, `${name} after`);
    return new Response(null, { status: 101, webSocket: client });
  }

  #listen(server, name) {
    server.accept();
    server.addEventListener("message", (event) => this.#atMessage(server, name, event.data));
    server.addEventListener("close", ({ code, reason, wasClean }) => this.#atClose(server, name, [code, reason, wasClean]));
  }

  webSocketMessage(server, message) {
    this.#atMessage(server, nameOf(server), message);
  }

  webSocketClose(server, ...how) {
    this.#atClose(server, nameOf(server), how);
  }

  #atMessage(server, name, message) {
    this.#log.push(`${name} message ${show(message)}`);
    this.#act(server, this.#program.atMessage, `${name} message`);
  }

  // Holdfast answers a close by itself where the script does not.
  #atClose(server, name, how) {
    this.#log.push(`${name} close ${show(how)}`);
    this.#act(server, this.#program.atClose, `${name} close`);
    server.close(1000, "answer");
  }

  act(index, list) {
    const server = this.ctx.getWebSockets().find((socket) => socket.deserializeAttachment()?.index === index);
    if (server !== undefined) this.#act(server, list, `server ${index} called`);
  }

  #act(server, list, name) {
    for (const act of list) {
      let outcome;
      try {
        outcome = show(actions[act.on](server, act, this.ctx));
      } catch (error) {
        outcome = told(error);
      }
      this.#log.push(`${name} ${act.on} ${outcome}`);
    }
  }
}

class Client {
  #index;
  #socket;
  log = [];

  constructor(index) {
    this.#index = index;
  }

  async connect(stub) {
    const headers = { "upgrade": "websocket", "x-index": `${this.#index}` };
    const response = await stub.fetch("http://h/", { headers });
    const socket = response.webSocket;
    if (socket === null) {
      this.log.push(`refused ${await response.text()}`);
      return;
    }
    socket.addEventListener("message", (event) => this.log.push(`got ${show(event.data)}`));
    socket.addEventListener("close", ({ code, reason }) => this.log.push(`closed ${code} ${reason}`));
    socket.accept();
    this.#socket = socket;
  }

  act(step) {
    if (this.#socket === undefined) return;
    try {
      if (step.on === "send") this.#socket.send(build(step.data));
      else closeBy(this.#socket, step);
    } catch (error) {
      this.log.push(`${step.on} ${told(error)}`);
    }
  }
}

export async function run(program, env) {
  const stub = env.SocketPrograms.getByName(crypto.randomUUID());
  await stub.begin(program);
  const clients = program.sockets.map((_, index) => new Client(index));
  for (const client of clients) {
    await client.connect(stub);
    await scheduler.wait(SETTLED_MS);
  }
  for (const step of program.steps) {
    if (step.on === "call") await stub.act(step.socket, step.acts);
    else clients[step.socket].act(step);
    await scheduler.wait(SETTLED_MS);
  }
  const heard = clients.flatMap(({ log }, index) => log.map((line) => `client ${index} ${line}`));
  return [...heard, ...(await outcomeOf(() => stub.end(), (log) => log))];
}
