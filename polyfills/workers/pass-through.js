// passThroughOnException(): a request whose handler has thrown goes to the origin, where one lies
// behind the Worker, and a listener that has no response leaves it to that, too.
// https://developers.cloudflare.com/workers/runtime-apis/context/#passthroughonexception

import { console_write, origin_is_behind } from "holdfast:ops";
import { describeError } from "../kernel/errors.js";
import { fetch } from "../fetch/fetch.js";

/** Have the origin answer an event's request; false where there is none. */
export function passToOrigin(event) {
  if (!origin_is_behind(event.request.url)) return false;
  event.answerWith(fetch(event.request));
  return true;
}

/** The same after an error of the handler, of which the log is told; else the event fails. */
export function passThrough(event, error) {
  event.passesThrough = false;
  if (passToOrigin(event)) console_write("error", `Uncaught ${describeError(error)}`, event.number);
  else event.fail(error);
}
