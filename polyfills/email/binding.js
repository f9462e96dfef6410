// What a binding of the type `send_email` puts into `env`.
// https://developers.cloudflare.com/email-routing/email-workers/send-email-workers/

import { mail_send } from "holdfast:ops";
import { passOutputGate } from "../kernel/pending.js";
import { refuseToClone } from "../serialize/index.js";
import { compose } from "./builder.js";
import { bytesOfMessage, isEmailMessage } from "./message.js";

const NOBODY = "the email has no recipient: it needs to, cc or bcc";

let make;

class SendEmail {
  #number;

  /** Send an EmailMessage, or what describes one; `{ messageId }` once it is handed over. */
  async send(message) {
    const number = this.#number;
    const { from, to, raw } = isEmailMessage(message)
      ? { from: message.from, to: [message.to], raw: await bytesOfMessage(message) }
      : compose(message);
    if (to.length === 0) throw new Error(NOBODY);
    await passOutputGate();
    return { messageId: await mail_send(number, from, to.join("\n"), raw) };
  }

  get [Symbol.toStringTag]() {
    return "SendEmail";
  }

  static {
    make = (number) => {
      const binding = new SendEmail();
      binding.#number = number;
      return binding;
    };
  }
}

refuseToClone(SendEmail);

/** The object behind a binding. */
export function sendEmailFromHost({ number }) {
  return make(number);
}
