"""Limits and protocol numbers that Python and JavaScript both use, told once.

Each public name here is exported to the polyfills by the internal module
`holdfast:constants`.
"""

# Words of the memory that both sides share (engine.Isolate.shared).
WORD_TURNS_QUEUED = 0
WORD_LOCAL_CALLS = 1
WORD_IN_FRAME = 2
WORD_STORES_BROKEN = 3
WORD_TRACED = 4  # somebody listens to the script's events

# Headers as one string, of a response with a body of text or JSON and no others.
TEXT_HEADERS = "content-type\ntext/plain;charset=UTF-8\n"
JSON_HEADERS = "content-type\napplication/json\n"

# How deep the requests are that a client's request makes: polyfills/kernel/depth.js.
FIRST_VIA = "cf-ew-via\n15\n"

# Strings that nearly every event crosses with.
METHODS = ["GET", "POST", "PUT", "DELETE", "OPTIONS"]
FREQUENT_STRINGS = ["", *METHODS, TEXT_HEADERS, JSON_HEADERS, FIRST_VIA, "null"]

# Durable Object storage: https://developers.cloudflare.com/durable-objects/platform/limits/
MAX_KEY_BYTES = 2_048
MAX_VALUE_BYTES = 131_072
MAX_VALUE_BYTES_SQLITE = 2_097_152
MAX_BATCH_KEYS = 128

# Timers: https://developers.cloudflare.com/workers/runtime-apis/
MAX_ACTIVE_TIMERS = 10_000

# blockConcurrencyWhile and transactions: a critical section may take this long.
CRITICAL_SECTION_TIMEOUT_MS = 30_000
DEADLOCK_LOOK_MS = 250  # and so often it is looked whether it can end at all
MAX_CRITICAL_SECTION_DEPTH = 64

# Calls to one object that wait for their answers, what they carry, and for how long a critical
# section may hold back the oldest of them, until further ones are refused.
MAX_OBJECT_CALLS = 5_000
MAX_QUEUED_BYTES = 67_108_864
MAX_QUEUED_MS = 30_000

# What an event may go on for after its client has left.
WAIT_UNTIL_MS = 30_000

# Alarms: https://developers.cloudflare.com/durable-objects/api/alarms/
ALARM_TIMEOUT_MS = 900_000
MAX_DATE_MS = 9_223_372_036_854  # what a signed 64 bit number of nanoseconds holds

# Queues: https://developers.cloudflare.com/queues/platform/limits/
QUEUE_TIMEOUT_MS = 900_000

# Where objects may be asked to live:
# https://developers.cloudflare.com/durable-objects/reference/data-location/
JURISDICTIONS = ["eu", "fedramp", "fedramp-high", "us"]
LOCATION_HINTS = [
    *("wnam", "enam", "sam", "weur", "eeur", "apac", "apac-ne", "apac-se", "oc", "afr", "me"),
]

# WebSockets: https://developers.cloudflare.com/workers/platform/limits/#websocket
MAX_SOCKET_MESSAGE_BYTES = 33_554_432

# Modules of Node.js by their names without `node:`, and where they are in polyfills/node/.
NODE_BUILTINS = {
    "_http_agent": "http.js",
    "_http_client": "http.js",
    "_http_common": "http-common.js",
    "_http_incoming": "http.js",
    "_http_outgoing": "http.js",
    "_http_server": "http.js",
    "_stream_duplex": "stream-only-duplex.js",
    "_stream_passthrough": "stream-only-passthrough.js",
    "_stream_readable": "stream-only-readable.js",
    "_stream_transform": "stream-only-transform.js",
    "_stream_wrap": "stream-wrap.js",
    "_stream_writable": "stream-only-writable.js",
    "_tls_common": "tls.js",
    "_tls_wrap": "tls.js",
    "assert": "assert.js",
    "assert/strict": "assert-strict.js",
    "async_hooks": "async-hooks.js",
    "buffer": "buffer.js",
    "child_process": "child-process.js",
    "cluster": "cluster.js",
    "console": "console.js",
    "constants": "constants.js",
    "crypto": "crypto.js",
    "dgram": "dgram.js",
    "diagnostics_channel": "diagnostics-channel.js",
    "dns": "dns.js",
    "dns/promises": "dns-promises.js",
    "domain": "domain.js",
    "events": "events.js",
    "fs": "fs.js",
    "fs/promises": "fs-promises.js",
    "http": "http.js",
    "http2": "http2.js",
    "https": "https.js",
    "inspector": "inspector.js",
    "inspector/promises": "inspector.js",
    "module": "module.js",
    "net": "net.js",
    "os": "os.js",
    "path": "path.js",
    "path/posix": "path.js",
    "path/win32": "path-win32.js",
    "perf_hooks": "perf-hooks.js",
    "process": "process.js",
    "punycode": "punycode.js",
    "querystring": "querystring.js",
    "readline": "readline.js",
    "readline/promises": "readline-promises.js",
    "repl": "repl.js",
    "sqlite": "sqlite.js",
    "stream": "stream.js",
    "stream/consumers": "stream-consumers.js",
    "stream/promises": "stream-promises.js",
    "stream/web": "stream-web.js",
    "string_decoder": "string-decoder.js",
    "sys": "util.js",
    "timers": "timers.js",
    "timers/promises": "timers-promises.js",
    "tls": "tls.js",
    "trace_events": "trace-events.js",
    "tty": "tty.js",
    "url": "url.js",
    "util": "util.js",
    "util/types": "util-types.js",
    "v8": "v8.js",
    "vm": "vm.js",
    "wasi": "wasi.js",
    "worker_threads": "worker-threads.js",
    "zlib": "zlib.js",
    "node:test": "test.js",  # by this name alone
}

# What a connection is called as where a method's name would be: no property of a stub is a number.
CONNECT = "0"

# How many Workers and objects a request may go through, one calling the next:
# https://developers.cloudflare.com/workers/observability/errors/#loop-limit
MAX_CALL_DEPTH = 16
