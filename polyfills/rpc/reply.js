// Where the answer to a call goes: `succeed(message)`, `fail(error)`.

import { rpc_return, rpc_throw } from "holdfast:ops";
import { keepShapes } from "../kernel/shapes.js";
import { queueTurn } from "../kernel/turns.js";
import { remoteRpcError, rpcFailureParts } from "../objects/remote-error.js";
import { bytesOfMessage, messageWasSent, tokensOf } from "./message.js";

/** To a caller in this isolate, in a turn of its own. */
export class LocalReply {
  constructor(caller, resolve, reject) {
    this.caller = caller;
    this.resolve = resolve;
    this.reject = reject;
  }

  succeed(message) {
    answerLocally(this.caller, this.resolve, message);
  }

  fail(error) {
    answerLocally(this.caller, this.reject, remoteRpcError(error));
  }
}

keepShapes(new LocalReply());

/** An op that a caller in this isolate waits for has ended: `settle(value)` is a turn of its. */
export function answerLocally(caller, settle, value) {
  caller.life.pendingOps--;
  queueTurn(caller, settle, value);
}

/** To whoever asked the host, which knows the call by a number. */
export class HostReply {
  constructor(number) {
    this.hostNumber = number;
  }

  succeed(message) {
    rpc_return(this.hostNumber, bytesOfMessage(message), tokensOf(message));
    messageWasSent(message);
  }

  fail(error) {
    rpc_throw(this.hostNumber, ...rpcFailureParts(error));
  }
}
