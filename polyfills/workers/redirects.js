// Redirects that Workers and objects answer with: like those of the network, they are followed
// to the same Worker or object, unless the request came from elsewhere or says otherwise.
// https://fetch.spec.whatwg.org/#http-redirect-fetch

import { createRequestRecord } from "../fetch/request.js";

const MAX_REDIRECTS = 20;
const NO_TARGET = "Invalid Location header; unable to follow redirect.";
const USED =
  "A request with a one-time-use body (it was initialized from a stream, not a buffer) " +
  "encountered a redirect requiring the body to be retransmitted. To avoid this error in the " +
  "future, construct this request from a buffer-like body initializer.";
const OF_THE_BODY = [
  ...["encoding", "language", "length", "location", "type"].map((name) => `content-${name}`),
  "transfer-encoding",
];
const CREDENTIALS = ["authorization", "cookie", "proxy-authorization"];
const { URL } = globalThis;

/**
 * The record of the request that follows where the one of a record was answered with a
 * redirect; `repeat` is what crossing.js keeps of it. Throws TypeError.
 */
export function redirected({ method, url, raw, visited: before }, repeat, status, location) {
  if (repeat.mode === "error") throw new TypeError(`Unexpected redirect of ${url}.`);
  const target = URL.parse(location, url);
  if (target === null || !target.protocol.startsWith("http")) throw new TypeError(NO_TARGET);
  const visited = [...before, url];
  if (visited.length > MAX_REDIRECTS) throw new TypeError(`Too many redirects.${visited.join(", ")}`);
  let { body } = repeat;
  if (status !== 303 && body === undefined) throw new TypeError(USED);
  const dropped = target.origin === new URL(url).origin ? [] : [...CREDENTIALS];
  const turnsToGet =
    ((status === 301 || status === 302) && method === "POST") ||
    (status === 303 && method !== "GET" && method !== "HEAD");
  if (turnsToGet) {
    method = "GET";
    body = null;
    dropped.push(...OF_THE_BODY);
  }
  const record = createRequestRecord(target.href, { method });
  record.raw = without(raw, dropped);
  record.source = body;
  record.visited = visited;
  return record;
}

function without(raw, names) {
  if (names.length === 0) return raw;
  const lines = raw.split("\n");
  let kept = "";
  for (let i = 0; i + 1 < lines.length; i += 2) {
    if (!names.includes(lines[i].toLowerCase())) kept += `${lines[i]}\n${lines[i + 1]}\n`;
  }
  return kept;
}
