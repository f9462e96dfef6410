// Queues as their producers see them:
// https://developers.cloudflare.com/queues/configuration/javascript-apis/#producer

import { compatibility_has, queue_metrics, queue_send, queue_send_batch } from "holdfast:ops";
import { encodeUtf8 } from "../encoding/utf8.js";
import { concatenate } from "../files/blob.js";
import { toInt32, wrongArgument } from "../kernel/arguments.js";
import { copyBytes, describeView, isArrayBuffer, isDetached, transferBuffer } from "../kernel/buffers.js";
import { passOutputGate } from "../kernel/pending.js";
import { toSequence, toUSVString } from "../kernel/webidl.js";
import { refuseToClone, serialize } from "../serialize/index.js";

const UNDEFINED_BODY = "Message body cannot be undefined";
const NO_MESSAGES = "sendBatch() requires at least one message";

let make;

/** What a binding of the type `queue` puts into `env`. */
class WorkerQueue {
  #number;
  static #allowed = false;

  constructor() {
    if (!WorkerQueue.#allowed) throw new TypeError("Illegal constructor");
    WorkerQueue.#allowed = false;
  }

  static {
    make = (number) => {
      WorkerQueue.#allowed = true;
      const queue = new WorkerQueue();
      queue.#number = number;
      return queue;
    };
  }

  /** What waits in the queue. */
  async metrics() {
    return metricsOf(await queue_metrics(this.#number));
  }

  /** Send a message, durably. `options`: `contentType`, `delaySeconds`. */
  async send(body, options) {
    const number = this.#number;
    if (arguments.length === 0) throw wrongArgument("send", "WorkerQueue", 1, "Value");
    if (body === undefined) throw new TypeError(UNDEFINED_BODY);
    const { type, delay } = readOptions(options);
    const bytes = bytesOfBody(body, type);
    if (type === "bytes") detach(body);
    await passOutputGate();
    return response(await queue_send(number, bytes, type, delay));
  }

  /** Send messages, `{ body, contentType, delaySeconds }`, all or none. `options`: `delaySeconds`. */
  async sendBatch(messages, options) {
    const number = this.#number;
    const all = toSequence(messages, (message) => message);
    const delay = toSeconds(options?.delaySeconds);
    if (all.length === 0) throw new TypeError(NO_MESSAGES);
    const described = [];
    const bodies = all.map((message) => {
      if (message?.body === undefined) throw new TypeError(UNDEFINED_BODY);
      const { type, delay: own } = readOptions(message);
      const bytes = bytesOfBody(message.body, type);
      described.push([bytes.length, type, own ?? null]);
      return bytes;
    });
    const whole = concatenate(bodies);
    await passOutputGate();
    return response(await queue_send_batch(number, whole, JSON.stringify(described), delay));
  }

  get [Symbol.toStringTag]() {
    return "WorkerQueue";
  }
}

refuseToClone(WorkerQueue);

function readOptions(options) {
  const { contentType, delaySeconds } = options ?? {};
  return { type: typeOf(contentType), delay: toSeconds(delaySeconds) };
}

/** A delay in whole seconds; undefined where none is given. */
export function toSeconds(value) {
  return value === undefined ? undefined : toInt32(value);
}

function typeOf(contentType) {
  if (contentType === undefined) return compatibility_has("queues_json_messages") ? "json" : "v8";
  const type = `${contentType}`.toLowerCase();
  if (!(type in encoders)) {
    throw new TypeError(`Unsupported queue message content type: ${contentType}`);
  }
  return type;
}

const encoders = {
  __proto__: null,
  text(body) {
    if (typeof body !== "string") throw mismatch("text", "string", body);
    return encodeUtf8(toUSVString(body));
  },
  bytes(body) {
    if (!ArrayBuffer.isView(body)) throw mismatch("bytes", "ArrayBufferView", body);
    return copyBytes(body);
  },
  json: (body) => encodeUtf8(`${JSON.stringify(body)}`),
  v8: (body) => serialize(body),
};

function bytesOfBody(body, type) {
  return encoders[type](body);
}

function mismatch(type, wanted, body) {
  return new TypeError(
    `Content Type "${type}" requires a value of type ${wanted}, but received: ${typeof body}`,
  );
}

// As workerd does, so that who reuses a buffer finds out here.
function detach(view) {
  const { buffer } = describeView(view);
  if (isArrayBuffer(buffer) && !isDetached(buffer)) transferBuffer(buffer);
}

function response(told) {
  return { metadata: { metrics: metricsOf(told) } };
}

/** A backlog as the host tells of it. */
export function metricsOf(told) {
  const [backlogCount, backlogBytes, oldest] = JSON.parse(told);
  const oldestMessageTimestamp = oldest ? new Date(oldest) : undefined;
  return { backlogCount, backlogBytes, oldestMessageTimestamp };
}

/** The queue behind a binding. */
export function queueFromHost(binding) {
  return make(binding.number);
}
