// Serves Workers with static assets by Miniflare, each below `<name>.localhost`; prints the port.
//
// node peer.mjs <folder of node_modules> '[{"name", "directory", "script", "assets", "flags"}, …]'

import { createRequire } from "node:module";

const [modules, described] = process.argv.slice(2);
const { Miniflare } = createRequire(`${modules}/`)("miniflare");

const workers = JSON.parse(described).map(({ name, directory, script, assets, date }) => {
  const first = assets.run_worker_first;
  const rules = Array.isArray(first) ? first : undefined;
  return {
    name,
    modules: [
      {
        type: "ESModule",
        path: "worker.mjs",
        contents: script ?? "export default { fetch: () => new Response(null, { status: 404 }) }",
      },
    ],
    compatibilityDate: date,
    assets: {
      workerName: name,
      directory,
      binding: script === null ? undefined : "ASSETS",
      routerConfig: {
        has_user_worker: script !== null,
        invoke_user_worker_ahead_of_assets: first === true,
        static_routing: rules && {
          user_worker: rules.filter((rule) => !rule.startsWith("!")),
          asset_worker: rules.filter((rule) => rule.startsWith("!")).map((rule) => rule.slice(1)),
        },
      },
      assetConfig: {
        html_handling: assets.html_handling,
        not_found_handling: assets.not_found_handling,
        has_static_routing: rules !== undefined,
        compatibility_date: date,
        compatibility_flags: [],
      },
    },
  };
});

// Routes would lead to the scripts themselves; a service binding leads to what stands before them.
const front = {
  name: "front",
  modules: [
    {
      type: "ESModule",
      path: "front.mjs",
      contents: `export default { fetch(request, env) {
        return env[new URL(request.url).hostname.split(".")[0]].fetch(request);
      } };`,
    },
  ],
  compatibilityDate: "2026-01-01",
  serviceBindings: Object.fromEntries(workers.map(({ name }) => [name, name])),
};

const miniflare = new Miniflare({ port: 0, workers: [front, ...workers], cf: false });
console.log(new URL(await miniflare.ready).port);
process.stdin.on("end", () => miniflare.dispose());
process.stdin.resume();
