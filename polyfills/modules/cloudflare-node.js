// The module `cloudflare:node`: servers of node:http as fetch handlers.
// https://developers.cloudflare.com/workers/runtime-apis/nodejs/http/#server-side-methods

import { answerAt } from "../node/http-server.js";

const MAX_PORT = 65_535;

function checkedPort(port) {
  if (!Number.isFinite(port) || port < 0 || port > MAX_PORT)
    throw new Error("Failed to determine port for server");
  return port;
}

/** The port of a number, of `{ port }`, or of a server, which listens from then on. */
function portOf(server) {
  if (typeof server === "number") return checkedPort(server);
  if (server === undefined || server === null)
    throw new Error("Server descriptor cannot be null or undefined");
  if (typeof server.port === "number" || typeof server.listen !== "function")
    return checkedPort(server.port);
  if (server.address() === null) server.listen();
  return checkedPort(server.address()?.port);
}

/** Let the server at this port answer a request. */
export async function handleAsNodeRequest(server, request, env = undefined, ctx = undefined) {
  const port = checkedPort(typeof server === "number" ? server : server?.port);
  return answerAt(port, request, env, ctx);
}

/** A handler to export: `export default httpServerHandler({ port: 3000 })`. */
export function httpServerHandler(server) {
  const port = portOf(server);
  return { fetch: (request, env, ctx) => answerAt(port, request, env, ctx) };
}
