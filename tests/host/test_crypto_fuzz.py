"""Whatever a script gives for a key, a nonce or a length: an answer or one of its own errors."""

import asyncio
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.engine import ScriptError
from holdfast.host.context import Capabilities, Host
from holdfast.host.crypto import aes, asymmetric, curves, derivation, secret
from holdfast.host.crypto import rsa as rsa_ops
from holdfast.host.crypto.asymmetric import private_material, public_material
from holdfast.host.crypto.jwk import base64url
from holdfast.host.system import SystemClock

EXAMPLES = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
RSA_KEY = rsa.generate_private_key(65_537, 1_024)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
EDWARDS_KEY = ed25519.Ed25519PrivateKey.generate()
KEYS = (RSA_KEY, EC_KEY, EDWARDS_KEY)
CURVES = (*curves.NIST, *curves.MODERN)
DIGEST = bytes(32)


@pytest.fixture
def host():
    loop = asyncio.new_event_loop()
    host = Host(loop, SystemClock(), Capabilities())
    yield host
    host.close()
    loop.close()


def answer(run, *arguments, names=("DataError",)):
    """What `run` returns; None for an error that a script may get."""
    try:
        return run(*arguments)
    except ScriptError as error:
        if error.name not in names:
            raise
    return None


@st.composite
def mutated(draw, originals):
    """Bytes that were good, with some of them changed, put in, taken out or cut off."""
    data = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        kind = draw(st.sampled_from(["change", "insert", "delete", "cut", "length"]))
        if kind == "change" and at < len(data):
            data[at] = draw(st.integers(0, 255))
        elif kind == "insert":
            data[at:at] = draw(st.binary(max_size=4))
        elif kind == "delete":
            del data[at : at + draw(st.integers(1, 4))]
        elif kind == "cut":
            del data[at:]
        elif kind == "length":
            data[1:2] = b"\x84\x7f\xff\xff\xff"
    return bytes(data)


PKCS8 = mutated([private_material(key) for key in KEYS])
SPKI = mutated([public_material(key.public_key()) for key in KEYS])


def use_rsa(host, material, *, is_private):
    rsa_ops.crypto_rsa_facts(host, is_private, material)
    json.loads(rsa_ops.crypto_rsa_to_jwk(host, is_private, material))
    public = asymmetric.crypto_public_key(host, material) if is_private else material
    assert rsa_ops.crypto_rsa_verify(host, "SHA-256", None, public, bytes(128), DIGEST) is False
    assert rsa_ops.crypto_rsa_verify(host, "SHA-256", 2**31, public, bytes(128), DIGEST) is False
    answer(
        rsa_ops.crypto_rsa_encrypt, host, "SHA-1", b"", public, b"text", names=["OperationError"]
    )
    if is_private:
        for salt in (None, 20, 2**31, 2**32 - 1):
            answer(rsa_ops._sign, "SHA-256", salt, material, DIGEST, names=["OperationError"])
        answer(rsa_ops._decrypt, "SHA-1", b"", material, bytes(128), names=["OperationError"])


def use_curve(host, curve, material, *, is_private):
    json.loads(curves.crypto_curve_to_jwk(host, curve, is_private, material))
    public = asymmetric.crypto_public_key(host, material) if is_private else material
    curves.crypto_curve_to_raw(host, curve, public)
    if curve in curves.NIST:
        size = 2 * curves.NIST[curve][1]
        arguments = (host, curve, "SHA-256", public)
        assert curves.crypto_ecdsa_verify(*arguments, bytes(size), DIGEST) is False
        assert curves.crypto_ecdsa_verify(*arguments, b"\xff" * size, DIGEST) is False
    elif curve.startswith("Ed"):
        assert curves.crypto_eddsa_verify(host, public, bytes(3), DIGEST) is False


@EXAMPLES
@given(der=PKCS8, curve=st.sampled_from(CURVES))
def test_a_private_key_is_good_or_refused(host, der, curve):
    if material := answer(rsa_ops.crypto_rsa_from_pkcs8, host, der):
        use_rsa(host, material, is_private=True)
    if material := answer(curves.crypto_curve_from_pkcs8, host, curve, der):
        use_curve(host, curve, material, is_private=True)


@EXAMPLES
@given(der=SPKI, curve=st.sampled_from(CURVES))
def test_a_public_key_is_good_or_refused(host, der, curve):
    if material := answer(rsa_ops.crypto_rsa_from_spki, host, der):
        use_rsa(host, material, is_private=False)
    if material := answer(curves.crypto_curve_from_spki, host, curve, der):
        use_curve(host, curve, material, is_private=False)


@EXAMPLES
@given(point=st.binary(max_size=140), curve=st.sampled_from(CURVES))
def test_a_raw_point_is_good_or_refused(host, point, curve):
    if material := answer(curves.crypto_curve_from_raw, host, curve, point):
        use_curve(host, curve, material, is_private=False)


NUMBERS = RSA_KEY.private_numbers()
RSA_MEMBERS = {
    "n": NUMBERS.public_numbers.n,
    "e": NUMBERS.public_numbers.e,
    "d": NUMBERS.d,
    "p": NUMBERS.p,
    "q": NUMBERS.q,
    "dp": NUMBERS.dmp1,
    "dq": NUMBERS.dmq1,
    "qi": NUMBERS.iqmp,
}
STRANGE = st.one_of(st.text(max_size=6), st.binary(max_size=140).map(base64url), st.none())
GOOD_RSA = {k: base64url(v.to_bytes(128, "big")) for k, v in RSA_MEMBERS.items()}


def changed(members, changes):
    return json.dumps({k: v for k, v in (members | changes).items() if v is not None})


@EXAMPLES
@given(changes=st.dictionaries(st.sampled_from([*RSA_MEMBERS]), STRANGE, max_size=8))
def test_an_rsa_jwk_is_good_or_refused(host, changes):
    text = changed(GOOD_RSA, changes)
    if material := answer(rsa_ops.crypto_rsa_from_jwk, host, text):
        use_rsa(host, material, is_private="d" in json.loads(text))


@EXAMPLES
@given(
    changes=st.dictionaries(st.sampled_from(["x", "y", "d"]), STRANGE, max_size=3),
    curve=st.sampled_from(CURVES),
)
def test_a_curve_jwk_is_good_or_refused(host, changes, curve):
    good = json.loads(curves.crypto_curve_to_jwk(host, "P-256", True, private_material(EC_KEY)))
    text = changed(good, changes)
    if material := answer(curves.crypto_curve_from_jwk, host, curve, text):
        use_curve(host, curve, material, is_private="d" in json.loads(text))


@pytest.mark.parametrize("curve", ["Ed25519", "X25519"])
def test_a_curve_key_that_looks_like_one_of_rsa_is_refused(host, curve):
    raw = rsa_ops.RSA_ENCRYPTION.ljust(32, b"\0")
    spki = curves.crypto_curve_from_raw(host, curve, raw)
    with pytest.raises(ScriptError, match="not an RSA key"):
        rsa_ops.crypto_rsa_from_spki(host, spki)


def test_an_rsa_key_for_pss_alone_is_refused(host):
    pss = bytes.fromhex("06092a864886f70d01010a")
    spki = public_material(RSA_KEY.public_key())
    assert rsa_ops.crypto_rsa_from_spki(host, spki) == spki
    with pytest.raises(ScriptError):
        rsa_ops.crypto_rsa_from_spki(host, spki.replace(rsa_ops.RSA_ENCRYPTION, pss))


def test_an_rsa_key_of_absurd_size_is_refused_at_once(host):
    huge = base64url(b"\xff" * 100_000)
    for members in (
        {"n": huge, "e": "AQAB"},
        {"n": huge, "e": huge},
        {"n": huge, "e": "AQAB", "d": huge},
    ):
        with pytest.raises(ScriptError):
            rsa_ops.crypto_rsa_from_jwk(host, json.dumps(members))


@EXAMPLES
@given(
    encrypts=st.booleans(),
    key=st.sampled_from([bytes(16), bytes(24), bytes(32)]),
    iv=st.binary(max_size=300),
    data=st.binary(max_size=70),
    bits=st.integers(0, 255),
)
def test_ciphers_answer_or_fail(host, encrypts, key, iv, data, bits):
    def attempt(run, *arguments):
        return answer(run, host, *arguments, names=["OperationError"])

    attempt(aes.crypto_aes_cbc, encrypts, key, iv, data)
    attempt(aes.crypto_aes_cbc, encrypts, key, iv[:16], data)
    attempt(aes.crypto_aes_ctr, key, iv[:16], bits, data)
    attempt(aes.crypto_aes_wrap, key, data)
    attempt(aes.crypto_aes_unwrap, key, data)
    sealed = attempt(aes.crypto_aes_gcm, True, key, iv, data, iv, 96)
    if sealed is not None:
        assert attempt(aes.crypto_aes_gcm, False, key, iv, sealed, iv, 96) == data
    attempt(aes.crypto_aes_gcm, encrypts, key, iv, data, b"", bits)


@EXAMPLES
@given(
    bits=st.integers(0, 2**32 - 1), iterations=st.integers(0, 2**32 - 1), key=st.binary(max_size=9)
)
def test_derivation_is_begun_or_refused(host, bits, iterations, key):
    names = ["OperationError", "NotSupportedError"]
    arguments = ("SHA-512", key, key)
    answer(derivation.crypto_hkdf, host, *arguments, key, bits, names=names)
    job = answer(derivation.crypto_pbkdf2, host, *arguments, iterations, bits, names=names)
    most = max(1_000_000 // -(-bits // 512 or -1), 100_000)
    assert job is None or (bits <= 8 * 255 * 64 and iterations <= most)


@EXAMPLES
@given(data=st.binary(max_size=9), bits=st.integers(0, 80))
def test_bits_are_cut_from_the_end(data, bits):
    cut = answer(secret.first_bits, data, bits, names=["OperationError"])
    if cut is None:
        assert bits > 8 * len(data)
    else:
        kept = int.from_bytes(data, "big") >> (8 * len(data) - bits)
        assert int.from_bytes(cut, "big") == kept << -bits % 8
