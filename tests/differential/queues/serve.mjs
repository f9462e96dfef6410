// `node serve.mjs PORT DATE QUEUES`: the Worker of main.mjs with its queues in Miniflare.
import { Miniflare } from "miniflare";

const [port, compatibilityDate, queues] = process.argv.slice(2);
const { producers, consumers } = JSON.parse(queues);
const miniflare = new Miniflare({
  modules: [{ type: "ESModule", path: "main.mjs" }, { type: "ESModule", path: "observe.mjs" }],
  rootPath: import.meta.dirname,
  modulesRoot: import.meta.dirname,
  port: Number(port),
  compatibilityDate,
  queueProducers: Object.fromEntries(
    producers.map(({ binding, queue, delivery_delay }) => [binding, { queueName: queue, deliveryDelay: delivery_delay }]),
  ),
  queueConsumers: Object.fromEntries(
    consumers.map(({ queue, ...given }) => [
      queue,
      {
        maxBatchSize: given.max_batch_size,
        maxBatchTimeout: given.max_batch_timeout,
        maxRetries: given.max_retries,
        deadLetterQueue: given.dead_letter_queue,
        retryDelay: given.retry_delay,
      },
    ]),
  ),
});
await miniflare.ready;
console.log("ready");
