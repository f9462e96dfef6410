// `cloudflare:workers`: https://developers.cloudflare.com/workers/runtime-apis/bindings/

/** The base class of Durable Objects; keeps `ctx` and `env` for its subclasses. */
export class DurableObject {
  constructor(ctx, env) {
    this.ctx = ctx;
    this.env = env;
  }
}
