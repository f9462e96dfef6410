// References: what a stub calls. Each has
//
//   send(caller, path, message)   the call; a promise of the result's message, which settles
//                                 in a turn of `caller`. `message` null looks at a property
//   acquire(), release()          one holder more (returns the reference), or less
//   token(), drop()               as an entry of a message, which is a holder, too
//
// An Export is in this isolate, an Import in another one. A Hold is a holder that belongs to
// a life (a Worker's event, an object instance) and ends with it.

import { rpc_call, rpc_release } from "holdfast:ops";
import { beginCall, failCall, runCall } from "../kernel/calls.js";
import { nextDepth } from "../kernel/depth.js";
import { enterTurn, queueTurn } from "../kernel/turns.js";
import { markAsEnd } from "../objects/remote-error.js";
import { RpcCall } from "./call.js";
import {
  bytesOfMessage,
  defineToken,
  messageFromHost,
  messageWasSent,
  readRoute,
  routeOf,
  tokensOf,
} from "./message.js";
import { RESERVED } from "./receive.js";
import { HostReply, LocalReply } from "./reply.js";

const { apply } = Reflect;

const NOT_RUNNING = "The execution context which hosts this callback is no longer running.";

// ---- Holds ------------------------------------------------------------------------------

/** A holder of a reference, which a life lets go of at its end. */
export class Hold {
  #reference;

  /** Takes over one holder of `reference`. */
  constructor(reference, life) {
    this.#reference = reference;
    this.life = life;
    reference.keepAlive(life);
    if (life.error !== null) this.release();
    else (life.holds ??= new Set()).add(this);
  }

  /** The reference; throws where the holder let go of it. */
  get reference() {
    if (this.#reference === null) throw new Error("RPC stub used after being disposed.");
    return this.#reference;
  }

  /** Let go of the reference; harmless the second time. */
  release() {
    const reference = this.#reference;
    if (reference === null) return;
    this.#reference = null;
    this.life.holds?.delete(this);
    reference.release();
    reference.letDie(this.life);
  }
}

// Objects live for long: what their code drops is let go of by the garbage collector.
const dropped = new FinalizationRegistry((hold) => hold.release());

/** Let go of a hold when `user`, which alone uses it, is gone, where its life may last. */
export function releaseWithout(user, hold) {
  if (hold.life.isLasting) dropped.register(user, hold);
}

/** A life has ended: let go of all that it holds. */
export function releaseHolds(life) {
  if (life.holds === null) return;
  for (const hold of [...life.holds]) hold.release();
}

// ---- What lives here ----------------------------------------------------------------------

const exportsByNumber = new Map();
let lastNumber = 0;

/**
 * A function, an RpcTarget or a plain object that others may call; it runs in `context`.
 * When its last holder is gone, its own disposer is called.
 */
export class Export {
  #context;
  #target;
  #rules;
  #dispose;
  #holders = 1;
  #number = 0; // for the host, which may be several of the holders

  constructor(context, target, allowsOwn) {
    this.#context = context;
    this.#target = target;
    this.#rules = { allowsOwn, reserved: RESERVED };
    this.#dispose = target[Symbol.dispose];
  }

  send(caller, path, message) {
    return new Promise((resolve, reject) => {
      caller.life.pendingOps++;
      this.deliver(path, message, new LocalReply(caller, resolve, reject));
    });
  }

  /** Begin a call, whose answer goes to `reply`; `turn` as for beginCall (kernel/calls.js). */
  deliver(path, message, reply, turn) {
    const call = new RpcCall(this.#context, path, message, reply, this.#rules);
    call.target = this.#target;
    beginCall(call, this.#context, startCall, turn);
  }

  acquire() {
    this.#holders++;
    return this;
  }

  release() {
    if (--this.#holders > 0) return;
    if (this.#number !== 0) exportsByNumber.delete(this.#number);
    const dispose = this.#dispose;
    if (typeof dispose !== "function" || this.#context.life.error !== null) return;
    queueTurn(this.#context, () => void apply(dispose, this.#target, []));
  }

  /** Another life holds this: the one that it belongs to goes on as long. */
  keepAlive(holder) {
    const { life } = this.#context;
    if (holder !== life) life.keepAlive?.();
  }

  /** The end of that, once the disposer has run. */
  letDie(holder) {
    const { life } = this.#context;
    if (holder !== life && life.letDie !== undefined) queueTurn(this.#context, () => life.letDie());
  }

  token() {
    if (this.#number === 0) {
      this.#number = ++lastNumber;
      exportsByNumber.set(lastNumber, this);
    }
    this.keepAlive(null);
    return `e${this.#number}`;
  }

  /** One of the host's holders is gone. */
  releaseFromHost() {
    this.release();
    this.letDie(null);
  }

  drop() {
    this.release();
  }
}

function startCall(call) {
  if (call.life.error !== null) failCall(call, markAsEnd(new Error(NOT_RUNNING)));
  else runCall(call, call.target);
}

/** Entry point: a call from elsewhere to what was exported under this number. */
export function deliverExportCall(call, number, route, data, tokens) {
  const message = data === undefined ? null : messageFromHost(data, tokens);
  const [, path] = readRoute(route); // to be called back leads no deeper
  // Who calls it, holds it.
  exportsByNumber.get(number).deliver(path, message, new HostReply(call), enterTurn);
}

/** Entry point: nobody elsewhere holds this export any more. */
export function releaseExport(number) {
  exportsByNumber.get(number).releaseFromHost();
}

// ---- What lives elsewhere -------------------------------------------------------------------

/** What another isolate exported; the host knows it by a number. */
export class Import {
  #number;
  #holders = 1;

  constructor(number) {
    this.#number = number;
  }

  send(caller, path, message) {
    return sendThroughHost(`c${this.#number}`, caller, path, message);
  }

  acquire() {
    this.#holders++;
    return this;
  }

  release() {
    if (--this.#holders === 0) rpc_release(this.#number);
  }

  keepAlive() {}

  letDie() {}

  token() {
    return `c${this.#number}`;
  }

  wasSent() {
    this.release();
  }

  drop() {
    this.release();
  }
}

defineToken("c", (number) => new Import(+number));

/** Call what a token means, through the host; a promise of the result's message. */
export async function sendThroughHost(target, caller, path, message) {
  const route = routeOf(path, nextDepth(caller));
  const answer =
    message === null
      ? rpc_call(target, route, undefined, "")
      : rpc_call(target, route, bytesOfMessage(message), tokensOf(message));
  if (message !== null) messageWasSent(message);
  const [data, tokens] = await answer;
  return messageFromHost(data, tokens);
}
