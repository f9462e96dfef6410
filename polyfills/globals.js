// The table of globals: every name that scripts find on the global object, besides
// ECMAScript's own.

import { console } from "./console/console.js";
import { Crypto, crypto } from "./crypto/crypto.js";
import { atob, btoa } from "./encoding/base64.js";
import { TextEncoder } from "./encoding/text-encoder.js";
import { AbortController, AbortSignal } from "./events/abort.js";
import { EventTarget, reportError } from "./events/event-target.js";
import { Event } from "./events/event.js";
import { fetch } from "./fetch/fetch.js";
import { Headers } from "./fetch/headers.js";
import { Request } from "./fetch/request.js";
import { Response } from "./fetch/response.js";
import { Blob } from "./files/blob.js";
import { File } from "./files/file.js";
import { DOMException } from "./language/dom-exception.js";
import { RememberingProxy } from "./serialize/proxies.js";
import { structuredClone } from "./serialize/structured-clone.js";
import { queueMicrotask } from "./timers/microtask.js";
import { clearInterval, clearTimeout, setInterval, setTimeout } from "./timers/timers.js";
import { URLSearchParams } from "./url/search-params.js";
import { URL } from "./url/url.js";
import {
  addEventListener,
  dispatchEvent,
  removeEventListener,
} from "./workers/global-events.js";
import { ExtendableEvent } from "./workers/extendable-event.js";
import { FetchEvent } from "./workers/service-worker.js";

/** Classes and namespaces: writable, configurable, not enumerable. */
export const interfaces = {
  AbortController,
  AbortSignal,
  Blob,
  Crypto,
  DOMException,
  Event,
  EventTarget,
  ExtendableEvent,
  FetchEvent,
  File,
  Headers,
  Proxy: RememberingProxy,
  Request,
  Response,
  TextEncoder,
  URL,
  URLSearchParams,
  console,
};

/** Functions and objects: writable, configurable, enumerable, as Web IDL has them. */
export const members = {
  addEventListener,
  atob,
  btoa,
  clearInterval,
  clearTimeout,
  crypto,
  dispatchEvent,
  fetch,
  origin: "null", // a Worker has none
  queueMicrotask,
  removeEventListener,
  reportError,
  setInterval,
  setTimeout,
  structuredClone,
};

/** Interfaces whose module is loaded when a script first asks for them. */
export const lazyInterfaces = {
  BroadcastChannel: "messaging/broadcast-channel.js",
  ByteLengthQueuingStrategy: "streams/strategies.js",
  Cache: "caches/cache.js",
  CacheStorage: "caches/cache-storage.js",
  CloseEvent: "events/event-types.js",
  CompressionStream: "streams/compression.js",
  CountQueuingStrategy: "streams/strategies.js",
  CryptoKey: "crypto/key.js",
  CustomEvent: "events/event-types.js",
  DecompressionStream: "streams/compression.js",
  ErrorEvent: "events/event-types.js",
  EventSource: "sockets/event-source.js",
  FileReader: "files/file-reader.js",
  FixedLengthStream: "streams/identity.js",
  FormData: "fetch/form-data.js",
  HTMLRewriter: "html-rewriter/html-rewriter.js",
  IdentityTransformStream: "streams/identity.js",
  Intl: "intl/intl.js",
  MessageChannel: "messaging/message-port.js",
  MessageEvent: "events/event-types.js",
  MessagePort: "messaging/message-port.js",
  Navigator: "workers/navigator.js",
  Performance: "performance/performance.js",
  PerformanceEntry: "performance/entry.js",
  PerformanceMark: "performance/entry.js",
  PerformanceMeasure: "performance/entry.js",
  PerformanceObserver: "performance/observer.js",
  PerformanceObserverEntryList: "performance/observer.js",
  ProgressEvent: "files/progress-event.js",
  PromiseRejectionEvent: "events/event-types.js",
  ReadableByteStreamController: "streams/byte-controller.js",
  ReadableStream: "streams/readable.js",
  ReadableStreamBYOBReader: "streams/byob-reader.js",
  ReadableStreamBYOBRequest: "streams/byob-request.js",
  ReadableStreamDefaultController: "streams/default-controller.js",
  ReadableStreamDefaultReader: "streams/default-reader.js",
  ScheduledEvent: "workers/scheduled.js",
  Scheduler: "timers/scheduler.js",
  ServiceWorkerGlobalScope: "workers/global-scope.js",
  SubtleCrypto: "crypto/subtle.js",
  TextDecoder: "encoding/text-decoder.js",
  TextDecoderStream: "encoding/streams.js",
  TextEncoderStream: "encoding/streams.js",
  TransformStream: "streams/transform.js",
  TransformStreamDefaultController: "streams/transform.js",
  URLPattern: "url/pattern/url-pattern.js",
  WebAssembly: "wasm/webassembly.js",
  WebSocket: "sockets/websocket.js",
  WebSocketPair: "sockets/websocket-pair.js",
  WebSocketRequestResponsePair: "sockets/request-response-pair.js",
  WorkerGlobalScope: "workers/global-scope.js",
  WritableStream: "streams/writable.js",
  WritableStreamDefaultController: "streams/writable-controller.js",
  WritableStreamDefaultWriter: "streams/writer.js",
};

/** Functions and objects whose module is loaded when a script first asks for them. */
export const lazyMembers = {
  Cloudflare: "workers/cloudflare.js",
  caches: "caches/cache-storage.js",
  navigator: "workers/navigator.js",
  performance: "performance/performance.js",
  scheduler: "timers/scheduler.js",
};

/** What the compatibility flag nodejs_compat adds; loaded when a script first asks for it. */
export const nodeGlobals = {
  Buffer: "node/buffer.js",
  clearImmediate: "node/timeout.js",
  process: "node/process.js",
  setImmediate: "node/timeout.js",
};

/** And what it puts in place of the platform's own, as enable_nodejs_global_timers says. */
export const nodeTimers = {
  clearInterval: "node/timeout.js",
  clearTimeout: "node/timeout.js",
  setInterval: "node/timeout.js",
  setTimeout: "node/timeout.js",
};
