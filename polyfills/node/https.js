// node:https: https://nodejs.org/docs/latest-v20.x/api/https.html

import { Agent as PlainAgent } from "./http-agent.js";
import { argumentsOf, ClientRequest } from "./http-client.js";
import { createServer, Server } from "./http-server.js";

// What tells connections by TLS apart, in the order of their name.
const NAMED = `ca cert clientCertEngine ciphers key pfx rejectUnauthorized servername minVersion maxVersion
  secureProtocol crl honorCipherOrder ecdhCurve dhparam secureOptions sessionIdContext sigalgs
  privateKeyIdentifier privateKeyEngine`.split(/\s+/);
const ALSO_FALSE = new Set(["honorCipherOrder", "rejectUnauthorized"]);

export class Agent extends PlainAgent {
  get usualPort() {
    return 443;
  }

  get usualProtocol() {
    return "https:";
  }

  getName(options = {}) {
    const parts = NAMED.map((name) => {
      const value = options[name];
      if (name === "servername") return value && value !== options.host ? value : "";
      if (name === "sigalgs" && value) return JSON.stringify(value);
      return ALSO_FALSE.has(name) ? (value ?? "") : value || "";
    });
    return [super.getName(options), ...parts].join(":");
  }
}
export const globalAgent = new Agent({ keepAlive: true, scheduling: "lifo", timeout: 5000 });

/** Begins a request; `end()` sends it. */
export function request(input, options = undefined, callback = undefined) {
  const [wanted, listener] = argumentsOf(input, options, callback);
  return new ClientRequest({ ...wanted, _defaultAgent: globalAgent }, listener);
}

export function get(input, options = undefined, callback = undefined) {
  return request(input, options, callback).end();
}

export { createServer, Server };
export default { Agent, createServer, get, globalAgent, request, Server };
