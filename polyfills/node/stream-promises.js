// node:stream/promises: https://nodejs.org/docs/latest-v20.x/api/stream.html#streams-promises-api

import { finished as onFinished, isNodeStream, runPipeline } from "./stream-pipeline.js";

export function pipeline(...steps) {
  const last = steps.at(-1);
  const isOptions =
    last !== null &&
    typeof last === "object" &&
    !isNodeStream(last) &&
    !Array.isArray(last) &&
    ("signal" in last || "end" in last) &&
    last[Symbol.asyncIterator] === undefined &&
    last.readable === undefined;
  const options = isOptions ? steps.pop() : {};
  return new Promise((resolve, reject) => {
    runPipeline(steps, (error, value) => (error ? reject(error) : resolve(value)), options);
  });
}

export function finished(stream, options = {}) {
  return new Promise((resolve, reject) => {
    const cleanUp = onFinished(stream, options, (error) => {
      if (options.cleanup) cleanUp();
      if (error) reject(error);
      else resolve();
    });
  });
}

const promises = { finished, pipeline };
export { promises };
export default Object.assign(promises, { promises });
