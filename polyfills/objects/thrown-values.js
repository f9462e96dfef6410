// Headers, and Requests without a body, that a method throws: they reach its caller as what they
// are, as in workerd, although nothing else clones them.

import { Headers } from "../fetch/headers.js";
import { Request } from "../fetch/request.js";

const MARK = "holdfast:thrown";

/** What stands for a thrown value where it is serialized: itself, for the most. */
export function packed(value) {
  if (value instanceof Headers) return { [MARK]: [...value] };
  if (!(value instanceof Request) || value.body !== null) return value;
  const { method, url, headers, redirect, cf } = value;
  return { [MARK]: [...headers], url, init: { method, redirect, cf } };
}

/** The value that `packed` was given, or one like it. */
export function unpacked(copy) {
  const headers = copy?.[MARK];
  if (headers === undefined) return copy;
  if (copy.url === undefined) return new Headers(headers);
  return new Request(copy.url, { ...copy.init, headers });
}
