// BroadcastChannel, between the contexts of one script's isolate:
// https://html.spec.whatwg.org/multipage/web-messaging.html#broadcasting-to-other-browsing-contexts

import { DOMException } from "../language/dom-exception.js";
import { defineEventHandler } from "../events/event-handler.js";
import { dispatchTrusted, EventTarget } from "../events/event-target.js";
import { MessageEvent } from "../events/event-types.js";
import { currentContext, queueTurn } from "../kernel/turns.js";
import { defineInterface, requireArguments, toDOMString } from "../kernel/webidl.js";
import { refuseToClone, structuredClone } from "../serialize/index.js";
import { isOver, receiverOf } from "./receiver.js";


// Channels by name, in the order in which they were made. One that was neither closed nor
// is listened to may be collected; one whose event or object has ended hears no more.
const channels = new Map();
const abandoned = new FinalizationRegistry(({ name, entry }) => forget(name, entry));

function forget(name, entry) {
  const entries = channels.get(name);
  entries?.delete(entry);
  if (entries?.size === 0) channels.delete(name);
}

/** What is posted to a channel is heard at all others of its name. */
export class BroadcastChannel extends EventTarget {
  #name;
  #entry;

  constructor(name) {
    requireArguments(arguments.length, 1, "'constructor' on 'BroadcastChannel'");
    super();
    this.#name = toDOMString(name);
    const entry = { channel: new WeakRef(this), context: currentContext(), listening: null };
    this.#entry = entry;
    const known = channels.get(this.#name);
    if (known === undefined) channels.set(this.#name, new Set([entry]));
    else known.add(entry);
    abandoned.register(this, { name: this.#name, entry });
  }

  get name() {
    return this.#name;
  }

  postMessage(message) {
    const entry = this.#entry;
    requireArguments(arguments.length, 1, "'postMessage' on 'BroadcastChannel'");
    if (entry === null) {
      throw new DOMException("The BroadcastChannel is closed.", "InvalidStateError");
    }
    const data = structuredClone(message);
    for (const other of [...channels.get(this.#name)]) {
      if (other.context !== null && isOver(other.context)) forget(this.#name, other);
      else if (other !== entry) this.#send(other, structuredClone(data));
    }
  }

  #send(entry, data) {
    const channel = entry.channel.deref();
    const context = receiverOf(entry.context);
    if (channel === undefined || context === null) return;
    queueTurn(context, () => {
      if (channel.#entry !== null) dispatchTrusted(channel, new MessageEvent("message", { data }));
    });
  }

  close() {
    const entry = this.#entry;
    if (entry === null) return;
    this.#entry = null;
    forget(this.#name, entry);
  }

  addEventListener(type, callback, options = undefined) {
    super.addEventListener(type, callback, options);
    this.#keep();
  }

  /** Whoever listens need not hold on to the channel. */
  #keep() {
    if (this.#entry !== null) this.#entry.listening = this;
  }

  static {
    defineEventHandler(this, "message");
    defineEventHandler(this, "messageerror");
    const { get, set } = Object.getOwnPropertyDescriptor(this.prototype, "onmessage");
    Object.defineProperty(this.prototype, "onmessage", {
      get,
      set(handler) {
        Reflect.apply(set, this, [handler]);
        this.#keep();
      },
      configurable: true,
    });
    defineInterface(this);
  }
}

refuseToClone(BroadcastChannel);
