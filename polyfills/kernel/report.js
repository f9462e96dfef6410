// Exceptions that nothing caught, told to the host's log.

import { console_exception } from "holdfast:ops";
import { currentContext } from "./current.js";
import { describeError, identityOf } from "./errors.js";

/** Log an exception that escaped a turn of the running context. */
export function reportException(error) {
  const number = currentContext()?.number ?? 0;
  console_exception("", describeError(error), ...identityOf(error), number);
}
