/**
 * An error after which a step is not tried again:
 * https://developers.cloudflare.com/workflows/build/workers-api/#nonretryableerror
 */
export class NonRetryableError extends Error {
  constructor(message, name = "NonRetryableError") {
    super(message);
    this.name = name;
  }
}
