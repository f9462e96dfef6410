// An instance as the API lists and describes it, in the words of Cloudflare's.
// https://developers.cloudflare.com/api/resources/workflows/

import { TextDecoder } from "../encoding/text-decoder.js";
import { serialize } from "../serialize/index.js";

const REDACTED = "[REDACTED]";
const LEFT_OUT = "[LEFT OUT: the results before this one fill the report]";
const MAX_RESULT_BYTES = 8 * 1_048_576; // of all steps in a report, since an isolate has to hold them
const MAX_STREAM_SHOWN = 1_024; // characters
const MAX_UTF8_BYTES = 4; // of a character

const time = (ms) => (ms === undefined || ms === null ? null : new Date(ms).toISOString());

/** What a listing tells. */
export function summaryOf(journal, status) {
  const { id, timestamp } = journal.instance;
  const { started, ended } = journal.state;
  return {
    id,
    status,
    created_on: timestamp.toISOString(),
    modified_on: time(ended ?? started ?? timestamp),
    started_on: time(started),
    ended_on: time(ended),
  };
}

/** All that is known, its steps included. */
export function reportOf(journal, status) {
  const { timestamp, source } = journal.instance;
  const { started, ended, error, rollback } = journal.state;
  const known = journal.steps.filter(({ type }) => type !== "rollback");
  let room = MAX_RESULT_BYTES;
  const resultOf = (step) => {
    if (room < 0) return LEFT_OUT;
    if (step.stream) return beginningOf(journal, step);
    const result = journal.resultOf(step);
    room -= serialize(result).length;
    return result;
  };
  const steps = known.map((step) => describe(step, resultOf));
  if (status === "terminated") steps.push({ type: "termination", trigger: { source: "api" } });
  return {
    status,
    params: journal.params,
    trigger: { source },
    queued: timestamp.toISOString(),
    start: time(started),
    end: time(ended),
    success: ended === undefined ? null : status === "complete",
    error: error ?? null,
    output: journal.output,
    ...(rollback && { rollback }),
    step_count: known.length,
    steps,
  };
}

// The beginning of a stream that is text, in characters.
function beginningOf(journal, step) {
  const { length } = step.stream;
  const most = MAX_STREAM_SHOWN * MAX_UTF8_BYTES;
  const bytes = journal.pieceOf(step, 0)?.subarray(0, most) ?? new Uint8Array();
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: length > bytes.length });
    const isWhole = text.length <= MAX_STREAM_SHOWN && length === bytes.length;
    return isWhole ? text : `${text.slice(0, MAX_STREAM_SHOWN)}[truncated output]`;
  } catch {
    return `[ReadableStream (binary): ${length} bytes]`;
  }
}

function describe(step, resultOf) {
  const { type, name, count, start, end, error, config, attempts, wake } = step;
  const common = { name: `${name}-${count}`, start: time(start) };
  if (type === "sleep") {
    return { ...common, type, end: time(end ?? wake), finished: end !== null, error: null };
  }
  const isHidden = config?.sensitive === "output";
  const output = isHidden ? REDACTED : end === null || error ? null : resultOf(step);
  if (type === "waitForEvent") {
    const finished = end !== null;
    return { ...common, type, end: time(end ?? wake), finished, error: error ?? null, output };
  }
  return {
    ...common,
    type: "step",
    end: time(end),
    config,
    attempts: attempts.map((one) => ({ ...one, start: time(one.start), end: time(one.end) })),
    success: end === null ? null : !error,
    output,
  };
}
