// What handlers want done around and in place of a token.

import { isReadableStream } from "../streams/brand.js";
import { isResponse } from "../fetch/response.js";
import { toDictionary } from "../kernel/webidl.js";

const NO_STREAMS =
  "Replacing content in HTML comments using a ReadableStream or Response object is not " +
  "implemented. You must provide a string.";

/** The content that a method of a token was given: text, or a stream that is still to be read. */
export function toContent(value, options) {
  const html = !!toDictionary(options, "The content options").html;
  if (isReadableStream(value)) return { stream: value, html };
  if (isResponse(value)) return value.body === null ? { text: "", html } : { stream: value.body, html };
  return { text: `${value}`, html };
}

/** The same where streams are refused. */
export function toTextContent(value, options) {
  const content = toContent(value, options);
  if (content.text === undefined) throw new TypeError(NO_STREAMS);
  return content;
}

/** Pieces of content, as toContent makes them, and whether the token itself goes. */
export class Mutations {
  before = [];
  replacement = [];
  after = [];
  removed = false;

  replaceWith(content) {
    this.replacement = [content];
    this.removed = true;
  }

  /** What was to take the token's place stays. */
  remove() {
    this.removed = true;
  }
}
