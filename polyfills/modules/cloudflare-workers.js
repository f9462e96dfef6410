// `cloudflare:workers`: https://developers.cloudflare.com/workers/runtime-apis/bindings/

import { requireContext } from "../kernel/pending.js";
import { environment } from "../workers/dispatch.js";
import { ownExports } from "../workers/exports.js";

export { RpcPromise, RpcProperty, RpcStub } from "../rpc/stub.js";
export { RpcTarget } from "../rpc/target.js";
export { DurableObject, WorkerEntrypoint } from "../workers/entrypoints.js";
export { Fetcher as ServiceStub } from "../workers/fetcher.js";

/** The running script's bindings. */
export const env = environment();

/** The running script's own entrypoints and Durable Objects, as `ctx.exports`. */
export const exports = ownExports();

/** Keep the running event, or object, alive until the promise settles. */
export function waitUntil(promise) {
  requireContext().waitUntil(promise);
}
