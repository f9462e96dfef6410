// stream.compose: https://nodejs.org/docs/latest-v20.x/api/stream.html#streamcomposestreams

import { invalidValue, nodeError } from "./errors.js";
import { addAbortSignal } from "./stream-base.js";
import { Duplex } from "./stream-duplex.js";
import { joined } from "./stream-duplexify.js";
import { pipeline } from "./stream-pipeline.js";
import { Readable } from "./stream-readable.js";

const isReadable = (stream) => stream._readableState !== undefined;
const isWritable = (stream) => stream._writableState !== undefined;

/** One Duplex of steps: what is written goes into the first, and what is read comes from the last. */
export function compose(...steps) {
  if (steps.length === 0)
    throw nodeError(TypeError, "ERR_MISSING_ARGS", 'The "streams" argument must be specified');
  if (steps.length === 1) return Duplex.from(steps[0]);
  const last = steps.length - 1;
  const streams = steps.map((step, i) => (i === 0 || i === last ? asStream(step) : step));
  streams.forEach((stream, i) => {
    if (i < last && stream._writableState && !isReadable(stream))
      throw invalidValue(`streams[${i}]`, steps[i], "must be readable");
    if (i > 0 && stream._readableState && !isWritable(stream))
      throw invalidValue(`streams[${i}]`, steps[i], "must be writable");
  });
  const [head, tail] = [streams[0], streams[last]];
  const whole = joined({
    readable: isReadable(tail) ? tail : undefined,
    writable: isWritable(head) ? head : undefined,
  });
  pipeline(streams, (error) => {
    if (error) whole.destroy(error);
  });
  return whole;
}

const asStream = (step) => (step?._readableState || step?._writableState ? step : Duplex.from(step));

Readable.prototype.compose = function composeWith(step, options = undefined) {
  if (step?._readableState && !isWritable(step))
    throw invalidValue("stream", step, "must be writable");
  const whole = compose(this, step);
  if (options?.signal) addAbortSignal(options.signal, whole);
  return whole;
};
