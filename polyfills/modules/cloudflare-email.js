// `cloudflare:email`: https://developers.cloudflare.com/email-routing/email-workers/runtime-api/
//
// Messages can be made; there is no mail server behind Holdfast that would send them.

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
