"""The members of JSON Web Keys: https://www.rfc-editor.org/rfc/rfc7518#section-6.

A key crosses as the JSON of its members that hold key material; the others (`kty`, `use`,
`key_ops`, `ext`, `alg`) are the business of `polyfills/crypto/jwk.js`.
"""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from holdfast.engine import ScriptError

_BASE64URL = re.compile("[A-Za-z0-9_-]*")


class JsonWebKey(dict[str, str]):
    """The members, all of them strings."""

    @classmethod
    def parse(cls, text: str) -> "JsonWebKey":
        """The key in `text`, which a polyfill wrote."""
        return cls(json.loads(text))

    def octets(self, name: str) -> bytes:
        """A member's bytes. Raises a DataError if it is missing or is no base64url."""
        text = self.get(name)
        if text is None:
            raise data_error(f'Invalid key in JSON Web Key; missing "{name}" parameter.')
        if not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
            raise data_error(f'Invalid key in JSON Web Key; invalid "{name}" parameter.')
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))

    def integer(self, name: str) -> int:
        """A member's bytes as a number, most significant byte first."""
        return int.from_bytes(self.octets(name), "big")


def base64url(data: bytes) -> str:
    """Bytes as a member."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def base64url_integer(number: int, size: int | None = None) -> str:
    """A number as a member, in `size` bytes or in as few as it takes."""
    return base64url(number.to_bytes(size or max(1, (number.bit_length() + 7) // 8), "big"))


def written(**members: str | None) -> str:
    """The JSON of a key with these members, less those that are None."""
    given: dict[str, Any] = {name: value for name, value in members.items() if value is not None}
    return json.dumps(given)


def data_error(message: str) -> ScriptError:
    """The error of a key that is none."""
    return ScriptError("DataError", message)
