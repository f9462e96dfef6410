// `cloudflare:workers`: https://developers.cloudflare.com/workers/runtime-apis/bindings/

import { compatibility_has, isolate_abort } from "holdfast:ops";
import { lazily } from "../kernel/lazy.js";
import { requireContext } from "../kernel/pending.js";
import { environment } from "../workers/dispatch.js";
import { ownExports } from "../workers/exports.js";

export { RpcPromise, RpcProperty, RpcStub } from "../rpc/stub.js";
export { RpcTarget } from "../rpc/target.js";
export { DurableObject, WorkerEntrypoint, WorkflowEntrypoint } from "../workers/entrypoints.js";
export { ServiceStub } from "../workers/fetcher.js";
export { tracing } from "../workers/tracing.js";

const asyncHooks = lazily("node/async-hooks.js");
let replaced = null; // an AsyncLocalStorage of { env, exports }, once a script replaces some

/** An object that is always the one in force: what `withEnv` gave, or `own`. */
function inForce(own, name, changes) {
  const current = () => replaced?.getStore()?.[name] ?? own;
  return new Proxy(
    {},
    {
      ...changes(current),
      get: (_, key) => Reflect.get(current(), key),
      has: (_, key) => Reflect.has(current(), key),
      ownKeys: () => Reflect.ownKeys(current()),
      getOwnPropertyDescriptor(_, key) {
        const found = Reflect.getOwnPropertyDescriptor(current(), key);
        return found && { ...found, configurable: true };
      },
    },
  );
}

const isImportable = !compatibility_has("disallow_importable_env");

/** The running script's bindings. */
export const env = inForce(isImportable ? environment() : {}, "env", (current) => ({
  set: (_, key, value) => Reflect.set(current(), key, value),
  deleteProperty: (_, key) => Reflect.deleteProperty(current(), key),
  defineProperty: (_, key, descriptor) => Reflect.defineProperty(current(), key, descriptor),
}));

const ignored = () => true;

/** The running script's own entrypoints and Durable Objects, as `ctx.exports`; they do not change. */
export const exports = inForce(isImportable ? ownExports() : {}, "exports", () => ({
  set: ignored,
  deleteProperty: ignored,
  defineProperty: ignored,
}));

/** Call `callback` with another `env` for all that it does, also what goes on later. */
export function withEnv(newEnv, callback) {
  return replacing({ env: usable(newEnv) }, callback);
}

/** Call `callback` with other `exports` for all that it does. */
export function withExports(newExports, callback) {
  return replacing({ exports: usable(newExports) }, callback);
}

/** Call `callback` with another `env` and other `exports`. */
export function withEnvAndExports(newEnv, newExports, callback) {
  return replacing({ env: usable(newEnv), exports: usable(newExports) }, callback);
}

// What is no object leaves the script's own in force.
function usable(value) {
  if (Object(value) === value) return value;
  const isEmpty = value === null || value === undefined;
  return isEmpty && compatibility_has("env_module_nullable_support") ? {} : undefined;
}

function replacing(some, callback) {
  replaced ??= new (asyncHooks().AsyncLocalStorage)();
  return replaced.run({ ...replaced.getStore(), ...some }, callback);
}

/** Keep the running event, or object, alive until the promise settles. */
export function waitUntil(promise) {
  requireContext().waitUntil(promise);
}

/** The name of a method that objects without `ctx.restore()` are never asked for. */
export const restore = Symbol("cloudflare:workers:restore");

/** What `ctx.cache` has, which is nothing: no cache stands in front of a Worker here. */
export const cache = new Proxy(
  {},
  {
    get: () => undefined,
    has: () => false,
    ownKeys: () => [],
    getOwnPropertyDescriptor: () => undefined,
  },
);

/** End the isolate: all that it has under way fails, and what comes next begins in a new one. */
export function abortIsolate(reason) {
  requireContext();
  isolate_abort(reason === undefined ? "" : `${reason}`);
}
