// `cloudflare:workers`: https://developers.cloudflare.com/workers/runtime-apis/bindings/

import { requireContext } from "../kernel/pending.js";
import { environment } from "../workers/dispatch.js";

class Entrypoint {
  constructor(ctx, env) {
    this.ctx = ctx;
    this.env = env;
  }
}

/** The base class of Durable Objects; keeps `ctx` and `env` for its subclasses. */
export class DurableObject extends Entrypoint {}

/** The base class of Workers that are classes. */
export class WorkerEntrypoint extends Entrypoint {}

/** The base class of what may be passed by reference. */
export class RpcTarget {}

/** The running script's bindings. */
export const env = environment();

/** Keep the running event, or object, alive until the promise settles. */
export function waitUntil(promise) {
  requireContext().waitUntil(promise);
}
