// ExecutionContext: https://developers.cloudflare.com/workers/runtime-apis/context/

/** The third argument of a module worker's handlers. */
export class ExecutionContext {
  #event;

  constructor(event) {
    this.#event = event;
  }

  /** Keep the event alive after its response until the promise settles. */
  waitUntil(promise) {
    this.#event.waitUntil(promise);
  }

  /**
   * Accepted for compatibility: on Cloudflare a request falls through to the origin
   * when the handler throws; here no origin lies behind a Worker.
   */
  passThroughOnException() {}

  get [Symbol.toStringTag]() {
    return "ExecutionContext";
  }
}
