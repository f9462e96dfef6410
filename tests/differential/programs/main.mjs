// Makes a program from a seed (GET /area?seed=1), or takes one (POST /area), runs it, and tells both
// the program and what it observed.
import { randomness } from "../observe.mjs";
import * as facets from "./facets.mjs";
import * as gates from "./gates.mjs";
import * as rpc from "./rpc.mjs";
import * as sockets from "./sockets.mjs";
import * as storage from "./storage.mjs";

export { FacetOther, FacetPrograms } from "./facets.mjs";
export { GatePrograms } from "./gates.mjs";
export { RpcEntry, RpcPrograms } from "./rpc.mjs";
export { SocketPrograms } from "./sockets.mjs";
export { StoragePrograms } from "./storage.mjs";

const areas = { facets, gates, rpc, sockets, storage };

export default {
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    const { generate, run } = areas[pathname.slice(1)];
    const isGiven = request.method === "POST";
    const program = isGiven ? await request.json() : generate(randomness(searchParams.get("seed") * 7919));
    return Response.json({ program, seen: await run(program, env, ctx) });
  },
};
