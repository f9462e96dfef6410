// Where the answer to a call goes: `succeed(message)`, `fail(error)`.

import { rpc_return, rpc_throw } from "holdfast:ops";
import { queueTurn } from "../kernel/turns.js";
import { remoteRpcError, rpcFailureParts } from "../objects/remote-error.js";
import { bytesOfMessage, messageWasSent, tokensOf } from "./message.js";

/** To a caller in this isolate, in a turn of its own. */
export class LocalReply {
  #resolve;
  #reject;

  constructor(caller, resolve, reject) {
    this.caller = caller;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  succeed(message) {
    this.#end(this.#resolve, message);
  }

  fail(error) {
    this.#end(this.#reject, remoteRpcError(error));
  }

  #end(settle, value) {
    this.caller.life.pendingOps--;
    queueTurn(this.caller, settle, value);
  }
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
