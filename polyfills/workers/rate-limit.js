// Rate limits: https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/
//
// The host counts; what is said of wrong options is what Wrangler's own simulation says.

import { rate_limit_take } from "holdfast:ops";
import { refuseToClone } from "../serialize/index.js";

const OPTIONS = ["key", "limit", "period"];
const PERIODS_S = [10, 60];

/** What a binding of the type `ratelimit` puts into `env`. */
class Ratelimit {
  #namespaceId;
  #limit;
  #period;

  constructor({ namespaceId, limit, period }) {
    this.#namespaceId = namespaceId;
    this.#limit = limit;
    this.#period = period;
  }

  /** Count a call under `key`; `success` is false where there were too many. */
  async limit(options) {
    require(typeof options === "object" && options !== null, "invalid rate limit options");
    const unknown = Object.keys(options).filter((name) => !OPTIONS.includes(name));
    require(unknown.length === 0, `bad rate limit options: [${unknown.join(",")}]`);
    const { key = "", limit = this.#limit, period = this.#period } = options;
    require(typeof key === "string", `invalid key: ${key}`);
    require(typeof limit === "number", `limit must be a number: ${limit}`);
    require(typeof period === "number", `period must be a number: ${period}`);
    require(PERIODS_S.includes(period), `unsupported period: ${period}`);
    return { success: rate_limit_take(this.#namespaceId, key, limit, period) };
  }
}

refuseToClone(Ratelimit);

function require(isMet, message) {
  if (!isMet) throw new Error(message);
}

/** The rate limit behind a binding. */
export function rateLimitFromHost(binding) {
  return new Ratelimit(binding);
}
