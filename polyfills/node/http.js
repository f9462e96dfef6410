// node:http, by way of `fetch` and of fetch handlers:
// https://developers.cloudflare.com/workers/runtime-apis/nodejs/http/

import { Agent } from "./http-agent.js";
import { ClientRequest, globalAgent } from "./http-client.js";
import { IncomingMessage } from "./http-incoming.js";
import { METHODS, STATUS_CODES, validateHeaderName, validateHeaderValue } from "./http-names.js";
import { OutgoingMessage } from "./http-outgoing.js";
import { createServer, Server, ServerResponse } from "./http-server.js";

export const maxHeaderSize = 16_384;

/** Begins a request; `end()` sends it. */
export const request = (input, options = undefined, callback = undefined) =>
  new ClientRequest(input, options, callback);

export function get(input, options = undefined, callback = undefined) {
  return request(input, options, callback).end();
}

export const setMaxIdleHTTPParsers = () => {};
export const _connectionListener = () => {};
export const { CloseEvent, MessageEvent, WebSocket } = globalThis;
export {
  Agent,
  ClientRequest,
  createServer,
  globalAgent,
  IncomingMessage,
  METHODS,
  OutgoingMessage,
  Server,
  ServerResponse,
  STATUS_CODES,
  validateHeaderName,
  validateHeaderValue,
};

export default {
  _connectionListener,
  Agent,
  ClientRequest,
  CloseEvent,
  createServer,
  get,
  globalAgent,
  IncomingMessage,
  maxHeaderSize,
  MessageEvent,
  METHODS,
  OutgoingMessage,
  request,
  Server,
  ServerResponse,
  setMaxIdleHTTPParsers,
  STATUS_CODES,
  validateHeaderName,
  validateHeaderValue,
  WebSocket,
};
