"""RSA: https://w3c.github.io/webcrypto/#rsassa-pkcs1 and the two sections after it."""

import secrets
from typing import Any

from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.host.crypto.asymmetric import (
    failing_as,
    hash_algorithm,
    private_key,
    private_material,
    public_key,
    public_material,
    read_private,
    read_public,
    verifies,
)
from holdfast.host.crypto.jwk import JsonWebKey, base64url_integer, data_error, written
from holdfast.host.ops import op

# Larger keys take minutes of a thread to make. workerd makes them, and counts the time.
MAX_GENERATED_BITS = 4_096
MAX_MODULUS_BITS = 16_384
MAX_RECOVERED_BITS = 4_096
EXPONENTS = (3, 65_537)
# The DER of the object identifier rsaEncryption; keys for RSASSA-PSS alone have another.
RSA_ENCRYPTION = bytes.fromhex("06092a864886f70d010101")
CRT_MEMBERS = ("p", "q", "dp", "dq", "qi")


@op
def crypto_rsa_generate(host: Host, bits: int, exponent: bytes) -> int:
    """Generate a private key, as a job. Raises an OperationError for what cannot be."""
    public_exponent = int.from_bytes(exponent, "big")
    if bits % 8 or not 256 <= bits <= MAX_MODULUS_BITS:
        raise _failed(
            "The modulus length must be a multiple of 8 and between 256 and 16k, but "
            f"{bits} was requested."
        )
    if public_exponent not in EXPONENTS:
        raise _failed(f'The "publicExponent" must be either 3 or 65537, but got {public_exponent}.')
    if not 1_024 <= bits <= MAX_GENERATED_BITS:
        raise _failed(f"Keys of 1024 to {MAX_GENERATED_BITS} bits are generated, none of {bits}.")
    return host.jobs.add(_generate, bits, public_exponent)


def _generate(bits: int, exponent: int) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import rsa

    with failing_as("OperationError", "The key could not be generated."):
        return private_material(rsa.generate_private_key(exponent, bits))


@op
def crypto_rsa_facts(host: Host, is_private: bool, material: bytes) -> str:
    """The modulus' length in bits, a space, and the public exponent in hexadecimal."""
    key = private_key(material).public_key() if is_private else public_key(material)
    exponent = key.public_numbers().e
    return f"{key.key_size} {exponent.to_bytes((exponent.bit_length() + 7) // 8, 'big').hex()}"


# ---- Import and export ----------------------------------------------------------------


@op
def crypto_rsa_from_spki(host: Host, spki: bytes) -> bytes:
    """The material of a public key."""
    return public_material(checked_public(_rsa(spki, read_public(spki)).public_numbers()))


@op
def crypto_rsa_from_pkcs8(host: Host, pkcs8: bytes) -> bytes:
    """The material of a private key."""
    return private_material(checked_private(_rsa(pkcs8, read_private(pkcs8)).private_numbers()))


@op
def crypto_rsa_from_jwk(host: Host, key: str) -> bytes:
    """The material of a private key if the member `d` is there, else of a public one."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    jwk = JsonWebKey.parse(key)
    public = rsa.RSAPublicNumbers(jwk.integer("e"), jwk.integer("n"))
    if "d" not in jwk:
        return public_material(checked_public(public))
    checked_public(public)
    d = jwk.integer("d")
    present = [name for name in CRT_MEMBERS if name in jwk]
    if present:
        p, q, dp, dq, qi = (jwk.integer(name) for name in CRT_MEMBERS)
    else:
        p, q = _factors(public.n, public.e, d)
        dp, dq, qi = d % (p - 1), d % (q - 1), pow(q, -1, p)
    numbers = rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, public)
    return private_material(checked_private(numbers))


@op
def crypto_rsa_to_jwk(host: Host, is_private: bool, material: bytes) -> str:
    """The members that hold key material, as JSON."""
    if not is_private:
        numbers = public_key(material).public_numbers()
        return written(e=base64url_integer(numbers.e), n=base64url_integer(numbers.n))
    secret = private_key(material).private_numbers()
    members = {
        "d": secret.d,
        "e": secret.public_numbers.e,
        "n": secret.public_numbers.n,
        "p": secret.p,
        "q": secret.q,
        "dp": secret.dmp1,
        "dq": secret.dmq1,
        "qi": secret.iqmp,
    }
    return written(**{name: base64url_integer(value) for name, value in members.items()})


def _rsa(encoded: bytes, key: Any) -> Any:
    """The key that was read from its DER, if it is one of RSA."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    is_rsa = isinstance(key, rsa.RSAPublicKey | rsa.RSAPrivateKey)
    if is_rsa and RSA_ENCRYPTION in encoded[:40]:
        return key
    raise data_error("Input was not an RSA key")


def checked_public(numbers: Any) -> Any:
    """The public key of these numbers, if they can be one's."""
    with failing_as("DataError", "Input was not an RSA key"):
        if not numbers.n % 2 or numbers.n.bit_length() > MAX_MODULUS_BITS:
            raise data_error("Input was not an RSA key")
        return numbers.public_key()


def checked_private(numbers: Any) -> Any:
    """The private key of these numbers, if they fit together.

    That the factors are primes is not tested, which would take as long as to generate a
    key: who imports a key of other numbers harms his own messages only.
    """
    n, e, p, q, d = (
        numbers.public_numbers.n,
        numbers.public_numbers.e,
        numbers.p,
        numbers.q,
        numbers.d,
    )
    checked_public(numbers.public_numbers)
    fits = (
        min(p, q) > 2
        and p * q == n
        and 1 < d < n
        and d * e % (p - 1) == 1
        and d * e % (q - 1) == 1
        and numbers.dmp1 == d % (p - 1)
        and numbers.dmq1 == d % (q - 1)
        and 0 < numbers.iqmp < p
        and numbers.iqmp * q % p == 1
    )
    if not fits:
        raise data_error("Input was not an RSA key: its numbers do not fit together.")
    with failing_as("DataError", "Input was not an RSA key"):
        return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def _factors(n: int, e: int, d: int) -> tuple[int, int]:
    """The primes of a modulus whose private exponent is known, the larger first.

    NIST SP 800-56B, appendix C: each base finds them in one case of two at least.
    """
    from math import gcd

    if n.bit_length() > MAX_RECOVERED_BITS or not 1 < d < n or e < 2:
        raise data_error("Input was not an RSA key")
    product = d * e - 1
    twos = (product & -product).bit_length() - 1
    for base in range(2, 40):
        root = pow(base, product >> twos, n)
        for _ in range(twos):
            square = root * root % n
            if square == 1:
                break
            root = square
        else:
            break  # d is not the private exponent
        if root not in (1, n - 1):
            p = gcd(root - 1, n)
            return max(p, n // p), min(p, n // p)
    raise data_error("Input was not an RSA key: its numbers do not fit together.")


# ---- Operations -----------------------------------------------------------------------


@op
def crypto_rsa_sign(
    host: Host, hash_name: str, salt_bytes: int | None, material: bytes, digest: bytes
) -> int:
    """Sign a digest, as a job: by PSS with a salt of this length, or by PKCS #1 v1.5."""
    return host.jobs.add(_sign, hash_name, salt_bytes, material, digest)


def _sign(hash_name: str, salt_bytes: int | None, material: bytes, digest: bytes) -> bytes:
    with failing_as("OperationError", "key too small for signing with given digest"):
        signature: bytes = private_key(material).sign(
            digest, *_signature_scheme(hash_name, salt_bytes)
        )
    return signature


@op
def crypto_rsa_verify(
    host: Host,
    hash_name: str,
    salt_bytes: int | None,
    material: bytes,
    signature: bytes,
    digest: bytes,
) -> bool:
    """Whether `signature` is one of `digest`."""
    scheme = _signature_scheme(hash_name, salt_bytes)
    return verifies(public_key(material), signature, digest, *scheme)


def _signature_scheme(hash_name: str, salt_bytes: int | None) -> tuple[Any, Any]:
    """The padding, and the word that the data is a digest already."""
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    algorithm = hash_algorithm(hash_name)
    if salt_bytes is None:
        return padding.PKCS1v15(), Prehashed(algorithm)
    return padding.PSS(padding.MGF1(algorithm), salt_bytes), Prehashed(algorithm)


@op
def crypto_rsa_sign_raw(host: Host, material: bytes, data: bytes) -> int:
    """The private key's power of data as long as the modulus, as a job: workerd's RSA-RAW."""
    size = (private_key(material).key_size + 7) // 8
    if len(data) > size:
        raise data_error(
            f"Blind Signing requires presigned data ({len(data)} bytes) to be smaller than "
            f"the key ({size} bytes)."
        )
    return host.jobs.add(_sign_raw, material, data)


def _sign_raw(material: bytes, data: bytes) -> bytes:
    key = private_key(material)
    size = (key.key_size + 7) // 8
    number = int.from_bytes(data, "big")
    if len(data) < size:
        raise _failed("RSA-RAW signs data as long as the key's modulus.")
    if number >= key.public_key().public_numbers().n:
        raise data_error(
            "Blind Signing requires presigned data value to be strictly smaller than RSA key"
            "modulus, consider using a larger key size."
        )
    return private_power(key, number).to_bytes(size, "big")


def private_power(key: Any, number: int) -> int:
    """RSA's operation of a private key, without a padding.

    It is blinded, since Python's powers take a time that depends on the numbers.
    """
    numbers = key.private_numbers()
    n, e = numbers.public_numbers.n, numbers.public_numbers.e
    blind = 2 + secrets.randbelow(n - 2)
    hidden = number * pow(blind, e, n) % n
    in_p, in_q = pow(hidden, numbers.dmp1, numbers.p), pow(hidden, numbers.dmq1, numbers.q)
    together = in_q + numbers.q * ((in_p - in_q) * numbers.iqmp % numbers.p)
    answer: int = together * pow(blind, -1, n) % n
    assert pow(answer, e, n) == number, "a faulty power would give the factors away"
    return answer


@op
def crypto_rsa_encrypt(
    host: Host, hash_name: str, label: bytes, material: bytes, data: bytes
) -> bytes:
    """RSA-OAEP with a public key."""
    with failing_as("OperationError", "RSA-OAEP failed encrypt/decrypt"):
        sealed: bytes = public_key(material).encrypt(data, _oaep(hash_name, label))
    return sealed


@op
def crypto_rsa_decrypt(
    host: Host, hash_name: str, label: bytes, material: bytes, data: bytes
) -> int:
    """RSA-OAEP with a private key, as a job."""
    return host.jobs.add(_decrypt, hash_name, label, material, data)


def _decrypt(hash_name: str, label: bytes, material: bytes, data: bytes) -> bytes:
    with failing_as("OperationError", "RSA-OAEP failed encrypt/decrypt"):
        opened: bytes = private_key(material).decrypt(data, _oaep(hash_name, label))
    return opened


def _oaep(hash_name: str, label: bytes) -> Any:
    from cryptography.hazmat.primitives.asymmetric import padding

    algorithm = hash_algorithm(hash_name)
    return padding.OAEP(padding.MGF1(algorithm), algorithm, label or None)


def _failed(message: str) -> ScriptError:
    return ScriptError("OperationError", message)
