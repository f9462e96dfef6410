// The kernel's entry points for the host, and the one table of globals.

import { runTurn, nextTurn } from "./kernel/turns.js";
import { takePending, failureOf } from "./kernel/pending.js";

export { nextTurn };

/** The host's answer to an async op. */
export function settleOp(number, value) {
  const record = takePending(number);
  runTurn(record.context, record.resolve, value);
}

/** The host's refusal of an async op. */
export function failOp(number, name, message, flags) {
  const record = takePending(number);
  runTurn(record.context, record.reject, failureOf(name, message, flags));
}
