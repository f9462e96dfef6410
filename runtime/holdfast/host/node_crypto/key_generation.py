"""New key pairs for node:crypto."""

import json
from importlib import import_module
from typing import Any

from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.host.crypto.asymmetric import private_material
from holdfast.host.node_crypto.errors import failing_as, openssl
from holdfast.host.node_crypto.keys import as_pss, curve_named
from holdfast.host.ops import work_op

# What is generated at once keeps all others waiting: 4,096 bits take a second or two.
MIN_GENERATED_BITS = 1_024
MAX_GENERATED_BITS = 4_096
MAX_DSA_BITS = 3_072


@work_op
def node_key_generate(_host: Host, kind: str, options: str) -> bytes:
    """The material of a new private key.

    `options` is JSON: modulusLength and publicExponent, or namedCurve.
    """
    from cryptography.hazmat.primitives.asymmetric import dsa, ec
    from cryptography.hazmat.primitives.asymmetric import rsa as rsa_keys

    wanted = json.loads(options)
    if kind == "ec":
        return private_material(ec.generate_private_key(curve_named(wanted["namedCurve"])))
    if kind not in ("rsa", "rsa-pss", "dsa"):
        return private_material(_modern(kind).generate())
    bits = wanted["modulusLength"]
    if bits < MIN_GENERATED_BITS:
        raise openssl("1C8000AB", "Provider routines", "key size too small")
    most = MAX_DSA_BITS if kind == "dsa" else MAX_GENERATED_BITS
    if bits > most:
        raise ScriptError("Error", f"Keys of {kind} are generated with at most {most} bits")
    if kind == "dsa":
        with failing_as(openssl("05000078", "dsa routines", "bad q value")):
            return private_material(dsa.generate_private_key(bits))
    with failing_as(openssl("020000B2", "rsa routines", "pub exponent out of range")):
        made = private_material(rsa_keys.generate_private_key(wanted["publicExponent"], bits))
    return as_pss(made) if kind == "rsa-pss" else made


def _modern(kind: str) -> Any:
    module = import_module(f"cryptography.hazmat.primitives.asymmetric.{kind}")
    return getattr(module, f"{kind.capitalize()}PrivateKey")
