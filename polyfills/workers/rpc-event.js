// A call by RPC as an event of a Worker.

import { event_failed, event_return } from "holdfast:ops";
import { rpcFailureParts } from "../objects/remote-error.js";
import { bytesOfMessage, messageWasSent, tokensOf } from "../rpc/message.js";
import { WorkerEvent } from "./event.js";

/**
 * The event of one call, and where its answer goes (rpc/reply.js). It lives on for as long as
 * somebody has a stub of what its code gave away.
 */
export class RpcEvent extends WorkerEvent {
  keepAlive() {
    this.hold();
  }

  letDie() {
    this.release();
  }

  succeed(message) {
    if (this.isAnswered) return;
    const tokens = tokensOf(message);
    this.answer((isDone) => event_return(this.number, bytesOfMessage(message), tokens, isDone));
    messageWasSent(message);
  }

  fail(error) {
    this.answer((isDone) => {
      const [name, message, flags, description, data] = rpcFailureParts(error);
      event_failed(this.number, name, message, description, isDone, flags, data);
    });
  }
}
