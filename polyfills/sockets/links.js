// The ends of WebSocket connections that this isolate holds, by the host's number, and what
// the host tells of them. All else is in link.js, which is loaded with the first socket.

export const links = new Map();

/** Entry point: a message has come, text or bytes. True if the input gate keeps it for now. */
export function socketMessage(number, data) {
  return links.get(number)?.messageFromHost(data);
}

/** Entry point: the other side will send no more. */
export function socketClosed(number, code, reason) {
  links.get(number)?.arrive({ close: { code, reason } });
}

/** Entry point: the connection is over; `reason` is empty where it merely broke off. */
export function socketLost(number, reason) {
  links.get(number)?.arrive({ lost: reason });
}
