// Secrets of a Secrets Store:
// https://developers.cloudflare.com/secrets-store/integrations/workers/
//
// A store is the script's own secrets here; that one is missing is said in Miniflare's words.

import { refuseToClone } from "../serialize/index.js";

/** What a binding of the type `secrets_store_secret` puts into `env`. */
class StoreSecret {
  #name;
  #text;

  constructor({ secret, text }) {
    this.#name = secret;
    this.#text = text;
  }

  /** The secret's text. Throws where the script has no secret of its name. */
  async get() {
    if (this.#text === undefined) throw new Error(`Secret "${this.#name}" not found`);
    return this.#text;
  }
}

refuseToClone(StoreSecret);

/** The secret behind a binding. */
export function storeSecretFromHost(binding) {
  return new StoreSecret(binding);
}
