// The table of globals: every name that scripts find on the global object, besides
// ECMAScript's own and those of the engine that meet their standard (DOMException).

import { console } from "./console/console.js";
import { Crypto, crypto } from "./crypto/crypto.js";
import { atob, btoa } from "./encoding/base64.js";
import { TextDecoderStream, TextEncoderStream } from "./encoding/streams.js";
import { TextDecoder } from "./encoding/text-decoder.js";
import { TextEncoder } from "./encoding/text-encoder.js";
import { AbortController, AbortSignal } from "./events/abort.js";
import { EventTarget, reportError } from "./events/event-target.js";
import {
  CloseEvent,
  CustomEvent,
  ErrorEvent,
  MessageEvent,
  PromiseRejectionEvent,
} from "./events/event-types.js";
import { Event } from "./events/event.js";
import { FormData } from "./fetch/form-data.js";
import { fetch } from "./fetch/fetch.js";
import { Headers } from "./fetch/headers.js";
import { Request } from "./fetch/request.js";
import { Response } from "./fetch/response.js";
import { Blob } from "./files/blob.js";
import { File } from "./files/file.js";
import { PerformanceEntry, PerformanceMark, PerformanceMeasure } from "./performance/entry.js";
import { PerformanceObserver, PerformanceObserverEntryList } from "./performance/observer.js";
import { Performance, performance } from "./performance/performance.js";
import { RememberingProxy } from "./serialize/proxies.js";
import { structuredClone } from "./serialize/structured-clone.js";
import { ReadableByteStreamController } from "./streams/byte-controller.js";
import { ReadableStreamBYOBReader } from "./streams/byob-reader.js";
import { ReadableStreamBYOBRequest } from "./streams/byob-request.js";
import { ReadableStreamDefaultController } from "./streams/default-controller.js";
import { ReadableStreamDefaultReader } from "./streams/default-reader.js";
import { FixedLengthStream, IdentityTransformStream } from "./streams/identity.js";
import { ReadableStream } from "./streams/readable.js";
import { ByteLengthQueuingStrategy, CountQueuingStrategy } from "./streams/strategies.js";
import { TransformStream, TransformStreamDefaultController } from "./streams/transform.js";
import { WritableStreamDefaultController } from "./streams/writable-controller.js";
import { WritableStream } from "./streams/writable.js";
import { WritableStreamDefaultWriter } from "./streams/writer.js";
import { queueMicrotask } from "./timers/microtask.js";
import { Scheduler, scheduler } from "./timers/scheduler.js";
import { clearInterval, clearTimeout, setInterval, setTimeout } from "./timers/timers.js";
import { URLSearchParams } from "./url/search-params.js";
import { URL } from "./url/url.js";
import {
  addEventListener,
  dispatchEvent,
  removeEventListener,
} from "./workers/global-events.js";
import { Navigator, navigator } from "./workers/navigator.js";
import { FetchEvent } from "./workers/service-worker.js";
import { WebAssembly } from "./workers/webassembly.js";

/** Classes and namespaces: writable, configurable, not enumerable. */
export const interfaces = {
  AbortController,
  AbortSignal,
  Blob,
  ByteLengthQueuingStrategy,
  CloseEvent,
  CountQueuingStrategy,
  Crypto,
  CustomEvent,
  ErrorEvent,
  Event,
  EventTarget,
  FetchEvent,
  File,
  FixedLengthStream,
  FormData,
  Headers,
  IdentityTransformStream,
  MessageEvent,
  Navigator,
  Performance,
  PerformanceEntry,
  PerformanceMark,
  PerformanceMeasure,
  PerformanceObserver,
  PerformanceObserverEntryList,
  PromiseRejectionEvent,
  Proxy: RememberingProxy,
  ReadableByteStreamController,
  ReadableStream,
  ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
  Request,
  Response,
  Scheduler,
  TextDecoder,
  TextDecoderStream,
  TextEncoder,
  TextEncoderStream,
  TransformStream,
  TransformStreamDefaultController,
  URL,
  URLSearchParams,
  WebAssembly,
  WritableStream,
  WritableStreamDefaultController,
  WritableStreamDefaultWriter,
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
  navigator,
  performance,
  queueMicrotask,
  removeEventListener,
  reportError,
  scheduler,
  setInterval,
  setTimeout,
  structuredClone,
};

/** Interfaces whose module is loaded when a script first asks for them. */
export const lazyInterfaces = {
  Intl: "intl/intl.js",
  BroadcastChannel: "messaging/broadcast-channel.js",
  CryptoKey: "crypto/key.js",
  SubtleCrypto: "crypto/subtle.js",
  Cache: "caches/cache.js",
  CacheStorage: "caches/cache-storage.js",
  CompressionStream: "streams/compression.js",
  DecompressionStream: "streams/compression.js",
  EventSource: "sockets/event-source.js",
  FileReader: "files/file-reader.js",
  HTMLRewriter: "html-rewriter/html-rewriter.js",
  MessageChannel: "messaging/message-port.js",
  MessagePort: "messaging/message-port.js",
  ProgressEvent: "files/progress-event.js",
  URLPattern: "url/pattern/url-pattern.js",
  WebSocket: "sockets/websocket.js",
  WebSocketPair: "sockets/websocket-pair.js",
  WebSocketRequestResponsePair: "sockets/request-response-pair.js",
};

/** Functions and objects whose module is loaded when a script first asks for them. */
export const lazyMembers = {
  Cloudflare: "workers/cloudflare.js",
  caches: "caches/cache-storage.js",
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
