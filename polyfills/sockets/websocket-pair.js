// WebSocketPair: https://developers.cloudflare.com/workers/runtime-apis/websockets/#websocketpair

import { requireHandler } from "../kernel/pending.js";
import { refuseToClone } from "../serialize/index.js";
import { SocketLink } from "./link.js";
import { socketFromLink } from "./websocket.js";

/** The two ends of a connection, as properties 0 and 1. */
export class WebSocketPair {
  constructor() {
    requireHandler();
    const [one, other] = SocketLink.pair();
    define(this, "0", socketFromLink(one));
    define(this, "1", socketFromLink(other));
  }

  *[Symbol.iterator]() {
    yield this[0];
    yield this[1];
  }

  get [Symbol.toStringTag]() {
    return "WebSocketPair";
  }
}

refuseToClone(WebSocketPair);

function define(pair, name, value) {
  Object.defineProperty(pair, name, { value, enumerable: true, configurable: true });
}
