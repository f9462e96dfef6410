"""Ops of node:crypto that Web Crypto has no match for.

What Node.js says of arguments is checked in `polyfills/node/crypto-*.js`. `cryptography` is
imported by the functions that need it, as in `holdfast.host.crypto`, whose keys' material these
ops share.

- digests.py, derivation.py, ciphers.py: hashes and HMACs, PBKDF2 and scrypt, ciphers;
  states.py: those that are under way
- keys.py: what is known of keys; key_reading.py, key_writing.py, key_generation.py
- signatures.py, encryption.py, agreement.py: what keys are for
- primes.py, certificates.py, spkac.py
- errors.py: errors with Node.js's codes
"""

from holdfast.host.node_crypto import (
    agreement,
    certificates,
    ciphers,
    derivation,
    digests,
    encryption,
    key_generation,
    key_reading,
    key_writing,
    keys,
    primes,
    signatures,
    spkac,
    states,
)

__all__ = [
    "agreement",
    "certificates",
    "ciphers",
    "derivation",
    "digests",
    "encryption",
    "key_generation",
    "key_reading",
    "key_writing",
    "keys",
    "primes",
    "signatures",
    "spkac",
    "states",
]
