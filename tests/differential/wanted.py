"""The differences that are wanted, by fixture and reason.

`docs/compatibility.md` tells the reasons at length. What is listed here has to differ: a
difference that is gone is to be struck from the list.
"""

from collections.abc import Mapping, Sequence
from enum import Enum


class Reason(Enum):
    """Why Holdfast differs. Each value is a heading of `docs/compatibility.md`."""

    STANDARD = "Where the standard says otherwise"
    ENGINE = "Where the engine shows"
    STRINGS = "Code from strings"
    HTTP = "Around the Worker: HTTP"
    LIMITS = "Limits of storage"
    SQL = "SQL's counts and extras"
    KEYS = "Keys with lone surrogates"
    CLONES = "Requests, Responses and Headers as values"
    PLACES = "Jurisdictions and locations"
    LENIENT = "What Holdfast lets pass"
    SHAPES = "The shape of the runtime's objects"
    WORDING = "The wording of errors"  # listed in wording.py
    MISSING = "What is not there yet"


WANTED: Mapping[str, Mapping[Reason, Sequence[str]]] = {
    "alone/default-class": {
        Reason.LENIENT: [
            "GET /one #0: body",
            "GET /one #0: headers",
            "GET /one #0: status",
            "GET /two #1: body",
            "GET /two #1: headers",
            "GET /two #1: status",
        ],
    },
    "alone/relative-urls": {
        Reason.LENIENT: [
            "a query",
            "no slash",
            "nothing",
            "two slashes",
        ],
    },
    "alone/service-worker": {
        Reason.STANDARD: [
            "GET /throw-after #6: body",
            "GET /throw-after #6: headers",
            "GET /throw-after #6: status",
        ],
    },
    "objects/requests": {
        Reason.STANDARD: [
            "redirects to see other",
        ],
    },
    "sql/live-cursors": {
        Reason.SQL: [
            "RETURNING",
            "values that are bound",
        ],
    },
    "sockets/hibernation": {
        Reason.LENIENT: [
            "the client closes with a code",
            "the client closes without a code",
        ],
    },
    "sockets/pairs": {
        Reason.STANDARD: [
            "a handler attribute",
        ],
    },
    "crypto/ciphers": {
        Reason.STANDARD: [
            "CTR with a bad counter",
            "KW for encryption",
            "unwrap no JWK",
        ],
    },
    "crypto/keys": {
        Reason.STANDARD: [
            "RSA-OAEP with SHA-1: raw",
            "RSA-OAEP with SHA-1: raw of a private key",
            "RSA-OAEP: raw",
            "RSA-OAEP: raw of a private key",
            "RSA-PSS: raw",
            "RSA-PSS: raw of a private key",
            "RSASSA: raw",
            "RSASSA: raw of a private key",
            "an EC key as one of another curve",
            "an Ed25519 key as X25519",
        ],
    },
    "crypto/signatures": {
        Reason.STANDARD: [
            "Ed25519 of a signature that is short",
            "a member is missing",
        ],
    },
    "fetch/blob": {
        Reason.STANDARD: [
            "a surrogate",
            "bad endings",
            "endings",
            "of a Set",
        ],
    },
    "fetch/bodies-in": {
        Reason.STANDARD: [
            "POST /form #8: body",
            "POST /form #8: headers",
        ],
        Reason.HTTP: [
            "POST /echo #10: headers",
        ],
    },
    "fetch/body-kinds": {
        Reason.STANDARD: [
            "request of FormData as text",
            "request of surrogate as arrayBuffer",
            "request of surrogate as bytes",
            "request of surrogate as text",
            "response of ArrayBuffer as formData",
            "response of DataView as formData",
            "response of FormData as text",
            "response of Uint16Array as formData",
            "response of bytes as formData",
            "response of empty stream as formData",
            "response of stream as formData",
            "response of stream of empty chunks as formData",
            "response of surrogate as arrayBuffer",
            "response of surrogate as bytes",
            "response of surrogate as text",
        ],
    },
    "fetch/form-data": {
        Reason.STANDARD: [
            "append a Blob",
            "append a string with a file name",
            "as a body",
            "constructor's argument",
            "empty as a body",
            "empty file name",
            "file without a type",
            "files are Files",
            "names without quotes",
            "newlines and surrogates in values",
            "urlencoded",
        ],
    },
    "fetch/headers": {
        Reason.STANDARD: [
            "appending while iterating",
            "empty name",
            "has a bad name",
            "iterator's class",
            "name beyond Latin-1",
        ],
    },
    "fetch/incoming-headers": {
        Reason.HTTP: [
            "GET /a%20b/%C3%A9/../c?x=%20y&z=%zz #21: body",
            "GET /a%20b/%C3%A9/../c?x=%20y&z=%zz #21: headers",
            "GET /client #1: body",
            "GET /client #1: headers",
            "HEAD /stream #8: headers",
        ],
    },
    "fetch/redirects": {
        Reason.HTTP: [
            "GET /418 #15: status",
            "GET /599 #20: status",
            "HEAD /302 #23: headers",
        ],
    },
    "fetch/outgoing": {
        Reason.STANDARD: [
            "dropped",
            "dropped late",
            "redirect a post 301",
            "redirect a post 302",
            "redirect a post 303",
            "redirect a put 303",
            "refused",
        ],
    },
    "fetch/request": {
        Reason.STANDARD: [
            "attributes of the prototype",
            "cache default",
            "redirect modes",
            "signal",
            "unknown methods",
        ],
        Reason.CLONES: [
            "structuredClone",
        ],
    },
    "fetch/response": {
        Reason.STANDARD: [
            "attributes of the prototype",
            "json of a function",
            "json of a symbol",
            "json of undefined",
            "status beyond 16 bits",
        ],
        Reason.CLONES: [
            "structuredClone",
        ],
    },
    "objects/base-class": {
        Reason.SHAPES: [
            "new DurableObject",
        ],
    },
    "objects/calls": {
        Reason.LENIENT: [
            "a relative URL",
        ],
    },
    "objects/ids": {
        Reason.PLACES: [
            "get with a bad location",
            "jurisdiction",
            "newUniqueId with a bad jurisdiction",
            "newUniqueId with a jurisdiction",
        ],
        Reason.SHAPES: [
            "classes",
            "get of another namespace's id",
            "properties of an id",
        ],
    },
    "objects/lifetime": {
        Reason.LENIENT: [
            "an old stub after a reset",
        ],
    },
    "platform/abort": {
        Reason.STANDARD: [
            "scheduler.wait when aborted before",
        ],
    },
    "platform/crypto": {
        Reason.STANDARD: [
            "HMAC exported",
            "sign with another algorithm",
            "unknown format",
        ],
    },
    "platform/errors": {
        Reason.ENGINE: [
            "console methods",
            "own properties",
        ],
        Reason.STRINGS: [
            "Function's constructor",
            "eval",
            "indirect eval",
            "new Function",
        ],
    },
    "platform/messaging": {
        Reason.STANDARD: [
            "rejections",
            "reportError",
            "scheduler.wait",
        ],
    },
    "platform/events": {
        Reason.STANDARD: [
            "CustomEvent",
            "attributes",
            "during dispatch",
            "preventDefault",
        ],
    },
    "platform/globals": {
        Reason.SHAPES: [
            "the global object's class",
        ],
        Reason.STANDARD: [
            "classes' properties",
            "functions' lengths",
            "functions' properties",
            "lengths",
        ],
        Reason.MISSING: [
            "TailEvent",
        ],
    },
    "platform/structured-clone": {
        Reason.STANDARD: [
            "an error's cause and properties",
            "arguments",
            "transfer twice",
            "transfer what cannot be",
        ],
        Reason.CLONES: [
            "Headers",
        ],
    },
    "platform/timers": {
        Reason.STANDARD: [
            "clearing what is none",
        ],
    },
    "platform/webassembly": {
        Reason.ENGINE: [
            "a float that is too large",
        ],
    },
    "platform/url": {
        Reason.STANDARD: [
            "params iterate",
        ],
    },
    "rpc/entrypoints": {
        Reason.LENIENT: [
            "given away",
            "given away, pipelined",
            "taken",
            "taken with props",
        ],
    },
    "rpc/errors": {
        Reason.STANDARD: [
            "entrypoint: dom exception",
            "object: dom exception",
        ],
        Reason.LENIENT: [
            "after abort",
        ],
    },
    "rpc/http": {
        Reason.LENIENT: [
            "a signal that aborts",
            "an aborted signal",
        ],
    },
    "rpc/values": {
        Reason.SHAPES: [
            "what an object's stub is",
        ],
    },
    "sql/cursors": {
        Reason.SQL: [
            "insert",
            "insert returning",
            "setup",
        ],
    },
    "sql/forbidden": {
        Reason.SQL: [
            "dbstat",
            "fn load",
        ],
    },
    "sql/language": {
        Reason.SQL: [
            "2 deferTx",
            "24 analyze",
            "28 orRollback",
            "30 raise",
        ],
    },
    "sql/rows-read": {
        Reason.SQL: [
            "a sorted scan",
            "no table",
            "none, by its key",
        ],
    },
    "storage/basics": {
        Reason.LIMITS: [
            "129 keys deleted",
            "129 keys got",
            "129 keys put",
        ],
        Reason.LENIENT: [
            "bad options",
            "delete without arguments",
            "get without arguments",
        ],
    },
    "storage/keys": {
        Reason.LIMITS: [
            "2049 bytes",
            "2050 bytes of two each",
            "a value of 3 MB",
            "delete of 2049 bytes",
            "get many with 2049 bytes",
            "get of 2049 bytes",
            "put many with 2049 bytes",
        ],
        Reason.KEYS: [
            "all of them",
            'key "\\ud800"',
            'key "\\udfff"',
            'key "a\\ud800b"',
        ],
    },
    "storage/values": {
        Reason.CLONES: [
            "Headers",
            "Request",
        ],
    },
    "streams/out": {
        Reason.HTTP: [
            "HEAD /chunks #16: headers",
        ],
    },
    "streams/readable": {
        Reason.STANDARD: [
            "a source of null",
            "bad strategies",
            "cancel of both branches",
            "close twice",
            "desiredSize",
            "enqueue a string to a byte stream",
            "enqueue after close",
            "start throws",
        ],
    },
    "streams/writable": {
        Reason.STANDARD: [
            "FixedLengthStream with too little",
            "FixedLengthStream with too much",
            "desiredSize and ready",
            "pipeTo that is aborted",
            "writable type",
        ],
    },
    "objects/state": {
        Reason.SHAPES: [
            "own properties of its id",
        ],
    },
    "worker/context": {
        Reason.HTTP: [
            "GET / #0: cf",
        ],
        Reason.SHAPES: [
            "GET / #0: ctx's own properties",
        ],
    },
    "worker/failures": {
        Reason.HTTP: [
            "GET /locked-response #10: body",
            "GET /locked-response #10: connection",
            "GET /locked-response #10: status",
        ],
    },
}
