// Headers, Requests, Responses and AbortSignals in messages.

import {
  abortReason,
  AbortSignal,
  addAbortAlgorithm,
  createAbortSignal,
  isAborted,
  keepWhileAwaited,
  signalAbort,
} from "../events/abort.js";
import { cfOf } from "../fetch/cf.js";
import { Headers, headersFromRaw, isImmutable, rawOfHeaders } from "../fetch/headers.js";
import { Request, requestFromHost, requestRecord } from "../fetch/request.js";
import { Response, responseFromHost, responseRecord } from "../fetch/response.js";
import { bodyForHost, rawHeaders } from "../fetch/transfer.js";
import { addEntry, pack, registerEntry, TAGS, takeEntry, TRANSFER } from "./message.js";
import { Export, Hold, releaseWithout } from "./references.js";
import { readBody, writeBody } from "./streams.js";
import { RpcTarget } from "./target.js";

registerEntry(Headers, {
  tag: TAGS.HEADERS,
  write(headers, sink) {
    sink.text(rawOfHeaders(headers));
    sink.uint32(isImmutable(headers) ? 1 : 0);
  },
  read(source) {
    const raw = source.text();
    return headersFromRaw(raw, source.uint32() === 1 ? "immutable" : "none");
  },
});

registerEntry(Request, {
  tag: TAGS.REQUEST,
  write(request, sink) {
    const record = requestRecord(request);
    const { cache, signal } = record;
    sink.text(request.method);
    sink.text(request.url);
    sink.text(rawHeaders(request));
    sink.value({ redirect: request.redirect, cache, signal, cf: cfOf(record) });
    writeBody(bodyForHost(request), sink);
  },
  read(source) {
    const [method, url, raw] = [source.text(), source.text(), source.text()];
    const more = source.value();
    const request = requestFromHost(method, url, raw, readBody(source));
    Object.assign(requestRecord(request), more, { guard: "request" });
    return request;
  },
});

registerEntry(Response, {
  tag: TAGS.RESPONSE,
  write(response, sink) {
    const { status, statusText, cf, webSocket } = responseRecord(response);
    if (webSocket !== undefined) sink.value(webSocket); // throws: only fetch() passes sockets on
    sink.uint32(status);
    sink.text(statusText);
    sink.text(rawHeaders(response));
    sink.value(cf);
    writeBody(bodyForHost(response), sink);
  },
  read(source) {
    const [status, statusText, raw] = [source.uint32(), source.text(), source.text()];
    const cf = source.value();
    const response = responseFromHost(status, statusText, raw, readBody(source));
    if (status === 0) return Response.error();
    Object.assign(responseRecord(response), { cf, guard: "response" });
    return response;
  },
});

// ---- AbortSignal ------------------------------------------------------------------------

/** What the receiver of a signal calls, to be told when it aborts. */
class SignalTarget extends RpcTarget {
  #signal;

  constructor(signal) {
    super();
    this.#signal = signal;
  }

  /** Calls `onAbort(reason)` when the signal aborts. */
  listen(onAbort) {
    const listener = onAbort.dup();
    const tell = () => void listener(abortReason(this.#signal)).catch(() => {});
    if (isAborted(this.#signal)) tell();
    else addAbortAlgorithm(this.#signal, tell);
  }
}

registerEntry(AbortSignal, {
  tag: TAGS.ABORT_SIGNAL,
  write(signal, sink, { context }) {
    sink.value(isAborted(signal));
    if (isAborted(signal)) sink.value(abortReason(signal));
    else sink.uint32(addEntry(new Export(context, new SignalTarget(signal), false)));
  },
  read(source, { context }) {
    const signal = createAbortSignal();
    if (source.value()) signalAbort(signal, source.value());
    else listen(signal, new Hold(takeEntry(source.uint32()), context.life), context);
    return signal;
  },
});

// What waits for the signal keeps it; what its context has forgotten otherwise need not be told.
function listen(signal, hold, context) {
  const known = new WeakRef(signal);
  const keeper = { kept: null };
  keepWhileAwaited(signal, keeper);
  releaseWithout(signal, hold);
  const onAbort = (reason) => {
    const told = keeper.kept ?? known.deref();
    if (told !== undefined) signalAbort(told, reason);
  };
  const message = pack([onAbort], context, TRANSFER);
  hold.reference.send(context, ["listen"], message).catch(() => {});
}
