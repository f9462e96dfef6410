// WebSockets that do not keep their object in memory:
// https://developers.cloudflare.com/durable-objects/best-practices/websockets/
//
// The host keeps such a socket, with its tags and its attachment, and brings the object up
// when something comes for it. An instance has a WebSocket object for each socket that it was
// told of or asked for; they are gone with it.

import { WORD_TRACED, WORD_TURNS_QUEUED } from "holdfast:constants";
import {
  hibernation_accept,
  hibernation_answered_at,
  hibernation_attach,
  hibernation_automatic,
  hibernation_numbers,
  hibernation_set_automatic,
  hibernation_set_timeout,
  hibernation_slot,
  hibernation_state,
  hibernation_timeout,
  hibernation_told,
  shared,
  socket_taken,
} from "holdfast:ops";
import { encodeUtf8 } from "../encoding/utf8.js";
import { wrongArgument } from "../kernel/arguments.js";
import { currentContext, setCurrentContext } from "../kernel/current.js";
import { lazily } from "../kernel/lazy.js";
import { reportException } from "../kernel/report.js";
import { enterTurn, queueTurn } from "../kernel/turns.js";
import { isObject, sequenceFrom, toDOMString } from "../kernel/webidl.js";
import { SocketLink } from "../sockets/link.js";
import { WebSocketRequestResponsePair } from "../sockets/request-response-pair.js";
import { ACCEPTED, RELEASED } from "../sockets/state.js";
import { socketFromLink, stateOfSocket } from "../sockets/websocket.js";
import { residentInSlot, touch } from "./residents.js";
import { startHostTimer, stopHostTimer } from "../timers/host-timer.js";

const tracing = lazily("objects/tracing.js");

const MAX_TAGS = 10;
const MAX_TAG_LENGTH = 256; // in UTF-8, whatever the message says
const MAX_AUTO_BYTES = 2_048;
const MAX_TIMEOUT_MS = 604_800_000;
const NOT_AN_INTEGER = "The value cannot be converted because it is not an integer.";
const NEGATIVE =
  "The value cannot be converted because it is negative and this API expects a positive number.";
const CLOSED_OUTGOING = 1;
const CLOSED_INCOMING = 2;

// ---- Sockets ------------------------------------------------------------------------

/** `state.acceptWebSocket(socket, tags)` */
export function acceptWebSocket(instance, socket, tags) {
  const state = checkedState(socket, "acceptWebSocket");
  if (state.phase === ACCEPTED) {
    throw new Error(
      "Cannot call `acceptWebSocket()` if the WebSocket was already accepted via `accept()`",
    );
  }
  if (state.link === null || !state.link.isFree) {
    throw new Error(
      "Cannot call `acceptWebSocket()` on this WebSocket because its pair has already been " +
        "accepted or used in a Response.",
    );
  }
  const distinct = tags === undefined ? [] : distinctTags(tags);
  const number = hibernation_accept(instance.slot, JSON.stringify(distinct));
  state.link.keepAsleep(number);
  state.phase = ACCEPTED;
  state.isHibernatable = true;
  if (state.attachment !== undefined) hibernation_attach(number, state.attachment);
  state.tags = distinct;
  known(instance).sockets.set(number, socket);
}

function checkedState(socket, method) {
  const state = stateOfSocket(socket);
  if (state !== undefined) return state;
  throw wrongArgument(method, "DurableObjectState", 1, "WebSocket");
}

function distinctTags(tags) {
  const method = isObject(tags) ? tags[Symbol.iterator] : undefined;
  if (typeof method !== "function") {
    throw wrongArgument("acceptWebSocket", "DurableObjectState", 2, "Array");
  }
  const distinct = new Set();
  for (const tag of sequenceFrom(tags, method, toDOMString)) {
    if (distinct.size >= MAX_TAGS) {
      throw new Error(`a Hibernatable WebSocket cannot have more than ${MAX_TAGS} tags`);
    }
    if (tag.length > MAX_TAG_LENGTH || encodeUtf8(tag).length > MAX_TAG_LENGTH) {
      throw new Error(`"${tag}" is longer than the max tag length (${MAX_TAG_LENGTH} characters).`);
    }
    distinct.add(tag);
  }
  return [...distinct];
}

/** `state.getWebSockets(tag)` */
export function getWebSockets(instance, tag) {
  const numbers = hibernation_numbers(instance.slot, tag === undefined ? undefined : `${tag}`);
  return JSON.parse(numbers).map((number) => socketOf(instance, number));
}

/** `state.getTags(socket)` */
export function getTags(socket) {
  const state = checkedState(socket, "getTags");
  if (state.isHibernatable) return [...tagsOf(state)];
  throw new Error(
    state.phase === ACCEPTED
      ? "only hibernatable websockets can have tags."
      : "you must call 'acceptWebSocket()' before attempting to access the tags of a WebSocket.",
  );
}

function tagsOf(state) {
  state.tags ??= JSON.parse(hibernation_state(state.link.number) ?? "[0]").slice(1);
  return state.tags;
}

/** What an instance knows: WebSockets by number, and the time limit, once asked for. */
function known(instance) {
  return (instance.awake ??= { sockets: new Map(), timeoutMs: undefined });
}

/** The WebSocket of a number, made where the instance has not seen it yet. */
function socketOf(instance, number) {
  const { sockets } = known(instance);
  let socket = sockets.get(number);
  if (socket !== undefined) return socket;
  socket = socketFromLink(SocketLink.awake(number));
  const state = stateOfSocket(socket);
  const [closed, ...tags] = JSON.parse(hibernation_state(number) ?? `[${CLOSED_OUTGOING}]`);
  state.phase = ACCEPTED;
  state.isHibernatable = true;
  state.closedOutgoing = (closed & CLOSED_OUTGOING) !== 0;
  state.closedIncoming = (closed & CLOSED_INCOMING) !== 0;
  state.tags = tags;
  sockets.set(number, socket);
  return socket;
}

// ---- Automatic responses, time limits -------------------------------------------------

/** `state.setWebSocketAutoResponse(pair)` */
export function setAutoResponse(instance, pair) {
  if (pair === undefined) {
    hibernation_set_automatic(instance.slot, undefined, undefined);
    return;
  }
  if (!(pair instanceof WebSocketRequestResponsePair)) {
    const method = "setWebSocketAutoResponse";
    throw wrongArgument(method, "DurableObjectState", 1, "WebSocketRequestResponsePair");
  }
  const { request, response } = pair;
  checkSize("Request", "request", request);
  checkSize("Response", "response", response);
  hibernation_set_automatic(instance.slot, request, response);
}

function checkSize(name, noun, text) {
  const { length } = encodeUtf8(text);
  if (length <= MAX_AUTO_BYTES) return;
  throw new RangeError(
    `${name} cannot be larger than ${MAX_AUTO_BYTES} bytes. A ${noun} of size ${length} was provided.`,
  );
}

/** `state.getWebSocketAutoResponse()` */
export function getAutoResponse(instance) {
  const told = hibernation_automatic(instance.slot);
  return told === undefined ? null : new WebSocketRequestResponsePair(...JSON.parse(told));
}

/** `state.getWebSocketAutoResponseTimestamp(socket)` */
export function getAutoResponseTimestamp(socket) {
  const state = checkedState(socket, "getWebSocketAutoResponseTimestamp");
  const at = state.isHibernatable ? hibernation_answered_at(state.link.number) : undefined;
  return at === undefined ? null : new Date(at);
}

/** `state.setHibernatableWebSocketEventTimeout(ms)` */
export function setEventTimeout(instance, ms) {
  const limit = ms === undefined ? 0 : Math.trunc(ms);
  if (Number.isNaN(limit)) throw new TypeError(NOT_AN_INTEGER);
  if (limit < 0) throw new TypeError(NEGATIVE);
  if (limit > MAX_TIMEOUT_MS) {
    throw new Error(`Event timeout should not exceed ${MAX_TIMEOUT_MS} ms.`);
  }
  known(instance).timeoutMs = limit === 0 ? null : limit;
  hibernation_set_timeout(instance.slot, limit === 0 ? undefined : limit);
}

/** `state.getHibernatableWebSocketEventTimeout()` */
export function getEventTimeout(instance) {
  return timeoutOf(instance);
}

function timeoutOf(instance) {
  const told = known(instance);
  if (told.timeoutMs === undefined) told.timeoutMs = hibernation_timeout(instance.slot) ?? null;
  return told.timeoutMs;
}

// ---- Events ---------------------------------------------------------------------------

/** Give the object a message, in a turn of its own. True if it has to wait here. */
export function deliverMessage(instance, number, data) {
  const { inputGate } = instance;
  const context = contextOf(instance, { webSocketEventType: "message" });
  const isNext = shared[WORD_TURNS_QUEUED] === 0 && inputGate.admits(context);
  if (isNext && instance.isConstructed && instance.error === null) {
    setCurrentContext(context);
    message(instance, number, data);
    return undefined;
  }
  const event = { instance, number, kind: "message", data, isHeld: false, isDone: false };
  enterTurn(context, start, event);
  if (event.isDone) return undefined;
  event.isHeld = true;
  return true;
}

/** Give a live object a message that this isolate itself has sent, behind what is queued. */
export function queueMessage(number, data) {
  const instance = residentInSlot(hibernation_slot(number));
  touch(instance);
  const context = contextOf(instance, { webSocketEventType: "message" });
  const event = { instance, number, kind: "message", data, isHeld: false, isDone: false };
  queueTurn(context, start, event);
}

/** Give the object a "close" (code, reason, wasClean) or an "error" (message) of a socket. */
export function deliverEvent(instance, number, kind, a, b, c) {
  const event = { instance, number, kind, a, b, c, isHeld: false, isDone: false };
  enterTurn(contextOf(instance, told(kind, a, c)), start, event);
}

// As Cloudflare's traces have them.
function told(kind, code, wasClean) {
  return kind === "close" ? { webSocketEventType: kind, code, wasClean } : { webSocketEventType: kind };
}

function contextOf(instance, event) {
  if (shared[WORD_TRACED] === 0) return instance.context;
  return tracing().tracedContext(instance, "event", JSON.stringify({ getWebSocketEvent: event }));
}

function start(event) {
  const { instance } = event;
  if (instance.error === null && !instance.prepare(start, event)) {
    if (instance.error === null) return;
    reportException(instance.error);
  }
  event.isDone = true;
  if (instance.error !== null) {
    ends("exception", instance.error);
    return;
  }
  if (event.isHeld) socket_taken(event.number);
  if (event.kind === "message") message(instance, event.number, event.data);
  else end(instance, event);
}

function message(instance, number, data) {
  const socket = socketOf(instance, number);
  const object = instance.construct();
  if (typeof object.webSocketMessage !== "function") {
    ends("ok");
    return;
  }
  try {
    const told = typeof data === "string" ? data : data.buffer;
    waitFor(instance, object.webSocketMessage(socket, told));
  } catch (error) {
    reportException(error);
    ends("exception", error);
  }
}

function end(instance, { number, kind, a, b, c }) {
  const socket = socketOf(instance, number);
  const state = stateOfSocket(socket);
  state.closedIncoming = true;
  tagsOf(state); // the socket keeps what the host will forget
  socket.deserializeAttachment();
  if (kind === "error") {
    state.error = new Error(a);
    state.phase = RELEASED;
    call(instance, "webSocketError", socket, state.error);
  } else {
    if (!c) state.phase = RELEASED;
    call(instance, "webSocketClose", socket, a, b, c);
    if (c && !state.allowHalfOpen) state.answerClose(a, b);
  }
  known(instance).sockets.delete(number);
  hibernation_told(number);
}

/** Call one of the object's handlers, if it has that. */
function call(instance, name, ...values) {
  const object = instance.construct();
  if (typeof object[name] !== "function") {
    ends("ok");
    return;
  }
  try {
    waitFor(instance, object[name](...values));
  } catch (error) {
    reportException(error);
    ends("exception", error);
  }
}

// The event that runs, or that `context` is of, has ended; for those who listen.
function ends(outcome, error, context = currentContext()) {
  if (context.number !== undefined) tracing().endTrace(context, outcome, error);
}

/** Keep the object in memory until what a handler returned has settled, or for so long. */
function waitFor(instance, result) {
  if (typeof result?.then !== "function") {
    ends("ok");
    return;
  }
  const context = currentContext();
  if (context.number !== undefined) {
    Promise.resolve(result).then(
      () => ends("ok", undefined, context),
      (error) => ends("exception", error, context),
    );
  }
  const limit = timeoutOf(instance);
  if (limit === null) {
    instance.waitUntil(result);
    return;
  }
  const { promise: late, reject } = Promise.withResolvers();
  const overdue = () => reject(new Error(`The event took more than its ${limit} ms.`));
  const timer = startHostTimer(instance.control, limit, overdue);
  instance.waitUntil(Promise.race([result, late]).finally(() => stopHostTimer(timer)));
}
