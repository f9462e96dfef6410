// WebSocketRequestResponsePair, the argument of `setWebSocketAutoResponse`:
// https://developers.cloudflare.com/durable-objects/api/state/#setwebsocketautoresponse

import { defineInterface, requireArguments, toDOMString } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";

/** A message, and what it is answered with. */
export class WebSocketRequestResponsePair {
  #request;
  #response;

  constructor(request, response) {
    requireArguments(arguments.length, 2, "'constructor' on 'WebSocketRequestResponsePair'");
    this.#request = toDOMString(request);
    this.#response = toDOMString(response);
  }

  get request() {
    return this.#request;
  }

  get response() {
    return this.#response;
  }
}

defineInterface(WebSocketRequestResponsePair);
refuseToClone(WebSocketRequestResponsePair);
