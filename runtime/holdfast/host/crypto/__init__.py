"""Ops of the Web Crypto API: one file per family of algorithms.

Here is the arithmetic; the rules of https://w3c.github.io/webcrypto/ about names, usages
and the order of errors are in `polyfills/crypto/`. What the standard library has
(digests, HMAC, PBKDF2) is taken from there; the rest from `cryptography`, which is imported
by the functions that need it, because it costs a process 20 ms and few scripts use it.

Key material is bytes that live in the isolate, out of the script's reach (see
`polyfills/crypto/key.js`): the raw key where it is symmetric, else DER, PKCS #8 for a
private key and SubjectPublicKeyInfo for a public one.

An op that takes long returns the number of a job: see `holdfast.host.jobs`. One for much data
returns its answer instead while too much data is being worked on.

- random.py, digests.py, streams.py, hmac.py, derivation.py, aes.py,
  rsa.py, curves.py: the families
- secret.py: import and export of symmetric keys; asymmetric.py: what RSA and curves share
- der.py, jwk.py: the formats of keys
- jobs.py: ops to wait for a job, and to take its answer
"""

from holdfast.host.crypto import (
    aes,
    asymmetric,
    curves,
    derivation,
    digests,
    hmac,
    jobs,
    random,
    rsa,
    secret,
    streams,
)

__all__ = [
    "aes",
    "asymmetric",
    "curves",
    "derivation",
    "digests",
    "hmac",
    "jobs",
    "random",
    "rsa",
    "secret",
    "streams",
]
