"""Primes: found and tested by the test of Miller and Rabin.

https://nodejs.org/docs/latest-v20.x/api/crypto.html#cryptogenerateprimesize-options-callback
"""

from functools import lru_cache
from math import gcd, prod
from secrets import randbits

from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.host.node_crypto.errors import coded, openssl
from holdfast.host.ops import work_op

# Python's powers keep all others waiting, so that they are held to about a second.
MAX_GENERATED_BITS = 2_048
MAX_SPECIAL_BITS = 1_024  # of those that leave a rest by division
MAX_SAFE_BITS = 512
MAX_CHECKED_BITS = 2_048
MAX_CHECKS = 64
_CHECKS = 32  # where the script does not say how many
_MIN_LIBRARY_BITS = 512
_SMALL = 5_000


@work_op
def node_prime_check(_host: Host, candidate: bytes, checks: int) -> bool:
    """Whether a number is a prime, which is wrong once in 4**checks times; 0 for enough."""
    number = int.from_bytes(candidate, "big")
    if number.bit_length() > MAX_CHECKED_BITS:
        raise ScriptError("RangeError", f"Numbers of at most {MAX_CHECKED_BITS} bits are checked")
    return _is_prime(number, min(checks or _CHECKS, MAX_CHECKS))


@lru_cache(1)
def _small_primes() -> list[int]:
    return [n for n in range(3, _SMALL, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]


@lru_cache(1)
def _product() -> int:
    return prod(_small_primes())


def _is_prime(number: int, checks: int) -> bool:
    if number < _SMALL:
        return number == 2 or number in _small_primes()
    if number % 2 == 0 or _has_small_factor(number):
        return False
    return all(_passes(number) for _ in range(checks))


def _has_small_factor(number: int) -> bool:
    return number > _SMALL and gcd(number, _product()) != 1


def _passes(number: int) -> bool:
    """One test with a base of chance."""
    twos = ((number - 1) & -(number - 1)).bit_length() - 1
    base = 2 + randbits(number.bit_length() + 64) % (number - 3)
    power = pow(base, (number - 1) >> twos, number)
    if power in (1, number - 1):
        return True
    for _ in range(twos - 1):
        power = power * power % number
        if power == number - 1:
            return True
    return False


@work_op
def node_prime_generate(
    _host: Host, bits: int, safe: bool, add: bytes | None, rem: bytes | None
) -> bytes:
    """A prime of so many bits; `rem` is what is left when it is divided by `add`."""
    step = int.from_bytes(add, "big") if add is not None else None
    rest = int.from_bytes(rem, "big") if rem is not None else None
    most = MAX_GENERATED_BITS if add is None else MAX_SPECIAL_BITS
    if bits > (MAX_SAFE_BITS if safe else most):
        which = f"Safe primes of at most {MAX_SAFE_BITS}" if safe else f"Primes of at most {most}"
        raise ScriptError("RangeError", f"{which} bits are generated")
    if step is not None and step.bit_length() > bits:
        raise coded("ERR_OUT_OF_RANGE", "invalid options.add", "RangeError")
    if step is not None and rest is not None and step <= rest:
        raise coded("ERR_OUT_OF_RANGE", "invalid options.rem", "RangeError")
    if bits < 2 or (safe and bits < 3):
        raise openssl("01800076", "bignum routines", "bits too small")
    if step is None and not safe and bits >= _MIN_LIBRARY_BITS:
        prime = _of_library(bits)
    else:
        prime = _found(bits, step, rest, safe=safe)
    return prime.to_bytes((bits + 7) // 8, "big")


def _of_library(bits: int) -> int:
    """One of the factors of an RSA key, which OpenSSL finds faster, and without Python's lock."""
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

    return generate_private_key(65_537, 2 * bits).private_numbers().p


def _found(bits: int, step: int | None, rest: int | None, *, safe: bool) -> int:
    """A prime with its two highest bits set, as OpenSSL makes them."""
    top = 3 << (bits - 2) if step is None else 1 << (bits - 1)
    default_rest = 3 if safe and step is not None and step > 2 else 1
    for _ in range(1_000 * bits):
        number = randbits(bits) | top
        if step is None:
            number |= 3 if safe else 1
        else:
            number += (default_rest if rest is None else rest) - number % step
        # Of a safe prime both have to pass, so that what is cheap is asked of both first.
        if number.bit_length() != bits or (safe and _has_small_factor(number >> 1)):
            continue
        if not _is_prime(number, 1) or (safe and not _is_prime(number >> 1, 1)):
            continue
        if _is_prime(number, 32) and (not safe or _is_prime(number >> 1, 32)):
            return number
    raise openssl("0180007F", "bignum routines", "no prime candidate")
