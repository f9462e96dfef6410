// Exceptions that nothing caught, told to the host's log.

import { console_exception } from "holdfast:ops";
import { currentContext } from "./current.js";
import { describeError } from "./errors.js";

/** Log an exception that escaped a turn of `context`. */
export function reportException(error) {
  console_exception(describeError(error), currentContext()?.number ?? 0);
}
