// MessageChannel and MessagePort:
// https://html.spec.whatwg.org/multipage/web-messaging.html#message-channels
//
// A port's object and its end of the channel are two things, because the end moves on to a
// new object when the port is transferred, and takes the messages that wait there along.
// Each message is a turn of the context that started the port; one started in global scope
// has none, and hears its messages in the sender's.

import { DOMException } from "../language/dom-exception.js";
import { defineEventHandler } from "../events/event-handler.js";
import { dispatchTrusted, EventTarget } from "../events/event-target.js";
import { MessageEvent } from "../events/event-types.js";
import { Event } from "../events/event.js";
import { currentFrame, runInFrame } from "../kernel/frames.js";
import { currentContext, queueTurn } from "../kernel/turns.js";
import {
  defineInterface,
  illegalConstructor,
  illegalInvocation,
  isObject,
  requireArguments,
  toSequence,
} from "../kernel/webidl.js";
import { refuseToClone, registerTransferable, structuredClone } from "../serialize/index.js";
import { receiverOf } from "./receiver.js";

const { freeze } = Object;
const CONSTRUCTING = {};
const WHERE = "Failed to execute 'postMessage' on 'MessagePort'";

/** One end of a channel. */
class End {
  other = null; // null once the channel is closed
  port = null; // the object that scripts hold; null while it moves
  context = null;
  #isStarted = false;
  #waiting = []; // events, each with the frame of who posted it
  #scheduled = 0; // turns that will deliver one each

  receive(event) {
    this.#waiting.push({ event, frame: currentFrame() });
    if (this.#isStarted) this.#deliverLater();
  }

  start() {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.context = currentContext();
    this.#deliverLater();
  }

  #deliverLater() {
    const context = receiverOf(this.context);
    // In global scope nothing runs later: the first turn that posts brings these along.
    if (context === null) return;
    while (this.#scheduled < this.#waiting.length) {
      this.#scheduled++;
      queueTurn(context, () => this.#deliver());
    }
  }

  #deliver() {
    this.#scheduled--;
    // A port that moved meanwhile keeps its messages until it is started again.
    if (!this.#isStarted || this.#waiting.length === 0) return;
    const { event, frame } = this.#waiting.shift();
    runInFrame(frame, dispatchTrusted, [this.port, event]);
  }

  /** The object is detached: another one will take this end over. */
  leave() {
    this.port = null;
    this.#isStarted = false;
  }

  close() {
    const { other } = this;
    if (other === null) return;
    this.other = null;
    other.other = null;
    other.#closed();
  }

  // A port that was never started hears at least of the end.
  #closed() {
    const event = new Event("close");
    const context = currentContext();
    if (this.#isStarted) this.receive(event);
    else if (context !== null) queueTurn(context, () => this.port && dispatchTrusted(this.port, event));
  }
}

let endOf;
let makePort;
let detach;

/** One side of a channel; messages wait until `start()` or `onmessage`. */
export class MessagePort extends EventTarget {
  #end; // null once the port was transferred or closed

  constructor() {
    if (arguments[0] !== CONSTRUCTING) throw illegalConstructor();
    super();
    this.#end = arguments[1];
    this.#end.port = this;
  }

  /** `transfer` is a list of objects, or the member of an object with one. */
  postMessage(message, transfer = undefined) {
    requireArguments(arguments.length, 1, "'postMessage' on 'MessagePort'");
    const end = endOf(this);
    const list = toTransferList(transfer);
    if (list.includes(this)) {
      throw new DOMException(`${WHERE}: a port cannot be sent through itself.`, "DataCloneError");
    }
    // A channel whose other end is sent through itself leads nowhere.
    const isDoomed = end?.other != null && list.includes(end.other.port);
    const [data, ports] = cloneMessage(message, list);
    if (end?.other && !isDoomed) end.other.receive(new MessageEvent("message", { data, ports }));
  }

  start() {
    endOf(this)?.start();
  }

  close() {
    const end = endOf(this);
    this.#end = null;
    end?.close();
  }

  static {
    endOf = (port) => {
      if (!isObject(port) || !(#end in port)) throw illegalInvocation();
      return port.#end;
    };
    detach = (port) => {
      const end = port.#end;
      if (end === null) throw new DOMException("The port was already detached.", "DataCloneError");
      port.#end = null;
      end.leave();
      return end;
    };
    makePort = (end) => new MessagePort(CONSTRUCTING, end);
  }
}

for (const type of ["message", "messageerror", "close"]) defineEventHandler(MessagePort, type);
startWithHandler();
defineInterface(MessagePort);
registerTransferable(MessagePort, { transfer: detach, receive: makePort });

/** https://html.spec.whatwg.org/multipage/web-messaging.html#handler-messageeventtarget-onmessage */
function startWithHandler() {
  const { get, set } = Object.getOwnPropertyDescriptor(MessagePort.prototype, "onmessage");
  const accessors = {
    get onmessage() {
      return Reflect.apply(get, this, []);
    },
    set onmessage(handler) {
      Reflect.apply(set, this, [handler]);
      endOf(this)?.start();
    },
  };
  const descriptor = Object.getOwnPropertyDescriptor(accessors, "onmessage");
  Object.defineProperty(MessagePort.prototype, "onmessage", descriptor);
}

/** The message and the ports in it as the other side gets them. */
function cloneMessage(message, list) {
  if (list.length === 0) return [structuredClone(message), []];
  const ports = list.filter((item) => item instanceof MessagePort);
  const [data, moved] = structuredClone([message, ports], { transfer: list });
  return [data, freeze(moved)];
}

/** The second argument of postMessage: a sequence, or StructuredSerializeOptions. */
function toTransferList(value) {
  if (value === undefined || value === null) return [];
  if (!isObject(value)) throw new TypeError(`${WHERE}: parameter 2 is not an object.`);
  const isSequence = value[Symbol.iterator] !== undefined && value[Symbol.iterator] !== null;
  const list = isSequence ? value : value.transfer;
  return list === undefined ? [] : toSequence(list, toObject, `${WHERE}: transfer`);
}

function toObject(value, what) {
  if (isObject(value)) return value;
  throw new TypeError(`${what} has an item that is not an object.`);
}

/** Two ports; what is posted to one is heard at the other. */
export class MessageChannel {
  #port1;
  #port2;

  constructor() {
    const [one, two] = [new End(), new End()];
    one.other = two;
    two.other = one;
    this.#port1 = makePort(one);
    this.#port2 = makePort(two);
  }

  get port1() {
    return this.#port1;
  }

  get port2() {
    return this.#port2;
  }

  static {
    defineInterface(this);
  }
}

refuseToClone(MessageChannel);
