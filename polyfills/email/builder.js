// Messages that a script describes instead of writing MIME: { from, to, subject, text, html, … }.
// https://developers.cloudflare.com/email-service/api/send-emails/workers-api/

import { mail_compose } from "holdfast:ops";
import { atob } from "../encoding/base64.js";
import { concatenate } from "../files/blob.js";
import { bytesOf, isArrayBuffer } from "../kernel/buffers.js";
import { toUSVString } from "../kernel/webidl.js";

const isMissing = (value) => value === undefined || value === null;
const textOf = (value) => (isMissing(value) ? null : toUSVString(value));

// "Ada <ada@example.com>", where the name may stand in quotes.
const NAMED = /^\s*(?:"((?:[^"\\]|\\.)*)"|([^"<>]*?))\s*<([^<>\s]+)>\s*$/;

// [name, address]
function addressOf(given) {
  if (typeof given !== "string") return [textOf(given.name) ?? "", toUSVString(given.email)];
  const [, quoted, plain, address] = NAMED.exec(given) ?? [];
  if (address === undefined) return ["", given];
  return [quoted?.replace(/\\(.)/g, "$1") ?? plain, address];
}

function addresses(given) {
  if (isMissing(given)) return [];
  return (Array.isArray(given) ? given : [given]).map(addressOf);
}

/**
 * { from, to, raw }: who sends it, all who get it, and its MIME, with `more` headers as
 * [name, value].
 */
export function compose(builder, more = []) {
  if (isMissing(builder?.from)) throw new TypeError("the email has no sender: it needs from");
  const from = addressOf(builder.from);
  const [to, cc, bcc] = [builder.to, builder.cc, builder.bcc].map(addresses);
  const attachments = [...(builder.attachments ?? [])];
  const contents = attachments.map(bytesOfAttachment);
  const fields = {
    from,
    to,
    cc,
    replyTo: isMissing(builder.replyTo) ? null : addressOf(builder.replyTo),
    subject: textOf(builder.subject) ?? "",
    headers: [...Object.entries(builder.headers ?? {}), ...more].map((pair) => pair.map(toUSVString)),
    text: textOf(builder.text),
    html: textOf(builder.html),
    attachments: attachments.map(({ filename, type, disposition, contentId }, place) => ({
      filename: toUSVString(filename),
      type: textOf(type) ?? "application/octet-stream",
      disposition: textOf(disposition) ?? "attachment",
      contentId: textOf(contentId),
      length: contents[place].length,
    })),
  };
  const raw = mail_compose(JSON.stringify(fields), concatenate(contents));
  return { from: from[1], to: [...to, ...cc, ...bcc].map(([, address]) => address), raw };
}

// A text is base64.
function bytesOfAttachment({ content, filename }) {
  if (ArrayBuffer.isView(content) || isArrayBuffer(content)) return bytesOf(content);
  try {
    return Uint8Array.from(atob(content), (byte) => byte.charCodeAt(0));
  } catch {
    throw new TypeError(`the content of the attachment ${filename} is neither bytes nor base64`);
  }
}
