// `EmailMessage` of `cloudflare:email`.
// https://developers.cloudflare.com/email-routing/email-workers/send-email-workers/

import { Response } from "../fetch/response.js";
import { isObject } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";

let isMessage, rawOf;

/** A message to be sent. `raw` is its text in MIME, as a string or a stream. */
export class EmailMessage {
  #from;
  #to;
  #raw;

  constructor(from, to, raw) {
    this.#from = `${from}`;
    this.#to = `${to}`;
    this.#raw = raw;
  }

  static {
    isMessage = (value) => isObject(value) && #raw in value;
    rawOf = (message) => message.#raw;
  }

  get from() {
    return this.#from;
  }

  get to() {
    return this.#to;
  }

  get raw() {
    return this.#raw;
  }
}

refuseToClone(EmailMessage);

/** Whether a value is an EmailMessage. */
export const isEmailMessage = (value) => isMessage(value);

/** The bytes of a message, whose stream is read. */
export async function bytesOfMessage(message) {
  return new Uint8Array(await new Response(rawOf(message)).arrayBuffer());
}
