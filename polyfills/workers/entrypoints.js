// The classes that scripts extend, to be reached by events and calls.
// https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/rpc/

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

/** The base class of Workflows; see workflows/engine.js. */
export class WorkflowEntrypoint extends Entrypoint {}
