// Tests that are written in JavaScript, as workerd has them: exports with a method `test`.
// https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp

import { enterTurn } from "../kernel/turns.js";
import { pack, TRANSFER } from "../rpc/message.js";
import { environment, exportedByScript } from "../workers/dispatch.js";
import { ExecutionContext } from "../workers/execution-context.js";
import { isObjectClass } from "../workers/exports.js";
import { RpcEvent } from "../workers/rpc-event.js";

/** What a test throws that is not to be run here. */
class TestSkipped extends Error {
  name = "TestSkipped";
}

/** The first argument of a test. */
class TestController {
  /** End the test as skipped. */
  skip(reason = "") {
    throw new TestSkipped(String(reason));
  }

  get [Symbol.toStringTag]() {
    return "TestController";
  }
}

/** Entry point: the names of the exports that are tests, a line each. */
export function listTests() {
  const exported = exportedByScript();
  return Object.keys(exported ?? {})
    .filter((name) => isTest(exported[name]))
    .join("\n");
}

function isTest(target) {
  if (typeof target !== "function") return typeof target?.test === "function";
  return !isObjectClass(target) && typeof target.prototype?.test === "function";
}

/** Entry point: run the test that this export is. */
export function runTest(number, name) {
  const event = new RpcEvent(number);
  enterTurn(event, start, { event, target: exportedByScript()[name] });
}

function start({ event, target }) {
  const context = new ExecutionContext(event);
  const env = environment();
  new Promise((resolve) => {
    const object = typeof target === "function" ? new target(context, env) : target;
    resolve(object.test(new TestController(), env, context));
  }).then(
    () => event.succeed(pack([], event, TRANSFER)),
    (error) => event.fail(error),
  );
}
