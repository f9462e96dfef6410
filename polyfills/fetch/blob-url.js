// What fetch() finds under a blob: URL: https://fetch.spec.whatwg.org/#scheme-fetch

import { blobBytes } from "../files/blob.js";
import { parseMimeType } from "./mime.js";
import { recordHeader } from "./record.js";
import { responseFromFetch } from "./response.js";

const RANGE = /^bytes[\t ]*=[\t ]*(\d*)[\t ]*-[\t ]*(\d*)$/;

/** The response to a request for a blob; null where there can be none. */
export function fetchBlob(request) {
  const { blob, method } = request;
  if (blob === undefined || method !== "GET") return null;
  const url = request.url.split("#", 1)[0];
  const bytes = blobBytes(blob);
  const type = `content-type\n${parseMimeType(blob.type) === null ? "" : blob.type}\n`;
  const asked = recordHeader(request, "range");
  if (asked === null || asked === undefined) {
    const raw = `content-length\n${bytes.length}\n${type}`;
    return responseFromFetch(200, "OK", url, raw, bytes);
  }
  const range = rangeOf(asked, bytes.length);
  if (range === null) return null;
  const [start, end] = range;
  const raw =
    `content-length\n${end - start}\n${type}` +
    `content-range\nbytes ${start}-${end - 1}/${bytes.length}\n`;
  return responseFromFetch(206, "Partial Content", url, raw, bytes.slice(start, end));
}

/** [start, end], or null: https://fetch.spec.whatwg.org/#simple-range-header-value */
function rangeOf(value, size) {
  const [, first, last] = RANGE.exec(value) ?? ["", "", ""];
  if (first === "" && last === "") return null;
  if (first === "") return [Math.max(size - last, 0), size];
  const end = last === "" ? size : Math.min(+last + 1, size);
  return +first < end ? [+first, end] : null;
}
