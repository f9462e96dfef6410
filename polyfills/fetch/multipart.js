// multipart/form-data: written here, taken apart by the host, which finds boundaries in
// bytes much faster.
// https://html.spec.whatwg.org/#multipart-form-data
// https://andreubotella.github.io/multipart-form-data/#multipart-form-data-parser

import { multipart_boundary, multipart_parse } from "holdfast:ops";
import { encodeUtf8 } from "../encoding/utf8.js";
import { blobBytes, concatenate } from "../files/blob.js";
import { fileFromBytes } from "../files/file.js";
import { formEntries, formFromEntries } from "./form-data.js";
import { extractMimeType, serializeMimeType } from "./mime.js";

/** A form as { bytes, boundary }. */
export function encodeMultipart(form) {
  const boundary = multipart_boundary();
  const chunks = [];
  let text = "";
  for (const [name, value] of formEntries(form)) {
    const field = escape(normalizeNewlines(name));
    text += `--${boundary}\r\nContent-Disposition: form-data; name="${field}"`;
    if (typeof value === "string") {
      text += `\r\n\r\n${normalizeNewlines(value)}\r\n`;
    } else {
      const type = value.type || "application/octet-stream";
      text += `; filename="${escape(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`;
      chunks.push(encodeUtf8(text), blobBytes(value));
      text = "\r\n";
    }
  }
  chunks.push(encodeUtf8(`${text}--${boundary}--\r\n`));
  return { bytes: concatenate(chunks), boundary };
}

function normalizeNewlines(text) {
  return text.replace(/\r\n?|\n/g, "\r\n");
}

const ESCAPES = { "\n": "%0A", "\r": "%0D", '"': "%22" };

function escape(text) {
  return text.replace(/[\n\r"]/g, (character) => ESCAPES[character]);
}

/** The form in these bytes. Throws TypeError for what is no multipart/form-data. */
export function decodeMultipart(bytes, boundary) {
  // Per part: [name, value], or [name, file name, Content-Type, start, end] with the place of
  // the file's content in `bytes`.
  const parts = JSON.parse(multipart_parse(bytes, boundary));
  return formFromEntries(
    parts.map(([name, value, type, start, end]) =>
      start === undefined
        ? [name, value]
        : [name, fileFromBytes(bytes.slice(start, end), value, typeFrom(type), 0)],
    ),
  );
}

function typeFrom(header) {
  const mimeType = extractMimeType(header);
  return mimeType === null ? "" : serializeMimeType(mimeType);
}
