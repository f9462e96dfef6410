// Mail that a script is given: https://developers.cloudflare.com/email-routing/email-workers/runtime-api/

import { event_return, mail_forward, mail_reply } from "holdfast:ops";
import { encodeUtf8 } from "../encoding/utf8.js";
import { Headers } from "../fetch/headers.js";
import { Response } from "../fetch/response.js";
import { passOutputGate } from "../kernel/pending.js";
import { defineInterface, illegalConstructor } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { CONSTRUCTING, ExtendableEvent } from "../workers/extendable-event.js";
import { TriggerEvent } from "../workers/scheduled.js";
import { compose } from "./builder.js";
import { bytesOfMessage, isEmailMessage } from "./message.js";

/** The event of a mail; its answer tells the host why it is rejected, if it is. */
export class MailEvent extends TriggerEvent {
  rejection = null;

  succeed() {
    const told = encodeUtf8(JSON.stringify({ rejection: this.rejection }));
    this.answer((isDone) => event_return(this.number, told, "", isDone));
  }
}

/** What a handler is given. */
class ForwardableEmailMessage {
  #event;
  #mail;
  #raw;

  constructor() {
    const [key, event, mail] = arguments;
    if (key !== CONSTRUCTING) throw illegalConstructor();
    this.#event = event;
    this.#mail = mail;
  }

  get from() {
    return this.#mail.from;
  }

  get to() {
    return this.#mail.to;
  }

  get headers() {
    return this.#mail.headers;
  }

  /** The whole message, as a stream. */
  get raw() {
    return (this.#raw ??= new Response(this.#mail.bytes).body);
  }

  get rawSize() {
    return this.#mail.bytes.length;
  }

  /** Have whoever has sent the mail told that it is rejected, and why. */
  setReject(reason) {
    this.#event.rejection = `${reason}`;
  }

  /** Hand the mail on, with headers of the form X-*; `{ messageId }` once it is handed over. */
  async forward(rcptTo, headers) {
    const { from, bytes } = this.#mail;
    const more = headers === undefined ? "" : [...new Headers(headers)].flat().join("\n");
    await passOutputGate();
    return { messageId: await mail_forward(from, `${rcptTo}`, more, bytes) };
  }

  /** Answer the sender by an EmailMessage, or by what describes one. */
  async reply(message) {
    const { from, headers, bytes } = this.#mail;
    const { sender, raw } = isEmailMessage(message)
      ? { sender: message.from, raw: await bytesOfMessage(message) }
      : this.#composed(message, headers.get("message-id") ?? "", headers.get("references"));
    await passOutputGate();
    return { messageId: await mail_reply(bytes, sender, from, raw) };
  }

  #composed(builder, messageId, references) {
    const more = [
      ["In-Reply-To", messageId],
      ["References", references === null ? messageId : `${messageId} ${references}`],
    ];
    const { from, raw } = compose({ ...builder, to: this.#mail.from, cc: null, bcc: null }, more);
    return { sender: from, raw };
  }

  static {
    defineInterface(this);
  }
}

/** The event that listeners of a service worker get. */
class EmailEvent extends ExtendableEvent {
  #message;

  constructor() {
    const [key, event, message] = arguments;
    super(key, "email", event);
    this.#message = message;
  }

  get message() {
    return this.#message;
  }

  static {
    defineInterface(this);
  }
}

for (const Class of [ForwardableEmailMessage, EmailEvent]) refuseToClone(Class);

/** The argument of a module's handler; `headers` are names and values, one a line. */
export function createMessage(event, from, to, headers, bytes) {
  const lines = headers.split("\n");
  const told = new Headers();
  for (let i = 0; i + 1 < lines.length; i += 2) {
    try {
      told.append(lines[i], lines[i + 1]);
    } catch {
      // Mails may have headers that HTTP cannot have.
    }
  }
  return new ForwardableEmailMessage(CONSTRUCTING, event, { from, to, headers: told, bytes });
}

export function createEmailEvent(event, message) {
  return new EmailEvent(CONSTRUCTING, event, message);
}
