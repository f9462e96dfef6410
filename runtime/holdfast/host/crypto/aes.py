"""AES: https://w3c.github.io/webcrypto/#aes-ctr and the three sections after it.

`encrypts` says which way an op goes. Errors are OperationErrors, in workerd's words.
"""

from typing import TYPE_CHECKING, Any

from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.host.ops import op

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.modes import Mode

BLOCK = 16
TAG_BITS = (32, 64, 96, 104, 112, 120, 128)
# The nonces that `cryptography` takes as they are.
MIN_NONCE_BYTES, MAX_NONCE_BYTES = 8, 128


@op
def crypto_aes_cbc(host: Host, encrypts: bool, key: bytes, iv: bytes, data: bytes) -> bytes:
    """AES-CBC with PKCS #7 padding."""
    return cbc(encrypts, key, iv, data)


@op
def crypto_aes_cbc_large(host: Host, encrypts: bool, key: bytes, iv: bytes, data: bytes) -> Any:
    """`crypto_aes_cbc` as a job."""
    return host.jobs.add_or_do(cbc, encrypts, key, iv, data)


@op
def crypto_aes_ctr(host: Host, key: bytes, counter: bytes, bits: int, data: bytes) -> bytes:
    """AES-CTR, whose two ways are one; the counter is the last `bits` bits of its block."""
    return ctr(key, counter, bits, data)


@op
def crypto_aes_ctr_large(host: Host, key: bytes, counter: bytes, bits: int, data: bytes) -> Any:
    """`crypto_aes_ctr` as a job."""
    return host.jobs.add_or_do(ctr, key, counter, bits, data)


@op
def crypto_aes_gcm(
    host: Host,
    encrypts: bool,
    key: bytes,
    iv: bytes,
    data: bytes,
    additional_data: bytes,
    tag_bits: int,
) -> bytes:
    """AES-GCM; the tag follows the ciphertext."""
    return gcm(encrypts, key, iv, data, additional_data, tag_bits)


@op
def crypto_aes_gcm_large(
    host: Host,
    encrypts: bool,
    key: bytes,
    iv: bytes,
    data: bytes,
    additional_data: bytes,
    tag_bits: int,
) -> Any:
    """`crypto_aes_gcm` as a job."""
    return host.jobs.add_or_do(gcm, encrypts, key, iv, data, additional_data, tag_bits)


@op
def crypto_aes_wrap(host: Host, key: bytes, data: bytes) -> bytes:
    """AES Key Wrap: https://www.rfc-editor.org/rfc/rfc3394."""
    return wrap(key, data)


@op
def crypto_aes_wrap_large(host: Host, key: bytes, data: bytes) -> Any:
    """`crypto_aes_wrap` as a job."""
    return host.jobs.add_or_do(wrap, key, data)


@op
def crypto_aes_unwrap(host: Host, key: bytes, data: bytes) -> bytes:
    """The way back from `crypto_aes_wrap`."""
    return unwrap(key, data)


@op
def crypto_aes_unwrap_large(host: Host, key: bytes, data: bytes) -> Any:
    """`crypto_aes_unwrap` as a job."""
    return host.jobs.add_or_do(unwrap, key, data)


def wrap(key: bytes, data: bytes) -> bytes:
    """See `crypto_aes_wrap`."""
    from cryptography.hazmat.primitives.keywrap import aes_key_wrap

    if len(data) % 8 or len(data) < BLOCK:
        raise _failed(
            "Unwrapped key bit length must be a multiple of 64 bits, 128 bits at least, but "
            f"unwrapped key has a length of {8 * len(data)} bits."
        )
    return aes_key_wrap(key, data)


def unwrap(key: bytes, data: bytes) -> bytes:
    """See `crypto_aes_unwrap`."""
    from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

    if len(data) % 8 or len(data) < BLOCK + 8:
        raise _failed(
            f"Provided a wrapped key to unwrap that is {8 * len(data)} bits, which isn't a "
            "multiple of 64 bits and 192 bits at least."
        )
    try:
        return aes_key_unwrap(key, data)
    except InvalidUnwrap as error:
        raise _failed("AES-KW key unwrapping failed.") from error


def cbc(encrypts: bool, key: bytes, iv: bytes, data: bytes) -> bytes:
    """See `crypto_aes_cbc`."""
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    if len(iv) != BLOCK:
        raise _failed(f"AES-CBC IV must be 16 bytes long (provided {len(iv)} bytes).")
    if encrypts:
        padding = BLOCK - len(data) % BLOCK
        return _run(key, CBC(iv), encrypts, data + bytes([padding]) * padding)
    if not data or len(data) % BLOCK:
        raise _cannot_decrypt("AES-CBC")
    padded = _run(key, CBC(iv), encrypts, data)
    padding = padded[-1]
    if not 1 <= padding <= BLOCK or padded[-padding:] != bytes([padding]) * padding:
        raise _cannot_decrypt("AES-CBC")
    return padded[:-padding]


def ctr(key: bytes, counter: bytes, bits: int, data: bytes) -> bytes:
    """See `crypto_aes_ctr`."""
    from cryptography.hazmat.primitives.ciphers.modes import CTR

    if len(counter) != BLOCK:
        raise _failed(f"Counter must have length of 16 bytes (provided {len(counter)}).")
    if not 1 <= bits <= 8 * BLOCK:
        raise _failed(f"Invalid counter of {bits} bits length provided.")
    blocks = -(-len(data) // BLOCK)
    if blocks > 1 << bits:
        raise _failed("Counter block values will repeat")
    # OpenSSL counts in all 128 bits: what comes after the wrap is begun anew.
    first = int.from_bytes(counter, "big")
    low = first & ((1 << bits) - 1)
    until_wrap = ((1 << bits) - low) * BLOCK
    if len(data) <= until_wrap:
        return _run(key, CTR(counter), True, data)
    wrapped = (first - low).to_bytes(BLOCK, "big")
    return _run(key, CTR(counter), True, data[:until_wrap]) + _run(
        key, CTR(wrapped), True, data[until_wrap:]
    )


def gcm(
    encrypts: bool, key: bytes, iv: bytes, data: bytes, additional_data: bytes, tag_bits: int
) -> bytes:
    """See `crypto_aes_gcm`."""
    if not iv:
        raise _failed("AES-GCM IV must not be empty.")
    if tag_bits not in TAG_BITS:
        raise _failed(f"Invalid AES-GCM tag length {tag_bits}.")
    size = tag_bits // 8
    if encrypts:
        sealed, tag = _seal(key, iv, data, additional_data)
        return sealed + tag[:size]
    if len(data) < size:
        raise _failed(
            f"Ciphertext length of {8 * len(data)} bits must be greater than or equal to the "
            f"size of the AES-GCM tag length of {tag_bits} bits."
        )
    return _open(key, iv, data[:-size], data[-size:], additional_data)


def _seal(key: bytes, iv: bytes, data: bytes, additional_data: bytes) -> tuple[bytes, bytes]:
    from cryptography.hazmat.primitives.ciphers.modes import GCM

    if not MIN_NONCE_BYTES <= len(iv) <= MAX_NONCE_BYTES:
        return _seal_with_any_nonce(key, iv, data, additional_data)
    encryptor = _cipher(key, GCM(iv)).encryptor()
    encryptor.authenticate_additional_data(additional_data)
    sealed: bytes = encryptor.update(data) + encryptor.finalize()
    return sealed, encryptor.tag


def _open(key: bytes, iv: bytes, sealed: bytes, tag: bytes, additional_data: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.modes import GCM

    if not MIN_NONCE_BYTES <= len(iv) <= MAX_NONCE_BYTES:
        return _open_with_any_nonce(key, iv, sealed, tag, additional_data)
    decryptor = _cipher(key, GCM(iv, tag, min_tag_length=4)).decryptor()
    decryptor.authenticate_additional_data(additional_data)
    try:
        text: bytes = decryptor.update(sealed) + decryptor.finalize()
    except InvalidTag as error:
        raise _cannot_decrypt("AES-GCM") from error
    return text


# ---- Nonces that the library refuses --------------------------------------------------
#
# NIST SP 800-38D, section 7: a nonce that has not 12 bytes is hashed into the first
# counter block, J0, with GHASH; the text is then AES-CTR in 32 bits from J0 + 1, and the
# tag GHASH(additional data, ciphertext) xor AES(J0). The library computes GHASH where it
# makes a tag with a nonce of its own choice.


def _seal_with_any_nonce(
    key: bytes, iv: bytes, data: bytes, additional_data: bytes
) -> tuple[bytes, bytes]:
    first = _ghash(key, b"", iv)
    sealed = _counted(key, first, data)
    return sealed, _xor(_ghash(key, additional_data, sealed), _block(key, first))


def _open_with_any_nonce(
    key: bytes, iv: bytes, sealed: bytes, tag: bytes, additional_data: bytes
) -> bytes:
    from hmac import compare_digest

    first = _ghash(key, b"", iv)
    expected = _xor(_ghash(key, additional_data, sealed), _block(key, first))
    if not compare_digest(expected[: len(tag)], tag):
        raise _cannot_decrypt("AES-GCM")
    return _counted(key, first, sealed)


def _ghash(key: bytes, additional_data: bytes, sealed: bytes) -> bytes:
    """GHASH with the key's own subkey: the tag under the nonce zero, less its mask."""
    nonce, first = bytes(12), bytes(15) + b"\x01"
    _, tag = _seal(key, nonce, _counted(key, first, sealed), additional_data)
    return _xor(tag, _block(key, first))


def _counted(key: bytes, first: bytes, data: bytes) -> bytes:
    """AES-CTR in 32 bits from the block after `first`."""
    low = (int.from_bytes(first[12:], "big") + 1) % (1 << 32)
    return ctr(key, first[:12] + low.to_bytes(4, "big"), 32, data)


def _block(key: bytes, block: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.modes import CTR

    return _run(key, CTR(block), True, bytes(BLOCK))


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def _cipher(key: bytes, mode: "Mode") -> Any:
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES

    return Cipher(AES(key), mode)


def _run(key: bytes, mode: "Mode", encrypts: bool, data: bytes) -> bytes:
    cipher = _cipher(key, mode)
    context = cipher.encryptor() if encrypts else cipher.decryptor()
    text: bytes = context.update(data) + context.finalize()
    return text


def _cannot_decrypt(algorithm: str) -> ScriptError:
    """What failed is not told apart: that would help who guesses."""
    return _failed(
        "Decryption failed. This could be due to a ciphertext authentication failure, bad "
        f"padding, incorrect CryptoKey, or another algorithm-specific reason, for {algorithm}."
    )


def _failed(message: str) -> ScriptError:
    return ScriptError("OperationError", message)
