// node:https: https://nodejs.org/docs/latest-v20.x/api/https.html

import { Agent as PlainAgent, ClientRequest } from "./http-client.js";
import { createServer, Server } from "./http-server.js";
import { urlToHttpOptions } from "./url.js";

const PROTOCOL = "https:";

export class Agent extends PlainAgent {
  defaultPort = 443;
  protocol = PROTOCOL;
}
export const globalAgent = new Agent({ keepAlive: true, scheduling: "lifo", timeout: 5000 });

/** Begins a request; `end()` sends it. */
export function request(input, options = undefined, callback = undefined) {
  const isUrl = typeof input === "string" || input instanceof URL;
  const first = isUrl ? urlToHttpOptions(new URL(input)) : input;
  const second = isUrl && typeof options !== "function" ? options : undefined;
  const listener = typeof options === "function" ? options : callback;
  const wanted = { protocol: PROTOCOL, agent: globalAgent, ...first, ...second };
  return new ClientRequest({ ...wanted, _protocol: PROTOCOL }, listener);
}

export function get(input, options = undefined, callback = undefined) {
  return request(input, options, callback).end();
}

export { createServer, Server };
export default { Agent, createServer, get, globalAgent, request, Server };
