"""Errors that have the same name in both runtimes and, as is wanted, other words.

What is listed here has to differ, and in nothing but the words.
"""

from collections.abc import Mapping, Sequence

OTHER_WORDS: Mapping[str, Sequence[str]] = {
    "crypto/ciphers": [
        "JWK of another mode",
        "PKCS #8 of a secret key",
        "SPKI of a secret key",
    ],
    "crypto/digest-stream": [
        "of none",
    ],
    "fetch/blob": [
        "File without a name",
        "File without anything",
        "of a string",
        "of an object",
        "without new",
    ],
    "fetch/form-data": [
        "append without a value",
        "no disposition",
        "no end",
        "no name",
        "without new",
    ],
    "fetch/headers": [
        "a method on another object",
        "a symbol as value",
        "append without a value",
        "called without new",
        "forEach without a function",
        "get without a name",
    ],
    "fetch/request": [
        "bad headers",
        "bad redirect",
        "clone when used",
        "clone while locked",
        "without arguments",
        "without new",
    ],
    "fetch/response": [
        "clone when used",
        "clone while locked",
        "json of bad text",
        "json without arguments",
        "redirect to nothing",
        "symbol body",
        "without new",
    ],
    "objects/calls": [
        "another scheme",
        "fetch without this",
        "no URL",
    ],
    "objects/failures": [
        "returns nothing",
        "returns text",
    ],
    "objects/ids": [
        "a method without this",
    ],
    "objects/state": [
        "storage without this",
    ],
    "sockets/auto-response": [
        "pair of none",
        "pair of one",
        "pair without new",
    ],
    "sockets/close-codes": [
        "code number -1",
        "code number 65536",
    ],
    "platform/abort": [
        "AbortSignal.any of others",
        "AbortSignal.timeout without arguments",
    ],
    "platform/crypto": [
        "HMAC of an empty key",
        "HMAC with a bad hash",
        "digest of a string",
        "digest without arguments",
        "getRandomValues of DataView",
        "getRandomValues of floats",
        "getRandomValues of many",
        "getRandomValues of none",
        "sign with no key",
        "unknown algorithm",
        "unknown digest",
    ],
    "platform/encoding": [
        "btoa without arguments",
        "decode a string",
        "encodeInto a buffer",
        "on another object",
        "without new",
    ],
    "platform/errors": [
        "reportError without arguments",
        "without new",
    ],
    "platform/events": [
        "dispatch nothing",
        "dispatch what is no event",
        "listener is a number",
        "listener is undefined",
        "no type",
        "without new",
    ],
    "platform/structured-clone": [
        "AbortSignal",
        "ReadableStream",
        "no arguments",
    ],
    "platform/url": [
        "URLPattern that is none",
        "canParse without arguments",
        "no arguments",
        "params from a bad pair",
        "params without arguments",
        "set a bad href",
        "set origin",
        "without new",
    ],
    "rpc/callbacks": [
        "a class",
    ],
    "rpc/http": [
        "a used response",
    ],
    "rpc/stubs": [
        "RpcTarget without new",
        "of a class",
        "without new",
    ],
    "rpc/values": [
        "a boxed symbol",
    ],
    "rpc/visibility": [
        "object: called itself",
    ],
    "sockets/hibernation": [
        "attach nothing",
    ],
    "storage/basics": [
        "put without arguments",
    ],
    "storage/keys": [
        "a symbol as a key",
    ],
    "storage/values": [
        "Response",
        "a stream",
    ],
    "platform/messaging": ["sendBeacon"],
    "streams/compression": ["an unknown format", "no format"],
    "streams/readable": [
        "bad mode",
        "bad type",
        "byob with an empty view",
        "cancel while locked",
        "from what is not iterable",
        "new reader of what is no stream",
        "tee while locked",
    ],
    "streams/writable": [
        "FixedLengthStream of a negative",
        "FixedLengthStream of no number",
        "FixedLengthStream without arguments",
        "close twice",
        "pipeThrough nothing",
        "pipeTo a locked stream",
        "pipeTo nothing",
        "write after close",
    ],
}
