// Requests to what lives in another isolate, and is rarely asked: services and objects, which are asked
// often, do the same by themselves.

import { tellHostOfClient } from "./client.js";
import {
  redirectable,
  repeatOf,
  requestThroughHost,
  responseFromAnswer,
  urlToSend,
} from "./crossing.js";

const again = ({ target: callee }, caller, record) => callee.fetch(caller, record);

/**
 * Send a request of this record to `callee`, whom the host knows as `target`; `send` is an op. The
 * response, or what its redirects lead to: those come by the callee's own `fetch(caller, record)`.
 */
export async function fetchThroughHost(send, target, callee, caller, record) {
  const url = urlToSend(record.url);
  const repeat = repeatOf(record, again, callee);
  const answering = requestThroughHost(send, target, url, record, caller);
  tellHostOfClient(caller, record.signal, answering);
  return redirectable(responseFromAnswer(await answering, url), record, repeat, caller);
}
