"""Object ids, by workerd's scheme, so that its data folders open here.

    key  = SHA-256(unique key of the namespace)
    base = HMAC-SHA256(key, name)[:16], or 16 random bytes
    id   = base ‖ HMAC-SHA256(key, base)[:16]

The second half proves that the id is the namespace's own: the same name in another
namespace, and any made-up id, has another one. Names are hashed as UTF-8, with lone
surrogates kept apart from each other (WTF-8), so that no two strings share an id.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable

BASE_BYTES = 16
_HEX_DIGITS = re.compile(r"[0-9a-fA-F]{64}")


class InvalidId(ValueError):
    """The text is no id of the namespace; the message is Cloudflare's."""


class IdFactory:
    """Makes and checks the ids of one namespace."""

    __slots__ = ("_key", "_random")

    def __init__(
        self, unique_key: str, random: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        self._key = hashlib.sha256(unique_key.encode("utf-8", "surrogatepass")).digest()
        self._random = random

    def from_name(self, name: str) -> str:
        """The id of a name: the same for the same string, never for another one."""
        base = self._mac(name.encode("utf-8", "surrogatepass"))
        return self._complete(base)

    def unique(self) -> str:
        """An id that no other object has."""
        return self._complete(self._random(BASE_BYTES))

    def check(self, text: str) -> str:
        """The id that `text` means, in lower case. Raises InvalidId."""
        if not _HEX_DIGITS.fullmatch(text):
            raise InvalidId("Invalid Durable Object ID: must be 64 hex digits")
        given = bytes.fromhex(text)
        if not hmac.compare_digest(self._mac(given[:BASE_BYTES]), given[BASE_BYTES:]):
            raise InvalidId("Durable Object ID is not valid for this namespace.")
        return given.hex()

    def _complete(self, base: bytes) -> str:
        return (base + self._mac(base)).hex()

    def _mac(self, message: bytes) -> bytes:
        return hmac.digest(self._key, message, "sha256")[:BASE_BYTES]
