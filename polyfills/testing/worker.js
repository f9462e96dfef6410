// What tests have a Worker do, as its own code.

import { enterTurn } from "../kernel/turns.js";
import { packResult } from "../rpc/call.js";
import { deserialize } from "../serialize/index.js";
import { environment } from "../workers/dispatch.js";
import { ExecutionContext } from "../workers/execution-context.js";
import { RpcEvent } from "../workers/rpc-event.js";

/** Entry point: call `run(env, ctx, ...args)` as an event of the Worker. */
export function runInWorker(number, run, data) {
  if (typeof run !== "function") throw new TypeError("run() takes the text of a function");
  const event = new RpcEvent(number);
  enterTurn(event, start, { event, run, args: deserialize(data) });
}

function start({ event, run, args }) {
  const context = new ExecutionContext(event);
  new Promise((resolve) => resolve(run(environment(), context, ...args)))
    .then((value) => event.succeed(packResult(value, event)))
    .catch((error) => event.fail(error)); // also where the value cannot be given to the test
}
