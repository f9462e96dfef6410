"""The key that secrets are encrypted with, in a file of its own that its owner alone reads.

A copy of the catalog tells nobody a secret; a backup of the data folder needs the key as well.
AES-256-GCM by the `cryptography` package, which is imported with the first secret.
"""

import os
import re
import secrets
from pathlib import Path

from holdfast.catalog.errors import CatalogUnusable
from holdfast.storage.disk import sync_path

KEY_FILE = "secrets.key"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_KEY = re.compile(r"[0-9a-f]{64}")


class Vault:
    """Seals and opens texts. Blocks; from any thread. Raises CatalogUnusable."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._key: bytes | None = None

    def seal(self, text: str, place: str) -> bytes:
        """The text encrypted, for this place and no other. Makes the key where there is none."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(_NONCE_BYTES)
        key = self._key or self._read() or self._make()
        return nonce + AESGCM(key).encrypt(nonce, text.encode(), place.encode())

    def open(self, sealed: bytes, place: str) -> str:
        """The text that was sealed for this place."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self._key or self._read()
        if key is None:
            raise CatalogUnusable(
                f"{self._path} is missing, with which the secrets of this data folder are "
                "encrypted. Restore it from a backup, or upload the scripts again, each with all "
                "its secrets."
            )
        nonce, content = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return AESGCM(key).decrypt(nonce, content, place.encode()).decode()
        except InvalidTag as error:
            raise CatalogUnusable(
                f"{self._path} is not the key with which the secrets of this data folder are "
                "encrypted. Restore it from a backup, or upload the scripts again, each with all "
                "its secrets."
            ) from error

    def _read(self) -> bytes | None:
        try:
            text = self._path.read_text("ascii").strip()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise CatalogUnusable(f"The key {self._path} cannot be read: {error}") from error
        if not _KEY.fullmatch(text):
            raise CatalogUnusable(f"The key {self._path} is no key: 64 hex digits are.")
        self._key = bytes.fromhex(text)
        return self._key

    def _make(self) -> bytes:
        """A new key, on the disk before anything is sealed with it."""
        key = secrets.token_bytes(_KEY_BYTES)
        fresh = self._path.with_name(self._path.name + ".new")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
            with os.fdopen(os.open(fresh, flags, 0o600), "w") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(key.hex() + "\n")
                file.flush()
                os.fsync(file.fileno())
            fresh.rename(self._path)
            sync_path(self._path.parent)
        except OSError as error:
            raise CatalogUnusable(f"The key {self._path} cannot be made: {error}") from error
        self._key = key
        return key
