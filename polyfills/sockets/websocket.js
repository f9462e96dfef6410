// WebSocket: https://websockets.spec.whatwg.org/, with what Workers add:
// https://developers.cloudflare.com/workers/runtime-apis/websockets/

import { DOMException } from "../language/dom-exception.js";
import { defineView } from "../console/views.js";
import { hibernation_attach, hibernation_attachment, socket_connect } from "holdfast:ops";
import { defineEventHandler } from "../events/event-handler.js";
import { EventTarget } from "../events/event-target.js";
import { outbound } from "../fetch/outbound.js";
import { blobBytes, isBlob } from "../files/blob.js";
import { copyBytes, isArrayBuffer } from "../kernel/buffers.js";
import { countSubrequest } from "../kernel/depth.js";
import { lazily } from "../kernel/lazy.js";
import { requireContext } from "../kernel/pending.js";
import { queueTurn } from "../kernel/turns.js";
import {
  clamp,
  defineConstants,
  defineInterface,
  isObject,
  requireArguments,
  toUSVString,
} from "../kernel/webidl.js";
import { encodeUtf8 } from "../encoding/utf8.js";
import { deserialize, refuseToClone, serialize } from "../serialize/index.js";
import { checkedProtocols, checkedUrl } from "./handshake.js";
import { SocketLink } from "./link.js";
import { ACCEPTED, CONNECTING, RELEASED, SocketState, WAITING } from "./state.js";


const MAX_REASON_BYTES = 123;
const MAX_ATTACHMENT_BYTES = 16_384;
const NOT_ACCEPTED =
  "You must call one of accept() or state.acceptWebSocket() on this WebSocket before sending " +
  "messages.";

const FROM_LINK = {};
const handshakes = lazily("sockets/outbound-handshake.js");
let stateOf;

/** One end of a connection. Scripts make clients; pairs and responses give the other ends. */
export class WebSocket extends EventTarget {
  #state;

  constructor(url, protocols = undefined) {
    super();
    if (url === FROM_LINK) {
      this.#state = new SocketState(this, protocols);
      return;
    }
    requireArguments(arguments.length, 1, "'constructor' on 'WebSocket'");
    const parsed = checkedUrl(url);
    const list = checkedProtocols(protocols);
    const context = requireContext();
    const state = (this.#state = new SocketState(this, null));
    state.isClient = true;
    state.allowHalfOpen = false;
    state.phase = CONNECTING;
    state.url = parsed.href;
    state.origin = parsed.origin;
    connect(context, state, parsed.href, list);
  }

  static {
    stateOf = (value) => {
      if (typeof value === "object" && value !== null && #state in value) return value.#state;
      return undefined;
    };
  }

  get readyState() {
    return this.#state.readyState;
  }

  get url() {
    return this.#state.url;
  }

  get protocol() {
    return this.#state.protocol;
  }

  get extensions() {
    return this.#state.extensions;
  }

  get bufferedAmount() {
    return this.#state.bufferedAmount;
  }

  get binaryType() {
    return this.#state.binaryType;
  }

  set binaryType(value) {
    const state = this.#state;
    const type = `${value}`;
    if (type === "blob" || type === "arraybuffer") state.binaryType = type;
  }

  /** Begin to receive events here; for sockets of a pair or of a response. */
  accept(options = undefined) {
    const state = this.#state;
    if (state.isClient) {
      throw new TypeError(
        "Websockets obtained from the 'new WebSocket()' constructor cannot call accept",
      );
    }
    if (state.isHibernatable) {
      throw new TypeError("Can't accept() WebSocket after enabling hibernation.");
    }
    if (state.phase === RELEASED || (state.phase === ACCEPTED && state.hasClosed)) {
      throw new TypeError("Can't accept() WebSocket that was already used in a response.");
    }
    if (state.phase === ACCEPTED) return;
    if (isObject(options) && options.allowHalfOpen !== undefined) {
      state.allowHalfOpen = !!options.allowHalfOpen;
    }
    state.accept();
  }

  /** https://websockets.spec.whatwg.org/#dom-websocket-send */
  send(message) {
    const state = this.#state;
    requireArguments(arguments.length, 1, "'send' on 'WebSocket'");
    const item = messageFrom(message);
    if (state.phase === CONNECTING) {
      throw new DOMException("The WebSocket is not connected yet.", "InvalidStateError");
    }
    if (state.closedOutgoing && !state.isClient) {
      throw new TypeError("Can't call WebSocket send() after close().");
    }
    if (state.phase === RELEASED || state.closedOutgoing) state.sentTooLate(item);
    else if (state.phase === WAITING) throw new TypeError(NOT_ACCEPTED);
    else {
      state.transmit(item);
      if (state.isClient) state.noteSent(item);
    }
  }

  /** https://websockets.spec.whatwg.org/#dom-websocket-close */
  close(code = undefined, reason = undefined) {
    const state = this.#state;
    if (code !== undefined) code = checkedCode(code, state.isClient);
    if (reason !== undefined) reason = checkedReason(reason);
    if (reason !== undefined && code === undefined && !(state.isClient && reason === "")) {
      throw new DOMException(
        "If you specify a WebSocket close reason, you must also specify a code.",
        "InvalidAccessError",
      );
    }
    if (state.closedOutgoing || state.phase === RELEASED) return;
    if (state.phase === WAITING) throw new TypeError(NOT_ACCEPTED);
    state.closedOutgoing = true;
    if (state.phase === ACCEPTED) state.transmit({ code, reason: reason ?? "" });
    else queueTurn(requireContext(), giveUp, state);
  }

  /** Keep a value with the socket, which it has again after its object was asleep. */
  serializeAttachment(attachment) {
    requireArguments(arguments.length, 1, "'serializeAttachment' on 'WebSocket'");
    const bytes = serialize(attachment);
    if (bytes.length > MAX_ATTACHMENT_BYTES) {
      throw new Error(
        `A WebSocket 'attachment' cannot be larger than ${MAX_ATTACHMENT_BYTES} bytes.` +
          `'attachment' was ${bytes.length} bytes.`,
      );
    }
    const state = this.#state;
    state.attachment = bytes;
    if (state.isHibernatable) hibernation_attach(state.link.number, bytes);
  }

  /** A copy of the value that was kept with the socket; null without one. */
  deserializeAttachment() {
    const state = this.#state;
    if (state.attachment === undefined && state.isHibernatable) {
      state.attachment = hibernation_attachment(state.link.number);
    }
    return state.attachment === undefined ? null : deserialize(state.attachment);
  }
}

for (const type of ["close", "error", "message", "open"]) defineEventHandler(WebSocket, type);
defineInterface(WebSocket);
defineView(WebSocket, ["readyState", "url", "protocol"]);
refuseToClone(WebSocket);
defineConstants(WebSocket, { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 });
for (const name of ["CONNECTING", "OPEN", "CLOSING", "CLOSED"]) {
  const constant = { value: WebSocket[name], enumerable: true };
  for (const owner of [WebSocket, WebSocket.prototype]) {
    Object.defineProperty(owner, `READY_STATE_${name}`, constant);
  }
}

function checkedCode(code, isClient) {
  const number = clamp(code, 0, 65535);
  const standard = number === 1000 || (number >= 3000 && number <= 4999);
  const reserved = number === 1004 || number === 1005 || number === 1006 || number === 1015;
  if (standard || (!isClient && number >= 1000 && number <= 4999 && !reserved)) return number;
  throw new DOMException(`Invalid WebSocket close code: ${number}.`, "InvalidAccessError");
}

function checkedReason(value) {
  const reason = toUSVString(value);
  if (encodeUtf8(reason).length > MAX_REASON_BYTES) {
    throw new DOMException(
      `WebSocket close reason must not be longer than ${MAX_REASON_BYTES} bytes when UTF-8 encoded.`,
      "SyntaxError",
    );
  }
  return reason;
}

function messageFrom(message) {
  if (typeof message === "string") return message.isWellFormed() ? message : message.toWellFormed();
  if (ArrayBuffer.isView(message) || isArrayBuffer(message)) return copyBytes(message, "The message");
  if (isBlob(message)) return blobBytes(message).slice();
  return toUSVString(message);
}

// https://websockets.spec.whatwg.org/#concept-websocket-establish
async function connect(context, state, url, protocols) {
  try {
    await context.outputGate?.wait();
    const [link, protocol, extensions] =
      outbound === null ? await linkOverNetwork(url, protocols) : await linkOf(url, protocols);
    if (state.closedOutgoing) link.drop();
    else state.opened(link, protocol, extensions);
  } catch (error) {
    if (!state.closedOutgoing) state.failToConnect(error);
  }
}

async function linkOverNetwork(url, protocols) {
  countSubrequest(requireContext());
  const [number, ...agreed] = (await socket_connect(url, protocols.join())).split("\n");
  return [SocketLink.fromHost(+number), ...agreed];
}

async function linkOf(url, protocols) {
  const [socket, protocol] = await handshakes().shakeHands(url, protocols);
  return [releaseLink(socket), protocol, ""];
}

// It was closed before it was connected.
function giveUp(state) {
  state.failToConnect(new Error("Called close before connection was established."));
}

// ---- For other polyfills --------------------------------------------------------------

/** Whether the value is a WebSocket. */
export function isWebSocket(value) {
  return stateOf(value) !== undefined;
}

/** The state behind a WebSocket. */
export function stateOfSocket(socket) {
  return stateOf(socket);
}

/** The WebSocket above a link. */
export function socketFromLink(link) {
  return new WebSocket(FROM_LINK, link);
}

/** The WebSocket of a response that came from the host. */
export function socketFromHost(number) {
  return socketFromLink(SocketLink.fromHost(number));
}

/** Take the link out of a socket that goes with a response. Throws for one that cannot. */
export function releaseLink(socket) {
  const state = stateOf(socket);
  if (state.isClient) {
    throw new TypeError(
      "Can't return WebSocket in a Response if it was created with `new WebSocket()`",
    );
  }
  if (state.phase === RELEASED) {
    throw new TypeError("Can't return WebSocket that was already used in a response.");
  }
  if (state.phase === ACCEPTED) {
    const how = state.isHibernatable ? "acceptWebSocket()" : "accept()";
    throw new TypeError(`Can't return WebSocket in a Response after calling ${how}.`);
  }
  const { link } = state;
  state.phase = RELEASED;
  state.link = null;
  return link;
}

