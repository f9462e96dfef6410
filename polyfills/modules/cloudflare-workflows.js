// The module `cloudflare:workflows`, so that scripts which export Workflows beside other things load:
// https://developers.cloudflare.com/workflows/build/workers-api/#nonretryableerror

/** An error after which a step is not tried again. */
export class NonRetryableError extends Error {
  constructor(message, name = "NonRetryableError") {
    super(message);
    this.name = name;
  }
}
