// `node serve.mjs PORT DATE`: the Workers of this folder in Miniflare.
import { Miniflare } from "miniflare";

const [port, compatibilityDate] = process.argv.slice(2);
const modules = (main) => ({
  name: main,
  modules: [`${main}.mjs`, "observe.mjs"].map((path) => ({ type: "ESModule", path })),
  rootPath: import.meta.dirname,
  modulesRoot: import.meta.dirname,
  compatibilityDate,
  compatibilityFlags: ["nodejs_compat"],
});
const thing = { className: "Thing", scriptName: "subject", useSQLite: true };
const miniflare = new Miniflare({
  port: Number(port),
  workers: [
    {
      ...modules("main"),
      serviceBindings: {
        SUBJECT: "subject",
        ENTRY: { name: "subject", entrypoint: "Entry" },
        CONSUMER: "consumer",
        LOOPED: "looped",
      },
      durableObjects: { THING: thing },
      queueProducers: { Q: "q" },
    },
    {
      ...modules("subject"),
      tails: ["consumer"],
      durableObjects: { THING: { ...thing, scriptName: undefined } },
      queueConsumers: { q: { maxBatchSize: 1, maxBatchTimeout: 0 } },
    },
    modules("consumer"),
    { ...modules("looped"), tails: ["looped"] },
  ],
});
await miniflare.ready;
console.log("ready");
