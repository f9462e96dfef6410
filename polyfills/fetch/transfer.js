// Bodies on their way to the host.

import {
  body_abort,
  body_cancel,
  body_close,
  body_decode,
  body_drain,
  body_encode,
  body_move,
  body_open,
  body_watch,
  body_write,
} from "holdfast:ops";
import { encodeUtf8 } from "../encoding/utf8.js";
import { bytesOf } from "../kernel/buffers.js";
import { identityOf, isStandardError } from "../kernel/errors.js";
import { passOutputGate, requireContext } from "../kernel/pending.js";
import { isLocked, knownLength, lockedReader } from "../streams/on-demand.js";
import { HostBody, isByRpc, takeBody } from "./body-sources.js";
import { checkUsable } from "./body.js";
import { codingOf, isUncoded } from "./codings.js";
import { rawOfHeaders } from "./headers.js";
import { rawHeadersOf } from "./record.js";
import { requestRecord } from "./request.js";
import { responseRecord } from "./response.js";

const LOCKED = "The ReadableStream has been locked to a reader.";
const OBJECT_CHUNK =
  "This TransformStream is being used as a byte stream, but received an object of " +
  "non-ArrayBuffer/ArrayBufferView type on its writable side.";

/** The raw header string of a Response, a Request or Headers. */
export function rawHeaders(object) {
  const record = responseRecord(object) ?? requestRecord(object);
  return record === undefined ? rawOfHeaders(object) : rawHeadersOf(record);
}

/**
 * The body of a Request or a Response for an op, which takes it over: undefined, a
 * string, a Uint8Array, or the handle of a body on the host, which the op must take over
 * before it returns. The body counts as used; throws TypeError if it was already. A body
 * that came from the host and that nobody has touched goes back by its handle; any other
 * stream is pumped from now on.
 */
export function bodyForHost(object) {
  const response = responseRecord(object);
  if (response !== undefined) return responseBodyForHost(response);
  return recordBodyForHost(requestRecord(object));
}

/** The same of a response's record; `client`, if any, is told where it leaves in the middle. */
export function responseBodyForHost(record, client = null) {
  if (isPlainText(record)) return takeText(record);
  const { coding } = record;
  const wanted = record.encodeBody === "manual" ? coding : codingOf(record);
  let body = recordBodyForHost(record, noReason, client);
  if (body === undefined || coding === wanted) return body;
  if (coding !== undefined) body = body_decode(body, coding);
  return wanted === undefined ? body : body_encode(body, wanted);
}

/** Whether a response's body is a string with nothing to it: not used, streamed or encoded. */
export function isPlainText(record) {
  return (
    typeof record.source === "string" &&
    record.stream === null &&
    !record.used &&
    record.headers === null &&
    isUncoded(record.raw)
  );
}

/** The body of such a record, which counts as used. */
export function takeText(record) {
  const text = record.source;
  record.used = true;
  record.source = "";
  return text.isWellFormed() ? text : text.toWellFormed();
}

/**
 * The same of a request's record, and of a response's in the coding that it has. `whyLeft` makes
 * the reason that a stream is cancelled with when its reader leaves.
 */
export function recordBodyForHost(record, whyLeft = lost, client = null) {
  const { source } = record;
  if (source === null) return undefined;
  checkUsable(record);
  record.used = true;
  if (record.stream !== null) {
    const body = client !== null && isByRpc(record.stream) ? undefined : takeBody(record.stream);
    return body === undefined ? startPump(record.stream, whyLeft, client) : forOp(body);
  }
  record.source = "";
  return forOp(source);
}

function forOp(body) {
  if (typeof body === "string") return body.isWellFormed() ? body : body.toWellFormed();
  return body instanceof HostBody ? body.handle : body;
}

/** Throws TypeError for a stream that is locked. */
export function checkUnlocked(stream) {
  if (isLocked(stream)) throw new TypeError(LOCKED);
}

/** The content of a stream as `bodyForHost` gives it; throws TypeError if it is locked. */
export function streamForHost(stream, whyLeft = lost) {
  checkUnlocked(stream);
  const body = takeBody(stream);
  return body === undefined ? startPump(stream, whyLeft) : forOp(body);
}

// What workerd tells the stream behind a request and behind a response.
const lost = (reason) => new Error(reason);
const noReason = () => undefined;

/** A body for an op, once the output gate lets it pass; it is kept meanwhile. */
export async function throughGate(body) {
  const gate = passOutputGate();
  if (gate === undefined) return body;
  const kept = typeof body === "number" ? body_move(body) : body;
  try {
    await gate;
  } catch (error) {
    if (typeof kept === "number") body_cancel(kept);
    throw error;
  }
  return kept;
}

/** Pump a stream into a body of the host; the handle of that. */
function startPump(stream, whyLeft, client = null) {
  const handle = body_open(knownLength(stream) ?? -1);
  const reader = lockedReader(stream);
  // The receiver may leave while the stream has nothing to say.
  const watching = body_watch(handle).then((reason) => {
    if (reason === undefined) return;
    client?.leave();
    reader.cancel(whyLeft(reason));
  });
  const context = requireContext();
  const { life } = context;
  const breakOff = (error) => body_abort(handle, ...describe(error));
  (life.pumps ??= new Set()).add(breakOff);
  // An answer may leave after its object's end: what it says further never comes.
  if (context.gate !== null && life.error !== null) breakOff(life.error);
  pump(reader, handle, whyLeft).then(() => life.pumps.delete(breakOff));
  // What a Worker's event still has to say keeps it alive.
  context.waitUntil?.(watching);
  return handle;
}

/** Have the readers of what a life was about to say see this error: it says no more. */
export function breakOffPumps(life, error) {
  if (life.pumps !== null) for (const breakOff of life.pumps) breakOff(error);
}

async function pump(reader, handle, whyLeft) {
  let bytes;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes = bytesOfChunk(value);
      if (!body_write(handle, bytes)) await body_drain(handle);
      bytes = undefined;
    }
    body_close(handle);
  } catch (error) {
    body_abort(handle, ...describe(error));
    // With bytes at hand, it is the reader that took no more.
    reader.cancel(bytes === undefined ? error : whyLeft(error.message));
  }
}

/** Name and message of an error as its reader sees it, who knows the standard's classes only. */
function describe(error) {
  const [name, message] = identityOf(error);
  return [isStandardError(error, name) ? name : "Error", message];
}

/** The bytes of a chunk. As in workerd, a text is as good as them where a body leaves: frameworks rely on it. */
export function bytesOfChunk(chunk) {
  if (typeof chunk === "string") return encodeUtf8(chunk);
  try {
    return bytesOf(chunk);
  } catch {
    throw new TypeError(OBJECT_CHUNK);
  }
}
