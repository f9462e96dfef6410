"""How node:crypto's host half tells what went wrong; `polyfills/node/crypto-errors.js` reads it.

A code of Node.js's stands in brackets before the message. OpenSSL's errors, which scripts tell
apart by codes made of their text, are written as Node.js 20 shows them; the numbers are those of
OpenSSL 3.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from holdfast.engine import ScriptError


def coded(code: str, message: str, name: str = "Error") -> ScriptError:
    """An error of the class `name` with a code of Node.js's."""
    return ScriptError(name, f"[{code}] {message}")


def openssl(number: str, library: str, reason: str) -> ScriptError:
    """An error of OpenSSL's; Node.js makes its code of the library and the reason."""
    return ScriptError("Error", f"error:{number}:{library}::{reason}")


def unsupported_key() -> ScriptError:
    """What was to be a key is none that can be read."""
    return openssl("1E08010C", "DECODER routines", "unsupported")


def bad_decrypt() -> ScriptError:
    """The padding of what was decrypted, or the password, is wrong."""
    return openssl("1C800064", "Provider routines", "bad decrypt")


def wrong_block() -> ScriptError:
    """What a block cipher got does not end with a block."""
    return openssl("1C80006B", "Provider routines", "wrong final block length")


def not_for_this_key() -> ScriptError:
    """A key of this type cannot do this."""
    return openssl(
        "03000096", "digital envelope routines", "operation not supported for this keytype"
    )


def too_large_for_key() -> ScriptError:
    """More data than an RSA key can take."""
    return openssl("0200006E", "rsa routines", "data too large for key size")


@contextmanager
def failing_as(error: ScriptError) -> Iterator[None]:
    """Report whatever `cryptography` refuses as this error: all of it is the script's input."""
    try:
        yield
    except ScriptError:
        raise
    except Exception as cause:
        raise error from cause
