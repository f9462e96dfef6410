// What a Tail Worker is told of events.
// https://developers.cloudflare.com/workers/runtime-apis/handlers/tail/
//
// The host tells frames, as workers/trace.py collects them; one of a request has `unredacted`: what
// all need not see.

import { atob } from "../encoding/base64.js";
import { incomingCf } from "../fetch/cf.js";
import { defineInterface, illegalConstructor } from "../kernel/webidl.js";
import { deserialize } from "../serialize/index.js";
import { CONSTRUCTING, ExtendableEvent } from "./extendable-event.js";

// An interface whose instances have what is told as properties of their own.
function kind(name) {
  const Class = {
    [name]: class {
      constructor() {
        throw illegalConstructor();
      }
    },
  }[name];
  return (fields) => tell(Object.create(Class.prototype), fields);
}

function tell(object, fields) {
  for (const [name, value] of Object.entries(fields)) {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true });
  }
  return object;
}

const traceItem = kind("TraceItem");
const traceLog = kind("TraceLog");
const traceException = kind("TraceException");
const channelEvent = kind("TraceDiagnosticChannelEvent");
const fetchInfo = kind("FetchEventInfo");
const response = kind("Response");
const rpcInfo = kind("JsRpcEventInfo");
const scheduledInfo = kind("ScheduledEventInfo");
const alarmInfo = kind("AlarmEventInfo");
const queueInfo = kind("QueueEventInfo");
const emailInfo = kind("EmailEventInfo");
const tailInfo = kind("TailEventInfo");
const tailItem = kind("TailItem");
const socketInfo = kind("HibernatableWebSocketEventInfo");
const socketEvents = { message: kind("Message"), close: kind("Close"), error: kind("Error") };
const customInfo = kind("CustomEventInfo");

class Request {
  #unredacted;

  constructor() {
    const [key, fields, unredacted] = arguments;
    if (key !== CONSTRUCTING) throw illegalConstructor();
    this.#unredacted = unredacted;
    tell(this, fields);
  }

  /** The request with what is redacted in this one. */
  getUnredacted() {
    return new Request(CONSTRUCTING, this.#unredacted, this.#unredacted);
  }
}

/** The event that listeners of a service worker get. */
class TailEvent extends ExtendableEvent {
  constructor() {
    const [key, event, type, traces] = arguments;
    super(key, type, event);
    tell(this, { events: traces, traces });
  }

  static {
    defineInterface(this);
  }
}

export function createTailEvent(event, type, traces) {
  return new TailEvent(CONSTRUCTING, event, type, traces);
}

/** The TraceItems that a list of frames, in JSON, tells of. */
export function readTraces(json) {
  return JSON.parse(json).map(readTrace);
}

function readTrace(frame) {
  return traceItem({
    event: readEvent(frame.event, frame.unredacted),
    eventTimestamp: frame.eventTimestamp,
    logs: frame.logs.map(({ timestamp, level, message, errorInfo }) =>
      traceLog({ timestamp, level, message, errorInfo }),
    ),
    exceptions: frame.exceptions.map(({ timestamp, name, message, stack }) =>
      traceException({ timestamp, name, message, stack }),
    ),
    diagnosticsChannelEvents: frame.diagnosticsChannelEvents.map(readPublished),
    scriptName: frame.scriptName,
    entrypoint: frame.entrypoint ?? undefined,
    scriptVersion: frame.scriptVersion,
    dispatchNamespace: undefined,
    scriptTags: undefined,
    tailAttributes: undefined,
    preview: undefined,
    durableObjectId: frame.durableObjectId,
    outcome: frame.outcome,
    executionModel: frame.executionModel,
    truncated: frame.truncated,
    cpuTime: 0, // which is not measured
    wallTime: frame.wallTime,
  });
}

function readPublished({ timestamp, channel, message }) {
  return channelEvent({ timestamp, channel, message: deserialize(bytesOf(message)) });
}

const bytesOf = (base64) => Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));

function readEvent(event, unredacted) {
  if (event === null) return null;
  if ("request" in event) return readFetch(event, unredacted);
  if ("rpcMethod" in event) return rpcInfo(event);
  if ("cron" in event) return scheduledInfo(event);
  if ("scheduledTime" in event) return alarmInfo({ scheduledTime: new Date(event.scheduledTime) });
  if ("queue" in event) return queueInfo(event);
  if ("rcptTo" in event) return emailInfo(event);
  if ("consumedEvents" in event) return tailInfo({ consumedEvents: event.consumedEvents.map(tailItem) });
  if ("getWebSocketEvent" in event) {
    const { getWebSocketEvent: told } = event;
    return socketInfo({ getWebSocketEvent: socketEvents[told.webSocketEventType](told) });
  }
  return customInfo({});
}

function readFetch({ request, response: answer }, unredacted) {
  const { method, url, headers } = request;
  const cf = cfOf(request, unredacted);
  return fetchInfo({
    response: answer && response(answer),
    request: new Request(CONSTRUCTING, { cf, headers, method, url }, { cf, method, ...unredacted }),
  });
}

// That of a request that came in is told as an empty one: it has what its headers tell.
function cfOf({ cf }, { headers }) {
  if (cf === undefined || Object.keys(cf).length > 0) return cf;
  return incomingCf(Object.entries(headers).map(([name, value]) => `${name}\n${value}\n`).join(""));
}
