// The handshake of a WebSocket with what a script's fetch goes to, where that is not the network.

import { outbound } from "../fetch/outbound.js";
import { Request } from "../fetch/request.js";

/** The socket of the response, and the protocol that was chosen. Throws where there is none. */
export async function shakeHands(url, protocols) {
  const headers = { upgrade: "websocket" };
  if (protocols.length > 0) headers["sec-websocket-protocol"] = protocols.join(", ");
  const response = await outbound(new Request(`http${url.slice("ws".length)}`, { headers }));
  const { status, webSocket } = response;
  if (webSocket === null) {
    response.body?.cancel();
    throw new TypeError(
      "Failed to establish the WebSocket connection: expected server to reply with HTTP status code " +
        `101 (switching protocols), but received ${status} instead.`,
    );
  }
  return [webSocket, response.headers.get("sec-websocket-protocol") ?? ""];
}
