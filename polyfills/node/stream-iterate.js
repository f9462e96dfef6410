// The chunks of a Readable as an async iterator.
// https://nodejs.org/docs/latest-v20.x/api/stream.html#readablesymbolasynciterator

import { nodeError } from "./errors.js";

/** Ends with the stream, which is destroyed when the loop ends early. */
export async function* chunksOf(stream, options) {
  let wake = () => {};
  let error;
  let ended = false;
  const onReadable = () => wake();
  const onEnd = () => {
    ended = true;
    wake();
  };
  const onError = (failure) => {
    error ??= failure;
    wake();
  };
  const onClose = () => {
    if (!ended && !error) {
      if (stream.readableEnded || stream._readableState?.ended) ended = true;
      else error = nodeError(Error, "ERR_STREAM_PREMATURE_CLOSE", "Premature close");
    }
    wake();
  };
  if (stream._readableState?.errored) error = stream._readableState.errored;
  else if (stream.readableEnded) ended = true;
  else if (stream.destroyed)
    error = nodeError(Error, "ERR_STREAM_PREMATURE_CLOSE", "Premature close");
  stream.on("readable", onReadable).on("end", onEnd).on("error", onError).on("close", onClose);
  let completed = false;
  try {
    for (;;) {
      const chunk = stream.destroyed ? null : stream.read();
      if (chunk !== null) yield chunk;
      else if (error) throw error;
      else if (ended) break;
      else await new Promise((resolve) => (wake = resolve));
    }
    completed = true;
  } catch (failure) {
    error ??= failure;
    throw failure;
  } finally {
    const close =
      (error || completed || options?.destroyOnReturn !== false) &&
      (!completed || stream._readableState?.autoDestroy);
    stream.removeListener("readable", onReadable);
    stream.removeListener("end", onEnd);
    stream.removeListener("close", onClose);
    // The listener for errors stays, so that one which comes late ends nobody.
    if (close) stream.destroy();
  }
}
