// Content codings of a response's body.
//
// What travels is encoded as the Content-Encoding header says; what a script reads is
// not. So a body from elsewhere is decoded when a script first wants its bytes, and a
// body with such a header is encoded when it leaves, except with `encodeBody: "manual"`.
// https://developers.cloudflare.com/workers/runtime-apis/response/#parameters

import { JSON_HEADERS, TEXT_HEADERS } from "holdfast:constants";
import { body_codings } from "holdfast:ops";
import { recordHeader } from "./record.js";

const HEADER = "content-encoding";
let known;

/** Whether raw headers are some of those, the most frequent ones, that name no coding. */
export function isUncoded(raw) {
  return raw === TEXT_HEADERS || raw === JSON_HEADERS || raw === "";
}

/** The coding that a record's headers ask for; undefined for none that we know. */
export function codingOf(record) {
  if (record.headers === null && !hasHeader(record.raw)) return undefined;
  const value = recordHeader(record, HEADER);
  if (value === null) return undefined;
  known ??= new Set(body_codings().split(","));
  const coding = value.trim().toLowerCase();
  return known.has(coding) ? coding : undefined;
}

// Raw headers are not parsed just to learn that the header is not there.
function hasHeader(raw) {
  return raw !== "" && raw.includes("ncoding\n") && (raw.includes(HEADER) || raw.includes("Content-Encoding"));
}
