// The "error" event of an exception that nothing caught.

import { describeError } from "../kernel/errors.js";
import { lazily } from "../kernel/lazy.js";

const types = lazily("events/event-types.js");
const FRAME = /\(?([^\s()]+):(\d+):(\d+)\)?$/;

/** https://html.spec.whatwg.org/multipage/webappapis.html#extract-error */
export function errorEventFor(error) {
  const [head, frame = ""] = describeError(error).split("\n", 2);
  const [, filename = "", line = "0", column = "0"] = FRAME.exec(frame) ?? [];
  const { ErrorEvent } = types();
  return new ErrorEvent("error", {
    cancelable: true,
    message: `Uncaught ${head}`,
    filename,
    lineno: +line,
    colno: +column,
    error,
  });
}
