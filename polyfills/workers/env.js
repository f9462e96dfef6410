// `env`: what a script's bindings look like from inside.

import { lazily } from "../kernel/lazy.js";
import { ownValue } from "../kernel/own-properties.js";
import { namespaceFromHost } from "../objects/namespace.js";
import { serviceFromHost } from "./fetcher.js";

const kv = lazily("kv/namespace.js");
const d1 = lazily("d1/database.js");
const queues = lazily("queues/producer.js");
const r2 = lazily("r2/bucket.js");
const wasm = lazily("wasm/module.js");
const rateLimits = lazily("workers/rate-limit.js");
const analytics = lazily("workers/analytics.js");
const hyperdrive = lazily("workers/hyperdrive.js");
const storeSecrets = lazily("workers/store-secret.js");
const email = lazily("email/binding.js");
const workflows = lazily("workflows/binding.js");
const loaders = lazily("workers/loader.js");
const loaded = lazily("workers/loaded.js");

const makers = {
  plain_text: (binding) => binding.text,
  secret_text: (binding) => binding.text,
  json: (binding) => JSON.parse(binding.json),
  kv_namespace: (binding) => kv().kvFromHost(binding),
  d1: (binding) => d1().d1FromHost(binding),
  queue: (binding) => queues().queueFromHost(binding),
  r2_bucket: (binding) => r2().bucketFromHost(binding),
  hyperdrive: (binding) => hyperdrive().hyperdriveFromHost(binding),
  secrets_store_secret: (binding) => storeSecrets().storeSecretFromHost(binding),
  ratelimit: (binding) => rateLimits().rateLimitFromHost(binding),
  analytics_engine: () => analytics().analyticsFromHost(),
  wasm_module: (binding) => wasm().moduleNamed(binding.module),
  durable_object_namespace: namespaceFromHost,
  send_email: (binding) => email().sendEmailFromHost(binding),
  workflow: (binding) => workflows().workflowFromHost(binding),
  worker_loader: (binding) => loaders().loaderFromHost(binding),
  service: serviceFromHost,
  assets: serviceFromHost,
};

/** Define the host's bindings as properties of `target`: `env`, or the global object. */
export function addBindings(target, bindings) {
  for (const binding of bindings) {
    if (binding.type === "loaded") addValues(target, loaded().prepareLoaded(binding));
    else ownValue(target, binding.name, makers[binding.type](binding));
  }
}

function addValues(target, values) {
  for (const name of Object.keys(values)) ownValue(target, name, values[name]);
}
