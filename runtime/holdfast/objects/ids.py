"""Object ids, by workerd's scheme, so that its data folders open here.

    key  = SHA-256(unique key of the namespace)
    base = HMAC-SHA256(key, name)[:16], or 16 random bytes
    id   = base ‖ HMAC-SHA256(key, base)[:16]

The second half proves that the id is the namespace's own: the same name in another
namespace, and any made-up id, has another one. Names are hashed as UTF-8, with lone
surrogates kept apart from each other (WTF-8), so that no two strings share an id.

Within a jurisdiction the key is SHA-256(key ‖ jurisdiction): so its ids prove that, too, and
a name means other objects in each.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable

from holdfast.host.constants import JURISDICTIONS

BASE_BYTES = 16
_HEX_DIGITS = re.compile(r"[0-9a-fA-F]{64}")


class InvalidId(ValueError):
    """The text is no id of the namespace; the message is Cloudflare's."""


class IdFactory:
    """Makes and checks the ids of one namespace, or of one jurisdiction of it."""

    __slots__ = ("_jurisdictions", "_key", "_keyed", "_random")

    def __init__(
        self, unique_key: str, random: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        self._use(hashlib.sha256(unique_key.encode("utf-8", "surrogatepass")).digest())
        self._random = random
        self._jurisdictions: dict[str, IdFactory] = {}

    def within(self, jurisdiction: str | None) -> "IdFactory":
        """The ids of a jurisdiction; for None those of the namespace that are in none."""
        if jurisdiction is None:
            return self
        factory = self._jurisdictions.get(jurisdiction)
        if factory is None:
            factory = self._jurisdictions[jurisdiction] = IdFactory("", self._random)
            factory._use(hashlib.sha256(self._key + jurisdiction.encode()).digest())
        return factory

    def _use(self, key: bytes) -> None:
        self._key = key
        self._keyed = hmac.new(key, digestmod="sha256")

    def jurisdiction_of(self, object_id: str) -> str | None:
        """The jurisdiction that an id of this namespace is in; None for none.

        Raises InvalidId.
        """
        try:
            self.check(object_id)
        except InvalidId:
            if not _HEX_DIGITS.fullmatch(object_id):
                raise
            for jurisdiction in JURISDICTIONS:
                if self.within(jurisdiction)._proves(bytes.fromhex(object_id)):
                    return jurisdiction
            raise
        return None

    def has(self, object_id: str) -> bool:
        """Whether this is the id of an object of the namespace, or the name of one's facet."""
        try:
            self.jurisdiction_of(object_id.partition(".")[0])
        except InvalidId:
            return False
        return True

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
        if not self._proves(given):
            raise InvalidId("Durable Object ID is not valid for this namespace.")
        return given.hex()

    def _proves(self, given: bytes) -> bool:
        return hmac.compare_digest(self._mac(given[:BASE_BYTES]), given[BASE_BYTES:])

    def _complete(self, base: bytes) -> str:
        return (base + self._mac(base)).hex()

    def _mac(self, message: bytes) -> bytes:
        keyed = self._keyed.copy()  # half of what it takes to begin with the key each time
        keyed.update(message)
        return keyed.digest()[:BASE_BYTES]
