// Agents of node:http and node:https. They keep connections in Node.js; here they are bags of
// options, since the runtime keeps them: https://nodejs.org/docs/latest-v20.x/api/http.html#class-httpagent

import { absentFrom, invalidType, outOfRange, requireOneOf } from "./errors.js";
import { EventEmitter } from "./events.js";

export class Agent extends EventEmitter {
  static defaultMaxSockets = Infinity;

  freeSockets = Object.create(null);
  sockets = Object.create(null);
  requests = Object.create(null);
  totalSocketCount = 0;

  constructor(options = undefined) {
    super();
    this.options = { __proto__: null, noDelay: true, ...options, path: null };
    const { maxTotalSockets } = this.options;
    this.defaultPort = this.options.defaultPort || this.usualPort;
    this.protocol = this.options.protocol || this.usualProtocol;
    this.keepAliveMsecs = this.options.keepAliveMsecs || 1000;
    this.keepAlive = this.options.keepAlive || false;
    this.maxSockets = this.options.maxSockets || Agent.defaultMaxSockets;
    this.maxFreeSockets = this.options.maxFreeSockets || 256;
    this.scheduling = this.options.scheduling || "lifo";
    this.maxTotalSockets = maxTotalSockets ?? Infinity;
    requireOneOf(this.scheduling, "scheduling", ["fifo", "lifo"]);
    if (typeof this.maxTotalSockets !== "number")
      throw invalidType("maxTotalSockets", "number", maxTotalSockets);
    if (!(this.maxTotalSockets >= 1)) throw outOfRange("maxTotalSockets", ">= 1", maxTotalSockets);
  }

  get usualPort() {
    return 80;
  }

  get usualProtocol() {
    return "http:";
  }

  getName({ host, port, localAddress, family, socketPath } = {}) {
    const name = `${host || "localhost"}:${port || ""}:${localAddress || ""}`;
    return name + (family === 4 || family === 6 ? `:${family}` : "") + (socketPath ? `:${socketPath}` : "");
  }

  createConnection() {
    return absentFrom("http.Agent").createConnection();
  }

  addRequest() {}
  createSocket() {}
  removeSocket() {}
  keepSocketAlive() {
    return false;
  }
  reuseSocket() {}
  destroy() {}
}
