// Batches of messages as their consumers see them:
// https://developers.cloudflare.com/queues/configuration/javascript-apis/#consumer

import { QUEUE_TIMEOUT_MS } from "holdfast:constants";
import { compatibility_has } from "holdfast:ops";
import { decodeUtf8, encodeUtf8 } from "../encoding/utf8.js";
import { Context } from "../kernel/turns.js";
import { defineInterface, illegalConstructor } from "../kernel/webidl.js";
import { deserialize, refuseToClone } from "../serialize/index.js";
import { startHostTimer } from "../timers/host-timer.js";
import { CONSTRUCTING, ExtendableEvent } from "../workers/extendable-event.js";
import { TriggerEvent } from "../workers/scheduled.js";
import { metricsOf, toSeconds } from "./producer.js";

const TOO_LONG = "The queue() handler exceeded its allowed execution time";

/** The event of a batch; its answer tells the host what became of the messages. */
export class BatchEvent extends TriggerEvent {
  #fate = new Fate();
  #tasks = [];

  constructor(number) {
    super(number);
    this.limit = startHostTimer(new Context(), QUEUE_TIMEOUT_MS, () =>
      this.abort(new Error(TOO_LONG)),
    );
  }

  get fate() {
    return this.#fate;
  }

  waitUntil(promise) {
    super.waitUntil(promise);
    this.#tasks.push(promise);
  }

  /** Wait for what the handler returned, and for what it gave to `waitUntil`. */
  async settle(result) {
    const failures = [];
    const note = (error) => failures.push(error);
    await Promise.resolve(result).then(undefined, note);
    if (!compatibility_has("queue_consumer_no_wait_for_wait_until")) {
      for (const task of this.#tasks) await Promise.resolve(task).then(undefined, note);
    }
    if (failures.length === 0) this.succeed();
    else this.fail(failures[0]);
  }

  told() {
    return this.#fate.toBytes();
  }
}

// What the handler said of its messages. Of what is said of one message the first holds, and before
// what is said of all.
class Fate {
  ackAll = false;
  retryAll = null; // or the options of that
  acks = new Set(); // places in the batch
  retries = new Map(); // from such places to delays in seconds

  toBytes() {
    return encodeUtf8(
      JSON.stringify({
        ackAll: this.ackAll,
        retryAll: this.retryAll !== null,
        retryAllDelay: this.retryAll?.delay ?? null,
        acks: [...this.acks],
        retries: [...this.retries],
      }),
    );
  }
}

/** One message of a batch. */
class QueueMessage {
  #fate;
  #place;

  constructor() {
    const [key, fate, place, fields] = arguments;
    if (key !== CONSTRUCTING) throw illegalConstructor();
    this.#fate = fate;
    this.#place = place;
    fix(this, fields);
  }

  /** Have the message delivered again. `options`: `delaySeconds`. */
  retry(options) {
    const delay = toSeconds(options?.delaySeconds);
    if (this.#fate.ackAll) return warnOf("retry", this.id, "ackAll");
    if (this.#fate.acks.has(this.#place)) return warnOf("retry", this.id, "ack");
    const known = this.#fate.retries.get(this.#place);
    this.#fate.retries.set(this.#place, delay ?? known ?? null);
    return undefined;
  }

  /** The message is dealt with, whatever becomes of the others. */
  ack() {
    if (this.#fate.ackAll) return undefined;
    if (this.#fate.retryAll !== null) return warnOf("ack", this.id, "retryAll");
    if (this.#fate.retries.has(this.#place)) return warnOf("ack", this.id, "retry");
    this.#fate.acks.add(this.#place);
    return undefined;
  }

  static {
    defineInterface(this);
  }
}

function warnOf(method, id, earlier) {
  console.warn(
    `Received a call to ${method}() on message ${id} after ${earlier}() was already called. ` +
      `Calling ${method}() on a message after calling ${earlier}() has no effect.`,
  );
}

function retryAll(fate, options) {
  const delay = toSeconds(options?.delaySeconds);
  if (fate.ackAll) return warnOfAll("retryAll", "ackAll");
  fate.retryAll = { delay: delay ?? fate.retryAll?.delay };
  return undefined;
}

function ackAll(fate) {
  if (fate.retryAll !== null) return warnOfAll("ackAll", "retryAll");
  fate.ackAll = true;
  return undefined;
}

function warnOfAll(method, earlier) {
  console.warn(
    `Received a call to ${method}() after ${earlier}() was already called. ` +
      `Calling ${method}() after calling ${earlier}() has no effect.`,
  );
}

/** The batch that a module's handler gets. */
class QueueController {
  #fate;

  constructor() {
    const [key, fate, fields] = arguments;
    if (key !== CONSTRUCTING) throw illegalConstructor();
    this.#fate = fate;
    fix(this, fields);
  }

  retryAll(options) {
    return retryAll(this.#fate, options);
  }

  ackAll() {
    return ackAll(this.#fate);
  }

  static {
    defineInterface(this);
  }
}

/** The event that listeners of a service worker get. */
class QueueEvent extends ExtendableEvent {
  #fate;

  constructor() {
    const [key, event, fields] = arguments;
    super(key, "queue", event);
    this.#fate = event.fate;
    fix(this, fields);
  }

  retryAll(options) {
    return retryAll(this.#fate, options);
  }

  ackAll() {
    return ackAll(this.#fate);
  }

  static {
    defineInterface(this);
  }
}

for (const Class of [QueueMessage, QueueController, QueueEvent]) refuseToClone(Class);

function fix(object, fields) {
  for (const [name, value] of Object.entries(fields)) {
    Object.defineProperty(object, name, { value, enumerable: true });
  }
}

/**
 * What the handler is told: `queue`, `messages` and `metadata`. `told` is JSON of the host's, whose
 * messages are [id, timestamp, attempts, type, length]; `bodies` follow each other.
 */
export function readBatch(event, queue, told, bodies) {
  const { messages, backlog } = JSON.parse(told);
  let start = 0;
  const read = messages.map(([id, timestamp, attempts, type, length], place) => {
    const body = decoders[type](bodies.slice(start, start + length));
    start += length;
    const fields = { attempts, body, timestamp: new Date(timestamp), id };
    return new QueueMessage(CONSTRUCTING, event.fate, place, fields);
  });
  return { metadata: { metrics: metricsOf(backlog) }, queue, messages: read };
}

const decoders = {
  text: decodeUtf8,
  bytes: (bytes) => bytes,
  json: (bytes) => JSON.parse(decodeUtf8(bytes)),
  v8: deserialize,
};

/** The argument of a module's handler. */
export function createBatch(event, batch) {
  return new QueueController(CONSTRUCTING, event.fate, batch);
}

/** The event for listeners. */
export function createQueueEvent(event, batch) {
  return new QueueEvent(CONSTRUCTING, event, batch);
}
