// What those hear of objects who listen to a script's events (`wrangler tail`). While somebody does,
// each event of an object has a context of its own, by whose number the host knows what the event
// logs. Otherwise all of an object's events share one, and nothing here is even loaded.
// https://developers.cloudflare.com/workers/observability/logs/tail-workers/

import { trace_begin, trace_end } from "holdfast:ops";
import { rawHeadersOf } from "../fetch/record.js";
import { requestRecord } from "../fetch/request.js";
import { responseRecord } from "../fetch/response.js";
import { beginCall } from "../kernel/calls.js";
import { describeError, identityOf } from "../kernel/errors.js";
import { ObjectContext } from "./context.js";

const { apply } = Reflect;

/** The context of an event that is about to reach an object; see `trace_begin` for the rest. */
export function tracedContext(instance, kind, ...what) {
  const context = new ObjectContext(instance, null);
  context.number = trace_begin(instance.slot, instance.depth, kind, ...what);
  return context;
}

/** An event has ended, with `error` where it failed. */
export function endTrace({ number }, outcome, error, status) {
  if (outcome === "exception") trace_end(number, outcome, ...identityOf(error), describeError(error));
  else trace_end(number, outcome, "", "", "", status);
}

/** `beginCall`, for a call to an object. */
export function beginTraced(instance, call, start, turn) {
  const context = contextOf(instance, call);
  const { succeed, fail } = call;
  call.succeed = (answer) => {
    apply(succeed, call, [answer]);
    endTrace(context, call.isInVain ? "" : "ok", undefined, responseRecord(answer)?.status);
  };
  call.fail = (error) => {
    endTrace(context, "exception", error);
    apply(fail, call, [error]);
  };
  beginCall(call, context, start, turn);
}

function contextOf(instance, call) {
  if (call.request !== undefined) {
    const record = requestRecord(call.request);
    return tracedContext(instance, "request", record.method, record.url, rawHeadersOf(record));
  }
  if (call.method !== undefined) return tracedContext(instance, "rpc", call.method);
  return tracedContext(instance, "alarm", call.scheduledTime?.toISOString());
}
